import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../src/config/config-error.ts';
import { formatDuration, nearestName, parseBaseUrl, parseDuration } from '../../src/config/parse.ts';
import { SETTINGS } from '../../src/config/schema.ts';
import { complete, DEFAULT_FILE, KEY, load } from '../support/settings.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    ' ',
    '2s',
    '0',
    '-1',
    '1e3',
    '*',
    '~',
    '/',
    ':',
    'ws_1',
    'prj_1',
    '__proto__',
    'https://x/',
    'http://[::1',
  ),
);
const variable = fc.oneof(
  fc.constantFrom(
    ...SETTINGS.map((each) => each.variable),
    'FLORA_API_KEY',
    'FLORA_SYNC_CONFIG',
    'STATE_DIRECTORY',
    'XDG_CONFIG_HOME',
  ),
  anyText.map((text) => `FLORA_SYNC_${text}`),
);
const environment = fc.dictionary(variable, anyText).map((env) => ({ ...complete, ...env }));
const flags = fc.dictionary(
  fc.constantFrom(...SETTINGS.map((each) => each.key), 'config'),
  fc.oneof(anyText, fc.array(anyText)),
);

const scalar = fc.oneof(
  anyText.map((text) => JSON.stringify(text)),
  fc.integer().map(String),
  fc.constantFrom('true', 'inf', '1979-05-27', '[]', '{}'),
);
const key = fc.oneof(
  fc.constantFrom(...SETTINGS.map((each) => each.key), 'api_key', '"__proto__"', 'path', '$schema'),
  anyText.map((text) => JSON.stringify(text)),
);
const line = fc.oneof(
  fc.tuple(key, scalar).map(([name, value]) => `${name} = ${value}`),
  fc.constantFrom('[[folder]]', '[folder]', '[__proto__]', '[[x.y]]', 'path = "/a"'),
  anyText,
);
const toml = fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n'));

function attempt(act: () => unknown): ConfigError | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

describe('loading the configuration', () => {
  it('gives a configuration or a ConfigError with problems, whatever it is given', () => {
    fc.assert(
      fc.property(environment, flags, toml, (env, flag, text) => {
        const error = attempt(() => load({ env, flags: flag, files: { [DEFAULT_FILE]: text } }));
        if (error === null) return;
        assert.ok(error.problems.length > 0);
        for (const { setting, problem, hint } of error.problems)
          assert.ok(setting !== '' && problem !== '' && hint !== '');
      }),
      { numRuns: 1_000 },
    );
  });

  it('never shows the key, wherever it was put by mistake', () => {
    const withKey = fc.tuple(anyText, anyText).map(([before, after]) => `${before} ${KEY} ${after}`);
    fc.assert(
      fc.property(
        variable,
        fc.constantFrom(...SETTINGS.map((each) => each.key)),
        key,
        withKey,
        (name, flag, tomlKey, text) => {
          const files = { [DEFAULT_FILE]: `${tomlKey} = ${JSON.stringify(text)}` };
          const error = attempt(() => load({ env: { ...complete, [name]: text }, flags: { [flag]: text }, files }));
          assert.ok(
            error === null || !`${error.message}${error.stack}${JSON.stringify(error)}`.includes(KEY),
            error?.message,
          );
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('parsing', () => {
  it('reads back every duration that is written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (durationMs) => {
        assert.deepEqual(parseDuration(formatDuration(durationMs)), { ok: true, value: durationMs });
      }),
    );
  });

  it('gives a safe whole number or a reason, never an exception', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          fc.tuple(fc.bigInt({ min: 0n }), fc.constantFrom('ms', 's', 'h', 'MiB', 'B')).map((parts) => parts.join('')),
        ),
        (text) => {
          const parsed = parseDuration(text);
          assert.ok(!parsed.ok || Number.isSafeInteger(parsed.value));
        },
      ),
    );
  });

  it('gives base URLs that are read back as they are', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.webUrl({ withFragments: true, withQueryParameters: true })), (text) => {
        const parsed = parseBaseUrl(text);
        if (parsed.ok) assert.deepEqual(parseBaseUrl(parsed.value), parsed);
      }),
    );
  });

  it('finds a setting in spite of one wrong letter', () => {
    const names = SETTINGS.map((each) => each.key);
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), fc.constantFrom('x', ''), (name, index, letter) => {
        const wrongAt = (right: string, at: number, wrong: string) => right.slice(0, at) + wrong + right.slice(at + 1);
        const typed = wrongAt(name, index % name.length, letter);
        // `ixclude` may be either of two.
        const isOneOff = (right: string) =>
          Array.from(right, (_, at) => wrongAt(right, at, letter === '' ? '' : (typed[at] ?? ''))).includes(typed);
        assert.ok(names.filter(isOneOff).some((right) => right === nearestName(typed, names)));
      }),
    );
  });
});
