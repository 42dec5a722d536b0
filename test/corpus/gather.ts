// Fetches files of other projects, by the ordinary clients of Debian's and npm's packages; what was fetched is kept.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../support/programs.ts';
import type { Pool } from './samples.ts';
import { debianSources, installedTrees, npmPackages } from './sources.ts';

const execute = promisify(execFile);
const maxBuffer = 64 * 1024 * 1024;

type Tell = (line: string) => void;

/** Of each package and extension at most so many files. */
const mostOfEach = 20;

/** Adds the files of all packages that were fetched before or, if they may be, can be fetched now; tells which cannot. */
export async function gather(pool: Pool, directory: string, mayFetch: boolean, tell: Tell): Promise<void> {
  const trees = [...(await debianTrees(directory, mayFetch, tell)), ...(await npmTrees(directory, mayFetch, tell))];
  for (const { origin, path } of trees) pool.addTree(path, origin, mostOfEach);
  for (const path of installedTrees) if (existsSync(path)) pool.addTree(path, `installed:${path}`, 4);
}

interface Tree {
  readonly origin: string;
  readonly path: string;
}

async function debianTrees(directory: string, mayFetch: boolean, tell: Tell): Promise<readonly Tree[]> {
  if (mayFetch && findProgram('apt-get') === undefined) {
    tell('apt-get is not installed: no files of Debian’s packages');
    return [];
  }
  const sources = new DebianSources(join(directory, 'apt'));
  const trees: Tree[] = [];
  for (const name of debianSources) {
    const path = join(directory, 'debian', name);
    if (mayFetch && !existsSync(path))
      await tried(tell, `debian:${name}`, () => fetchInto(path, (part) => sources.fetch(name, part)));
    if (existsSync(path)) trees.push({ origin: `debian:${name}`, path });
  }
  return trees;
}

async function npmTrees(directory: string, mayFetch: boolean, tell: Tell): Promise<readonly Tree[]> {
  const trees: Tree[] = [];
  for (const name of npmPackages) {
    const path = join(directory, 'npm', name.replaceAll('/', '+'));
    if (mayFetch && !existsSync(path)) {
      await tried(tell, `npm:${name}`, () =>
        fetchInto(path, async (part) => {
          await execute('npm', ['pack', name, '--ignore-scripts', '--silent', '--pack-destination', part], {
            maxBuffer,
          });
          await unpack(part);
        }),
      );
    }
    if (existsSync(path)) trees.push({ origin: `npm:${name}`, path });
  }
  return trees;
}

async function tried(tell: Tell, what: string, work: () => Promise<void>): Promise<void> {
  tell(`fetching ${what}`);
  try {
    await work();
  } catch (error) {
    tell(`${what} cannot be had: ${error instanceof Error ? error.message.split('\n').slice(0, 3).join(' ') : error}`);
  }
}

/** There once all of it is. */
async function fetchInto(path: string, fetch: (part: string) => Promise<void>): Promise<void> {
  const part = `${path}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  await fetch(part);
  renameSync(part, path);
}

/** Debian's source packages, from the mirror that this machine uses, without a change to its configuration. */
class DebianSources {
  readonly #directory: string;
  #options: readonly string[] | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async fetch(name: string, into: string): Promise<void> {
    this.#options ??= await this.#prepare();
    await execute('apt-get', [...this.#options, 'source', '--download-only', name], { cwd: into, maxBuffer });
    await unpack(into);
  }

  async #prepare(): Promise<readonly string[]> {
    for (const name of ['lists/partial', 'cache/archives/partial'])
      mkdirSync(join(this.#directory, name), { recursive: true });
    const format = '$(ORIGIN) $(SITE) $(RELEASE) $(COMPONENT)';
    const { stdout } = await execute('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
    const lines = [...new Set(stdout.trim().split('\n'))]
      .filter((line) => line.startsWith('Debian '))
      .map((line) => line.replace('Debian ', 'deb-src '));
    const list = join(this.#directory, 'sources.list');
    writeFileSync(list, `${lines.join('\n')}\n`);
    const options = [
      ...['-o', `Dir::Etc::SourceList=${list}`, '-o', 'Dir::Etc::SourceParts=-'],
      ...['-o', `Dir::State::Lists=${join(this.#directory, 'lists')}`],
      ...['-o', `Dir::Cache=${join(this.#directory, 'cache')}`, '-o', 'APT::Sandbox::User=root'],
    ];
    await execute('apt-get', [...options, 'update'], { maxBuffer });
    return options;
  }
}

async function unpack(directory: string): Promise<void> {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (/\.(tar\.\w+|tgz)$/.test(name) && !/\.debian\.tar/.test(name)) {
      const into = join(directory, basename(name).replace(/\.(tar\.\w+|tgz)$/, ''));
      mkdirSync(into);
      await execute('tar', ['-xf', path, '-C', into, '--no-same-owner', '--no-same-permissions'], { maxBuffer });
    }
    rmSync(path);
  }
}
