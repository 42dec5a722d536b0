import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const module = join(import.meta.dirname, '..', '..', 'src', 'runtime', 'heap.js');

/**
 * How many bytes the old generation of a process comes to that holds some tens of megabytes and lets go of them again and again.
 * Not from its beginning: until the first collection a limit counts that V8 sets as it starts. Not with the young generation,
 * which the flag is not about. On one thread, where a collection does not last the longer the busier the machine is.
 */
function oldBytes(before: string): number {
  const churn = `
    import { getHeapSpaceStatistics } from 'node:v8';
    ${before}
    let queue = [];
    let most = 0;
    for (let at = 0; at < 4_000_000; at += 1) {
      queue.push({ at, more: [at, at + 0.5] });
      if (queue.length > 200_000) queue = queue.slice(100_000);
      if (at > 1_500_000 && at % 50_000 === 0)
        most = Math.max(most, getHeapSpaceStatistics().find((space) => space.space_name === 'old_space').space_size);
    }
    console.log(most);`;
  const words = ['--single-threaded-gc', '--input-type=module', '-e', churn];
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  assert.equal(stderr, '');
  return Number(stdout);
}

describe('keepHeapSmall', () => {
  it('keeps the old generation of a process that is already running nearer to what is alive', () => {
    const small = oldBytes(`(await import(${JSON.stringify(module)})).keepHeapSmall();`);
    assert.ok(small > 0);
    const usual = oldBytes('');
    assert.ok(small < usual * 0.8, `${small} bytes, ${usual} without: the flag has no effect in this Node`);
  });
});
