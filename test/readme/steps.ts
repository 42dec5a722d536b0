import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');

/** The shell blocks below a heading of a page, up to the next heading that is not below it, without their indentation. */
export function shellBlocks(page: string, heading: string): readonly string[] {
  const text = readFileSync(join(root, page), 'utf8');
  const level = /^#+/.exec(heading)?.[0].length ?? 0;
  const begin = text.indexOf(`\n${heading}\n`);
  if (begin < 0) throw new Error(`${page} has no heading "${heading}"`);
  const rest = text.slice(begin + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level}} `, 'm'));
  return blocksOf(end < 0 ? rest : rest.slice(0, end));
}

/** All shell blocks of a page. */
export function allShellBlocks(page: string): readonly string[] {
  return blocksOf(readFileSync(join(root, page), 'utf8'));
}

function blocksOf(text: string): readonly string[] {
  const fenced = text.matchAll(/^( *)```sh\n([\s\S]*?)^ *```$/gm);
  return [...fenced].map(([, indent = '', body = '']) => body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
}

/** The commands at the top of a unit, of which each stands three spaces behind its `#`. */
export function headerCommands(unit: string): string {
  const text = readFileSync(join(root, 'systemd', unit), 'utf8');
  const header = text.slice(0, text.indexOf('\n[Unit]'));
  return [...header.matchAll(/^# {3}(\S.*)$/gm)].map(([, command = '']) => `${command}\n`).join('');
}

/** Without the lines that need a running systemd, which are returned beside. */
export function withoutSystemd(commands: string): { readonly commands: string; readonly leftOut: readonly string[] } {
  const lines = commands.split('\n');
  const needsIt = (line: string) => /^(?:systemctl|loginctl|journalctl)\b/.test(line);
  return { commands: lines.filter((line) => !needsIt(line)).join('\n'), leftOut: lines.filter(needsIt) };
}

/** What the unit gives the service to begin with: its `Environment=`, with `%h` and `%i` filled in. */
export function unitEnvironment(unit: string, home: string, instance = ''): Readonly<Record<string, string>> {
  const text = readFileSync(join(root, 'systemd', unit), 'utf8');
  const pairs = [...text.matchAll(/^Environment=([^=\n]+)=(.*)$/gm)];
  return Object.fromEntries(
    pairs.map(([, name = '', value = '']) => [name, value.replaceAll('%h', home).replaceAll('%i', instance)]),
  );
}
