import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { makeDirectory, moveTo, putInPlace } from '../../../../src/ledger/recovery/put-in-place.ts';

// The compiled test lies in build/test/unit/ledger/recovery.
const root = join(import.meta.dirname, '..', '..', '..', '..', '..', 'src');

function temporary(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'fs-place-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

describe('names that have to last', () => {
  it('are given in one place, which makes them durable', () => {
    const namers = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .filter((path) => /\b(?:rename|renameSync|linkSync|symlinkSync)\(/.test(readFileSync(join(root, path), 'utf8')));
    // The emulator's assets need not outlive the machine.
    assert.deepEqual(namers.sort(), ['emulator/blobs.ts', 'ledger/recovery/put-in-place.ts']);
  });

  it('are of what was there before, and nothing else is left', (t) => {
    const directory = temporary(t);
    const [written, path, moved] = ['new', 'ledger', 'aside'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(path, 'old');
    writeFileSync(written, 'new');
    putInPlace(written, path);
    assert.equal(readFileSync(path, 'utf8'), 'new');
    moveTo(path, moved);
    assert.deepEqual(readdirSync(directory), ['aside']);
    assert.throws(() => moveTo(path, moved), { code: 'ENOENT' });
  });

  it('are those of directories, which are private, as many as are missing', (t) => {
    const directory = temporary(t);
    const deep = join(directory, 'a', 'b', 'c');
    makeDirectory(`${deep}/`);
    makeDirectory(deep);
    for (const made of [deep, join(directory, 'a')]) assert.equal(statSync(made).mode & 0o777, 0o700);
    mkdirSync(join(directory, 'd'));
    writeFileSync(join(directory, 'd', 'file'), '');
    assert.throws(() => makeDirectory(join(directory, 'd', 'file', 'e')), { code: 'ENOTDIR' });
    assert.ok(!existsSync(join(directory, 'd', 'e')));
  });
});
