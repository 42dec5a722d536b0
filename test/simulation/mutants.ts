/** An exact piece of the compiled code that stands there once, and what stands there instead. */
export interface Edit {
  /** Relative to build/src. */
  readonly file: string;
  readonly search: string;
  readonly replace: string;
}

/** A deliberate mistake. */
export interface Mutant extends Edit {
  readonly name: string;
  /** A second edit, where two rules stand behind each other and each alone would do. */
  readonly also?: Edit;
  /** The simulation has to catch it within so many seeds. */
  readonly withinSeeds: number;
  /** The seed that caught it last: it is tried first, and all of them where it does not catch it any more. */
  readonly caughtBy?: number;
}

export const mutants: readonly Mutant[] = [
  {
    name: 'a new asset after an ambiguous complete',
    file: 'core/transition.js',
    search: `const state = content.state === 'uploaded' || mayHaveArrived ? 'checking' : content.state;`,
    replace: `if (content.state === 'uploaded') return beginAnew(content, code, reason, context);
    const state = mayHaveArrived ? 'checking' : content.state;`,
    withinSeeds: 100,
  },
  {
    name: 'bytes are sent with the reservation, before it is bound',
    file: 'sync/upload/perform.js',
    search: `return { type: 'reserved', reservation: value, isReplayed };`,
    replace: `if (value.target !== null) void openFirst(deps, content, signals.abort).then(({ source }) => source && deps.remote.upload({ target: value.target, fileName, contentType, source, onSent: () => { }, livesForMs: null }, signals.abort)).catch(() => { });
                return { type: 'reserved', reservation: value, isReplayed };`,
    withinSeeds: 20,
  },
  {
    name: 'what was digested need not be what settled',
    file: 'sync/intake/inspector.js',
    search: `if (!isSameStat(inspection.fingerprint.stat, stat))`,
    replace: `if (false)`,
    withinSeeds: 2_000,
    caughtBy: 814,
  },
  {
    name: 'a change while sending is taken for success',
    file: 'sync/upload/perform.js',
    search: `if (error.code === 'source_changed')`,
    replace: `if (error.code === 'source_changed')
            return { event: { type: 'bytes-accepted' }, requestId: null, doubted };
        if (error.code === 'source_changed')`,
    withinSeeds: 500,
  },
  {
    name: 'a retry budget that gives up',
    file: 'core/transition.js',
    search: `const mayHaveAllBytes = content.mayHaveAllBytes || isUnclear;`,
    replace: `if (content.attempts > 5) return settleAs(content, 'rejected', code, reason);
    const mayHaveAllBytes = content.mayHaveAllBytes || isUnclear;`,
    withinSeeds: 100,
  },
  {
    name: 'the key of one version serves the next generation too',
    file: 'core/steps.js',
    search: `idempotencyKey: context.freshKey,`,
    replace: ``,
    withinSeeds: 500,
  },
  {
    name: 'a 404 is believed although complete was sent',
    file: 'core/transition.js',
    search: `if (!mayBecomeReady(content) && state !== 'ready')`,
    replace: `if (state !== 'ready')`,
    withinSeeds: 2_000,
    caughtBy: 242,
  },
  {
    name: 'the gate does not close for 429',
    file: 'sync/flora/request.js',
    search: `if (error.scope === 'service')`,
    replace: `if (error.scope === 'service' && error.code !== 'rate_limited')`,
    withinSeeds: 100,
  },
  {
    name: 'the pace is ignored',
    file: 'core/pace.js',
    search: `    waitMs(nowMs) {`,
    replace: `    waitMs(nowMs) {
        if (nowMs >= 0)
            return 0;`,
    withinSeeds: 3_000,
    caughtBy: 253,
  },
  {
    name: 'a refusal of the bytes is taken for success',
    file: 'sync/commit/outcome.js',
    search: `case 'upload_refused':`,
    replace: `case 'upload_refused':
            if (error.code !== '')
                return { type: 'bytes-accepted' };`,
    withinSeeds: 200,
    caughtBy: 110,
  },
  {
    name: 'lost bytes that come back are not wanted again',
    file: 'sync/intake/admit.js',
    search: `if (wanted === found)`,
    replace: `if (found)`,
    withinSeeds: 500,
  },
  {
    name: 'the answer to complete is taken for ready',
    file: 'core/asset-seen.js',
    search: `if (facts.status === 'ready' && couldBeReady)`,
    replace: `if ((facts.status === 'ready' || by === 'complete') && couldBeReady)`,
    withinSeeds: 100,
  },
  {
    name: 'a reservation is superseded although complete was sent',
    file: 'core/asset-seen.js',
    search: `if (content.areBytesConfirmed && !content.isCompleteAccepted)
        return later(content, 'uploaded', context);`,
    replace: `if (content.areBytesConfirmed && !content.isCompleteAccepted)
        return beginAnew(content, 'superseded', 'It stays pending', context);`,
    withinSeeds: 500,
  },
  {
    name: 'a restart forgets what was due before it',
    file: 'sync/upload/scheduler.js',
    search: `.filter(({ id }) => !claimed.has(id))`,
    replace: `.filter(({ id, notBeforeMs }) => !claimed.has(id) && notBeforeMs >= (creating.startedMs ??= nowMs))`,
    withinSeeds: 100,
  },
  {
    name: 'a lost source ends the content although a copy has the bytes',
    file: 'sync/commit/commit.js',
    search: `if (event.type !== 'source-lost')
        return event;`,
    replace: `if (event)
        return event;`,
    also: { file: 'sync/commit/commit.js', search: `tables.files.doubtContent(after.id);`, replace: `;` },
    withinSeeds: 3_000,
    caughtBy: 2_794,
  },
  {
    name: 'the expiry of a target is ignored',
    file: 'core/next-action.js',
    search: `return content.targetExpiresAtMs !== null && content.targetExpiresAtMs <= nowMs;`,
    replace: `return content === null && nowMs === 0;`,
    withinSeeds: 500,
  },
  {
    name: 'a listing that lags is taken for evidence',
    file: 'core/asset-seen.js',
    search: `return progress(content, 'checking', context);`,
    replace: `return beginAnew(content, 'asset_missing', 'The listing has it no more', context);`,
    withinSeeds: 500,
  },
  {
    name: 'nobody asks who has the file open',
    file: 'sync/intake/settling.js',
    search: `if (waiting.isHeldOpen) {`,
    replace: `if (false) {`,
    withinSeeds: 500,
  },
  {
    name: 'one look is enough to call a file quiet',
    file: 'core/settle.js',
    search: `lastChangeMs(candidate.stat) + stillMs <= now.wallMs;`,
    replace: `lastChangeMs(candidate.stat) <= now.wallMs;`,
    withinSeeds: 500,
    caughtBy: 150,
  },
  {
    name: 'times are taken to be as fine as they look',
    file: 'core/settle.js',
    search: `return ctimeMs % 1_000 === 0 ? coarseTickMs : fineTickMs;`,
    replace: `return ctimeMs === 0 ? coarseTickMs : 0;`,
    withinSeeds: 2_000,
    caughtBy: 221,
  },
];
