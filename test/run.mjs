// Runs the compiled tests (build/test) with Node's own runner: all of them, or those whose path contains a given word. The simulation
// only computes, the others mostly wait: the two run side by side.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

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
const timeoutMs = process.env.FLORA_SYNC_TEST_KILLS === 'all' ? 1_800_000 : 900_000;

function start(some, concurrency, stdout) {
  const options = [
    '--enable-source-maps',
    '--test',
    `--test-timeout=${timeoutMs}`,
    `--test-concurrency=${concurrency}`,
  ];
  return spawn(process.execPath, [...options, ...some], { stdio: ['inherit', stdout, 'inherit'] });
}

async function codeOf(child) {
  const [code, signal] = await once(child, 'exit');
  return signal === null ? code : 1;
}

const isSimulation = (file) => file.startsWith(join(root, 'simulation'));
const simulated = files.filter(isSimulation);
const others = files.filter((file) => !isSimulation(file));
const codes = [];
if (simulated.length > 0) {
  const child = start(simulated, others.length > 0 ? 1 : 2, 'pipe');
  // Told as one, behind the others.
  codes.push(Promise.all([text(child.stdout), codeOf(child)]));
}
if (others.length > 0) codes.push(codeOf(start(others, 4, 'inherit')).then((code) => ['', code]));
for (const [output, code] of (await Promise.all(codes)).reverse()) {
  process.stdout.write(output);
  if (code !== 0) process.exitCode = 1;
}
