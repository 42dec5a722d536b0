import assert from 'node:assert/strict';
import { appendFileSync, lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createLocalFiles } from '../../../../src/local/local-files.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import type { LocalPort } from '../../../../src/sync/ports/local.ts';
import { openDrop } from '../../../support/drop.ts';
import { knowFiles } from '../../../support/known-files.ts';
import { until } from '../../../support/until.ts';

describe('Intake', () => {
  it('admits every file of a tree once, and copies as one content', async (t) => {
    const { scan, present, contentOf, ledger } = await openDrop(t, { a: 'one', b: 'one', deep: { c: 'two' } });
    await scan();
    assert.deepEqual([...present(), ...present('deep')], ['a', 'b', 'c']);
    assert.equal(ledger.files.sources(contentOf('one')?.id ?? 0).length, 2);
    assert.equal(contentOf('two')?.state, 'queued');
    const before = contentOf('one')?.revision;
    await scan();
    assert.equal(contentOf('one')?.revision, before);
  });

  it('does not take what a writer went on with after it had settled', async (t) => {
    const local = createLocalFiles({ now: systemClock.monotonic, accept: ['*'] });
    let looks = 0;
    const { root, scan, contentOf } = await openDrop(
      t,
      { slow: 'half' },
      {
        // Between settling and reading: the file waits behind others, and the writer wakes up.
        inspect: async (path, signal) => {
          looks += 1;
          if (looks === 1) appendFileSync(join(root, 'slow'), ' more');
          return await local.inspect(path, signal);
        },
      },
    );
    await scan();
    assert.equal(contentOf('half more')?.state, 'queued');
    assert.equal(contentOf('half'), undefined);
    assert.ok(looks >= 2, 'the first look must not have been enough');
  });

  it('believes a file that is gone, and knows it again when it is back', async (t) => {
    const { root, scan, present, contentOf } = await openDrop(t, { a: 'one', keep: 'x' });
    await scan();
    const id = contentOf('one')?.id;
    rmSync(join(root, 'a'));
    await scan();
    assert.deepEqual(present(), ['keep']);
    writeFileSync(join(root, 'a'), 'one');
    await scan();
    assert.deepEqual(present(), ['a', 'keep']);
    assert.equal(contentOf('one')?.id, id);
  });

  it('compares a directory of thousands of files to the last, also where a name ends a slice', async (t) => {
    const known = Array.from({ length: 2_500 }, (_, at) => `f${String(at).padStart(4, '0')}`);
    // The last of the first slice, the first of the second, the last but one of all, one that is new.
    const there = ['f0999', 'f1000', 'f2498', 'g'];
    const drop = await openDrop(t, Object.fromEntries(there.map((name) => [name, `bytes of ${name}`])));
    await knowFiles(drop.ledger, drop.folder, known);
    await drop.scan();
    assert.deepEqual(drop.present(), there);
    for (const name of there) assert.equal(drop.contentOf(`bytes of ${name}`)?.state, 'queued');
  });

  it('has 4,000 files in hand and no more, and ends a scan that waits for room when it is told to stop', async (t) => {
    const held = [{ pid: 1, name: 'a writer' }];
    const openForWriting: LocalPort['openForWriting'] = async (keys) => new Map([...keys].map((key) => [key, held]));
    const many = Array.from({ length: 4_010 }, (_, at) => [`${at}`, 'x'] as const);
    const { intake, folder, stop } = await openDrop(t, Object.fromEntries(many), { openForWriting });
    const scanning = intake.scan(folder);
    await until('more is found than there is room for', () => intake.pendingFiles > 4_000);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(intake.pendingFiles, 4_001);
    stop();
    assert.equal(await scanning, false);
  });

  it('halts a folder that is another and empty one, concludes nothing, and resumes when it is back', async (t) => {
    const { root, scan, present, troubles, roots } = await openDrop(t, { a: 'one', deep: { b: 'two' } });
    await scan();
    renameSync(root, `${root}-away`);
    t.after(() => rmSync(`${root}-away`, { recursive: true, force: true }));
    mkdirSync(root);
    await scan();
    await scan();
    assert.deepEqual([...present(), ...present('deep')], ['a', 'b']);
    assert.equal(roots.isThere({ root }), false);
    assert.deepEqual(
      troubles.map((trouble) => trouble?.code ?? null),
      ['folder_replaced'],
    );
    rmSync(root, { recursive: true });
    await scan();
    assert.deepEqual([...present(), ...present('deep')], ['a', 'b']);
    renameSync(`${root}-away`, root);
    await scan();
    assert.deepEqual([...present(), ...present('deep')], ['a', 'b']);
    assert.equal(troubles.at(-1), null);
  });

  it('believes a folder that was emptied by hand: its root is the same', async (t) => {
    const { root, scan, present, troubles } = await openDrop(t, { a: 'one' });
    await scan();
    rmSync(join(root, 'a'));
    await scan();
    assert.deepEqual(present(), []);
    assert.deepEqual(troubles, []);
  });

  it('leaves what is below a directory that cannot be read as it was', async (t) => {
    const problem = { code: 'unreadable_directory', reason: 'no' };
    let isLocked = false;
    const local = createLocalFiles({ now: systemClock.monotonic, accept: ['*'] });
    const { scan, present } = await openDrop(
      t,
      { locked: { b: 'two' } },
      {
        walk: (root, directory, handlers, signal) =>
          local.walk(
            root,
            directory,
            {
              ...handlers,
              onDirectory: async (listing) => {
                if (!isLocked) return await handlers.onDirectory(listing);
                if (listing.directory === 'locked') return;
                const problems = [{ name: 'locked', stat: null, problem }];
                await handlers.onDirectory({ ...listing, subdirectories: [], problems });
              },
            },
            signal,
          ),
        look: (path) =>
          isLocked && path.name === 'locked' ? { kind: 'problem', stat: null, problem } : local.look(path),
      },
    );
    await scan();
    isLocked = true;
    await scan();
    assert.deepEqual(present('locked'), ['b']);
    assert.deepEqual(present(), ['locked']);
    isLocked = false;
    await scan();
    assert.deepEqual(present(), []);
    assert.deepEqual(present('locked'), ['b']);
  });

  it('does not believe an old listing about what came since', async (t) => {
    const local = createLocalFiles({ now: systemClock.monotonic, accept: ['*'] });
    let isStale = false;
    const { scan, present } = await openDrop(
      t,
      { a: 'one', deep: { b: 'two' } },
      {
        walk: (root, directory, handlers, signal) =>
          local.walk(
            root,
            directory,
            {
              ...handlers,
              onDirectory: (listing) =>
                handlers.onDirectory(isStale ? { ...listing, files: [], subdirectories: [] } : listing),
            },
            signal,
          ),
      },
    );
    await scan();
    isStale = true;
    await scan();
    assert.deepEqual([...present(), ...present('deep')], ['a', 'b']);
  });

  it('does not believe an old listing about a problem that is over', async (t) => {
    const local = createLocalFiles({ now: systemClock.monotonic, accept: ['*'] });
    const problem = { code: 'symlink_dangling', reason: 'It was a link that led nowhere.' };
    let isStale = false;
    const { scan, ledger, folder, contentOf } = await openDrop(
      t,
      { a: 'one' },
      {
        walk: (root, directory, handlers, signal) => {
          const onDirectory: typeof handlers.onDirectory = (listing) =>
            handlers.onDirectory(
              isStale ? { ...listing, files: [], problems: [{ name: 'a', stat: null, problem }] } : listing,
            );
          return local.walk(root, directory, { ...handlers, onDirectory }, signal);
        },
      },
    );
    await scan();
    isStale = true;
    await scan();
    const directoryId = ledger.directories.find(folder.folderId, '')?.id ?? 0;
    assert.deepEqual(ledger.files.get(directoryId, 'a')?.problem, null);
    assert.equal(ledger.files.sources(contentOf('one')?.id ?? 0).length, 1);
  });

  it('brings everything to the new destination of a folder, once', async (t) => {
    const drop = await openDrop(t, { a: 'one' });
    await drop.scan();
    const old = drop.contentOf('one');
    assert.ok(old);
    const { destinationId } = await drop.register('elsewhere');
    assert.equal(drop.ledger.files.sources(old.id).length, 0, 'nothing may go to the old destination any more');
    const parent = drop.ledger.directories.find(drop.folder.folderId, '');
    assert.equal(drop.ledger.files.get(parent?.id ?? 0, 'a')?.stat.ctimeMs, -1, 'the file is looked at again');
    assert.notEqual(destinationId, drop.folder.destinationId);
  });

  it('looks again at a disk that could not be read', async (t) => {
    const local = createLocalFiles({ now: systemClock.monotonic, accept: ['*'] });
    let isBroken = true;
    const problem = { code: 'read_error', reason: 'the disk answers with an error' };
    const { scan, contentOf, present } = await openDrop(
      t,
      { a: 'one' },
      {
        inspect: async (path, signal) => (isBroken ? { kind: 'problem', problem } : await local.inspect(path, signal)),
      },
    );
    await scan();
    assert.equal(contentOf('one'), undefined);
    assert.deepEqual(present(), ['a']);
    isBroken = false;
    await scan();
    assert.equal(contentOf('one')?.state, 'queued');
  });

  it('looks at what seems unfinished once more, after another quiet period, before it believes it', async (t) => {
    const problem = { code: 'unsupported_type', reason: 'zeros' };
    const looks: string[] = [];
    const drop = await openDrop(
      t,
      { zeros: 'one', copy: 'half' },
      {
        inspect: async (path, signal, isLastLook) => {
          looks.push(`${path.name} ${isLastLook === true ? 'last' : 'first'}`);
          if (path.name === 'zeros')
            return isLastLook === true ? { kind: 'problem', problem } : { kind: 'unfinished', quietPeriods: 1 };
          const size = lstatSync(join(drop.root, 'copy')).size;
          if (size > 4) return await drop.real.inspect(path, signal, isLastLook);
          // The copy that had paused goes on.
          if (looks.filter((look) => look.startsWith('copy')).length === 1)
            appendFileSync(join(drop.root, 'copy'), ' and');
          return { kind: 'unfinished', quietPeriods: 1 };
        },
      },
    );
    const rows = () => drop.ledger.files.inDirectory(drop.ledger.directories.find(drop.folder.folderId, '')?.id ?? 0);
    await drop.scan();
    assert.deepEqual(
      looks.filter((look) => look.startsWith('zeros')),
      ['zeros first', 'zeros last'],
    );
    assert.equal(looks.filter((look) => look === 'copy first').length, 2, 'the changed copy begins anew');
    assert.deepEqual(rows().find(({ name }) => name === 'zeros')?.problem, problem);
    assert.equal(drop.contentOf('half and')?.state, 'queued');
    const decided = looks.length;
    await drop.scan();
    assert.equal(looks.length, decided, 'what was decided is left alone');
    appendFileSync(join(drop.root, 'zeros'), ' more');
    await drop.scan();
    assert.deepEqual(looks.slice(decided), ['zeros first', 'zeros last'], 'until it changes');
  });

  it('tells a reason again when it is another one, and keeps what there is to say beyond it', async (t) => {
    let problem = { code: 'unsupported_type', reason: 'zeros', detail: 'zeros; images are accepted' };
    const { root, scan, database } = await openDrop(
      t,
      { a: 'one' },
      { inspect: async () => ({ kind: 'problem', problem }) },
    );
    const told = () => database.prepare("SELECT detail FROM history WHERE event = 'rejected'").pluck().all();
    await scan();
    appendFileSync(join(root, 'a'), ' more');
    await scan();
    assert.deepEqual(told(), ['zeros; images are accepted']);
    problem = { code: 'unsupported_type', reason: 'text', detail: 'text; images are accepted' };
    appendFileSync(join(root, 'a'), ' words');
    await scan();
    assert.deepEqual(told(), ['zeros; images are accepted', 'text; images are accepted']);
  });

  it('follows hints to a single name, a new tree, and a name that is gone', async (t) => {
    const { root, hint, scan, present } = await openDrop(t, { keep: 'x' });
    await scan();
    writeFileSync(join(root, 'new'), 'one');
    hint('', 'new');
    await until('the hinted file is admitted', () => present().includes('new'));
    mkdirSync(join(root, 'tree/deep'), { recursive: true });
    writeFileSync(join(root, 'tree/deep/er'), 'two');
    hint('', 'tree');
    await until('the hinted tree is admitted', () => present('tree/deep').includes('er'));
    rmSync(join(root, 'tree'), { recursive: true });
    rmSync(join(root, 'new'));
    hint('', 'tree');
    hint('', 'new');
    await until('what vanished is gone', () => present().length === 1 && present('tree/deep').length === 0);
  });
});
