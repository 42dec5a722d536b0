// Trouble of the service as a whole that passes, answers that are lost, and what FLORA says in a way that nobody should repeat.
import { failure, places } from './flora.ts';
import type { Case } from './play.ts';
import { altered, bytes, type Mischief, reply, type Trouble } from './trouble.ts';
import { htmlReply, type Reply, xmlReply } from './wire.ts';

const api = places.filter((place) => place !== 'upload' && place !== 'asset');

/** Each 429 without a time of its own may close the door for some seconds. */
const patient = { isSlow: true, withinMs: 240_000 };

function busy(status: number, retryAfter?: string): Mischief {
  const one = failure(status, status === 429 ? 'rate_limited' : 'service_unavailable', 'Later, please.');
  const more: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  return reply({ ...one, headers: { ...one.headers, ...more } });
}

/** The thing was done, and the connection ended before anything was said of it. */
const lost: Mischief = { kind: 'cut', from: 'begin', at: 0, end: 'close' };

function lostAt(at: Trouble['at'], first?: number): readonly Trouble[] {
  return [{ at, when: 'after', what: lost, ...(first === undefined ? {} : { first }) }];
}

/** Colours, a title, a cursor, a bell, C1 controls, and a writing direction that turns `gnp.exe` around. */
const escapes = '\x1b[31mred\x1b]0;owned\x07\x1b[2J\x9b31m\x85 \u202egnp.exe\u2066 \r\b\x7f';

function speaking(one: Reply): Reply {
  return { ...one, headers: { ...one.headers, 'request-id': 'req_hostile' } };
}

export const serviceCases: readonly Case[] = [
  {
    title: 'too many requests (429) twice at each place, without retry-after',
    troubles: passing(busy(429)),
    ...patient,
  },
  {
    title: 'too many requests (429) twice at each place, retry-after 1',
    troubles: passing(busy(429, '1')),
    isSlow: true,
  },
  {
    title: 'too many requests (429) twice at each place, retry-after that is a word',
    troubles: passing(busy(429, 'soon')),
    ...patient,
  },
  {
    title: 'too many requests (429) twice at each place, retry-after below nothing',
    troubles: passing(busy(429, '-5')),
    isSlow: true,
  },
  {
    title: 'too many requests (429) by chance',
    good: 12,
    troubles: [{ at: api, when: 'before', chance: 0.2, first: 10, what: busy(429, '1') }],
    isSlow: true,
  },
  { title: 'not available (503) twice at each place, retry-after 2', troubles: passing(busy(503, '2')), isSlow: true },
  { title: 'not available (503) twice at each place, without retry-after', troubles: passing(busy(503)), isSlow: true },
  {
    title: 'a gateway in trouble (504, HTML) twice at each place',
    troubles: passing(reply(htmlReply(504, 'Time-out'))),
    isSlow: true,
  },
  {
    title: 'a network that wants a sign-in (200, HTML), three times at each place of the API',
    troubles: [{ at: api, first: 3, when: 'before', what: reply(htmlReply(200, 'Sign in')) }],
    isSlow: true,
  },
  {
    title: 'a network that wants a sign-in (302), three times at each place',
    troubles: [
      {
        at: places,
        first: 3,
        when: 'before',
        what: reply({ ...htmlReply(302, 'Sign in'), headers: { location: 'http://10.0.0.1/login' } }),
      },
    ],
    isSlow: true,
  },
  {
    title: 'a refused key (401), twice at each place of the API',
    troubles: [{ at: api, first: 2, when: 'before', what: reply(failure(401, 'invalid_api_key', 'Who are you?')) }],
    isSlow: true,
  },
  { title: 'the answer to the first six reservations is lost', troubles: lostAt(['reserve'], 6) },
  { title: 'the answer to the first six uploads is lost', troubles: lostAt(['upload'], 6) },
  { title: 'the answer to the first six completes is lost', troubles: lostAt(['complete'], 6) },
  {
    title: 'the answer to the first four renewals is lost',
    flora: { overOnArrival: /-[0-3]\./ },
    troubles: lostAt(['retry'], 4),
  },
  {
    title: 'the answers to six uploads are lost, and FLORA completes by itself',
    flora: { completesItself: true },
    troubles: lostAt(['upload'], 6),
  },
  {
    title: 'the answer to every upload is lost, and FLORA completes by itself',
    flora: { completesItself: true },
    troubles: lostAt(['upload']),
  },
  {
    title: 'the answers to six uploads are lost, FLORA completes by itself, and GET shows nothing for five seconds',
    flora: { completesItself: true, hiddenMs: 5_000 },
    troubles: [...lostAt(['upload'], 6), { at: ['complete'], first: 4, when: 'before', what: bytes('', 'reset') }],
  },
  {
    title: 'FLORA completes by itself, and every answer to complete is lost',
    flora: { completesItself: true },
    troubles: lostAt(['complete']),
  },
  {
    title: 'GET shows nothing for three seconds after the bytes, and the answers to complete are lost',
    flora: { hiddenMs: 3_000 },
    troubles: lostAt(['complete']),
  },
  {
    title: 'the first listing of a new ledger is cut, and nothing is sent twice',
    searches: true,
    troubles: [{ at: ['list'], first: 1, when: 'after', what: { kind: 'cut', from: 'body', at: 10, end: 'reset' } }],
    isSlow: true,
  },
  {
    title: 'the first listing of a new ledger is not HTTP',
    searches: true,
    troubles: [{ at: ['list'], first: 1, when: 'before', what: bytes('SSH-2.0-x\r\n') }],
    isSlow: true,
  },
  ...(['reserve', 'upload', 'complete', 'get'] as const).map((place) => ({
    title: `one request to ${place} is never answered`,
    troubles: [{ at: [place], first: 1, when: 'after', what: { kind: 'silence' } }] satisfies Trouble[],
    // The deadline for the first byte is a minute.
    withinMs: 240_000,
    isSlow: true,
  })),
  {
    title: 'FLORA refuses in words that command a terminal',
    bad: { count: 2, reason: /422/ },
    troubles: [{ at: ['reserve'], name: /^bad-/, when: 'before', what: reply(speaking(failure(422, 'odd', escapes))) }],
    isRead: true,
  },
  {
    title: 'FLORA stumbles in words that command a terminal',
    bad: { count: 2, reason: /500/ },
    troubles: [{ at: ['reserve'], name: /^bad-/, when: 'before', what: reply(speaking(failure(500, 'odd', escapes))) }],
    isRead: true,
  },
  {
    title: 'an upload is refused in words that command a terminal',
    bad: { count: 2, reason: /400/ },
    troubles: [
      { at: ['upload'], name: /^bad-/, when: 'before', what: reply(xmlReply(400, 'EntityTooLarge', escapes)) },
    ],
    isRead: true,
  },
  {
    title: 'assets fail for reasons that command a terminal',
    flora: { overOnArrival: /^bad-/, isOverAgain: true, failureMessage: `It is ${escapes}` },
    bad: { count: 2, reason: /It is/ },
    troubles: [
      { at: ['retry'], name: /^bad-/, when: 'before', what: reply(failure(409, 'conflict', `Not now. ${escapes}`)) },
    ],
    isRead: true,
  },
  {
    title: 'assets lie at an address that commands a terminal',
    flora: { url: `https://media.example/${escapes}/a.png` },
    troubles: [{ at: ['get'], when: 'after', what: altered((answer) => answer) }],
    isRead: true,
  },
];

function passing(what: Mischief): readonly Trouble[] {
  return [{ at: places, first: 2, when: 'before', what }];
}
