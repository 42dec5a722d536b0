import { once } from 'node:events';
import { showJson, showLines } from '../core/show-text.ts';

export { showBytes } from './show/bytes.ts';
export { plural } from './show/count.ts';
export { isoTime, showSeconds } from './show/time.ts';

/**
 * Writes a result for people to stdout, and waits while its reader is behind. What others made of its parts goes through
 * `showText` or `showPath` first, so that it stays on its line.
 */
export async function print(text: string): Promise<void> {
  await write(showLines(text));
}

export async function printJson(value: unknown): Promise<void> {
  await write(`${showJson(JSON.stringify(value))}\n`);
}

/** Writes what people should read beside the result, to stderr. */
export function tell(text: string): void {
  process.stderr.write(showLines(text));
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
