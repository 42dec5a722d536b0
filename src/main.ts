#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tell } from './cli/output.ts';

/** An `import` has most of the program's files open at the same moment. */
const enoughOpenFiles = 256;

type Program = typeof import('./cli/program.ts');

const most = mostOpenFiles();
try {
  // `require` opens one after the other. Its modules are the same.
  const isFrugal = most < enoughOpenFiles && process.features.require_module === true;
  const program: Program = isFrugal
    ? createRequire(import.meta.url)('./cli/program.js')
    : await import('./cli/program.ts');
  await program.main(isFrugal);
} catch (error) {
  if (!(error instanceof Error && 'code' in error && error.code === 'EMFILE')) throw error;
  tell(
    `flora-sync cannot start: it may have only ${most} files open at once\n` +
      '  Raise the limit: `ulimit -n`, or LimitNOFILE= in the systemd unit.\n',
  );
  process.exitCode = 1;
}

function mostOpenFiles(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1');
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    // Another system, or a sandbox.
    return Number.POSITIVE_INFINITY;
  }
}
