// Lets the built program sync a folder in which each file of the corpus lies under several names, against an emulator that
// takes whatever it is sent, and tells what became of each.
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Cleanup } from '../support/process.ts';
import { World } from '../support/world.ts';
import type { Sample } from './samples.ts';

/** How a file is called; its own name may tell the truth or not. */
export const namings: Readonly<Record<string, (sample: Pick<Sample, 'sha256' | 'name'>) => string>> = {
  own: ({ sha256, name }) => join(sha256.slice(0, 12), name),
  bare: ({ sha256 }) => sha256.slice(0, 12),
  png: ({ sha256 }) => `${sha256.slice(0, 12)}.png`,
  jpg: ({ sha256 }) => `it’s "50 %" of ${sha256.slice(0, 12)}; größe\n1.JPG`,
  mp4: ({ sha256 }) => `${sha256.slice(0, 12)}.mp4`,
  mp3: ({ sha256 }) => `${sha256.slice(0, 12)}.mp3`,
  pdf: ({ sha256 }) => `${sha256.slice(0, 12)}.pdf`,
};

export interface Outcome {
  readonly sha256: string;
  readonly naming: string;
  /** `ready` means sent; `ignored` that the program does not list it. */
  readonly state: string;
  readonly reason: string | null;
}

export interface Trial {
  readonly outcomes: readonly Outcome[];
  /** As what each content was sent, by digest. */
  readonly sentAs: ReadonlyMap<string, string>;
  readonly code: number | null;
  readonly stderr: string;
}

type Planted = Pick<Sample, 'sha256' | 'name' | 'path'>;

/** Throws when the program does not come to an end within the time. */
export async function tryAll(
  t: Cleanup,
  samples: readonly Planted[],
  withinMs: number,
  under: readonly string[] = Object.keys(namings),
): Promise<Trial> {
  const world = new World(t);
  await world.startFlora({ contents: 'anything' });
  const planted = samples.flatMap((sample) =>
    under.map((naming) => {
      const path = join(world.drop, naming, namings[naming]?.(sample) ?? sample.name);
      mkdirSync(dirname(path), { recursive: true });
      copyFileSync(sample.path, path);
      return { sha256: sample.sha256, naming, path };
    }),
  );
  const { code, stderr } = await world.run(['sync', '--json'], { FLORA_SYNC_CONCURRENCY: '8' }, withinMs);
  const lines = new Map((await world.ls()).map((line) => [line.path, line]));
  const outcomes = planted.map(({ sha256, naming, path }) => {
    const line = lines.get(path);
    return { sha256, naming, state: line?.state ?? 'ignored', reason: line?.reason ?? null };
  });
  return { outcomes, sentAs: await sentAs(world), code, stderr };
}

async function sentAs(world: World): Promise<ReadonlyMap<string, string>> {
  const response = await fetch(`${world.floraOrigin}/__admin/assets`);
  const { assets } = (await response.json()) as {
    readonly assets: readonly { readonly sha256: string | null; readonly upload_content_type: string | null }[];
  };
  return new Map(
    assets.flatMap(({ sha256, upload_content_type: type }) => (sha256 === null ? [] : [[sha256, type ?? '']])),
  );
}
