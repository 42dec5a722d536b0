import type { Mutant } from './mutants.ts';

/** Mistakes about what FLORA has already, and what it has no more. */
export const searchMutants: readonly Mutant[] = [
  {
    name: 'an asset of the same name and size is adopted without a look at its bytes',
    file: 'sync/flora/match-content.js',
    search: `if (fetched.sha256 === content.sha256)`,
    replace: `if (true)`,
    withinSeeds: 200,
  },
  {
    name: 'what a listing lacks is missing',
    file: 'sync/flora/reconciler.js',
    search: `await this.#ask(content, content.assetId, counts, signal);`,
    replace: `{
                const lacking = contents.get(id);
                const missing = { ...lacking, state: 'missing', reasonCode: 'asset_missing', reason: 'It is not listed' };
                await this.#deps.ledger.write((tables) => tables.contents.save(lacking, missing, this.#deps.clock.now()));
            }`,
    withinSeeds: 500,
    caughtBy: 68,
  },
  {
    name: 'one 404 is enough to call an asset missing',
    file: 'core/next-action.js',
    search: `return missingSinceMs !== null && nowMs - missingSinceMs >= seldomMs;`,
    replace: `return missingSinceMs === null || nowMs >= 0;`,
    withinSeeds: 500,
    caughtBy: 242,
  },
  {
    name: 'an asset is called missing while FLORA shows no other',
    file: 'sync/upload/perform.js',
    search: `isControlled: shown === 'some'`,
    replace: `isControlled: true`,
    withinSeeds: 500,
    caughtBy: 364,
  },
  {
    name: 'a ledger that was put back goes on as if nothing had happened since',
    file: '../test/simulation/shelf.js',
    search: `markRestored(database, { atMs: nowMs, from: 'a copy', setAside: null });`,
    replace: `;`,
    withinSeeds: 1_500,
  },
  {
    name: 'uploads that are still open are no reason to wait',
    file: 'sync/flora/match-content.js',
    search: `for (const candidate of ledger.remoteAssets.pending(query())) {`,
    replace: `for (const candidate of []) {`,
    withinSeeds: 1_000,
    caughtBy: 937,
  },
  {
    name: 'one 404 of what was just listed is enough to send it again',
    file: 'sync/flora/match-content.js',
    search: `if (nowMs - sinceMs < goneAfterMs)`,
    replace: `if (false)`,
    withinSeeds: 1_000,
    caughtBy: 780,
  },
  {
    name: 'the search ends before everything is decided',
    file: 'sync/flora/matching.js',
    search: `if (open.length === 0 || ledger.contents.hasMatching())`,
    replace: `if (open.length === 0)`,
    also: {
      file: 'sync/flora/matching.js',
      search: `if (tables.contents.hasMatching())
                return null;`,
      replace: `;`,
    },
    withinSeeds: 3_000,
    caughtBy: 320,
  },
  {
    name: 'an old upload that was open when it was listed is not asked again',
    file: 'sync/flora/match-content.js',
    search: `async function awaitPending(deps, content, candidate, signals) {`,
    replace: `async function awaitPending(deps, content, candidate, signals) {
    if (deps.clock.now() - (candidate.createdAtMs ?? 0) > pendingMs)
        return 'other';`,
    withinSeeds: 3_000,
    caughtBy: 2_794,
  },
  {
    name: 'where copies do not share, a name that is taken again keeps the bytes that it had',
    file: 'sync/intake/admit.js',
    search: `return !isAnother(look.stat, path.stat);`,
    replace: `return true;`,
    withinSeeds: 1_000,
    caughtBy: 175,
  },
  {
    name: 'what was bound when a copy of the ledger was taken counts as never completed',
    file: 'ledger/recovery/restore.js',
    search: `complete_sent = asset_id IS NOT NULL, `,
    replace: ``,
    withinSeeds: 4_000,
    caughtBy: 666,
  },
  {
    name: 'what a rule left alone while FLORA was searched is new once it is taken',
    file: 'sync/intake/rule-book.js',
    search: `tables.directories.setNeedsMatching(folderId, true);`,
    replace: `;`,
    withinSeeds: 20_000,
    caughtBy: 11_717,
  },
];
