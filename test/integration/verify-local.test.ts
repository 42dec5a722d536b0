import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Inventory } from '../../src/ledger/inventory.ts';
import { type Difference, Findings } from '../../src/operations/verify/difference.ts';
import { type Scope, type VerifyLocalDeps, verifyLocal } from '../../src/operations/verify/local.ts';
import { openDrop } from '../support/drop.ts';
import { link, type Tree } from '../support/tree.ts';

async function world(t: TestContext, tree: Tree) {
  const drop = await openDrop(t, tree);
  await drop.scan();
  const inventory = new Inventory(drop.database);
  const verify = async (patch: Partial<VerifyLocalDeps['local']> = {}, scope: Partial<Scope> = {}) => {
    const differences: Difference[] = [];
    const contents: number[] = [];
    const findings = new Findings(async (difference) => void differences.push(difference));
    const [folder] = inventory.folders();
    assert.ok(folder !== undefined);
    await verifyLocal(
      {
        inventory,
        local: { ...drop.local, ...patch },
        rulesOf: () => undefined,
        findings,
        signal: new AbortController().signal,
        onContent: (id) => void contents.push(id),
      },
      [{ folder, directory: '', name: null, ...scope }],
    );
    const found = differences.map(({ path, difference }) => `${difference} ${path.slice(drop.root.length + 1)}`);
    return { found: found.sort(), findings, contents };
  };
  return { ...drop, verify };
}

describe('the comparison with the disk', () => {
  it('compares every file of every directory, a batch of rows at a time', async (t) => {
    const many = Object.fromEntries(Array.from({ length: 1_203 }, (_, at) => [`f${at}`, `bytes ${at}`]));
    const deep = Object.fromEntries(Array.from({ length: 520 }, (_, at) => [`d${at}`, { a: `deep ${at}` }]));
    const { verify, root } = await world(t, { many, deep });
    const { found, findings, contents } = await verify();
    assert.deepEqual([found, findings.files], [[], 1_723]);
    assert.equal(new Set(contents).size, 1_723);
    rmSync(join(root, 'many', 'f999'));
    writeFileSync(join(root, 'deep', 'd517', 'a'), 'other');
    assert.deepEqual((await verify()).found, ['missing_local many/f999', 'size deep/d517/a']);
  });

  it('compares what was taken in anew meanwhile with what it is now', async (t) => {
    const { verify, root, scan, local } = await world(t, { a: 'one' });
    let isOvertaken = false;
    const { found, findings } = await verify({
      digest: async (path, signal) => {
        if (!isOvertaken) {
          isOvertaken = true;
          writeFileSync(join(root, 'a'), 'two');
          await scan();
        }
        return await local.digest(path, signal);
      },
    });
    assert.deepEqual([found, findings.pending], [[], 1]);
  });

  it('says nothing of a file that was removed, and known to be, meanwhile', async (t) => {
    const { verify, root, scan, local } = await world(t, { a: 'one' });
    const { found } = await verify({
      digest: async (path, signal) => {
        rmSync(join(root, 'a'));
        await scan();
        return await local.digest(path, signal);
      },
    });
    assert.deepEqual(found, []);
  });

  it('calls changed what changes while it is read, and unreadable what cannot be', async (t) => {
    const { verify } = await world(t, { a: 'one' });
    assert.deepEqual((await verify({ digest: async () => ({ kind: 'changed' }) })).found, ['changed a']);
    const problem = { code: 'read_error', reason: 'EIO' };
    assert.deepEqual((await verify({ digest: async () => ({ kind: 'problem', problem }) })).found, ['unreadable a']);
  });

  it('never follows a link that took a file’s place', async (t) => {
    const { verify, root } = await world(t, { sub: { a: 'one', b: 'two' }, elsewhere: { a: 'one' } });
    renameSync(join(root, 'sub'), join(root, 'was'));
    link('elsewhere').make(Buffer.from(join(root, 'sub')));
    const { found } = await verify();
    assert.deepEqual(found, ['changed sub/a', 'missing_local sub/b', 'untracked was/a', 'untracked was/b']);
  });

  it('reads nothing of a file whose size tells enough', async (t) => {
    const { verify, root, local } = await world(t, { a: 'one', b: 'two' });
    writeFileSync(join(root, 'a'), 'longer');
    const read: string[] = [];
    const digest: typeof local.digest = (path, signal) => {
      read.push(path.name);
      return local.digest(path, signal);
    };
    assert.deepEqual((await verify({ digest })).found, ['size a']);
    assert.deepEqual(read, ['b']);
  });

  it('looks only where it is told to, and at no directory whose name only begins the same', async (t) => {
    const { verify, root } = await world(t, { sub: { a: '1', in: { b: '2' } }, submarine: { c: '3' } });
    for (const path of ['sub/a', 'sub/in/b', 'submarine/c']) rmSync(join(root, path));
    mkdirSync(join(root, 'sub', 'new'));
    for (const path of ['sub/new/d', 'e']) writeFileSync(join(root, path), 'x');
    const below = await verify({}, { directory: 'sub' });
    assert.deepEqual(below.found, ['missing_local sub/a', 'missing_local sub/in/b', 'untracked sub/new/d']);
    assert.deepEqual((await verify({}, { directory: 'sub', name: 'a' })).found, ['missing_local sub/a']);
    assert.deepEqual((await verify({}, { name: 'e' })).found, ['untracked e']);
  });
});
