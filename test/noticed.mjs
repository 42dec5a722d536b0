// What a test file left behind besides the results of its tests: warnings, rejections that nobody waited for, processes.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const preload = join(import.meta.dirname, 'notice.cjs');
const requiring = `--require=${JSON.stringify(preload)}`;

/** How often, and how long apart, processes are looked for that are about to end by themselves. */
const looks = 20;
const lookMs = 100;

/** For one test file: the environment that it and all that it starts has, and what came of them. */
export class Noticed {
  #directory = mkdtempSync(join(tmpdir(), 'fs-notes-'));

  constructor() {
    // Some tests start processes as another user.
    chmodSync(this.#directory, 0o1777);
  }

  environment({ NODE_OPTIONS: given = '', ...env }) {
    const own = given.includes(requiring) ? given : `${requiring} ${given}`.trim();
    return { ...env, NODE_OPTIONS: own, FLORA_TEST_NOTES: this.#directory };
  }

  /** The command lines of what still runs, of the file's process group or with its environment; they are killed. */
  async endLeftOver(group) {
    let left = [];
    for (let look = 0; look < looks; look += 1) {
      left = this.#running(group);
      if (left.length === 0) break;
      await delay(lookMs);
    }
    for (const { pid } of left) killIfThere(pid);
    return left.map(({ pid, words }) => `${pid}: ${words}`);
  }

  /** What the processes wrote down; nothing can be written any more. */
  takeNotes() {
    const names = readdirSync(this.#directory).sort();
    const notes = names.map((name) => noteOf(readFileSync(join(this.#directory, name), 'utf8')));
    rmSync(this.#directory, { recursive: true });
    return notes;
  }

  #running(group) {
    const marker = `FLORA_TEST_NOTES=${this.#directory}`;
    return processes()
      .filter(
        ({ pid, processGroup }) =>
          processGroup === group || readIfThere(`/proc/${pid}/environ`).split('\0').includes(marker),
      )
      .map(({ pid }) => ({ pid, words: readIfThere(`/proc/${pid}/cmdline`).split('\0').join(' ').trim() }))
      .filter(({ words }) => words !== '');
  }
}

/** Whoever wrote it may have been killed at it. */
function noteOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { title: 'a note that is cut short', text, pid: 0, words: 'a process that was killed' };
  }
}

/** All that run; on systems without /proc none. */
function processes() {
  let names;
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const [, state, , processGroup] = /\) (\w) (\d+) (\d+) /.exec(readIfThere(`/proc/${name}/stat`)) ?? [];
    return state === undefined || state === 'Z' || state === 'X'
      ? []
      : [{ pid: Number(name), processGroup: Number(processGroup) }];
  });
}

/** Empty for a process that has ended, or is not ours. */
function readIfThere(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function killIfThere(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
