import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { picture, writePictures } from '../support/pictures.ts';
import { findProgram } from '../support/programs.ts';
import { json, scriptedServer } from '../support/scripted-server.ts';
import { areAll, jsonLines, WORKSPACE, type World, worldWithFlora } from '../support/world.ts';

/** Commands a terminal, turns the text around, hides, and begins a line of its own. */
const hostile = '\u001b]0;t\u0007\u001b[2J\u009b31m\u007f\u202egnp\u2066\u200b\u2028\u0085\r\nFORGED\tline';
/** What of it may stand in a header. */
const hostileHeader = 'req\u009b31m\u0085';
const hostileName = 'a\u001b[2J\u202e\nFORGED\u009b.png';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not come
const obeyed = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what we write ourselves
const ownColors = /\u001b\[(?:1|2|22|3[1236]|39)m/g;

function assertHarmless(text: string, what: string): void {
  const found = obeyed.exec(text);
  const around = found === null ? '' : JSON.stringify(text.slice(Math.max(0, found.index - 60), found.index + 20));
  assert.equal(found, null, `${what}: ${around}`);
  assert.doesNotMatch(text, /^\s*FORGED/m, what);
  assert.doesNotMatch(text, /report it/, what);
}

/** A FLORA that answers everything in the worst of words. */
async function hostileFlora(t: TestContext, assetIds: readonly string[]): Promise<string> {
  const { origin } = await scriptedServer(t, ({ method, url }, response) => {
    const headers = { 'request-id': hostileHeader };
    if (url.includes('/workspaces')) {
      return json(response, 200, { workspaces: [{ workspace_id: WORKSPACE, name: hostile }] }, headers);
    }
    if (method === 'GET' && url.includes('/assets?')) {
      const assets = [...assetIds, `asset_${hostile}`].map((assetId) => ({
        asset_id: assetId,
        workspace_id: WORKSPACE,
        name: hostile,
        file_name: hostile,
        status: assetId === assetIds[0] ? hostile : 'failed',
        failure_message: hostile,
        url: `https://h.example/${hostile}`,
        size_bytes: 7,
        content_type: hostile,
        created_at: new Date(0).toISOString(),
      }));
      return json(response, 200, { assets, next_cursor: null }, headers);
    }
    json(response, 400, { error: { code: hostile, message: hostile } }, headers);
  });
  return `${origin}/api/v1`;
}

/** Files in every state, each field of whose rows says the worst that FLORA could have said. */
async function plant(world: World) {
  const paths = writePictures(world.drop, 6);
  const named = join(world.drop, hostileName);
  writeFileSync(named, picture(100));
  writeFileSync(join(world.drop, `${hostileName}.txt`), 'no picture');
  assert.equal((await world.run(['sync'])).code, 3);
  const lines = await world.ls();
  const ids = paths.map((path) => lines.find((line) => line.path === path)?.asset_id ?? '');
  const text = `'${hostile}'`;
  const fact = (key: string, value: object) =>
    `INSERT INTO fact (key, value) VALUES ('${key}', '${JSON.stringify(value)}')
     ON CONFLICT (key) DO UPDATE SET value = excluded.value;`;
  world.alterLedger(`
    UPDATE content SET url = 'https://h.example/' || ${text}, reason = ${text}, reason_code = ${text};
    UPDATE content SET state = 'rejected' WHERE asset_id IN ('${ids[1]}', '${ids[2]}');
    UPDATE content SET state = 'missing', missing_since = 0 WHERE asset_id = '${ids[3]}';
    UPDATE content SET state = 'checking' WHERE asset_id = '${ids[4]}';
    UPDATE content SET asset_id = asset_id || ${text} WHERE asset_id = '${ids[5]}';
    INSERT INTO history (at, content_id, event, from_state, to_state, asset_id, request_id, attempt, detail)
      SELECT 0, id, ${text}, ${text}, ${text}, ${text}, ${text}, 2, ${text} FROM content;
    UPDATE file SET problem = ${text} WHERE problem IS NOT NULL;
    ${fact('creation', { slowSinceMs: 1, nextProbeMs: 2, probes: 1, barren: 1, lost: 0, waitMs: 1, reason: hostile })}
    ${fact(`learnt:${hostile}`, {
      assetId: hostile,
      atMs: 1,
      body: 'json',
      target: { kind: 'form', host: hostile, livesMs: 1 },
      lagMs: 2,
      types: { [hostile]: { isSizeKept: true, areBytesKept: true, keptAs: hostile } },
    })}
  `);
  return { paths, named, ids };
}

describe('what FLORA says and what files are called', { concurrency: 3 }, () => {
  it('commands no terminal, in whatever command it is shown, and is the same data in JSON', async (t) => {
    const world = await worldWithFlora(t);
    const { paths, named, ids } = await plant(world);
    const flora = { FLORA_BASE_URL: await hostileFlora(t, ids) };
    const [first = '', second = ''] = paths;
    const commands: readonly (readonly string[])[] = [
      ['ls'],
      ['ls', '--versions'],
      ['ls', '--state', 'rejected'],
      ['why', first],
      ['why', named],
      ['status'],
      ['verify'],
      ['ls', '--remote'],
      ['verify', '--remote'],
      ['reconcile', '--dry-run'],
      ['reconcile', '--full'],
      ['retry', second],
      ['retry', '--failed'],
    ];
    let seen = '';
    for (const args of commands) {
      for (const more of [[], ['--json']]) {
        const what = [...args, ...more].join(' ');
        const { stdout, stderr } = await world.run([...args, ...more], flora);
        assertHarmless(stdout, what);
        assertHarmless(stderr, what);
        // JSON's own spelling of the same.
        if (more.length > 0)
          seen += jsonLines(stdout)
            .map((line) => Object.values(line).join(' '))
            .join(' ');
      }
    }
    assert.ok(seen.includes(hostile), 'the data are exact');
    assert.ok(seen.includes(named), 'and so are names');
  });

  it('commands no terminal in errors either', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 1);
    assert.equal((await world.run(['sync'])).code, 0);
    const { origin } = await scriptedServer(t, (_, response) =>
      json(response, 401, { error: { code: hostile, message: hostile } }, { 'request-id': hostileHeader }),
    );
    const flora = { FLORA_BASE_URL: `${origin}/api/v1` };
    for (const args of [['sync'], ['reconcile'], ['ls', '--remote'], ['contract', '--yes'], ['verify', '--remote']]) {
      const { code, stdout, stderr } = await world.run(args, flora);
      assert.equal(code, 5, `${args.join(' ')}: ${stdout}${stderr}`);
      assertHarmless(stdout, args.join(' '));
      assertHarmless(stderr, args.join(' '));
    }
    for (const args of [
      ['why', join(world.drop, hostileName)],
      ['retry', join(world.drop, hostileName)],
      ['ls', '--state', hostile],
      ['verify', `/${hostile}`],
      ['resume', `/${hostile}`],
      ['status', '--state-dir', `/tmp\u001b[2J\u202e`],
      [hostile],
      ['ls', `--${hostile}`],
      ['run', '--settle', hostile],
    ]) {
      const { stdout, stderr } = await world.run(args);
      assertHarmless(stdout + stderr, JSON.stringify(args));
    }
  });

  const script = findProgram('script');
  const noScript = script === undefined ? 'script is not installed' : false;
  it('commands no terminal in the pretty log and the bar beside it', { skip: noScript }, async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 1);
    writeFileSync(join(world.drop, hostileName), picture(100));
    const { env, cwd } = world.launch();
    const main = join(import.meta.dirname, '..', '..', '..', 'dist', 'main.js');
    const say = async (...words: readonly string[]) => {
      const line = [process.execPath, main, ...words].map((word) => `'${word}'`).join(' ');
      const options = { env: { ...env, TERM: 'xterm' }, cwd };
      const { stdout } = await promisify(execFile)(script ?? '', ['-qec', line, '/dev/null'], options);
      return stdout;
    };
    const shown = await say('sync', '--log-level', 'debug');
    assert.match(shown, /2 files ready in FLORA/);
    // The bar moves the cursor, and colours are ours: nothing of the name is.
    for (const own of ['\u001b[2J', '\u009b', '\u202e', '\nFORGED'])
      assert.ok(!shown.includes(own), JSON.stringify(own));
    assert.match(shown, /FORGED/);
    await world.lsUntil('both are ready', areAll('ready', join(world.drop, hostileName)));
    for (const args of [['ls'], ['why', join(world.drop, hostileName)], ['status']]) {
      // Colours of ours are around texts, never of theirs.
      const text = (await say(...args)).replaceAll('\r\n', '\n').replaceAll(ownColors, '');
      assertHarmless(text, `${args[0]} on a terminal`);
    }
  });
});
