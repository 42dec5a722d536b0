import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { drawWay } from '../readme/draw.ts';
import { picturePath, readmePath, withoutChance, withSession } from '../readme/pages.ts';
import { recordSession, whyNoSession } from '../readme/record.ts';

const again = 'Run `npm run session`, and look at what it changed.';

describe('the session and the picture of the README', () => {
  it('are what the program does and says today, up to ids and times', { skip: whyNoSession() ?? false }, async (t) => {
    const { transcript, files } = await recordSession(t);
    const readme = readFileSync(readmePath, 'utf8');
    assert.equal(withoutChance(readme), withoutChance(withSession(readme, transcript)), again);
    assert.equal(withoutChance(readFileSync(picturePath, 'utf8')), withoutChance(drawWay(files)), again);
  });
});
