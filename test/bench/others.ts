import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../support/programs.ts';
import { type Bench, runProgram } from './measure.ts';

/** Another program that sends the same files, with one request each: no ledger, no `complete`, and no check afterwards. */
export interface Other {
  readonly name: string;
  /** Sends everything below `root`; rejects unless all of it arrived. */
  send(root: string): Promise<void>;
}

/** Those that are installed; the others are named on stderr. */
export function others(bench: Bench, concurrency: string): readonly Other[] {
  return [rclone(bench, concurrency), curl(bench, concurrency)].flatMap(({ name, program, send }) => {
    if (program !== undefined) return [{ name, send: (root: string) => send(program, root) }];
    console.error(`${name} is not installed: not compared with it`);
    return [];
  });
}

interface Candidate {
  readonly name: string;
  readonly program: string | undefined;
  readonly send: (program: string, root: string) => Promise<void>;
}

/** To something that looks like S3: what it would do for a bucket. */
function rclone(bench: Bench, concurrency: string): Candidate {
  const remote = `:s3,provider=Other,access_key_id=a,secret_access_key=b,endpoint="${bench.sink.origin}/s3":bucket`;
  const leanest = ['--s3-no-check-bucket', '--s3-no-head', '--s3-disable-checksum', '--no-check-dest', '--no-traverse'];
  return {
    name: 'rclone copy',
    program: findProgram('rclone'),
    send: async (program, root) => {
      const config = join(bench.base, 'rclone.conf');
      writeFileSync(config, '');
      await succeed(program, ['--config', config, 'copy', ...leanest, '--transfers', concurrency, root, remote]);
    },
  };
}

/** One process, its connections kept. */
function curl(bench: Bench, concurrency: string): Candidate {
  return {
    name: 'curl -Z',
    program: findProgram('curl'),
    send: async (program, root) => {
      const list = join(bench.base, 'curl.conf');
      const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.png'));
      const lines = paths.map(
        (path) => `upload-file = "${join(root, path)}"\nurl = "${bench.sink.origin}/u/${path}"\noutput = /dev/null\n`,
      );
      writeFileSync(list, lines.join(''));
      await succeed(program, ['-sS', '-Z', '--parallel-max', concurrency, '-K', list]);
    },
  };
}

async function succeed(program: string, words: readonly string[]): Promise<void> {
  const { code, stderr } = await runProgram(program, words);
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${stderr.slice(0, 2_000)}`);
}
