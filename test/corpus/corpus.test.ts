// The part of the corpus that code makes by itself, through the built program; the whole is `npm run corpus`.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { bytesOfBuffer } from '../../src/emulator/formats/bytes.ts';
import { sniff } from '../../src/emulator/sniff.ts';
import { plantTemporary } from '../support/tree.ts';
import type { Answers } from './claims.ts';
import { type Crafted, crafted } from './crafted.ts';
import { findingsOf, groupedBy, type Judged } from './findings.ts';
import { askJudges, whyNoJudges } from './judges.ts';
import { namings, tryAll } from './trial.ts';
import { type Verdict, verdictOf } from './verdict.ts';

const noAnswers: Answers = {
  file: '',
  exiftool: { type: null, mime: null, error: null, warning: null, width: null, height: null },
  ffprobe: null,
};

function plant(t: TestContext) {
  const directory = plantTemporary(t, {});
  return crafted.map((one, index) => {
    const path = join(directory, String(index));
    writeFileSync(path, one.bytes);
    const sha256 = createHash('sha256').update(one.bytes).digest('hex');
    return { ...one, path, sha256, sizeBytes: one.bytes.length };
  });
}

/** By what is said of the file where it is made. */
function known({ type }: Crafted): Verdict {
  if (type === undefined) return { kind: 'either', because: 'it is broken' };
  return type === null ? { kind: 'refuse', because: 'made so' } : { kind: 'send', types: [type] };
}

describe('files that code makes', () => {
  it('are what `file`, ExifTool and ffprobe say', { skip: whyNoJudges }, async (t) => {
    const planted = plant(t);
    const answers = await askJudges(planted.map(({ path }) => path));
    const wrong = planted.flatMap((one, index) => {
      const said = answers[index] ?? assert.fail();
      const verdict = verdictOf(said);
      // Where they do not agree among themselves they do not contradict.
      if ([verdict.kind, known(one).kind].includes('either') || verdict.kind === known(one).kind) return [];
      return [`${one.name}: ${verdict.kind} ${JSON.stringify(said)}`];
    });
    assert.deepEqual(wrong, []);
  });

  it('are taken by the emulator if they are to be sent, and by no other name', () => {
    for (const { name, bytes, type } of crafted) {
      const { contentType, width, height } = sniff(bytesOfBuffer(bytes));
      const isTooLarge = (width ?? 0) * (height ?? 0) > 150_000_000;
      if (type !== undefined) assert.equal(isTooLarge ? null : contentType, type, name);
    }
  });

  it('are sent by what they hold, whatever they are called: zero that FLORA does not take, all that it does', async (t) => {
    const planted = plant(t);
    const { outcomes, sentAs } = await tryAll(t, planted, 120_000);
    assert.equal(outcomes.length, planted.length * Object.keys(namings).length);
    const outcomesOf = groupedBy(outcomes, ({ sha256 }) => sha256);
    const found = planted.flatMap((one) => {
      const { sha256, sizeBytes, name: origin } = one;
      const emulator = sniff(bytesOfBuffer(one.bytes));
      const judged: Judged = { sha256, sizeBytes, origin, answers: noAnswers, verdict: known(one), emulator };
      return findingsOf(judged, outcomesOf.get(sha256) ?? [], sentAs.get(sha256))
        .filter(({ kind }) => !kind.startsWith('emulator'))
        .map(({ kind, namings: under, said }) => `${kind}: ${origin} as ${under.join(', ')}: ${said}`);
    });
    assert.deepEqual(found, []);
  });
});
