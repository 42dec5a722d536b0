import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import type { TestContext } from 'node:test';

// Faults below the adapters: the code under test calls node:fs, and a test says what comes of it. Import this file before the
// code under test, as `import '…/fs-calls.ts'` on a line of its own: what is made of a call when a module is loaded
// (`promisify(read)`) keeps what it found.

type Call = (...args: never[]) => unknown;
/** A test, or what else undoes things at its end. */
type Cleaning = Pick<TestContext, 'after'>;
type CallName = keyof typeof calls | `${keyof typeof promised} (promise)` | 'realpathSync.native';

/** Takes the place of one call. `real` makes it as it was meant. */
export type StandIn = (args: readonly unknown[], real: () => unknown) => unknown;

const standIns = new Map<string, StandIn>();

function wrapped<T extends Call>(name: string, call: T): T {
  return new Proxy(call, {
    apply(target, self, args: never[]) {
      const real = () => Reflect.apply(target, self, args);
      const standIn = standIns.get(name);
      return standIn === undefined ? real() : standIn(args, real);
    },
  });
}

const calls = {
  accessSync: fs.accessSync,
  closeSync: fs.closeSync,
  copyFileSync: fs.copyFileSync,
  fstatSync: fs.fstatSync,
  fsyncSync: fs.fsyncSync,
  lstat: fs.lstat,
  lstatSync: fs.lstatSync,
  opendirSync: fs.opendirSync,
  openSync: fs.openSync,
  read: fs.read,
  readFile: fs.readFile,
  readFileSync: fs.readFileSync,
  readSync: fs.readSync,
  readdirSync: fs.readdirSync,
  readlinkSync: fs.readlinkSync,
  stat: fs.stat,
  rmSync: fs.rmSync,
  statSync: fs.statSync,
  statfsSync: fs.statfsSync,
  watch: fs.watch,
};
for (const [name, call] of Object.entries(calls)) Object.assign(fs, { [name]: wrapped(name, call as Call) });
fs.realpathSync.native = wrapped(
  'realpathSync.native',
  fs.realpathSync.native as Call,
) as typeof fs.realpathSync.native;
const promised = {
  mkdir: promises.mkdir,
  open: promises.open,
  readFile: promises.readFile,
  rm: promises.rm,
  stat: promises.stat,
  statfs: promises.statfs,
};
for (const [name, call] of Object.entries(promised))
  Object.assign(promises, { [name]: wrapped(`${name} (promise)`, call as Call) });
syncBuiltinESMExports();

/** Until the test ends, or what is returned was called, these calls come to what the stand-in makes of them. */
export function standIn(t: Cleaning, name: CallName, by: StandIn): () => void {
  standIns.set(name, by);
  const end = () => void standIns.delete(name);
  t.after(end);
  return end;
}

/** As Node makes them. */
export function systemError(code: string, call = 'call', path = 'somewhere'): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: as a test wants it, ${call} '${path}'`), { code, syscall: call, path });
}

/** What a call is about: a path, or the number of a descriptor. */
export function subject([first]: readonly unknown[]): string {
  return String(first);
}

interface Failing {
  /** How often it has failed. */
  count: number;
}

/** Has each call fail that is meant: with an error where it returns, to its callback, or as its promise. */
export function failing(
  t: Cleaning,
  name: CallName,
  code: string,
  isMeant: (about: string, args: readonly unknown[]) => boolean = () => true,
): Failing {
  const failed = { count: 0 };
  standIn(t, name, (args, real) => {
    if (!isMeant(subject(args), args)) return real();
    failed.count += 1;
    const error = systemError(code, name, subject(args));
    const callback = args.at(-1);
    if (name.endsWith('(promise)')) return Promise.reject(error);
    if (typeof callback !== 'function' || name === 'watch') throw error;
    process.nextTick(callback, error);
    return undefined;
  });
  return failed;
}

/** Has something happen right before or after the first call that is meant. */
export function between(
  t: Cleaning,
  name: CallName,
  when: 'before' | 'after',
  isMeant: (about: string) => boolean,
  happens: () => void,
): void {
  let isOver = false;
  standIn(t, name, (args, real) => {
    if (isOver || !isMeant(subject(args))) return real();
    isOver = true;
    if (when === 'before') happens();
    const result = real();
    if (when === 'after') happens();
    return result;
  });
}
