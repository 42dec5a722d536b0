import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { overlappingPlaces } from '../../../src/config/paths.ts';
import { settings } from '../../../src/config/settings.ts';
import type { Place } from '../../../src/core/place.ts';
import { errorOf, load, loadRequiring } from '../../support/settings.ts';

function place(path: string, more: Partial<Place> = {}): Place {
  return { path, realPath: path, line: [], exists: true, trees: [], ...more };
}

const names = { folder: 'FOLDER', stateDir: 'STATE' };
const told = (folders: readonly Place[], stateDir = place('/state')) =>
  overlappingPlaces(names, folders, stateDir).map(({ setting, value, problem, hint }) => [
    setting,
    value,
    problem,
    hint,
  ]);

describe('directories that are really there', () => {
  it('may lie in one another by links, which are told, the inner one first', () => {
    const outer = place('/a');
    const inner = place('/link', { realPath: '/a/b' });
    const told1 = told([outer, inner]);
    assert.deepEqual(told1, [
      [
        'FOLDER',
        '"/link"',
        'lies inside the drop folder "/a" ("/link" leads to "/a/b")',
        'leave one out: a drop folder includes its subdirectories, whatever leads to it',
      ],
    ]);
    assert.deepEqual(told([inner, outer]), told1);
  });

  it('may be one under two names', () => {
    const [problem] = told([place('/a', { realPath: '/x' }), place('/b', { realPath: '/x' })]);
    assert.equal(
      problem?.[2],
      'is the same directory as the drop folder "/b" ("/a" leads to "/x", and "/b" leads to "/x")',
    );
  });

  it('may share one that is mounted in both', () => {
    const a = place('/a', {
      trees: [
        { device: '1', path: '/x' },
        { device: '2', path: '/m' },
      ],
    });
    const b = place('/b', {
      trees: [
        { device: '1', path: '/y' },
        { device: '2', path: '/m' },
      ],
    });
    assert.deepEqual(told([a, b]), [
      [
        'FOLDER',
        '"/a"',
        'has a directory mounted in it that is also in the drop folder "/b" (by a mount)',
        'leave one out, or mount that in one of them only',
      ],
    ]);
    assert.deepEqual(told([place('/c')], { ...a, path: '/state' }), []);
    assert.deepEqual(told([b], { ...a, path: '/state' }), [], 'the state directory may share one');
  });

  it('are told of the state directory, in either direction', () => {
    const hint = 'name a state directory apart from the drop folders';
    assert.deepEqual(told([place('/a')], place('/state', { realPath: '/a/s' })), [
      ['STATE', '"/state"', 'lies inside the drop folder "/a" ("/state" leads to "/a/s")', hint],
    ]);
    assert.deepEqual(told([place('/link', { realPath: '/state/a' })]), [
      ['STATE', '"/state"', 'contains the drop folder "/link" ("/link" leads to "/state/a")', hint],
    ]);
  });

  it('are each compared with all that follow', () => {
    assert.deepEqual(told([place('/a'), place('/b'), place('/c')]), []);
    const three = [place('/a'), place('/b'), place('/l', { realPath: '/a/x' })];
    assert.equal(told(three).length, 1);
    assert.equal(told([...three, place('/m', { realPath: '/a/x' })]).length, 3);
  });
});

describe('what each setting says of itself', () => {
  it('is a line for the help, what it has to be, what would do, and a description', () => {
    for (const [key, { summary, noun, wants, description }] of Object.entries(settings)) {
      for (const text of [summary, noun, wants, description]) assert.ok(text.length > 3, key);
    }
    assert.equal(settings.on_missing.wants, 'write report or upload');
    assert.equal(settings.on_missing.schema.default, 'report');
  });
});

describe('a folder of the settings that is refused', () => {
  it('is told with what is wrong with it', () => {
    const problems = (folder: string) =>
      errorOf(() =>
        load({
          files: { '/c.toml': folder },
          flags: { config: '/c.toml' },
          env: { FLORA_API_KEY: 'k', FLORA_WORKSPACE_ID: 'ws_1' },
        }),
      ).problems.map(({ setting, problem }) => `${setting}: ${problem}`);
    assert.deepEqual(problems('folder = [3]'), ['folder in /c.toml: is not a path']);
    assert.deepEqual(problems('[[folder]]\npath = ""'), ['folder in /c.toml: has an empty entry']);
    assert.deepEqual(problems('[[folder]]\npath = 3'), ['folder in /c.toml: is not a path']);
    assert.deepEqual(problems('[[folder]]\npath = "/a"\n[[folder]]\ncopies = "share"'), [
      '[[folder]] number 2 in /c.toml: has no path',
    ]);
    assert.deepEqual(problems('[[folder]]\npath = "/a"\ncopy = "share"'), [
      'copy of [[folder]] number 1 in /c.toml: is not a setting',
    ]);
    assert.deepEqual(problems('[[folder]]\npath = "/a"\ncopies = "shared"'), [
      'copies of [[folder]] number 1 in /c.toml: is not a choice',
    ]);
  });
});

describe('a flag that was given no value', () => {
  it('is none', () => {
    assert.equal(load({ flags: { settle: [], folder: [], accept: [] } }).settleMs, 2_000);
  });
});

describe('a setting that holds where it is', () => {
  it('says nothing of paths that nobody asked for', () => {
    const config = loadRequiring([], { env: { HOME: '/root' } });
    assert.equal(config.stateDir, '/home/ann/.local/state/flora-sync');
  });
});
