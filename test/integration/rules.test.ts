import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createLocalFiles } from '../../src/local/local-files.ts';
import { parseRuleList } from '../../src/rules/parse-rules.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { openDrop } from '../support/drop.ts';

const excluding = (...patterns: readonly string[]) => ({
  exclude: parseRuleList('exclude', patterns).rules,
  include: [],
  ignoreCase: false,
  hasIgnoreFile: false,
});

describe('a rule over many known files', () => {
  it('that is added, removed and added again reads nothing, and leaves all rows as they were', async (t) => {
    let reads = 0;
    const files = createLocalFiles({ now: systemClock.monotonic, accept: ['*'] });
    const inspect: (typeof files)['inspect'] = async (...asked) => {
      reads += 1;
      return await files.inspect(...asked);
    };
    const [directories, each] = [10, 100];
    const world = await openDrop(t, {}, { inspect });
    for (let at = 0; at < directories; at += 1) {
      const directory = join(world.root, `set ${at}`, 'raw');
      mkdirSync(directory, { recursive: true });
      for (let file = 0; file < each; file += 1) writeFileSync(join(directory, `${file}.png`), `bytes ${at} ${file}`);
    }
    await world.scan();
    assert.deepEqual([world.present('set 3/raw').length, reads], [each, directories * each]);
    const rows = () => [
      world.database.prepare('SELECT * FROM file ORDER BY directory_id, name').all(),
      world.database.prepare('SELECT id, state, asset_id, revision FROM content ORDER BY id').all(),
    ];
    const excluded = () =>
      (world.database.prepare('SELECT count(excluded_by) AS count FROM file').get() as { count: number }).count;
    const change = async (...patterns: readonly string[]) => {
      world.rules.change(world.root, excluding(...patterns));
      await world.intake.scanReruled();
      await world.scan();
    };
    const before = rows();
    for (let round = 0; round < 2; round += 1) {
      await change('raw/', '*.psd');
      assert.equal(excluded(), directories * each);
      await change('**/[0-4]*.png');
      assert.equal(excluded(), directories * 45);
      await change();
      assert.deepEqual(rows(), before);
    }
    assert.equal(reads, directories * each, 'each once, at the beginning');
  });
});
