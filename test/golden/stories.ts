import { once } from 'node:events';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { addFaults, admitKeys, alterAsset, clearFaults, readyAssets } from '../support/flora.ts';
import { failing } from '../support/fs-calls.ts';
import { picture } from '../support/pictures.ts';
import { KEY, WORKSPACE } from '../support/world.ts';
import type { Story } from './story.ts';

/** What happens, in the words of the person to whom it does; then what they would read. Returns that. */
export interface Told {
  readonly name: string;
  readonly what: string;
  readonly tell: (story: Story) => Promise<string>;
}

const story = (name: string, what: string, tell: Told['tell']): Told => ({ name, what, tell });

/** The commonest courses of a file, and what flora-sync says of each. */
export const stories: readonly Told[] = [
  story('ready-at-once', 'A picture is dropped, and FLORA has it at once.', async (s) => {
    await s.begin();
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'ready');
    return s.told('a.png');
  }),
  story(
    'ready-after-retries',
    'FLORA fails twice when it is asked for an asset, once when the bytes are sent.',
    async (s) => {
      await s.begin();
      await addFaults(
        s.world,
        { kind: 'status', status: 503, match: { route: 'create' }, times: 2 },
        { kind: 'status', status: 502, match: { route: 'upload' }, times: 1 },
      );
      await s.drop('a.png', picture(1));
      await s.until('a.png', 'ready');
      return s.told('a.png');
    },
  ),
  story('no-credits', 'The workspace has no credits; later somebody tops them up.', async (s) => {
    await s.begin();
    await addFaults(s.world, { kind: 'status', status: 402 });
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'queued');
    await s.clock.pass(60_000);
    const waiting = s.told('a.png');
    await clearFaults(s.world);
    await s.until('a.png', 'ready');
    return `${waiting}\n--- then\n\n${s.told('a.png')}`;
  }),
  story('rate-limited', 'FLORA asks to wait.', async (s) => {
    await s.begin();
    await addFaults(s.world, { kind: 'rate-limit', retryAfterSec: 20, times: 1 });
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'ready');
    return s.told('a.png');
  }),
  story('key-refused', 'FLORA refuses the key, and takes it again later.', async (s) => {
    await s.begin();
    await admitKeys(s.world, 'sk_live_another_key_altogether_000000');
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'queued');
    await s.clock.pass(60_000);
    const waiting = s.told('a.png');
    await admitKeys(s.world, KEY);
    await s.until('a.png', 'ready');
    return `${waiting}\n--- then\n\n${s.told('a.png')}`;
  }),
  story('workspace-wrong', 'The workspace of the settings is none of this key.', async (s) => {
    await s.begin({ FLORA_WORKSPACE_ID: `${WORKSPACE}_x` }, {}, false);
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'queued');
    await s.clock.pass(120_000);
    return s.told('a.png');
  }),
  story('server-down', 'Nobody answers where FLORA should be; later it does.', async (s) => {
    await s.begin();
    await s.world.stopFlora();
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'queued');
    await s.clock.pass(30_000);
    const waiting = s.told('a.png');
    await s.world.startFlora({ clock: () => s.clock.now() });
    await s.until('a.png', 'ready');
    return `${waiting}\n--- then\n\n${s.told('a.png')}`;
  }),
  story('refused-files', 'Files that are not sent, for what is in them.', async (s) => {
    await s.begin();
    const files: Readonly<Record<string, Uint8Array | string>> = {
      'empty.png': '',
      'zeros.png': Buffer.alloc(5_000),
      'text.png': 'This is not a picture.',
      'a-pdf.png': '%PDF-1.7\n',
      'notes.txt': 'Notes.',
      nameless: Buffer.from([1, 2, 3, 4]),
      'huge.png': ofSize(picture(1), 20_000, 10_000),
      'half.mp4': Buffer.concat([isoBox('ftyp', 'isom\0\0\0\0isom'), isoBox('mdat', 'x'.repeat(2_000))]),
    };
    const names = Object.keys(files).sort();
    for (const name of names) {
      await s.drop(name, files[name] ?? '');
      await s.until(name, 'rejected');
    }
    return s.told(...names);
  }),
  story('no-files', 'What lies in the folder and is no file to be sent.', async (s) => {
    await s.begin();
    symlinkSync('/nowhere/at/all.png', s.path('dangling.png'));
    symlinkSync('/etc/passwd', s.path('outside.png'));
    const server = createServer().listen(s.path('socket.png'));
    await once(server, 'listening');
    await s.scan();
    const names = ['dangling.png', 'outside.png', 'socket.png'];
    for (const name of names) await s.until(name, 'rejected');
    server.close();
    return s.told(...names);
  }),
  story('too-large', 'FLORA takes no file as large as this one.', async (s) => {
    await s.begin();
    await addFaults(s.world, { kind: 'status', status: 413, match: { route: 'upload' } });
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'rejected');
    return s.told('a.png');
  }),
  story(
    'refused-by-flora',
    'FLORA refuses the request for an asset; a person tries again, and it is taken.',
    async (s) => {
      await s.begin();
      await addFaults(s.world, {
        kind: 'status',
        status: 400,
        code: 'validation_error',
        match: { route: 'create' },
      });
      await s.drop('a.png', picture(1));
      await s.until('a.png', 'rejected');
      const refused = s.told('a.png');
      await clearFaults(s.world);
      await s.retry('a.png');
      await s.until('a.png', 'ready');
      return `${refused}\n--- then\n\n${s.told('a.png')}`;
    },
  ),
  story('changed-while-sent', 'The file is written over while it is sent, and finished again.', async (s) => {
    await s.begin();
    await addFaults(s.world, { kind: 'drop-before', match: { route: 'upload' }, times: 1 });
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'reserved', 'connection_lost');
    await s.drop('a.png', picture(2));
    await s.until('a.png', 'ready');
    await s.clock.pass(60_000);
    return s.told('a.png');
  }),
  story('deleted-before-sent', 'The file is deleted before its bytes were sent.', async (s) => {
    await s.begin();
    await addFaults(s.world, { kind: 'drop-before', match: { route: 'upload' }, times: 1 });
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'reserved', 'connection_lost');
    unlinkSync(s.path('a.png'));
    await s.scan();
    await s.until('a.png', 'gone');
    await s.clock.pass(60_000);
    return s.told('a.png');
  }),
  story('renamed-and-moved', 'A ready file gets another name, then another folder.', async (s) => {
    await s.begin();
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'ready');
    renameSync(s.path('a.png'), s.path('b.png'));
    await s.scan();
    await s.until('b.png', 'ready');
    mkdirSync(s.path('sub'));
    renameSync(s.path('b.png'), s.path('sub/b.png'));
    await s.scan();
    await s.until('sub/b.png', 'ready');
    await s.until('b.png', 'gone');
    return s.told('a.png', 'b.png', 'sub/b.png');
  }),
  story('copies-shared', 'The same bytes lie there under two names, and share one asset.', async (s) => {
    await s.begin();
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'ready');
    await s.drop('copy.png', picture(1));
    await s.until('copy.png', 'ready');
    return s.told('a.png', 'copy.png');
  }),
  story('copies-separate', 'The same bytes lie there under two names, and get an asset each.', async (s) => {
    await s.begin({ FLORA_SYNC_COPIES: 'separate' });
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'ready');
    await s.drop('copy.png', picture(1));
    await s.until('copy.png', 'ready');
    return s.told('a.png', 'copy.png');
  }),
  story('failed-at-flora', 'FLORA takes the bytes and cannot use them, however often they are sent.', async (s) => {
    await s.begin();
    const whole = picture(1);
    // Header and end, and no pixels between them.
    await s.drop('a.png', Buffer.concat([whole.subarray(0, 33), whole.subarray(-12)]));
    await s.until('a.png', 'rejected');
    return s.told('a.png');
  }),
  ...(['report', 'upload'] as const).map((rule) =>
    story(`missing-${rule}`, `A ready asset is not at FLORA any more, and on_missing is ${rule}.`, async (s) => {
      await s.begin({ FLORA_SYNC_ON_MISSING: rule });
      await s.drop('a.png', picture(1));
      await s.until('a.png', 'ready');
      await s.drop('b.png', picture(2));
      await s.until('b.png', 'ready');
      await alterAsset(s.world, s.assetId('a.png'), { hide: true });
      await s.reconcile();
      if (rule === 'report') await s.until('a.png', 'missing');
      else {
        await s.until('a.png', 'checking');
        await s.until('a.png', 'ready');
      }
      return s.told('a.png');
    }),
  ),
  story('link-expired', 'The upload link has expired when the bytes are to be sent.', async (s) => {
    await s.begin();
    await addFaults(s.world, { kind: 'expire', match: { route: 'upload' }, times: 1 });
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'ready');
    return s.told('a.png');
  }),
  story('folder-absent', 'The drop folder is gone for a while, as a drive is that is not plugged in.', async (s) => {
    await s.begin();
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'ready');
    const away = join(s.world.base, 'away');
    renameSync(s.world.drop, away);
    await s.scan();
    renameSync(away, s.world.drop);
    await s.scan();
    await s.clock.pass(60_000);
    return s.told('a.png');
  }),
  story('folder-absent-meanwhile', 'The drop folder goes while a file of it still waits for FLORA.', async (s) => {
    await s.begin();
    await addFaults(s.world, { kind: 'status', status: 503, match: { route: 'create' } });
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'queued', 'server_error');
    renameSync(s.world.drop, join(s.world.base, 'away'));
    await s.scan();
    return s.told('a.png');
  }),
  story('folder-replaced', 'Another, empty folder lies where the drop folder was.', async (s) => {
    await s.begin();
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'ready');
    renameSync(s.world.drop, join(s.world.base, 'away'));
    mkdirSync(s.world.drop);
    await s.scan();
    await s.clock.pass(60_000);
    return s.told('a.png');
  }),
  story(
    'ledger-lost',
    'The ledger is lost: a new one finds the file at FLORA, and sends the one that is not there.',
    async (s) => {
      await s.begin();
      await s.drop('a.png', picture(1));
      await s.until('a.png', 'ready');
      await s.stop();
      rmSync(s.world.stateDir, { recursive: true });
      writeFileSync(s.path('new.png'), picture(2));
      await s.start({ FLORA_SYNC_ON_NEW_LEDGER: 'match' });
      await s.clock.during(s.engine.finishMatching());
      await s.until('a.png', 'ready');
      await s.clock.pass(5_000);
      await s.clock.during(s.engine.finishMatching());
      await s.until('new.png', 'ready');
      if ((await readyAssets(s.world)).length !== 2) throw new Error('Not two assets');
      return s.told('a.png', 'new.png');
    },
  ),
  story('stopped-and-resumed', 'The daemon is stopped while the bytes are sent, and started again.', async (s) => {
    await s.begin();
    await addFaults(s.world, { kind: 'hang', match: { route: 'upload' } });
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'reserved');
    s.clock.waitsForRequests = false;
    await s.stop();
    s.clock.waitsForRequests = true;
    await clearFaults(s.world);
    await s.start({}, false);
    await s.until('a.png', 'ready');
    return s.told('a.png');
  }),
  story('strange-answers', 'FLORA answers with a page, then with what is no JSON.', async (s) => {
    await s.begin();
    await addFaults(
      s.world,
      { kind: 'html', match: { route: 'create' }, times: 1 },
      { kind: 'cut-body', match: { route: 'complete' }, times: 1 },
    );
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'ready');
    return s.told('a.png');
  }),
  story('converted', 'FLORA makes another type of file of what it gets.', async (s) => {
    await s.begin({}, { conversion: 'type' });
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'ready');
    // `complete` tells no type: the listing does.
    await s.reconcile();
    await s.until('a.png', 'ready', 'converted');
    return s.told('a.png');
  }),
  story('read-error', 'The disk cannot read the file at first; later it can.', async (s) => {
    await s.begin();
    let isBroken = true;
    failing(s.cleanup, 'readSync', 'EIO', () => isBroken);
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'rejected');
    const refused = s.told('a.png');
    isBroken = false;
    await s.scan();
    await s.until('a.png', 'ready');
    return `${refused}\n--- then\n\n${s.told('a.png')}`;
  }),
  story('not-readable', 'The file may not be read by this user; later it may.', async (s) => {
    await s.begin();
    writeFileSync(s.path('a.png'), picture(1));
    let isForbidden = true;
    failing(s.cleanup, 'openSync', 'EACCES', (about) => isForbidden && about.endsWith('a.png'));
    await s.scan();
    await s.until('a.png', 'rejected');
    const refused = s.told('a.png');
    isForbidden = false;
    chmodSync(s.path('a.png'), 0o640);
    await s.scan();
    await s.until('a.png', 'ready');
    return `${refused}\n--- then\n\n${s.told('a.png')}`;
  }),
  story('other-words', 'FLORA calls its states by words that nobody knows.', async (s) => {
    await s.begin({}, { statusWords: 'other', completeAnswer: 'pending' });
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'checking', 'unknown_status');
    return s.told('a.png');
  }),
  story('not-understood', 'FLORA names no place to send the bytes to.', async (s) => {
    await s.begin({}, { uploadStyle: 'none' });
    await s.drop('a.png', picture(1));
    await s.until('a.png', 'queued', 'creation_slow');
    return s.told('a.png');
  }),
];

/** The picture with other dimensions in its header. */
function ofSize(png: Buffer, width: number, height: number): Buffer {
  const changed = Buffer.from(png);
  changed.writeUInt32BE(width, 16);
  changed.writeUInt32BE(height, 20);
  return changed;
}

function isoBox(type: string, content: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + content.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, Buffer.from(content, 'latin1')]);
}
