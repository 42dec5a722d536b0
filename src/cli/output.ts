import { once } from 'node:events';
import { showJson, showLines } from '../core/show-text.ts';

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

/** 1536 is `1.5 KiB`. */
export function showBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Seconds as `42 s`, `3 min 20 s`, `2 h 5 min`. */
export function showSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

/** ISO 8601 in UTC, as all our JSON has it. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
