import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// The compiled file lies in build/test/support.
const config = join(import.meta.dirname, '..', '..', '..', 'config');

/** The place of a file in config/. */
export function configPath(name: string): string {
  return join(config, name);
}

/** What stands between `<!-- name -->` and `<!-- /name -->`, without the line ends beside the marks. */
export function blockOf(text: string, name: string): string {
  const [before, after] = marksOf(text, name);
  return text.slice(before, after).replace(/^\n/, '').replace(/\n$/, '');
}

/** The text with other content between these marks. */
export function withBlock(text: string, name: string, content: string): string {
  const [before, after] = marksOf(text, name);
  return `${text.slice(0, before)}\n${content}\n${text.slice(after)}`;
}

function marksOf(text: string, name: string): readonly [before: number, after: number] {
  const begin = `<!-- ${name} -->`;
  const [at, end] = [text.indexOf(begin), text.indexOf(`<!-- /${name} -->`)];
  if (at < 0 || end < at) throw new Error(`There is no block between <!-- ${name} --> and <!-- /${name} -->`);
  return [at + begin.length, end];
}

export function readConfigFile(name: string): string {
  return readFileSync(configPath(name), 'utf8');
}

/** A table of Markdown; a `|` in a cell is escaped. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}
