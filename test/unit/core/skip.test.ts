import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { isSkippedName, sidecarOwner, sidecarsOf } from '../../../src/core/skip.ts';
import { sidecarRules, skipRules } from '../../../src/core/skip-rules.ts';

/** Names as those systems and programs write them, by what they are. */
const seen = {
  file: [
    ...[
      '.DS_Store',
      '._a.png',
      '.~lock.brief.odt#',
      '.azDownload-0b1c-a.mp4',
      '.pending-1700000000-a.jpg',
      '~$brief.docx',
    ],
    ...[
      'brief.txt~',
      'a.tmp',
      'a.PART',
      'a.partial',
      'b.CrDownload',
      'a.png.crswap',
      'a.mp4.opdownload',
      'a.mp4.wkdownload',
    ],
    ...[
      'a.mp4.fdmdownload',
      'a.mp4.dtapart',
      'a.mp4.xltd',
      'a.mp4.bt.xltd',
      'a.mp4.xltd.cfg',
      'a.mp4.jc!',
      'a.mp4.!ut',
    ],
    ...[
      'a.mp4.!bt',
      'a.mp4.!qB',
      'a.mp4.bc!',
      'a.mp4.az!',
      'a.mp4.dctmp',
      'a.mp4.!sync',
      'a.mp4.filepart',
      'a.mp4.aria2',
    ],
    ...[
      'a.mp4.aria2__temp',
      'a.mp4.lftp-pget-status',
      'a.mov.aspera-ckpt',
      'a.mp4.part-Frag12',
      'a.mp4.part-Frag12.part',
    ],
    ...['a.mp4.ytdl', 'a.png_.gstmp', 'a.gstmp', 'a.azDownload', 'a.megatmp', 'a.temp', 'a.png.TEMP', 'a.incomplete'],
    ...[
      'a.baiduyun.p.downloading',
      'a.uploading',
      'a.baiduyun.uploading.cfg',
      'a.baiduyun.downloading.cfg',
      'a.png.5f1c.ffs_tmp',
      'sync.ffs_db',
      'sync.ffs_lock',
    ],
    ...['brief.pages.sb-1a2b3c4d-XyZ123', 'scene.blend@', 'a.txt.swp', 'a.swo', 'a.kate-swp', '#brief.txt#'],
    ...[
      'a.swn',
      'db.laccdb',
      'plan.dwl',
      'Catalog.lrcat-shm',
      'a.jpg@SynoResource',
      'ehthumbs_vista.db',
      'NC_FLLST.DAT',
    ],
    'Adobe Bridge Cache.bct',
    ...[
      '~layout~r2x4.idlk',
      'film.prlock',
      'Catalog.lrcat.lock',
      'Catalog.lrcat-journal',
      'Catalog.lrcat-wal',
      'plan.dwl2',
    ],
    ...[
      'a.jpg@SynoEAStream',
      'Thumbs.db',
      'THUMBS.DB',
      'Thumbs.db:encryptable',
      'ehthumbs.db',
      'photothumb.db',
      'Desktop.ini',
    ],
    ...['a.png:Zone.Identifier', 'a.png\uF03AZone.Identifier', 'a.png\uF022Zone.Identifier', 'Icon\r', 'Icon\uF00D'],
    ...['Adobe Bridge Cache.bc', 'Picasa.ini', 'ZbThumbnail.info', 'M0100.CTG', 'AUTPRINT.MRK', 'NIKON001.DSC'],
  ],
  directory: [
    ...[
      '.git',
      '.@__thumb',
      '.TemporaryItems',
      'old~',
      'a.tmp',
      'a.part',
      'Film.mp4.download',
      'brief.pages.sb-1a2b3c4d-XyZ123',
    ],
    ...[
      '@eaDir',
      '@tmp',
      '#recycle',
      '#snapshot',
      '@Recycle',
      '@Recently-Snapshot',
      '~snapshot',
      '$RECYCLE.BIN',
      '$Recycle.Bin',
    ],
    ...[
      'RECYCLER',
      'System Volume Information',
      'FOUND.000',
      'lost+found',
      'LOST.DIR',
      '__MACOSX',
      'Network Trash Folder',
    ],
    ...[
      'TheVolumeSettingsFolder',
      'Photos Library.photoslibrary',
      'iPhoto Library.photolibrary',
      'Aperture Library.aplibrary',
    ],
    ...['iPhoto Library.migratedphotolibrary', 'Catalog Previews.lrdata', 'Catalog.lrcat-data'],
  ],
};

/** Names of people's pictures and folders that only look like those. */
const mine = {
  file: [
    ...[
      'tmp',
      'part',
      'a.tmp.png',
      'shot.temp.png',
      'shot.incomplete.jpg',
      'apart',
      '~home.png',
      'a~b',
      'a.tmp\n',
      'party.png',
    ],
    ...[
      '$~a',
      'a.sb-b.png',
      'sb-1.png',
      'a.download.png',
      'downloading.mp4',
      'a.part-Frag1.png',
      'a.temps',
      'temp',
      '#1.png',
      'a#',
    ],
    ...[
      'Thumbs.db.png',
      'my Thumbs.db',
      'desktop.ini.jpg',
      'Icon.png',
      'Icon',
      'icon',
      'Zone.Identifier.png',
      'lost+found',
    ],
    ...[
      '@eaDir',
      '__MACOSX',
      'a.photoslibrary',
      'Catalog.lrcat',
      'a.bc',
      'a.st',
      'a.aspx',
      'swp',
      'found.png',
      'recycle.png',
    ],
  ],
  directory: [
    ...[
      'temp',
      'shoot.temp',
      'shoot.incomplete',
      'a.uploading',
      'a.aria2',
      'a.swp',
      'download',
      'downloads',
      'recycled',
      'Recycle',
    ],
    ...[
      'Thumbs.db',
      'desktop.ini',
      'found',
      'found.png',
      'lost',
      'eaDir',
      'MACOSX',
      'Temporary Items',
      'photoslibrary',
      '#1',
      'tmp',
    ],
  ],
};

describe('names that are skipped', () => {
  for (const kind of ['file', 'directory'] as const) {
    for (const name of seen[kind]) {
      it(`${JSON.stringify(name)} as a ${kind}`, () => assert.ok(isSkippedName(name, kind)));
    }
    for (const name of mine[kind]) {
      it(`not ${JSON.stringify(name)} as a ${kind}`, () => assert.ok(!isSkippedName(name, kind)));
    }
  }

  it('each rule of the table is met by a name above, and says what it is and where that is known from', () => {
    for (const { pattern, kind, reason, source } of skipRules) {
      const words = [...pattern].map((char) => ({ '*': '.*', '?': '.' })[char] ?? char.replace(/\W/, '\\$&'));
      const simple = new RegExp(`^${words.join('')}$`, 's');
      const names = kind === 'any' ? [...seen.file, ...seen.directory] : seen[kind];
      assert.ok(
        names.some((name) => simple.test(name.toLowerCase())),
        `${pattern} is met by nothing`,
      );
      assert.equal(
        pattern,
        pattern.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()),
        'written in lower case',
      );
      assert.ok(reason.length > 5 && source.length > 1);
    }
    assert.equal(new Set(skipRules.map(({ pattern, kind }) => `${pattern} ${kind}`)).size, skipRules.length);
  });

  it('our own folders, in that spelling; a file of that name is not', () => {
    for (const name of ['_done', '_failed']) {
      assert.ok(isSkippedName(name, 'directory'));
      assert.ok(!isSkippedName(name, 'file'));
    }
    for (const name of ['_donex', '_DONE']) assert.ok(!isSkippedName(name, 'directory'));
  });
});

describe('what nobody skips', () => {
  /** How many patterns are tried on a name. */
  const counting = (t: TestContext) => {
    const tried = t.mock.method(RegExp.prototype, 'test');
    return (name: string) => {
      const before = tried.mock.callCount();
      assert.equal(isSkippedName(name, 'file'), false);
      return tried.mock.callCount() - before;
    };
  };

  it('is told without any pattern, by its first letter and its length, where its ending was met before', (t) => {
    const triedOn = counting(t);
    triedOn('a.png');
    for (const letter of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-(')
      assert.equal(triedOn(`${letter}${'x'.repeat(40)}.png`), 0, letter);
    assert.deepEqual(['tree.png', 'tree1.png', 'tree12.png'].map(triedOn), [0, 1, 0], 'as long as thumbs.db');
    assert.deepEqual(['#1.png', '~1.png'].map(triedOn), [1, 1], 'what begins like some that are skipped');
  });

  it('is told so by a thousand endings at a time', (t) => {
    const triedOn = counting(t);
    let count = 0;
    const another = () => {
      count += 1;
      assert.equal(triedOn(`a.x${count}x`), 1);
    };
    triedOn('b.remembered');
    for (let isForgotten = false; !isForgotten; isForgotten = triedOn('b.remembered') > 0) {
      another();
      assert.ok(count <= 1_000, 'endings are kept without end');
    }
    // Now this one and the one before it are all that is known.
    for (let more = 0; more < 998; more += 1) another();
    assert.equal(triedOn('b.remembered'), 0);
    another();
    assert.equal(triedOn('b.remembered'), 1);
  });
});

describe('a transfer tool’s state beside what it works on', () => {
  it('is found from either side', () => {
    assert.deepEqual(sidecarsOf('a.mp4', 'file').slice(0, 2), ['a.mp4.aria2', 'a.mp4.st']);
    assert.deepEqual(sidecarsOf('album', 'directory'), ['album.aria2']);
    for (const { ending } of sidecarRules) assert.equal(sidecarOwner(`a.mp4${ending}`), 'a.mp4');
  });

  it('belongs to no file where there is no name before it', () => {
    for (const name of ['.st', '.aria2', 'a.mp4', 'aria2', 'a.ST']) assert.equal(sidecarOwner(name), null);
  });
});
