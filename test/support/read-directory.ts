import { readDirectoryInSteps, type ScannedDirectory } from '../../src/local/walk/scanner.ts';

/** One directory, read without a pause. */
export function readDirectory(root: string, directory: string): ScannedDirectory | null {
  const steps = readDirectoryInSteps(root, directory);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
