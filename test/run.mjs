// Runs the compiled tests (build/test) with Node's own runner: all of them, or those whose path contains a given word.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', 'build', 'test');
const words = process.argv.slice(2);
const files = readdirSync(root, { recursive: true })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
  .sort()
  .map((name) => join(root, name));
if (files.length === 0) {
  console.error(`No test file matches: ${words.join(' ')}`);
  process.exit(2);
}
// Each write of a run, killed one by one, takes its time.
const timeoutMs = process.env.FLORA_SYNC_TEST_KILLS === 'all' ? 1_800_000 : 600_000;
const child = spawn(
  process.execPath,
  ['--enable-source-maps', '--test', `--test-timeout=${timeoutMs}`, '--test-concurrency=3', ...files],
  {
    stdio: 'inherit',
  },
);
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
