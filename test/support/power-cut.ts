import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openSqlite } from '../../src/runtime/sqlite.ts';
import { findProgram } from './programs.ts';
import type { World } from './world.ts';

/** A request as it left the process, and what a power cut at that moment would have left of the ledger. */
export interface Effect {
  /** `POST /api/v1/assets`. */
  readonly line: string;
  readonly head: string;
  /** Runs a query over the ledger as the disk has it. */
  rows(sql: string, ...parameters: readonly string[]): readonly Record<string, unknown>[];
}

const calls = [
  'openat',
  'pwrite64',
  'ftruncate',
  'unlink',
  'fsync',
  'fdatasync',
  'write',
  'writev',
  'sendto',
  'sendmsg',
];

/**
 * The command under which a process has its writes to the ledger and to the network noted, bytes and all. Only its main thread
 * is watched: it makes them all.
 */
export function recorded(world: World): readonly string[] {
  const words = ['-D', '-qq', '-y', '-xx', '-s', '1000000', '-o', tracePath(world), '-e', `trace=${calls.join(',')}`];
  return [findProgram('strace') ?? 'strace', ...words];
}

/**
 * The requests of a recorded process, in their order. What was written to the ledger's files and not synced since is lost in
 * the cut; the shared-memory file, which SQLite makes anew, is lost anyway.
 */
export function* effects(world: World): Generator<Effect> {
  const written = new Map<string, Buffer>();
  const durable = new Map<string, Buffer>();
  for (const line of readFileSync(tracePath(world), 'utf8').split('\n')) {
    const [, call = '', file = '', rest = ''] = /^(\w+)\(\d+<([^>]*)>(.*)$/.exec(line) ?? [];
    const of = decode(`"${file}"`).toString();
    const isLedger = of.startsWith(world.stateDir) && /ledger\.sqlite(-wal|-journal)?$/.test(of);
    if (isLedger) change(written, durable, call, of, rest);
    else if (line.startsWith('unlink(')) {
      const path = join(world.stateDir, basename(decode(line).toString()));
      written.delete(path);
      durable.delete(path);
    } else if (/^(write|writev|sendto|sendmsg)$/.test(call) && /^(socket|TCP)/.test(of)) {
      const [head = ''] = decode(rest).toString('latin1').split('\r\n\r\n');
      const [first = ''] = head.split('\r\n');
      const [request] = /^[A-Z]+ \S+(?= HTTP\/1\.1$)/.exec(first) ?? [];
      if (request === undefined) continue;
      yield { line: request, head, rows: (sql, ...parameters) => query(world, durable, sql, parameters) };
    }
  }
}

function change(
  written: Map<string, Buffer>,
  durable: Map<string, Buffer>,
  call: string,
  path: string,
  rest: string,
): void {
  const before = written.get(path) ?? Buffer.alloc(0);
  if (call === 'pwrite64') {
    const at = Number(/, (\d+)\) += \d+$/.exec(rest)?.[1]);
    const bytes = decode(rest);
    const after = Buffer.alloc(Math.max(before.length, at + bytes.length));
    before.copy(after);
    bytes.copy(after, at);
    written.set(path, after);
  } else if (call === 'ftruncate') {
    const length = Number(/^, (\d+)\)/.exec(rest)?.[1]);
    written.set(path, Buffer.concat([before.subarray(0, length), Buffer.alloc(Math.max(0, length - before.length))]));
  } else if (call === 'fsync' || call === 'fdatasync') {
    durable.set(path, before);
  }
}

/** All strings of a line that strace wrote in hexadecimal, one after the other. */
function decode(text: string): Buffer {
  const strings = [...text.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map((match) => match[1] ?? '');
  return Buffer.from(strings.join('').replaceAll('\\x', ''), 'hex');
}

function query(
  world: World,
  durable: ReadonlyMap<string, Buffer>,
  sql: string,
  parameters: readonly string[],
): readonly Record<string, unknown>[] {
  const directory = join(world.base, 'after-the-cut');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const [path, bytes] of durable) writeFileSync(join(directory, basename(path)), bytes);
  const database = openSqlite(join(directory, 'ledger.sqlite'));
  try {
    return database.prepare(sql).all(...parameters) as Record<string, unknown>[];
  } finally {
    database.close();
  }
}

function tracePath(world: World): string {
  return join(world.base, 'power-cut-trace');
}
