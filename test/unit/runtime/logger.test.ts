import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createSecret } from '../../../src/config/secret.ts';
import { redactText } from '../../../src/core/redact.ts';
import { SyncError } from '../../../src/errors.ts';
import { createLogger, type Logger } from '../../../src/runtime/logger.ts';

const KEY = 'sk_live_0123456789abcdef';
const SIGNED = 'https://storage.example/bucket/object?X-Goog-Signature=5ec2e7&X-Goog-Expires=900';

function collect(write: (logger: Logger) => void, pretty = false, level: 'debug' | 'warn' = 'debug'): string {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  write(createLogger({ level, pretty, color: false, destination }));
  return lines.join('');
}

function fieldsOf(write: (logger: Logger) => void): Record<string, unknown> {
  return JSON.parse(collect(write)) as Record<string, unknown>;
}

describe('a log line', () => {
  it('is one object of JSON with the fields, the level and the message', () => {
    const { level, path, attempt, msg } = fieldsOf((log) => log.info({ path: '/drop/a.png', attempt: 2 }, 'ready'));
    assert.deepEqual({ level, path, attempt, msg }, { level: 30, path: '/drop/a.png', attempt: 2, msg: 'ready' });
  });

  it('is not written below the level', () => {
    const twice = (log: Logger) => [log.info({}, 'quiet'), log.warn({}, 'loud')];
    const text = collect(twice, false, 'warn');
    assert.match(text, /^[^\n]*loud[^\n]*\n$/);
  });

  for (const field of [
    'apiKey',
    'api_key',
    'authorization',
    'Authorization',
    'upload_url',
    'uploadUrl',
    'form_fields',
    'target',
  ]) {
    it(`hides ${field} at any depth, and in child loggers`, () => {
      const secret = { [field]: 'hunter2' };
      for (const fields of [secret, { request: { headers: secret } }, { a: [{ b: { c: secret } }] }]) {
        assert.ok(!collect((log) => log.info(fields, 'x')).includes('hunter2'));
        assert.ok(!collect((log) => log.child(fields).info({}, 'x')).includes('hunter2'));
      }
      assert.ok(!collect((log) => log.info({ [field]: { signature: 'hunter2' } }, 'x')).includes('hunter2'));
    });
  }

  it('shows counts that are called like secrets', () => {
    assert.equal(fieldsOf((log) => log.info({ upload: 3, fields: 2 }, 'x'))['upload'], 3);
  });

  it('holds neither keys nor signatures, wherever they came in', () => {
    const secret = createSecret(KEY);
    const text = collect((log) => {
      log.info(
        { url: SIGNED, note: `Authorization: Bearer ${KEY}`, list: [KEY], secret },
        `sent to ${SIGNED} with ${KEY}`,
      );
      log.error(
        { err: new Error(`POST ${SIGNED}`, { cause: new TypeError(`bad header ${KEY}`, { cause: SIGNED }) }) },
        'failed',
      );
      log.error({ err: new AggregateError([new Error(KEY)], KEY), other: new Error(SIGNED) }, 'failed');
      log.child({ from: SIGNED }).warn({}, 'x');
    });
    assert.equal(text.match(/5ec2e7|0123456789/g), null, text);
    assert.ok(text.includes('https://storage.example/bucket/object?[redacted]'));
    for (const line of text.trimEnd().split('\n')) JSON.parse(line);
  });

  it('tells of an error its known fields and its causes, and nothing that foreign errors carry along', () => {
    const cause = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET', opts: { body: 'hunter2' } });
    const err = new SyncError('The upload was cut off', {
      ...{
        code: 'connection_lost',
        scope: 'file',
        disposition: null,
        op: 'upload',
        path: '/a',
        assetId: 'asset_1',
        requestId: 'req_1',
        cause,
      },
    });
    const line = collect((log) => log.error({ err }, 'failed'));
    const logged = (JSON.parse(line) as { err: Record<string, unknown> }).err;
    assert.deepEqual(
      [logged['code'], logged['op'], logged['path'], logged['assetId'], logged['requestId'], logged['message']],
      ['connection_lost', 'upload', '/a', 'asset_1', 'req_1', 'The upload was cut off'],
    );
    assert.deepEqual(Object.keys(logged['cause'] as object).sort(), ['code', 'message', 'stack', 'type']);
  });

  it('ends where a chain of causes does not', () => {
    const error = new Error('round');
    error.cause = error;
    const circle: Record<string, unknown> = { name: 'circle' };
    circle['self'] = circle;
    assert.ok(collect((log) => log.error({ err: error, circle }, 'failed')).includes('round'));
  });
});

describe('a pretty line', () => {
  it('is text for people, without the secrets', () => {
    const text = collect((log) => log.info({ path: '/a', apiKey: KEY, url: SIGNED }, 'ready'), true);
    assert.match(text, /INFO: ready\n +path: "\/a"/);
    assert.equal(text.match(/5ec2e7|0123456789/g), null);
  });

  it('shows control characters of a file name instead of obeying them', () => {
    const name = 'a\u001b[2Jb\u009b31mc\u007f\\u001b\\\rd';
    const text = collect((log) => log.info({ path: name }, `found ${name}`), true);
    assert.ok(
      ![...text].some((char) => char !== '\n' && (char < ' ' || (char >= '\u007f' && char <= '\u009f'))),
      JSON.stringify(text),
    );
    assert.ok(text.includes('found a\\u001b[2Jb\\u009b31mc\\u007f\\u001b\\\\rd'));
  });
});

describe('what others say in the log', () => {
  const hostile = 'x\u001b[2J\u009b31m\u202e\u2066\u200b\u2028\n[12:00:00.000] FORGED';
  const write = (log: Logger) => {
    log.info({ path: hostile, [hostile]: { [hostile]: [hostile] } }, hostile);
    log.child({ from: hostile }).warn({ err: new SyncError(hostile, details) }, 'failed');
  };
  const details = { code: 'server_error', scope: 'file', disposition: null, op: 'list', requestId: hostile } as const;

  it('neither commands the terminal nor looks like another line', () => {
    const text = collect(write, true);
    assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Cf}\p{Zl}]/u);
    assert.doesNotMatch(text, /^\s*\[12:00/m);
    assert.equal(text.match(/FORGED/g)?.length, 8, text);
  });

  it('is the same data in JSON, in escapes', () => {
    const lines = collect(write).trimEnd().split('\n');
    for (const line of lines) assert.match(line, /^[\x20-\x7e]*$/);
    const [first, second] = lines.map((line) => JSON.parse(line));
    assert.deepEqual([first.msg, first.path, first[hostile]], [hostile, hostile, { [hostile]: [hostile] }]);
    assert.deepEqual([second.from, second.err.requestId], [hostile, hostile]);
  });
});

describe('a line before the process ends', () => {
  for (const pretty of [false, true]) {
    it(`is not lost, pretty or not (${pretty})`, () => {
      const directory = mkdtempSync(join(tmpdir(), 'flora-log-'));
      try {
        const script = join(directory, 'script.mjs');
        const logger = JSON.stringify(new URL('../../../src/runtime/logger.js', import.meta.url).href);
        writeFileSync(
          script,
          `import { createLogger } from ${logger};
          const log = createLogger({ level: 'info', pretty: ${pretty}, color: false });
          for (let i = 0; i < 2000; i += 1) log.info({ i }, 'line');
          process.exit(0);`,
        );
        // A shell, so that stderr is a file and stdout shows that nothing strayed there.
        const stdout = execFileSync('/bin/sh', [
          '-c',
          '"$0" "$1" 2>"$2"',
          process.execPath,
          script,
          join(directory, 'log'),
        ]);
        assert.equal(stdout.length, 0);
        assert.equal(readFileSync(join(directory, 'log'), 'utf8').match(/\bline\b/g)?.length, 2000);
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  }
});

describe('redacted text', () => {
  for (const [given, shown] of [
    [`key ${KEY}.`, 'key [redacted].'],
    ['key ak_0123456789abcdefXY', 'key [redacted]'],
    ['/drop/sk_SK_poster.png', '/drop/sk_SK_poster.png'],
    ['/drop/ak_SK_poster_1234567890.png', '/drop/ak_SK_poster_1234567890.png'],
    ['/drop/task_live_set.mp3', '/drop/task_live_set.mp3'],
    ['GET https://u:p@h.example:8/a/b?c=d#e f', 'GET https://[redacted]@h.example:8/a/b?[redacted] f'],
    ['https://h.example/a/b', 'https://h.example/a/b'],
    ['"https://h.example/?a=\\"b"', '"https://h.example/?[redacted]\\"b"'],
    ['Bearer abcdefghij', 'Bearer [redacted]'],
    ['Bearer of news.txt', 'Bearer of news.txt'],
  ] as const) {
    it(`of ${given} is ${shown}`, () => assert.equal(redactText(given), shown));
  }
});
