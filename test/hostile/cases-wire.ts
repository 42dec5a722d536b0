// What is not HTTP/1.1, or only a part of it, at every place of the API.
import { places } from './flora.ts';
import type { Case } from './play.ts';
import {
  altered,
  behind,
  bytes,
  chunked,
  compressed,
  followedBy,
  type Mischief,
  marked,
  reply,
  type Trouble,
  unmeasured,
} from './trouble.ts';
import { htmlReply, jsonReply } from './wire.ts';

const http = 'HTTP/1.1 200 OK\r\n';

/** By what they are: each in place of an answer. */
const notAnAnswer: Readonly<Record<string, Mischief>> = {
  'the banner of an SSH server': bytes('SSH-2.0-OpenSSH_9.2p1\r\n'),
  'the banner of a mail server': bytes('220 mail.example ESMTP\r\n', 'stay'),
  'a TLS alert': bytes(Uint8Array.of(0x15, 3, 1, 0, 2, 2, 0x28)),
  'a status line of HTTP/2': bytes('HTTP/2 200\r\ncontent-type: application/json\r\n\r\n{}'),
  'frames of HTTP/2': bytes(Uint8Array.of(0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100, 0, 0, 4, 8, 0, 0, 0, 0, 0)),
  'the preface of HTTP/2': bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  'a page without a head (HTTP/0.9)': bytes('<html><body>It works!</body></html>\n'),
  'a status line of its own kind': bytes('ICY 200 OK\r\n\r\n'),
  'a status that is no number': bytes('HTTP/1.1 yes OK\r\n\r\n'),
  noise: bytes(Uint8Array.from({ length: 300 }, (_, at) => (at * 167 + 89) % 251)),
  'noise on a connection that stays': bytes(
    Uint8Array.from({ length: 64 }, (_, at) => (at * 91 + 7) % 253),
    'stay',
  ),
  'zero bytes': bytes(new Uint8Array(4_096)),
  'a length that is no number': bytes(`${http}content-length: abc\r\n\r\n{}`),
  'a length below nothing': bytes(`${http}content-length: -1\r\n\r\n{}`),
  'a length beyond all numbers': bytes(`${http}content-length: 99999999999999999999999\r\n\r\n{}`),
  'two lengths': bytes(`${http}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`),
  'a length and chunks': bytes(`${http}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`),
  'a header without a name': bytes(`${http}: x\r\n\r\n`),
  'a header without a colon': bytes(`${http}nonsense\r\n\r\n`),
  'a zero byte in a header': bytes(`${http}x: a\0b\r\n\r\n`),
  'a line feed where none may be': bytes(`${http}x: a\rb\r\n\r\n`),
  'a header of 200 KB': bytes(`${http}x: ${'a'.repeat(200_000)}\r\n\r\n`),
  'ten thousand headers': bytes(`${http}${'x: 1\r\n'.repeat(10_000)}\r\n`),
  'half a status line': bytes('HTTP/1.1 20'),
  'half a status line, then a reset': bytes('HTTP/1.', 'reset'),
  'half a head': bytes(`${http}content-type: application/js`),
  'half a head, then a reset': bytes(`${http}content-type: appl`, 'reset'),
  'nothing, and the end': bytes('', 'close'),
  'nothing, and a reset': bytes('', 'reset'),
  'protocols to be switched': bytes(
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n',
    'stay',
  ),
  'a page to sign in at': reply(htmlReply(200, 'Sign in to Airport WiFi')),
  'the way to a page to sign in at': reply({
    ...htmlReply(302, 'Moved'),
    headers: { location: 'http://portal.example/login' },
  }),
  'a network that wants a login (511)': reply(htmlReply(511, 'Network Authentication Required')),
};

/** The same, but for the upload's host: there each of these is success, and only minutes of silence tell that it was none. */
const successWithoutWords: Readonly<Record<string, Mischief>> = {
  'nothing at all, with success (204)': reply({ status: 204, headers: {}, body: Buffer.alloc(0) }),
  'a body that is empty': reply({ ...jsonReply(200, null), body: Buffer.alloc(0) }),
  'JSON that is no object': reply(jsonReply(200, [null])),
  'JSON that is null': reply(jsonReply(200, null)),
  'a chunk whose length is none': bytes(`${http}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`),
  'chunks that end too soon': bytes(`${http}transfer-encoding: chunked\r\n\r\n5\r\n{}`),
};

/** By what they are: the true answer, and what is done to it. The effect has happened. */
const answerInTrouble: Readonly<Record<string, Mischief>> = {
  'cut before its first byte': { kind: 'cut', from: 'begin', at: 0, end: 'close' },
  'reset before its first byte': { kind: 'cut', from: 'begin', at: 0, end: 'reset' },
  'cut in its status line': { kind: 'cut', from: 'begin', at: 7, end: 'close' },
  'cut in its head': { kind: 'cut', from: 'begin', at: 40, end: 'close' },
  'cut before its body': { kind: 'cut', from: 'body', at: 0, end: 'close' },
  'cut in its body': { kind: 'cut', from: 'body', at: 20, end: 'close' },
  'reset in its body': { kind: 'cut', from: 'body', at: 20, end: 'reset' },
};

/** By what they are: the true answer in a form that is odd and yet right. */
const answerInAnotherForm: Readonly<Record<string, Mischief>> = {
  'one byte at a time': { kind: 'drip', pieces: 1e9, everyMs: 1 },
  'in twenty pieces, a tenth of a second apart': { kind: 'drip', pieces: 20, everyMs: 100 },
  'in chunks of seven bytes with extensions and a trailer': chunked,
  'without a length': unmeasured,
  'behind 100 Continue, which nobody asked for': behind('HTTP/1.1 100 Continue\r\n\r\n'),
  'behind three informational answers': behind(
    'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n',
  ),
  'behind a mark of byte order': marked,
  'compressed by gzip, which nobody asked for': compressed('gzip'),
  'with a date an hour ahead': dated(new Date(Date.now() + 3_600_000).toUTCString()),
  'with a date a year ago': dated(new Date(Date.now() - 31_536_000_000).toUTCString()),
  'with a date that is none': dated('yesterday'),
  'followed by an answer that nobody asked for': followedBy(`${http}content-length: 2\r\n\r\n{}`),
  'followed by noise': followedBy('\0\x01noise\r\n'),
};

/** Whatever meets its trouble again and again waits longer each time. */
const patient = { isSlow: true, withinMs: 240_000 };

const placesOfApi = places.filter((place) => place !== 'upload');

const everywhere = (what: Mischief, when: Trouble['when'], more: Partial<Trouble> = {}): Trouble => ({
  ...{ at: places, first: 1, when, what },
  ...more,
});

/** As a proxy with a clock of its own may make it. */
function dated(date: string): Mischief {
  return altered((answer) => ({ ...answer, headers: { ...answer.headers, date } }));
}

function titled(
  group: Readonly<Record<string, Mischief>>,
  cases: (name: string, what: Mischief) => Case,
): readonly Case[] {
  return Object.entries(group).map(([name, what]) => cases(name, what));
}

export const wireCases: readonly Case[] = [
  { title: 'nothing is wrong', troubles: [] },
  ...titled(notAnAnswer, (name, what) => ({
    title: `once at each place, in place of the answer: ${name}`,
    troubles: [everywhere(what, 'before')],
  })),
  ...titled(successWithoutWords, (name, what) => ({
    title: `once at each place of the API, in place of the answer: ${name}`,
    troubles: [everywhere(what, 'before', { at: placesOfApi })],
  })),
  ...titled(answerInTrouble, (name, what) => ({
    title: `once at each place, the true answer ${name}`,
    troubles: [
      everywhere(what, 'after', { at: places.filter((place) => place !== 'upload') }),
      // Not of the file whose target is renewed: where both its answers are lost, FLORA has an open target that nobody knows,
      // and makes no other before that is over.
      everywhere(what, 'after', { at: ['upload'], name: /^good-[^2]/ }),
    ],
  })),
  ...titled(answerInAnotherForm, (name, what) => ({
    title: `everywhere and always, the true answer ${name}`,
    troubles: [{ at: places, when: 'after', what }],
  })),
  ...['the banner of an SSH server', 'noise', 'nothing, and a reset', 'half a head'].map((name, at) => ({
    title: `at every place by chance, in place of the answer: ${name}`,
    good: 10,
    ...patient,
    seed: 10 + at,
    troubles: [everywhere(notAnAnswer[name] ?? bytes(''), 'before', { first: 6, chance: 0.3 })],
  })),
  ...['cut before its first byte', 'cut in its head', 'reset in its body'].map((name, at) => ({
    title: `at every place by chance, the true answer ${name}`,
    good: 10,
    ...patient,
    seed: 20 + at,
    troubles: [everywhere(answerInTrouble[name] ?? bytes(''), 'after', { first: 5, chance: 0.2 })],
  })),
];
