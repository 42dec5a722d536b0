import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const module = join(import.meta.dirname, '..', '..', '..', 'src', 'runtime', 'heap.js');

/** How large the heap of a process gets, in bytes, that holds some tens of megabytes and lets go of them again and again. */
function peakBytes(before: string): number {
  const churn = `
    ${before}
    let queue = [];
    let peak = 0;
    for (let at = 0; at < 3_000_000; at += 1) {
      queue.push({ at, more: [at, at + 0.5] });
      if (queue.length > 200_000) queue = queue.slice(100_000);
      if (at % 100_000 === 0) peak = Math.max(peak, process.memoryUsage().heapTotal);
    }
    console.log(peak);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', churn], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return Number(stdout);
}

describe('keepHeapSmall', () => {
  it('keeps the heap of a process that is already running nearer to what is alive', () => {
    const small = peakBytes(`(await import(${JSON.stringify(module)})).keepHeapSmall();`);
    assert.ok(small > 0);
    assert.ok(small < peakBytes('') * 0.8, 'the flag has no effect in this Node');
  });
});
