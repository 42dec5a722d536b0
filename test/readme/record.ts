import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { png, wav } from '../../src/cli/demo-media.ts';
import { emulatorKey, emulatorWorkspace } from '../../src/cli/emulator.ts';
import { startEmulator } from '../../src/emulator/emulator.ts';
import type { Cleanup } from '../support/process.ts';
import { findProgram } from '../support/programs.ts';
import { screenOf } from './screen.ts';

const mainPath = join(import.meta.dirname, '..', '..', '..', 'dist', 'main.js');

/** What the README's reader is shown: typed in this order, on a terminal of 80 columns. */
const lines = [
  'flora-sync sync',
  'cp ~/flora-drop/sunrise.png ~/flora-drop/final.png',
  'flora-sync sync',
  'flora-sync ls',
];

export interface Session {
  /** The lines that were typed, each behind `$ `, and what the terminal showed. */
  readonly transcript: string;
  readonly files: readonly Dropped[];
}

/** The way of one file, from `ls --json` and `why --json`. */
export interface Dropped {
  /** Relative to the drop folder. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly state: string;
  readonly assetId: string | null;
  readonly reason: string | null;
  /** From the last write to the ledger's first line about this path. */
  readonly settledAfterMs: number;
  /** The states that the ledger went through, in order. */
  readonly states: readonly string[];
  /** The file that it is a copy of, relative to the drop folder. */
  readonly copyOf: string | null;
}

interface Timeline {
  readonly at: string;
  readonly event: string;
  readonly to: string;
}

interface Told {
  readonly path: string;
  readonly state: string;
  readonly asset_id: string | null;
  readonly size: number;
  readonly reason: string | null;
  readonly timeline: readonly Timeline[];
}

/** Why no session can be recorded on this machine; null when one can. */
export function whyNoSession(): string | null {
  for (const name of ['script', 'stty']) if (findProgram(name) === undefined) return `${name} is not installed`;
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  return stdout.includes('util-linux') ? null : 'script is not that of util-linux';
}

/** A fresh home, FLORA's emulator, a folder of renders, and the commands of the README on a terminal. Nothing is made up. */
export async function recordSession(t: Cleanup): Promise<Session> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'fs-')));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const emulator = await startEmulator({ port: 0, dataDir: join(home, 'flora') });
  t.after(() => emulator.close());
  put(join(home, '.config', 'flora-sync', 'api-key'), `${emulatorKey}\n`, 0o600);
  const settings = `api_key_file = "~/.config/flora-sync/api-key"\nworkspace_id = "${emulatorWorkspace}"\nfolder = "~/flora-drop"\n`;
  put(join(home, '.config', 'flora-sync', 'config.toml'), settings, 0o600);
  const bin = join(home, '.local', 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(mainPath, join(bin, 'flora-sync'));
  // env(1) finds the node that runs this.
  symlinkSync(process.execPath, join(bin, 'node'));
  const env = {
    HOME: home,
    PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`,
    SHELL: '/bin/sh',
    TERM: 'xterm',
    TZ: 'UTC',
    LANG: 'C.UTF-8',
    FLORA_BASE_URL: emulator.baseUrl,
  };
  const call = async (program: string, args: readonly string[]) =>
    (await promisify(execFile)(program, args, { env, cwd: home })).stdout;

  const drop = join(home, 'flora-drop');
  for (const [name, bytes] of renders()) put(join(drop, name), bytes);
  const typed: string[] = [];
  for (const line of lines) {
    const onTerminal = `stty cols 80 rows 24; ${line}`;
    const shown = screenOf(await onceEnded(call(findProgram('script') ?? '', ['-qec', onTerminal, '/dev/null'])));
    typed.push(`$ ${line}\n`, shown === '' ? '' : `${shown.replaceAll(home, '~')}\n\n`);
  }
  const told: Told[] = [];
  for (const name of names) told.push(JSON.parse(await call('flora-sync', ['why', '--json', join(drop, name)])));
  return { transcript: `${typed.join('').trimEnd()}\n`, files: told.map((file) => droppedOf(file, drop, told)) };
}

/** Its output, also where it ends with 3 (some files are rejected), but with no other code. */
async function onceEnded(output: Promise<string>): Promise<string> {
  try {
    return await output;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 3 && 'stdout' in error) return String(error.stdout);
    throw error;
  }
}

function put(path: string, bytes: string | Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes, { mode });
}

/** A picture, a sound, and what a renderer wrote in place of a picture. */
function renders(): readonly (readonly [string, Uint8Array])[] {
  return [
    ['sunrise.png', png(320, 200, (x, y) => [255 - y, (120 + (x / 320) * 80) | 0, (y * 1.2) | 0])],
    ['chime.wav', wav(1.2, [523.25, 659.25, 783.99])],
    ['title.png', Buffer.from('Error: out of memory\n')],
  ];
}

/** The files that the picture shows, from above. */
const names = ['sunrise.png', 'chime.wav', 'final.png', 'title.png'];

function droppedOf(file: Told, drop: string, all: readonly Told[]): Dropped {
  const nameOf = (path: string) => path.slice(drop.length + 1);
  // The timeline of a copy begins with what its asset went through before.
  const copied = file.timeline.findIndex(({ event }) => event === 'copied');
  const own = file.timeline.slice(Math.max(copied, 0));
  const original = all.find((other) => other.asset_id === file.asset_id && other !== file && copied >= 0);
  const first = own[0];
  if (first === undefined) throw new Error(`${file.path} has no timeline`);
  return {
    name: nameOf(file.path),
    sizeBytes: file.size,
    state: file.state,
    assetId: file.asset_id,
    reason: file.reason,
    settledAfterMs: Date.parse(first.at) - statSync(file.path).mtimeMs,
    states: own.map(({ to }) => to),
    copyOf: original === undefined ? null : nameOf(original.path),
  };
}
