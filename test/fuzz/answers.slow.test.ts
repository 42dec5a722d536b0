import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Creating } from '../../src/sync/flora/creating.ts';
import { Prng } from '../simulation/prng.ts';
import { type Case, cases, nameOf, type Outcome, play } from './answers.ts';
import { known, knownOf } from './known.ts';
import { type Scene, scenes } from './scenes.ts';
import type { End } from './world.ts';

// All of them, for six hours each: FLORA_FUZZ=all, or `npm run fuzz` for the table.
const isAll = process.env['FLORA_FUZZ'] === 'all';
const seed = Number(process.env['FLORA_FUZZ_SEED'] ?? 1);
const share = isAll ? 1 : 0.025;
const shortHours = isAll ? 6 : 2;

type Trial = Case & { readonly hours: number };

/** Some of all, one of each kind that is known to fail, and one of each scene. */
function someOf(end: End): readonly Trial[] {
  const rng = new Prng(seed, end === 'crash' ? 1 : 2);
  const drawn = cases.filter(() => rng.chance(share));
  const failing = known.flatMap((entry) => cases.find((each) => knownOf(nameOf(each), end) === entry) ?? []);
  // Whoever is refused asks again and again: six hours of that take seconds.
  const hoursOf = ({ refusal, call }: Scene) => (end === 'lost' || refusal !== undefined || call === 'retry' ? 2 : 6);
  const long = scenes.map((scene) => ({ scene, mutation: rng.pick(scene.mutations), hours: hoursOf(scene) }));
  return [...[...drawn, ...failing].map((each) => ({ ...each, hours: shortHours })), ...long];
}

async function playAll(end: End): Promise<readonly (Outcome & { readonly name: string })[]> {
  const played = [];
  for (const each of someOf(end)) {
    played.push({ name: nameOf(each), ...(await play(each, end, { hours: each.hours })) });
  }
  return played;
}

/** Holds an end to what may come of an answer, and to its having been a real trial. */
async function hold(end: End): Promise<string> {
  const played = await playAll(end);
  for (const { name, violation } of played) {
    const expected = knownOf(name, end);
    const again = `npm run fuzz -- --trace --only '${name}'`;
    if (expected === undefined) assert.equal(violation, null, again);
    else
      assert.match(
        violation ?? 'it holds now: take it out of known.ts',
        expected.violation,
        `${expected.why}; ${again}`,
      );
  }
  const count = (verdict: Outcome['verdict']) => played.filter((each) => each.verdict === verdict).length;
  const counts = { works: count('works'), waits: count('waits'), stops: count('stops') };
  for (const [verdict, many] of Object.entries(counts)) {
    assert.ok(many >= played.length / 25, `${many} of ${played.length} end in ${verdict}: that proves little`);
  }
  const most = (of: (each: Outcome) => number) => Math.max(...played.map(of));
  return (
    `${played.length} cases: ${JSON.stringify(counts)}; at most ${most(({ orphans }) => orphans)} orphans, ` +
    `${most(({ mostRequestsAnHour }) => mostRequestsAnHour)} requests for a file in an hour`
  );
}

/** One that does not watch over anything. */
class Careless extends Creating {
  override room(): number {
    return 64;
  }

  override async enter(): Promise<null> {
    return null;
  }
}

describe('whatever FLORA answers', () => {
  it('it works, waits and says so, or stops creating and says so; also after a crash', async (t) => {
    t.diagnostic(await hold('crash'));
  });

  it('nothing is made twice when the ledger is lost while FLORA answers so', async (t) => {
    t.diagnostic(await hold('lost'));
  });

  it('the same case ends in the same way', async () => {
    const [one] = cases;
    assert.ok(one !== undefined);
    assert.deepEqual(await play(one, 'lost', { isTold: true }), await play(one, 'lost', { isTold: true }));
  });

  it('is caught making assets without an end where nobody watches over what is made', async () => {
    const blind = cases.find((each) => nameOf(each) === 'create (form): upload dropped');
    assert.ok(blind !== undefined);
    const { violation } = await play(blind, 'crash', { creating: (deps) => new Careless(deps) });
    assert.match(violation ?? '', /assets never got a byte/);
  });
});
