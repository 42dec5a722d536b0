import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cleanup } from '../support/process.ts';
import type { Told } from './stories.ts';
import { Story } from './story.ts';
import { StoryClock } from './story-clock.ts';

// The compiled file lies in build/test/golden.
const home = join(import.meta.dirname, '..', '..', '..', 'test', 'golden', 'told');

/** Plays a story, and returns what people read of it. */
export async function play({ what, tell }: Told): Promise<string> {
  const undo: (() => void | Promise<void>)[] = [];
  const t: Cleanup = { after: (each) => void undo.push(each) };
  const clock = new StoryClock();
  try {
    const story = new Story(t, clock);
    const text = await tell(story);
    await story.stop();
    return `${what}\n\n${text}`;
  } finally {
    clock.end();
    for (const each of undo) await each();
  }
}

export function readTold({ name }: Told): string {
  return readFileSync(join(home, `${name}.txt`), 'utf8');
}

export function writeTold({ name }: Told, text: string): void {
  writeFileSync(join(home, `${name}.txt`), text);
}

/** The stories of which something is kept, in the order of their names. */
export function namesOfTold(): readonly string[] {
  return readdirSync(home)
    .map((name) => name.replace(/\.txt$/, ''))
    .sort();
}

export function forgetTold(name: string): void {
  rmSync(join(home, `${name}.txt`));
}
