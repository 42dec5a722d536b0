import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './programs.ts';
import type { World } from './world.ts';

const program = findProgram('strace');

/** Why system calls cannot be tampered with here, for a test's `skip`; false when they can. */
export const whyNoStrace: string | false = findWhy();

function findWhy(): string | false {
  if (program === undefined) return 'strace is not installed';
  const words = ['-D', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync', '-e', 'inject=fsync:error=EIO'];
  const { status, stderr } = spawnSync(program, [...words, '/bin/true'], { encoding: 'utf8', timeout: 300_000 });
  return status === 0 && stderr === '' ? false : `strace cannot trace here: ${stderr.trim()}`;
}

/** What SQLite calls to write; it makes them all on the main thread, so that strace's count of each is ours. */
export const writeCalls = ['pwrite64', 'fsync', 'fdatasync', 'ftruncate', 'unlink'] as const;

/** One system call on the ledger's files: the nth of its name, from 1. */
export interface LedgerCall {
  readonly name: string;
  readonly nth: number;
}

export interface Tampering {
  /** strace's words for what to do to which call, e.g. `fsync:error=EIO:when=3`. Absent: only watch. */
  readonly inject?: string;
  readonly calls?: readonly string[];
  /** Only these of the ledger's files, by what follows their common name; all of them by default. */
  readonly suffixes?: readonly string[];
}

const ledgerSuffixes = ['', '-wal', '-shm', '-journal'];

/**
 * The command under which a process has its calls on the ledger's files counted or tampered with. `-D` leaves the process
 * the pid that we know and its death to us; strace ends with it.
 */
export function tampered(world: World, { inject, calls = writeCalls, suffixes = ledgerSuffixes }: Tampering) {
  const files = suffixes.flatMap((suffix) => ['-P', join(world.stateDir, `ledger.sqlite${suffix}`)]);
  // With its filter strace stops the process only where it has to, but a signal to inject gets lost on the way.
  const filter = inject?.includes('signal=') === true ? [] : ['--seccomp-bpf'];
  const injection = inject === undefined ? [] : ['-e', `inject=${inject}`];
  return [
    program ?? 'strace',
    ...['-D', '-f', '-qq', ...filter, '-o', tracePath(world), ...files, '-e', `trace=${calls.join(',')}`],
    ...injection,
  ];
}

/** The calls on the ledger's files in the order in which the last tampered process made them. */
export function ledgerCalls(world: World): readonly LedgerCall[] {
  const counts = new Map<string, number>();
  return traceLines(world).flatMap((line) => {
    const name = /^\d+ +(\w+)\(/.exec(line)?.[1];
    if (name === undefined) return [];
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    return [{ name, nth }];
  });
}

/** How many calls were made to fail so far. */
export function injectedCalls(world: World): number {
  return traceLines(world).filter((line) => line.endsWith('(INJECTED)')).length;
}

function traceLines(world: World): readonly string[] {
  return existsSync(tracePath(world)) ? readFileSync(tracePath(world), 'utf8').split('\n') : [];
}

function tracePath(world: World): string {
  return join(world.base, 'trace');
}
