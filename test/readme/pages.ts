import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');

export const readmePath = join(root, 'README.md');

/** In `config/`, because that is in the package beside the README, and the top level holds no other place for it. */
export const picturePath = join(root, 'config', 'way-of-a-file.svg');

const block = /(<!-- session[^>]*-->\n)[\s\S]*?(<!-- \/session -->)/;

/** The README with another session between its marks. */
export function withSession(readme: string, transcript: string): string {
  if (!block.test(readme)) throw new Error('README.md has no <!-- session --> block');
  return readme.replace(block, (_, begin: string, end: string) => `${begin}\`\`\`console\n${transcript}\`\`\`\n${end}`);
}

/** What a session may say otherwise each time: ids, digests, times, and how long or how fast it was. */
export function withoutChance(text: string): string {
  return (
    text
      .replaceAll(/\b(asset|req)_[0-9a-f…]+/g, '$1_…')
      .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:…')
      .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?Z?/g, '…')
      .replaceAll(/\b\d\d:\d\d(?::\d\d)?(?:\.\d+)?\b/g, '…')
      .replaceAll(/\b\d+(?:\.\d+)? (?:[KMG]i)?B\/s/g, '…')
      .replaceAll(/\b\d+(?:\.\d+)? (?:ms|s|min|h)\b(?: \d+ (?:s|min)\b)?(?: ago)?|\bjust now\b/g, '…')
      // Columns are as wide as what stands in them.
      .replaceAll(/ {2,}/g, '  ')
  );
}
