import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Look } from '../../../../src/sync/ports/local.ts';
import { changed, examining, listingOf, pipe, unreadable } from '../../../support/examining.ts';
import { settled } from '../../../support/hand-clock.ts';
import { statOn } from '../../../support/known-files.ts';

const file: Look = { kind: 'file', stat: statOn(1) };
const found = (name: string, stat = changed) => ({ name, stat });

describe('the names of a hint', () => {
  it('are looked at one after the other, as long as their folder is believed', async () => {
    const { does, show, root, folder } = await examining();
    show({ 'd/a': file, 'd/b': { kind: 'directory' }, 'd/c': file });
    const names = new Set(['a', 'b', 'c']);
    assert.deepEqual(await does((it) => it.hinted(folder, 'd', names)), [
      'candidate d/a 3',
      'scan d/b',
      'candidate d/c 3',
    ]);
    root.mayTake = false;
    assert.deepEqual(await does((it) => it.hinted(folder, 'd', names)), ['scan '], 'the scan says what is wrong');
    root.isHalted = true;
    assert.deepEqual(await does((it) => it.hinted(folder, 'd', names)), [], 'which was told');
    assert.deepEqual(await does((it) => it.hinted(folder, 'd', null)), []);
  });

  it('that are not known are all of the directory', async () => {
    const { does, reads, folder } = await examining();
    reads.set('d', { kind: 'listing', listing: listingOf('d', { files: [found('a')] }) });
    assert.deepEqual(await does((it) => it.hinted(folder, 'd', null)), ['read d', 'candidate d/a 4', 'watch d']);
  });
});

describe('a directory that is read', () => {
  it('gives what is new or changed, with nothing known of it and with something', async () => {
    const { does, folder } = await examining(['d/a', 'd/b']);
    const files = [found('a', statOn(1)), found('b'), found('c')];
    assert.deepEqual(await does((it) => it.listing(folder, listingOf('d', { files }))), [
      'candidate d/b 4',
      'candidate d/c 4',
    ]);
    assert.deepEqual(await does((it) => it.listing(folder, listingOf('e', { files }))), [
      'candidate e/a 3',
      'candidate e/b 4',
      'candidate e/c 4',
    ]);
  });

  it('waits with each until there is room for another', async () => {
    let go = () => {};
    const given: string[] = [];
    const { does, folder, show } = await examining(['a', 'b'], {
      knownPerSlice: 1,
      onCandidate: ({ name }) => {
        given.push(name);
        return new Promise<void>((resolve) => {
          go = resolve;
        });
      },
    });
    const files = [found('a'), found('b'), found('new'), found('newer')];
    show({ name: file });
    let isOver = false;
    const all = does(async (it) => {
      await it.listing(folder, listingOf('', { files }));
      await it.name(folder, '', 'name');
      isOver = true;
    });
    const inTurn = ['a', 'b', 'new', 'newer', 'name'];
    for (let at = 1; at <= inTurn.length; at += 1) {
      await settled();
      await settled();
      assert.deepEqual([given, isOver], [inTurn.slice(0, at), false]);
      go();
    }
    await all;
    assert.equal(isOver, true);
  });

  it('writes down what is missing in it, and looks at each problem for itself', async () => {
    const { does, folder, left, show, row } = await examining(['d/a', 'd/b', 'd/c']);
    show({ 'd/b': file, 'd/p': { kind: 'problem', stat: changed, problem: pipe }, 'd/q': file });
    const problems = ['p', 'q'].map((name) => ({ name, stat: null, problem: pipe }));
    const files = [found('c', statOn(1))];
    assert.deepEqual(await does((it) => it.listing(folder, listingOf('d', { files, problems }))), [
      'write',
      'candidate d/q 3',
      'write',
    ]);
    assert.deepEqual(left('d/a', 'd/b', 'd/c'), ['d/b', 'd/c'], 'what is there by now is not gone');
    assert.deepEqual([row('d/p')?.problem?.code, row('d/p')?.stat], [pipe.code, changed]);
  });

  it('forgets what was below it first, unless it is listed or there by now', async () => {
    const { does, folder, show, left, events } = await examining(['gone/x', 'back/x', 'here/x', 'd']);
    show({ back: { kind: 'directory' } });
    const listing = listingOf('', { subdirectories: ['here'], files: [found('gone')] });
    assert.deepEqual(await does((it) => it.listing(folder, listing)), [
      'vanished /drop/gone',
      'unwatch gone',
      'write',
      'write',
      'candidate gone 4',
      'write',
    ]);
    assert.deepEqual(left('gone/x', 'back/x', 'here/x', 'd'), ['back/x', 'here/x']);
    assert.ok(!events.includes('look here'), 'what is listed need not be looked at');
  });

  it('was a problem until then: no more', async () => {
    const { does, folder, row, refuse } = await examining(['d/a']);
    const listing = listingOf('d', { files: [found('a', statOn(1))] });
    assert.deepEqual(await does((it) => it.listing(folder, listing)), []);
    await refuse('d');
    assert.deepEqual(await does((it) => it.listing(folder, listing)), ['write']);
    assert.equal(row('d'), undefined);
  });

  it('and is empty is a problem where its drive is away, and only there', async () => {
    const { does, folder, row, lost, left } = await examining(['card/a', 'empty/a']);
    lost.add('card');
    assert.deepEqual(await does((it) => it.listing(folder, listingOf('card'))), ['write']);
    const zeros = { sizeBytes: 0, mtimeMs: 0, ctimeMs: 0, inode: 0, device: 0 };
    assert.deepEqual([row('card')?.problem?.code, row('card')?.stat], ['mount_missing', zeros]);
    await does((it) => it.listing(folder, listingOf('empty')));
    assert.deepEqual([row('empty'), left('card/a', 'empty/a')], [undefined, ['card/a']]);
    const files = [found('a')];
    assert.deepEqual(await does((it) => it.listing(folder, listingOf('card', { files }))), [
      'write',
      'candidate card/a 4',
    ]);
  });

  it('is compared a slice at a time, and others have a turn after each that is full', async () => {
    const known = ['a', 'b', 'c', 'd', 'e'];
    const { does, folder, left, stopping } = await examining(known, { knownPerSlice: 2 });
    const files = known.map((name) => found(name, name < 'c' ? statOn(1) : changed));
    const all = listingOf('', { files });
    assert.deepEqual(await does((it) => it.listing(folder, all)), [
      'turn',
      'candidate c 4',
      'candidate d 4',
      'turn',
      'candidate e 4',
    ]);
    assert.deepEqual(left(...known), known);
    const gone = await does((it) => it.listing(folder, listingOf('')), /write/);
    assert.deepEqual(gone, ['write', 'write', 'write'], 'and so is what is gone');
    const stopped = does((it) => it.listing(folder, all));
    stopping.abort(new Error('enough'));
    await assert.rejects(stopped, { message: 'enough' });
  });

  it('is compared a thousand at a time by default', async () => {
    const { does, folder, ledger } = await examining(['a']);
    const asked: (number | undefined)[] = [];
    const { files } = ledger;
    const inDirectory = files.inDirectory.bind(files);
    files.inDirectory = (id, after, most) => {
      asked.push(most);
      return inDirectory(id, after, most);
    };
    await does((it) => it.listing(folder, listingOf('', { files: [found('a', statOn(1))] })));
    assert.deepEqual(asked, [1_000]);
  });
});

describe('a directory that is to be read', () => {
  it('is watched, and walked below where nobody watches', async () => {
    const { does, folder, reads, watched } = await examining();
    watched.add('d/a');
    const subdirectories = ['a', 'b', 'c'];
    reads.set('d', { kind: 'listing', listing: listingOf('d', { subdirectories }) });
    assert.deepEqual(await does((it) => it.directory(folder, 'd')), ['read d', 'watch d', 'scan d/b', 'scan d/c']);
  });

  it('is not taken from where the folder is another by then', async () => {
    const { does, folder, reads, root } = await examining();
    root.mayTake = false;
    reads.set('d', { kind: 'listing', listing: listingOf('d', { files: [found('a')] }) });
    assert.deepEqual(await does((it) => it.directory(folder, 'd')), ['read d', 'scan ']);
  });

  it('is a problem under its own name where it cannot be read', async () => {
    const { does, folder, reads, row } = await examining();
    reads.set('d/e', { kind: 'problem', problem: unreadable });
    assert.deepEqual(await does((it) => it.directory(folder, 'd/e')), ['read d/e', 'write']);
    assert.equal(row('d/e')?.problem?.code, 'unreadable');
  });

  it('is gone with all that was in it where it is not there; of the root a scan tells', async () => {
    const { does, folder, left, goneDirectory } = await examining(['d/a']);
    assert.deepEqual(await does((it) => it.directory(folder, '')), ['read ', 'scan ']);
    assert.deepEqual(await does((it) => it.directory(folder, 'never')), ['read never']);
    const gone = ['read d', 'vanished /drop/d', 'unwatch d', 'write', 'write'];
    assert.deepEqual(await does((it) => it.directory(folder, 'd')), gone);
    assert.deepEqual(left('d/a'), []);
    await goneDirectory('d');
    assert.deepEqual(await does((it) => it.directory(folder, 'd')), ['read d'], 'and told once');
  });

  it('by another spelling, or through a link, is a name that is not there', async () => {
    const { does, folder, detours, left } = await examining(['top/D/a']);
    detours.set('top/D', 'elsewhere');
    const expected = [
      'vanished /drop/top/D',
      'unwatch top/D',
      'write',
      'write',
      'unwatch top/D',
      'vanished /drop/top/D',
    ];
    assert.deepEqual(await does((it) => it.directory(folder, 'top/D')), expected);
    assert.deepEqual(left('top/D/a'), []);
  });

  it('of which an unknown answer comes fails', async () => {
    const { does, folder, reads, disk } = await examining();
    reads.set('d', { kind: 'odd' } as never);
    await assert.rejects(
      does((it) => it.directory(folder, 'd')),
      { message: 'Unknown result {"kind":"odd"}' },
    );
    disk.set('a', { kind: 'odd' } as never);
    await assert.rejects(
      does((it) => it.name(folder, '', 'a')),
      { message: 'Unknown look {"kind":"odd"}' },
    );
  });
});

describe('a name that is looked at', () => {
  it('and is a file is a candidate where it is new, changed, back or racy, and finished', async () => {
    const { does, folder, show, partial, goneFile, write, idOf } = await examining(['same', 'racy', 'back', 'other']);
    await goneFile('back');
    await write(({ racyFiles }) => racyFiles.note(idOf(''), 'racy', 1));
    show({ same: file, racy: file, back: file, new: file, other: { kind: 'file', stat: changed } });
    const candidates = async () => {
      const all: string[] = [];
      for (const name of ['same', 'racy', 'back', 'other', 'new'])
        all.push(...(await does((it) => it.name(folder, '', name))));
      return all;
    };
    assert.deepEqual(await candidates(), [
      'candidate racy 3',
      'candidate back 3',
      'candidate other 4',
      'candidate new 3',
    ]);
    for (const name of ['racy', 'back', 'other', 'new']) partial.add(name);
    assert.deepEqual(await candidates(), []);
  });

  for (const [what, look, after] of [
    ['a file', file, 'candidate d 3'],
    ['a pipe', { kind: 'problem', stat: null, problem: pipe }, 'write'],
  ] as const) {
    it(`and is ${what} is no directory any more`, async () => {
      const { does, folder, show, left, row } = await examining(['d/a']);
      show({ d: look });
      const expected = ['vanished /drop/d', 'unwatch d', 'write', 'write', after];
      assert.deepEqual(await does((it) => it.name(folder, '', 'd')), expected);
      assert.deepEqual(left('d/a'), []);
      assert.deepEqual(row('d')?.stat.sizeBytes, look.kind === 'file' ? undefined : 0);
    });
  }

  it('and cannot be read leaves what was below it as it was', async () => {
    const { does, folder, show, left } = await examining(['d/a']);
    show({ d: { kind: 'problem', stat: null, problem: unreadable } });
    assert.deepEqual(await does((it) => it.name(folder, '', 'd')), ['write']);
    assert.deepEqual(left('d/a', 'd'), ['d/a', 'd']);
  });

  it('and is a directory is walked where it is new or back, and read where it is known', async () => {
    const { does, folder, show, goneDirectory } = await examining(['known/a', 'back/a']);
    await goneDirectory('back');
    const directory: Look = { kind: 'directory' };
    show({ new: directory, known: directory, back: directory, 'known/a': file });
    assert.deepEqual(await does((it) => it.name(folder, '', 'new')), ['scan new']);
    assert.deepEqual(await does((it) => it.name(folder, '', 'back')), ['scan back']);
    assert.deepEqual((await does((it) => it.name(folder, '', 'known')))[0], 'read known');
  });

  it('and is a directory was a file before that is gone now; what was gone or a problem is no news', async () => {
    const { does, folder, show, left, goneFile, refuse, row } = await examining(['a', 'b']);
    await goneFile('b');
    await refuse('c');
    show({ a: { kind: 'directory' }, b: { kind: 'directory' }, c: { kind: 'directory' } });
    assert.deepEqual(await does((it) => it.name(folder, '', 'a')), ['write', 'scan a']);
    assert.deepEqual(left('a'), []);
    assert.deepEqual(await does((it) => it.name(folder, '', 'b')), ['scan b']);
    assert.deepEqual(await does((it) => it.name(folder, '', 'c')), ['scan c']);
    assert.equal(row('c')?.problem?.code, 'unreadable', 'its listing judges');
  });

  for (const kind of ['gone', 'ignored'] as const) {
    it(`and is ${kind} is a file no more, nor a directory, and not waited for`, async () => {
      const { does, folder, show, left } = await examining(['d/f', 'd/t/x']);
      show({ 'd/f': { kind }, 'd/t': { kind } });
      const told = (name: string) => [`unwatch d/${name}`, `vanished /drop/d/${name}`];
      assert.deepEqual(await does((it) => it.name(folder, 'd', 'f')), ['write', ...told('f')]);
      assert.deepEqual(await does((it) => it.name(folder, 'd', 'f')), told('f'), 'written down once');
      const tree = ['vanished /drop/d/t', 'unwatch d/t', 'write', 'write', ...told('t')];
      assert.deepEqual(await does((it) => it.name(folder, 'd', 't')), tree);
      assert.deepEqual(await does((it) => it.name(folder, 'd', 't')), told('t'));
      assert.deepEqual(await does((it) => it.name(folder, 'never', 'x')), [
        'unwatch never/x',
        'vanished /drop/never/x',
      ]);
      assert.deepEqual(left('d/f', 'd/t/x'), []);
    });
  }

  it('and is spelled otherwise is gone, and its directory is read for what it is now', async () => {
    const { does, folder, show, detours, reads, left } = await examining(['d/A']);
    show({ 'd/A': file });
    detours.set('d/A', 'd/A');
    reads.set('d', { kind: 'listing', listing: listingOf('d', { files: [found('a')] }) });
    assert.deepEqual(await does((it) => it.name(folder, 'd', 'A')), [
      ...['write', 'unwatch d/A', 'vanished /drop/d/A'],
      ...['read d', 'candidate d/a 4', 'watch d'],
    ]);
    assert.deepEqual(left('d/A'), []);
  });

  it('and is behind a link is gone, and so is what the link stands for', async () => {
    const { does, folder, show, detours, left } = await examining(['l/d/a', 'l/b']);
    show({ 'l/d/a': file, l: { kind: 'problem', stat: null, problem: pipe } });
    detours.set('l/d/a', 'l');
    assert.deepEqual(await does((it) => it.name(folder, 'l/d', 'a')), [
      ...['write', 'unwatch l/d/a', 'vanished /drop/l/d/a'],
      ...['vanished /drop/l', 'unwatch l', 'write', 'vanished /drop/l/d', 'unwatch l/d', 'write', 'write'],
      'write',
    ]);
    assert.deepEqual(left('l/d/a', 'l/b'), []);
  });

  it('and is not there is not asked for where it is instead', async () => {
    const { does, folder } = await examining();
    assert.deepEqual(await does((it) => it.name(folder, '', 'a'), /^(look|detour)/), ['look a']);
  });
});
