import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, showValue } from '../../../src/config/config-error.ts';
import {
  durationBetween,
  formatDuration,
  nearestName,
  type Parsed,
  parseBaseUrl,
  parseDuration,
  splitList,
} from '../../../src/config/parse.ts';
import { overlappingFolders, overlappingStateDir } from '../../../src/config/paths.ts';
import { KEY, load, problemOf } from '../../support/settings.ts';

const told = (parsed: Parsed<unknown>) => (parsed.ok ? parsed.value : parsed.problem);

describe('a duration', () => {
  it('is a whole number and one of four units', () => {
    assert.deepEqual(
      ['0ms', '7ms', '7s', '7m', '7h', '007s'].map(parseDuration).map(told),
      [0, 7, 7_000, 420_000, 25_200_000, 7_000],
    );
  });

  it('is anything else with the reason', () => {
    for (const [text, problem] of [
      ['', 'is empty, not a duration'],
      [' 7s', 'is not a duration'],
      ['7 s', 'is not a duration'],
      ['1.5s', 'is not a duration'],
      ['-1s', 'is not a duration'],
      ['s', 'is not a duration'],
      ['7', 'is a duration without a unit'],
      ['7d', 'has the unknown unit d'],
      ['7S', 'has the unknown unit S'],
      ['99999999999999999h', 'is too large'],
    ] as const) {
      assert.equal(told(parseDuration(text)), problem, text);
    }
    const bare = parseDuration('7');
    assert.equal(bare.ok ? '' : bare.hint, 'write 7s, or 7ms');
  });

  it('may be as large as a whole number is exact', () => {
    assert.equal(told(parseDuration(`${Number.MAX_SAFE_INTEGER}ms`)), Number.MAX_SAFE_INTEGER);
    assert.equal(told(parseDuration('9007199254740992ms')), 'is too large');
  });

  it('is within its limits, both included', () => {
    const parse = durationBetween(1_000, 3_600_000);
    assert.deepEqual(['999ms', '1s', '60m', '3600001ms', 'x'].map(parse).map(told), [
      'is too short',
      1_000,
      3_600_000,
      'is too long',
      'is not a duration',
    ]);
    const short = parse('1ms');
    assert.equal(short.ok ? '' : short.hint, 'write something from 1s to 1h');
  });

  it('is written in the largest unit that divides it', () => {
    const texts = [0, 1, 999, 1_000, 1_001, 59_000, 60_000, 61_000, 3_600_000, 5_400_000, 7_200_000].map(
      formatDuration,
    );
    assert.deepEqual(texts, ['0ms', '1ms', '999ms', '1s', '1001ms', '59s', '1m', '61s', '1h', '90m', '2h']);
  });
});

describe('the limits of a setting', () => {
  const limits = [
    ['settle', 'settleMs', '1ms', 1, '24h', 86_400_000, '86400001ms', '0ms'],
    ['rescan_interval', 'rescanIntervalMs', '100ms', 100, '168h', 604_800_000, '604800001ms', '99ms'],
    ['reconcile_interval', 'reconcileIntervalMs', '100ms', 100, '168h', 604_800_000, '604800001ms', '99ms'],
  ] as const;
  for (const [key, as, least, leastMs, most, mostMs, more, less] of limits) {
    it(`${key} are ${least} and ${most}`, () => {
      assert.equal(load({ flags: { [key]: least } })[as], leastMs);
      assert.equal(load({ flags: { [key]: most } })[as], mostMs);
      assert.equal(problemOf({ flags: { [key]: more } }).problem, 'is too long');
      assert.equal(problemOf({ flags: { [key]: less } }).problem, 'is too short');
    });
  }

  it('concurrency are 1 and 256', () => {
    for (const count of [1, 256]) assert.equal(load({ flags: { concurrency: String(count) } }).concurrency, count);
    for (const count of [0, 257]) {
      assert.equal(problemOf({ flags: { concurrency: String(count) } }).problem, 'is not a whole number from 1 to 256');
    }
  });
});

describe('a list', () => {
  it('is cut at its commas, and keeps its empty parts', () => {
    assert.deepEqual(splitList(' a, b ,,c '), ['a', 'b', '', 'c']);
  });
});

describe('the name that was meant', () => {
  const names = ['settle', 'concurrency', 'rescan_interval', 'log_level'];

  it('is the nearest within two letters, or a third of a long one', () => {
    assert.equal(nearestName('setle', names), 'settle');
    assert.equal(nearestName('seetttle', names), 'settle', 'two too many');
    assert.equal(nearestName('seeetttle', names), 'settle', 'three are a third of nine letters');
    assert.equal(nearestName('xyzttle', names), null, 'three of seven are too many');
    assert.equal(nearestName('xettly', names), 'settle', 'two others');
    assert.equal(nearestName('concuxxxncy', names), 'concurrency', 'three of eleven');
    assert.equal(nearestName('concxxxxncy', names), null, 'four of eleven are too many');
  });

  it('counts each letter that is missing, too many or another once, wherever it stands', () => {
    for (const written of ['ettle', 'settl', 'sttle', 'xsettle', 'settlex', 'setxtle', 'xettle', 'settlx']) {
      assert.equal(nearestName(written, ['settle', 'zettelkasten']), 'settle', written);
    }
    assert.equal(nearestName('abc', ['xyc']), 'xyc', 'two of three');
    assert.equal(nearestName('abc', ['xyz']), null, 'three of three');
    assert.equal(nearestName('ab', ['abcd']), 'abcd');
    assert.equal(nearestName('ab', ['abcde']), null);
    assert.equal(nearestName('abcd', ['bcda']), 'bcda', 'one missing and one too many');
  });

  it('is the first of several that are as near', () => {
    assert.equal(nearestName('ab', ['ax', 'ay']), 'ax');
    assert.equal(nearestName('ay', ['ax', 'ay']), 'ay');
  });

  it('does not depend on case, dashes, and the beginning that all share', () => {
    for (const written of ['LogLevel', 'log-level', 'LOG LEVEL', 'FLORA_SYNC_LOG_LEVEL', 'flora_loglevel']) {
      assert.equal(nearestName(written, names), 'log_level', written);
    }
  });

  it('is none where none is near', () => {
    assert.equal(nearestName('something', names), null);
    assert.equal(nearestName('settle', []), null);
  });
});

describe('the address of the API', () => {
  it('is one of https, or of this machine, without slashes at its end', () => {
    assert.equal(told(parseBaseUrl('https://flora.example/api/v1//')), 'https://flora.example/api/v1');
    assert.equal(told(parseBaseUrl('http://localhost:8080/')), 'http://localhost:8080');
    assert.equal(told(parseBaseUrl('http://127.0.0.1:1/x')), 'http://127.0.0.1:1/x');
  });

  it('is refused with the reason otherwise', () => {
    for (const [text, problem] of [
      ['flora', 'is not a URL'],
      ['ftp://flora.example', 'is not an https: URL'],
      ['https://ann@flora.example', 'holds credentials'],
      ['https://:pw@flora.example', 'holds credentials'],
      ['https://flora.example/?a=1', 'has a query'],
      ['https://flora.example/?', 'has a query'],
      ['https://flora.example/#', 'has a fragment'],
      ['http://flora.example', 'would send the key unencrypted'],
      ['http://localhost.example', 'would send the key unencrypted'],
    ] as const) {
      assert.equal(told(parseBaseUrl(text)), problem, text);
    }
  });
});

describe('folders that lie in one another', () => {
  const problems = (...folders: readonly string[]) =>
    overlappingFolders('F', folders).map(({ value, problem }) => `${value} ${problem}`);

  it('are told once each, and the same one that is listed again', () => {
    assert.deepEqual(problems('/a', '/b'), []);
    assert.deepEqual(problems('/a', '/a'), ['"/a" is listed twice']);
    assert.deepEqual(problems('/a/b', '/a'), ['"/a/b" lies inside the drop folder "/a"']);
    assert.deepEqual(problems('/a', '/ab', '/a/b/c'), ['"/a/b/c" lies inside the drop folder "/a"']);
  });

  it('are told of the state directory too, each folder once', () => {
    const state = (dir: string, ...folders: readonly string[]) =>
      overlappingStateDir('S', dir, folders).map(({ problem }) => problem);
    assert.deepEqual(state('/s', '/a', '/b'), []);
    assert.deepEqual(state('/a/s', '/a', '/a', '/b'), ['lies inside the drop folder "/a"']);
    assert.deepEqual(state('/s', '/s/a'), ['contains the drop folder "/s/a"']);
    assert.deepEqual(state('/s', '/s'), ['lies inside the drop folder "/s"']);
  });
});

describe('a value that is shown', () => {
  it('is quoted, or named by its kind', () => {
    const values = ['a "b"\n', 3, true, 4n, new Date(0), new Date(Number.NaN), [1], { a: 1 }];
    assert.deepEqual(values.map(showValue), [
      '"a \\"b\\"\\n"',
      '3',
      'true',
      '4',
      '1970-01-01T00:00:00.000Z',
      'a date',
      'a list',
      'a table',
    ]);
  });

  it('is cut after a hundred and twenty characters', () => {
    assert.equal(showValue('x'.repeat(118)), `"${'x'.repeat(118)}"`);
    assert.equal(showValue('x'.repeat(119)), `"${'x'.repeat(119)}…`);
  });

  it('has no key in it', () => {
    assert.equal(showValue(KEY).includes(KEY), false);
  });
});

describe('a configuration that cannot be used', () => {
  const problem = { setting: 'A', value: null, problem: 'is missing', hint: 'give it' };

  it('is told in a line for each problem, and how many there are', () => {
    const one = new ConfigError([problem]);
    assert.equal(one.message, '1 problem in the configuration:\n  A: is missing; give it');
    const two = new ConfigError([problem, { ...problem, setting: 'B', value: '"x"' }]);
    assert.equal(
      two.message,
      '2 problems in the configuration:\n  A: is missing; give it\n  B = "x": is missing; give it',
    );
    assert.deepEqual([two.code, two.problems.length, two.problems[0]?.value], ['config', 2, null]);
  });

  it('has no key and no control character in any of its texts', () => {
    const text = `\u001b ${KEY}`;
    const { message, problems } = new ConfigError([{ setting: text, value: text, problem: text, hint: text }]);
    for (const each of [message, ...Object.values(problems[0] ?? {}).map(String)]) {
      assert.equal(each.includes(KEY) || each.includes('\u001b'), false, each);
    }
  });
});
