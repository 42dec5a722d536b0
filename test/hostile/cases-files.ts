// Trouble that belongs to single files: the others go on, and each of these says what it is.
import { failure, type Place } from './flora.ts';
import type { Case } from './play.ts';
import { badNames } from './play.ts';
import { bytes, type Mischief, reply, type Trouble } from './trouble.ts';
import { htmlReply, type Reply, xmlReply } from './wire.ts';

/** Of 28 files eight are refused for ever. */
const crowd = { good: 20, withinMs: 120_000 };

function forEver(at: Place, what: Mischief, when: Trouble['when'] = 'before'): readonly Trouble[] {
  return [{ at: [at], name: badNames, when, what }];
}

function refused(at: Place, title: string, one: Reply, reason: RegExp, more: Partial<Case> = {}): Case {
  return {
    title: `eight of 28 files for ever at ${at}: ${title}`,
    ...crowd,
    bad: { count: 8, reason },
    troubles: forEver(at, reply(one)),
    ...more,
  };
}

const firewall = htmlReply(403, 'Blocked by the administrator');
const noCredits = failure(402, 'insufficient_credits', 'The workspace has no credits left.');
const noPlan = failure(403, 'paid_plan_required', 'This plan has no access to the API.');
const notFound = htmlReply(404, 'Not Found');
const unwell = failure(500, 'unknown_error', 'Something went wrong.');
const badGateway = htmlReply(502, 'Bad Gateway');
const tooLarge: Reply = xmlReply(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');

/** By what becomes of the connection on which an upload was refused before its body was read. */
const afterEarlyRefusal: Readonly<Record<string, Mischief>> = {
  'and the rest is read': reply(htmlReply(413, 'Payload Too Large')),
  'and nothing is read any more': reply(htmlReply(413, 'Payload Too Large'), 'stay'),
  'and the connection ends': reply(htmlReply(413, 'Payload Too Large'), 'close'),
  'and the connection is reset': reply(htmlReply(413, 'Payload Too Large'), 'reset'),
};

export const fileCases: readonly Case[] = [
  refused('reserve', 'a firewall that dislikes their names (403, HTML)', firewall, /403/),
  refused('reserve', 'no credits (402)', noCredits, /402|credits/),
  refused('reserve', 'no plan (403 paid_plan_required)', noPlan, /403|plan/),
  refused('reserve', 'a page that was not found (404, HTML)', notFound, /404/),
  refused('reserve', 'an error of the server (500)', unwell, /500/),
  refused('reserve', 'an error of a gateway (502, HTML)', badGateway, /502/),
  refused('reserve', 'a refusal of their type (422)', failure(422, 'input_validation_error', 'Not a picture.'), /422/),
  refused('complete', 'a firewall (403, HTML)', firewall, /403/),
  refused('complete', 'an error of the server (500)', unwell, /500/),
  refused('upload', 'a firewall (403, HTML)', firewall, /403/),
  refused('upload', 'a firewall that answers before it has read', firewall, /403|lost/, {
    troubles: forEver('upload', reply(firewall, 'close'), 'early'),
  }),
  refused('upload', 'too large (400 EntityTooLarge)', tooLarge, /EntityTooLarge/, { most: { upload: 2, reserve: 2 } }),
  refused('upload', 'too large (413, HTML)', htmlReply(413, 'Payload Too Large'), /413/, {
    most: { upload: 2, reserve: 2 },
  }),
  refused('upload', 'too large (413), told before it has read, then a reset', tooLarge, /413|lost/, {
    troubles: forEver('upload', reply(htmlReply(413, 'Payload Too Large'), 'reset'), 'early'),
  }),
  refused('upload', 'a signature that is not taken (403, XML)', xmlReply(403, 'SignatureDoesNotMatch', 'No.'), /403/, {
    most: { upload: 8 },
  }),
  ...[307, 308].map((status) =>
    refused(
      'upload',
      `another place (${status})`,
      { ...htmlReply(status, 'Elsewhere'), headers: { location: 'http://127.0.0.1:9/elsewhere' } },
      new RegExp(String(status)),
      { most: { upload: 8 } },
    ),
  ),
  refused('upload', 'an error of the server (503, XML)', xmlReply(503, 'SlowDown', 'Please reduce your rate.'), /503/),
  {
    title: 'eight of 28 files for ever at reserve: what is not HTTP',
    ...crowd,
    bad: { count: 8, reason: /\S/ },
    troubles: forEver('reserve', bytes('SSH-2.0-x\r\n')),
  },
  {
    title: 'eight of 28 files for ever at upload: a reset before the body was read',
    ...crowd,
    bad: { count: 8, reason: /\S/ },
    troubles: forEver('upload', bytes('', 'reset'), 'early'),
  },
  {
    title: 'eight of 28 files for ever at upload: what is not HTTP',
    ...crowd,
    bad: { count: 8, reason: /\S/ },
    troubles: forEver('upload', bytes('\x15\x03\x01\x00\x02\x02\x28')),
  },
  ...Object.entries(afterEarlyRefusal).map(([title, what]) => ({
    title: `two files of 4 MB are refused (413) before they were read, ${title}`,
    // Where the connection goes, the answer may go with it.
    bad: { count: 2, sizeBytes: 4_000_000, reason: /413|lost/ },
    troubles: forEver('upload', what, 'early'),
  })),
];
