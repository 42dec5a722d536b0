import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { displayWidth } from '../../src/cli/show/width.ts';
import { picture, writePictures } from '../support/pictures.ts';
import { findProgram } from '../support/programs.ts';
import { type World, worldWithFlora } from '../support/world.ts';

const script = findProgram('script');
const noScript = script === undefined ? 'script is not installed' : false;
const main = join(import.meta.dirname, '..', '..', '..', 'dist', 'main.js');

/** What a terminal of so many columns is sent. */
async function onTerminal(world: World, columns: number, args: readonly string[], more: Record<string, string> = {}) {
  const { env, cwd } = world.launch({ TERM: 'xterm', PATH: process.env['PATH'] ?? '', ...more });
  const line = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ');
  const shell = `stty cols ${columns}; ${line}`;
  const { stdout } = await promisify(execFile)(script ?? '', ['-qc', shell, '/dev/null'], { env, cwd });
  return stdout.replaceAll('\r\n', '\n');
}

/** Our own colours: nothing else that begins with ESC may come. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const colors = /\u001b\[(?:1|2|22|3[1236]|39)m/g;

const wide = '日本語の名前がとても長いので切られる最終版.png';
const long = `${'n'.repeat(200)}.png`;

async function plant(world: World): Promise<void> {
  writePictures(world.drop, 2);
  for (const [at, name] of [wide, long, 'emoji-🌻👨‍👩‍👧.png', 'control\u001b[2J\u202e.png'].entries()) {
    writeFileSync(join(world.drop, name), picture(500 + at));
  }
  writeFileSync(join(world.drop, 'empty.png'), '');
  assert.equal((await world.run(['sync'])).code, 3);
}

describe('on a terminal', { skip: noScript }, () => {
  it('status, ls, why, reconcile and sync are no wider than it, in colours that NO_COLOR takes away', async (t) => {
    const world = await worldWithFlora(t);
    await plant(world);
    const why = ['why', wide];
    for (const columns of [80, 50]) {
      for (const args of [['ls'], ['status'], why, ['reconcile', '--full'], ['ls', '--versions'], ['ls', '--remote']]) {
        const what = `${args.join(' ')} at ${columns}`;
        const shown = await onTerminal(world, columns, args);
        if (args[0] !== 'reconcile') assert.match(shown, colors, what);
        const plain = shown.replaceAll(colors, '');
        assert.doesNotMatch(plain, /\p{Cc}(?<!\n)/u, what);
        for (const line of plain.split('\n')) assert.ok(displayWidth(line) <= columns, `${what}: ${line}`);
        assert.ok(plain.split(world.drop).length <= 2, `${what} names the drop folder at most once`);
        assert.doesNotMatch(plain, /https?:/, what);
      }
    }
    const bare = await onTerminal(world, 80, ['ls'], { NO_COLOR: '1' });
    assert.doesNotMatch(bare, colors);
    assert.doesNotMatch(await onTerminal(world, 80, ['ls'], { TERM: 'dumb' }), colors);
    // The ending stays, and what is cut is seen to be.
    assert.match(bare, / n+…n+\.png\n/);
    assert.match(bare, /^rejected +0 B .* empty\.png\n +empty: The file is empty\.$/m);
    assert.match(bare, /^ready .* (?:just now|\d+ (?:s|min) ago) +emoji-🌻👨‍👩‍👧\.png$/m);
    const whole = await onTerminal(world, 50, ['ls', '-l'], { NO_COLOR: '1' });
    assert.ok(whole.includes(long) && whole.includes(wide), whole);
    assert.match(whole, /^ready .* \d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}picture-0\.png\n {10}http:\S+$/m);
  });

  it('without one, or with FORCE_COLOR, colours come as Node has them', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 1);
    assert.equal((await world.run(['sync'])).code, 0);
    assert.doesNotMatch((await world.run(['ls'])).stdout, colors);
    assert.match((await world.run(['ls'], { FORCE_COLOR: '1' })).stdout, colors);
    assert.doesNotMatch((await world.run(['ls'], { FORCE_COLOR: '0' })).stdout, colors);
    assert.doesNotMatch((await world.run(['ls', '--json'], { FORCE_COLOR: '1' })).stdout, colors);
  });

  it('a sync writes its log above the bar, whole, and ends with the bar gone', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 2);
    writeFileSync(join(world.drop, `${'reason '.repeat(20)}.txt`), 'no picture');
    const shown = await onTerminal(world, 50, ['sync', '--verbose'], { NO_COLOR: '1' });
    const [drawn = '', end = ''] = shown.split(/(?=\d+ files ready in FLORA)/);
    const bars = drawn.split('\u001b[2K').filter((part) => /[█░]/.test(part));
    assert.ok(bars.some((bar) => bar.includes('comparing with FLORA')));
    for (const bar of bars) {
      const line = bar.split(/[\n\r]/).find((each) => /[█░]/.test(each)) ?? '';
      assert.ok(displayWidth(line) < 50, line);
    }
    assert.ok(drawn.includes('reason '.repeat(20)), 'a line of the log is not cut');
    assert.ok(drawn.endsWith('\u001b[2K'), JSON.stringify(drawn.slice(-80)));
    assert.match(end, /^2 files ready in FLORA[\s\S]*1 rejected \(1 unsupported_type\)/);
    for (const line of end.split('\n')) assert.ok(displayWidth(line) <= 50, line);
    const status = await onTerminal(world, 50, ['status'], { NO_COLOR: '1' });
    assert.match(status, /^1 rejected \(1 unsupported_type\)/m, 'status says it in the same words');
    const dumb = await onTerminal(world, 50, ['sync'], { TERM: 'dumb' });
    assert.match(dumb, /2 files ready/);
    assert.ok(!dumb.includes('\u001b') && !dumb.includes('░'), dumb);
  });
});
