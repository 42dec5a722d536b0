// Asks `file`, ExifTool and ffprobe about files.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../support/programs.ts';
import type { Answers } from './claims.ts';
import { isDecided } from './verdict.ts';

const execute = promisify(execFile);
const names = ['file', 'exiftool', 'ffprobe'] as const;
const maxBuffer = 512 * 1024 * 1024;

/** Why the judges cannot be asked here, for a test's `skip`; false when they can. */
export const whyNoJudges: string | false = findWhy();

function findWhy(): string | false {
  const absent = names.filter((name) => findProgram(name) === undefined);
  return absent.length === 0 ? false : `${absent.join(' and ')} not installed`;
}

export async function judgeVersions(): Promise<string> {
  const [file, exiftool, ffprobe] = await Promise.all([
    execute('file', ['--version']),
    execute('exiftool', ['-ver']),
    execute('ffprobe', ['-version']),
  ]);
  const first = (text: string) => text.split('\n')[0] ?? '';
  return `${first(file.stdout)}, ExifTool ${exiftool.stdout.trim()}, ${first(ffprobe.stdout).replace(/ Copyright.*/, '')}`;
}

/** What each says of each path, in their order. The paths hold neither line breaks nor extensions: a name would be a hint. */
export async function askJudges(paths: readonly string[]): Promise<readonly Answers[]> {
  const directory = mkdtempSync(join(tmpdir(), 'corpus-'));
  try {
    const list = join(directory, 'paths');
    writeFileSync(list, paths.map((path) => `${path}\n`).join(''));
    const [files, exiftool] = await Promise.all([askFile(list), askExiftool(list)]);
    const two = paths.map((path, index) => ({ file: files[index] ?? '', exiftool: exiftool.get(path) ?? nothing }));
    return await inParallel(two, async (answers, index) =>
      isDecided(answers) ? answers : { ...answers, ffprobe: await askFfprobe(paths[index] ?? '') },
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function askFile(list: string): Promise<readonly string[]> {
  const { stdout } = await execute('file', ['--brief', '--mime-type', '--files-from', list], { maxBuffer });
  return stdout.trim().split('\n');
}

const nothing = { type: null, mime: null, error: null, warning: null, width: null, height: null };

async function askExiftool(list: string): Promise<ReadonlyMap<string, Answers['exiftool']>> {
  const tags = ['FileType', 'MIMEType', 'Error', 'Warning', 'ImageWidth', 'ImageHeight'].map((tag) => `-${tag}`);
  // It ends with 1 where one of the files could not be read.
  const { stdout } = await execute('exiftool', ['-json', '-n', ...tags, '-@', list], { maxBuffer }).catch(
    (error: { code?: unknown; stdout?: string }) => {
      if (error.code !== 1 || error.stdout === undefined) throw error;
      return { stdout: error.stdout };
    },
  );
  const told: readonly Record<string, unknown>[] = stdout.trim() === '' ? [] : JSON.parse(stdout);
  const text = (value: unknown) => (value === undefined ? null : String(value));
  const number = (value: unknown) => (typeof value === 'number' ? value : null);
  return new Map(
    told.map((one) => [
      String(one['SourceFile']),
      {
        type: text(one['FileType']),
        mime: text(one['MIMEType']),
        error: text(one['Error']),
        warning: text(one['Warning']),
        width: number(one['ImageWidth']),
        height: number(one['ImageHeight']),
      },
    ]),
  );
}

const entries =
  'format=format_name,probe_score:stream=codec_type,codec_name,width:stream_disposition=attached_pic:format_tags=:stream_tags=';

async function askFfprobe(path: string): Promise<NonNullable<Answers['ffprobe']> | null> {
  const words = ['-v', 'error', '-show_entries', entries, '-of', 'json', `file:${path}`];
  const stdout = await execute('ffprobe', words, { maxBuffer, timeout: 60_000 }).then(
    (done) => done.stdout,
    () => '{}',
  );
  const { format, streams = [] } = JSON.parse(stdout) as {
    readonly format?: { readonly format_name: string; readonly probe_score: number };
    readonly streams?: readonly {
      readonly codec_type?: string;
      readonly codec_name?: string;
      readonly width?: number;
      readonly disposition?: { readonly attached_pic?: number };
    }[];
  };
  if (format === undefined) return null;
  return {
    format: format.format_name,
    score: format.probe_score,
    streams: streams.map(({ codec_type, codec_name = '?', disposition, width }) => {
      if (disposition?.attached_pic === 1) return `cover:${codec_name}`;
      return `${codec_type === 'video' && width === 0 ? 'unsized' : codec_type}:${codec_name}`;
    }),
  };
}

/** Why decoding all of it fails, by ffmpeg's first words; null where it does not. */
export async function decodingFault(path: string): Promise<string | null> {
  const words = ['-nostdin', '-v', 'error', '-xerror', '-i', `file:${path}`, '-f', 'null', '-'];
  return execute('ffmpeg', words, { maxBuffer, timeout: 120_000 }).then(
    ({ stderr }) => firstLine(stderr),
    (error: { stderr?: string }) => firstLine(error.stderr ?? '') ?? 'fails',
  );
}

function firstLine(text: string): string | null {
  const [line = ''] = text.trim().split('\n');
  return line === '' ? null : line.slice(0, 120);
}

async function inParallel<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at] as T, at);
  };
  await Promise.all(Array.from({ length: availableParallelism() * 4 }, worker));
  return results;
}
