import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const manifest: unknown = JSON.parse(readFileSync(nearestManifest(import.meta.dirname), 'utf8'));

/** This program's version, as in its package. */
export const version =
  typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';

export const userAgent = `flora-sync/${version}`;

/** Compiled for the tests, this file lies deeper in the package. */
function nearestManifest(directory: string): string {
  const path = join(directory, 'package.json');
  return existsSync(path) || dirname(directory) === directory ? path : nearestManifest(dirname(directory));
}
