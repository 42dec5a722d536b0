/** A mistake that is none: nobody could tell the code with it from the code without it. */
export interface Equivalent {
  /** `core/pace.ts` */
  readonly file: string;
  /** The lines that the tool prints behind `-` and `+`. */
  readonly before: string;
  readonly after: string;
  readonly why: string;
}

export const equivalents: readonly Equivalent[] = [
  {
    file: 'local/walk/scanner.ts',
    before: 'return lstatSync(fsPath(joinPath(directory, name)), { throwIfNoEntry: false }) !== undefined;',
    after: 'return lstatSync(fsPath(joinPath(directory, name)), {  }) !== undefined;',
    why: 'That nothing is there is an error then, which says the same; it only takes longer.',
  },
  {
    file: 'local/walk/scanner.ts',
    before: 'return lstatSync(fsPath(joinPath(directory, name)), { throwIfNoEntry: false }) !== undefined;',
    after: 'return lstatSync(fsPath(joinPath(directory, name)), { throwIfNoEntry: true }) !== undefined;',
    why: 'That nothing is there is an error then, which says the same; it only takes longer.',
  },
  {
    file: 'local/walk/detours.ts',
    before: 'return lstatSync(fsPath(path), { throwIfNoEntry: false });',
    after: 'return lstatSync(fsPath(path), {  });',
    why: 'That nothing is there is an error then, which says the same; it only takes longer.',
  },
  {
    file: 'local/walk/detours.ts',
    before: 'return lstatSync(fsPath(path), { throwIfNoEntry: false });',
    after: 'return lstatSync(fsPath(path), { throwIfNoEntry: true });',
    why: 'That nothing is there is an error then, which says the same; it only takes longer.',
  },
  {
    file: 'local/place.ts',
    before: 'const detours = openDetours({ now: () => 0 });',
    after: 'const detours = openDetours({ now: () => 1 });',
    why: 'Any clock that stands still will do where no older listing is asked for.',
  },
  {
    file: 'local/place.ts',
    before: 'const detours = openDetours({ now: () => 0 });',
    after: 'const detours = openDetours({ now: () => undefined });',
    why: 'Any clock will do where no older listing is asked for.',
  },
  {
    file: 'local/watch/remote-looks.ts',
    before: 'const youngUntilMs = hasMoved ? nowMs + youngMs : (before?.youngUntilMs ?? Number.NEGATIVE_INFINITY);',
    after: 'const youngUntilMs = hasMoved ? nowMs + youngMs : ((before?.youngUntilMs));',
    why: 'Nothing is less than undefined either.',
  },
  {
    file: 'remote/addresses.ts',
    before: "['224.0.0.0', 4],",
    after: "['224.0.0.0', 3],",
    why: '240.0.0.0/4 is in the list as well.',
  },
  {
    file: 'remote/addresses.ts',
    before: "['240.0.0.0', 4],",
    after: "['240.0.0.0', 3],",
    why: '224.0.0.0/4 is in the list as well.',
  },
  {
    file: 'remote/addresses.ts',
    before: "['fec0::', 10],",
    after: "['fec0::', 9],",
    why: 'fe80::/10 is in the list as well.',
  },
  {
    file: 'remote/addresses.ts',
    before: "['fe80::', 10],",
    after: "['fe80::', 9],",
    why: 'fec0::/10 is in the list as well.',
  },
  {
    file: 'remote/addresses.ts',
    before: "return family !== 0 && notPublic.check(host, family === 4 ? 'ipv4' : 'ipv6');",
    after: "return (notPublic.check(host, family === 4 ? 'ipv4' : 'ipv6'));",
    why: 'A list of addresses has no name in it.',
  },
  {
    file: 'remote/addresses.ts',
    before: "return family !== 0 && notPublic.check(host, family === 4 ? 'ipv4' : 'ipv6');",
    after: "return family !== 1 && notPublic.check(host, family === 4 ? 'ipv4' : 'ipv6');",
    why: 'A list of addresses has no name in it, and there is no family 1.',
  },
  {
    file: 'remote/send-watch.ts',
    before: '#beforeBytes = 0;',
    after: '#beforeBytes = 1;',
    why: 'It is set when the watch begins, and not asked for before.',
  },
  {
    file: 'remote/send-watch.ts',
    before: 'this.#beforeBytes = socket === null ? 0 : takenBytes(socket);',
    after: 'this.#beforeBytes = socket === null ? 1 : takenBytes(socket);',
    why: 'Without a socket it is not asked for.',
  },
  {
    file: 'remote/send-watch.ts',
    before: 'const seenMs = this.elapsedMs() ?? 0;',
    after: 'const seenMs = (this.elapsedMs());',
    why: 'A watch that looks has begun.',
  },
  {
    file: 'remote/send-watch.ts',
    before: 'const seenMs = this.elapsedMs() ?? 0;',
    after: 'const seenMs = this.elapsedMs() ?? 1;',
    why: 'A watch that looks has begun.',
  },
  {
    file: 'remote/send-watch.ts',
    before: 'const sentBytes = taken - (queued ?? 0);',
    after: 'const sentBytes = taken - ((queued));',
    why: 'Null counts as nothing in a difference.',
  },
  {
    file: 'remote/send-watch.ts',
    before: 'const seenRate = tookMs > 0 ? (sentBytes - mostHiddenBytes) / tookMs : 0;',
    after: 'const seenRate = tookMs > 0 ? (sentBytes - mostHiddenBytes) / tookMs : 1;',
    why: 'The slowest rate that is waited for is higher.',
  },
  {
    file: 'remote/upload-pace.ts',
    before: 'const nothingSeen = { sentBytes: 0, seenMs: 0, movedMs: 0, hasLeft: false };',
    after: 'const nothingSeen = { sentBytes: 0, seenMs: 1, movedMs: 0, hasLeft: false };',
    why: 'A millisecond is told as a second, as none is.',
  },
  {
    file: 'remote/upload-pace.ts',
    before: 'const nothingSeen = { sentBytes: 0, seenMs: 0, movedMs: 0, hasLeft: false };',
    after: 'const nothingSeen = { sentBytes: 0, seenMs: 0, movedMs: 0 };',
    why: 'What is not there is as good as false there.',
  },
  {
    file: 'remote/upload-pace.ts',
    before: 'if (livesForMs === null || livesForMs <= 0 || elapsedMs === null)',
    after: 'if ((livesForMs <= 0) || elapsedMs === null)',
    why: 'Null is not more than zero.',
  },
  {
    file: 'remote/upload-pace.ts',
    before: 'const shown = rate < 1 ? Math.max(0.1, round(rate * 10) / 10) : round(rate);',
    after: 'const shown = rate <= 1 ? Math.max(0.1, round(rate * 10) / 10) : round(rate);',
    why: 'One is one in either way.',
  },
  {
    file: 'remote/upload-body.ts',
    before: 'if (lengthBytes > roomBytes)',
    after: 'if (lengthBytes >= roomBytes)',
    why: 'Memory of just that size is a room as well.',
  },
  {
    file: 'remote/upload-body.ts',
    before: 'const isRoom = buffer instanceof ArrayBuffer && buffer.byteLength === roomBytes;',
    after: 'const isRoom = (buffer.byteLength === roomBytes);',
    why: 'Nothing else than an ArrayBuffer is ever handed to it.',
  },
  {
    file: 'ledger/group-commit.ts',
    before: "this.#wait(group, errnoCode(error) ?? '');",
    after: 'this.#wait(group, (errnoCode(error)));',
    why: 'What is blocked has a code.',
  },
  {
    file: 'ledger/group-commit.ts',
    before: "if (isWriting && !isBlocked(error) && !fatalCodes.test(errnoCode(error) ?? ''))",
    after: 'if (isWriting && !isBlocked(error) && !fatalCodes.test((errnoCode(error))))',
    why: 'The pattern does not match the word undefined.',
  },
  {
    file: 'ledger/group-commit.ts',
    before: "return blockedCodes.test(errnoCode(error) ?? '');",
    after: 'return blockedCodes.test((errnoCode(error)));',
    why: 'The pattern does not match the word undefined.',
  },
  {
    file: 'ledger/group-commit.ts',
    before: 'return null;',
    after: 'return;',
    why: 'Whoever asks goes on with ??.',
  },
  {
    file: 'ledger/group-commit.ts',
    before: 'this.#pending = [...group, ...this.#pending];',
    after: 'this.#pending = [...group];',
    why: 'A group is flushed in one turn, and writes write nothing else: nobody came meanwhile.',
  },
  {
    file: 'local/read/open-writers.ts',
    before: 'if (key !== undefined && candidates.has(key))',
    after: 'if ((candidates.has(key)))',
    why: 'Undefined is no candidate.',
  },
  {
    file: 'core/asset-seen.ts',
    before: 'const leastMs = (context.pollLeastMs ?? 0) * (0.75 + context.random / 2);',
    after: 'const leastMs = (context.pollLeastMs ?? 1) * (0.75 + context.random / 2);',
    why: 'No poll is so soon.',
  },
  {
    file: 'local/read/mapped-files.ts',
    before: "const line = maps.slice(maps.lastIndexOf('\\n', index) + 1, maps.indexOf('\\n', index));",
    after: "const line = maps.slice(maps.lastIndexOf('\\n', index) + 2, maps.indexOf('\\n', index));",
    why: 'An address without its first digit is one as well, and is not asked for.',
  },
  {
    file: 'core/pace.ts',
    before: '#windowMs = 0;',
    after: '#windowMs = 1;',
    why: 'It is read of a window only, whose length was set.',
  },
  {
    file: 'core/pace.ts',
    before: '#hasClosings = false;',
    after: '#hasClosings = true;',
    why: 'The first call begins a cycle, which sets it.',
  },
  {
    file: 'core/pace.ts',
    before: '#cycleGrants = 0;',
    after: '#cycleGrants = 1;',
    why: 'The first call begins a cycle, which sets it.',
  },
  {
    file: 'core/pace.ts',
    before: '#cycleMs = 0;',
    after: '#cycleMs = 1;',
    why: 'The first call begins a cycle, which sets it.',
  },
  {
    file: 'core/pace.ts',
    before: '#busyMs = 0;',
    after: '#busyMs = 1;',
    why: 'The first call sets it, as it comes after a pause without end.',
  },
  {
    file: 'core/rate-curve.ts',
    before: 'if (part < 1)',
    after: 'if (part <= 1)',
    why: 'Both curves are at 1 there.',
  },
  {
    file: 'sync/commit/commit.ts',
    before: 'tables.history.append(record(current, queued, { event, requestId: null, doubted: [] }, context.nowMs));',
    after: 'tables.history.append(record(current, queued, { event, requestId: null }, context.nowMs));',
    why: 'Doubts are not recorded.',
  },
  {
    file: 'sync/flora/match-content.ts',
    before: 'const sinceMs = ledger.facts.matching?.sinceMs ?? 0;',
    after: 'const sinceMs = ledger.facts.matching?.sinceMs ?? 1;',
    why: 'A millisecond after 1970 is as long ago.',
  },
  {
    file: 'sync/flora/matching.ts',
    before:
      'const begun = { sinceMs, endedMs: null, assets: 0, fetchedBytes: 0, adopted: 0, unreadable: 0, trouble: null };',
    after: 'const begun = { sinceMs, endedMs: null, assets: 0, fetchedBytes: 0, adopted: 0, trouble: null };',
    why: 'What is not written is read as 0.',
  },
  {
    file: 'sync/flora/matching.ts',
    before:
      'const begun = { sinceMs, endedMs: null, assets: 0, fetchedBytes: 0, adopted: 0, unreadable: 0, trouble: null };',
    after: 'const begun = { sinceMs, endedMs: null, assets: 0, fetchedBytes: 0, adopted: 0, unreadable: 0 };',
    why: 'What is not written is read as null.',
  },
  {
    file: 'sync/flora/learning.ts',
    before: 'const mostFetched = Math.max(content.sizeBytes, sizeBytes ?? 0);',
    after: 'const mostFetched = Math.max(content.sizeBytes, (sizeBytes));',
    why: 'Null counts as nothing in a maximum.',
  },
  {
    file: 'sync/flora/learning.ts',
    before: 'const mostFetched = Math.max(content.sizeBytes, sizeBytes ?? 0);',
    after: 'const mostFetched = Math.max(content.sizeBytes, sizeBytes ?? 1);',
    why: 'What is sent has a byte at least.',
  },
  {
    file: 'sync/flora/fetch-once.ts',
    before: 'const mostBytes = Math.max(content.sizeBytes, facts.sizeBytes ?? 0);',
    after: 'const mostBytes = Math.max(content.sizeBytes, (facts.sizeBytes));',
    why: 'Null counts as nothing in a maximum.',
  },
  {
    file: 'sync/flora/fetch-once.ts',
    before: 'const mostBytes = Math.max(content.sizeBytes, facts.sizeBytes ?? 0);',
    after: 'const mostBytes = Math.max(content.sizeBytes, facts.sizeBytes ?? 1);',
    why: 'What is sent has a byte at least.',
  },
  {
    file: 'sync/flora/transfers.ts',
    before: 'const uploadFirst = { priority: 1 };',
    after: 'const uploadFirst = { priority: 10 };',
    why: 'What comes down has none.',
  },
  {
    file: 'sync/flora/transfers.ts',
    before: 'const uploadFirst = { priority: 1 };',
    after: 'const uploadFirst = { priority: 2 };',
    why: 'What comes down has none.',
  },
  {
    file: 'sync/flora/creating.ts',
    before: "return { type: 'trouble', code: 'creation_slow', reason: creation.reason ?? '', retryAfterMs };",
    after: "return { type: 'trouble', code: 'creation_slow', reason: (creation.reason), retryAfterMs };",
    why: 'What is slow has a reason.',
  },
  {
    file: 'sync/flora/id-set.ts',
    before: 'this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (id & 7));',
    after: 'this.#bits[at] = ((this.#bits[at])) | (1 << (id & 7));',
    why: 'There is a byte for it by then.',
  },
  {
    file: 'sync/flora/id-set.ts',
    before: 'return ((this.#bits[id >>> 3] ?? 0) & (1 << (id & 7))) !== 0;',
    after: 'return (((this.#bits[id >>> 3])) & (1 << (id & 7))) !== 0;',
    why: 'What is not there counts as 0 in an operation on bits.',
  },
  {
    file: 'sync/flora/listing.ts',
    before: 'const paceMs = deps.paceMs?.() ?? 0;',
    after: 'const paceMs = (deps.paceMs?.());',
    why: 'Undefined is not more than zero.',
  },
  {
    file: 'sync/flora/waiting-line.ts',
    before: 'return this.#queues[ranks - 1] ?? [];',
    after: 'return (this.#queues[ranks - 1]);',
    why: 'There is a queue for each rank.',
  },
  {
    file: 'sync/flora/reconciler.ts',
    before: 'return { nowMs: clock.now(), random: random.fraction(), freshKey: random.token() };',
    after: 'return { nowMs: clock.now(), freshKey: random.token() };',
    why: 'What is wanted again, or looked at again, is due at once, and nothing of that is by chance.',
  },
  {
    file: 'sync/flora/reconciler.ts',
    before: 'const sinceMs = contents.stateSinceMs(id) ?? 0;',
    after: 'const sinceMs = (contents.stateSinceMs(id));',
    why: 'The row was read just before.',
  },
  {
    file: 'sync/flora/reconciler.ts',
    before: 'const sinceMs = contents.stateSinceMs(id) ?? 0;',
    after: 'const sinceMs = contents.stateSinceMs(id) ?? 1;',
    why: 'The row was read just before.',
  },
  {
    file: 'sync/flora/reconciler.ts',
    before: 'if (listed !== undefined && event !== null)',
    after: 'if ((event !== null))',
    why: 'Each row names an item of the page.',
  },
  {
    file: 'sync/upload/retry.ts',
    before: 'const state = ledger.contents.get(content.id)?.state ?? null;',
    after: 'const state = (ledger.contents.get(content.id)?.state);',
    why: 'No row is ever deleted.',
  },
  {
    file: 'sync/flora/reconciler.ts',
    before: ": eventFromError({ type: 'check', assetId }, asked.error);",
    after: ": eventFromError({ type: '', assetId }, asked.error);",
    why: 'Only a reservation, a renewal and an upload have errors of their own.',
  },
  {
    file: 'sync/flora/gate.ts',
    before: 'const isFull = this.#underWay >= this.#deps.most;',
    after: 'const isFull = this.#underWay > this.#deps.most;',
    why: 'It spares a look at those who may not go anyway.',
  },
  {
    file: 'remote/http.ts',
    before: "const date = Date.parse(headerOf(answer, 'date') ?? '');",
    after: "const date = Date.parse((headerOf(answer, 'date')));",
    why: 'Null is no date either.',
  },
  {
    file: 'ledger/recovery/damage.ts',
    before: "return /^SQLITE_(CORRUPT|NOTADB)/.test(errnoCode(error) ?? '');",
    after: 'return /^SQLITE_(CORRUPT|NOTADB)/.test((errnoCode(error)));',
    why: 'The pattern does not match the word undefined.',
  },
  {
    file: 'remote/network-error.ts',
    before: "const code = errnoCode(cause) ?? '';",
    after: 'const code = (errnoCode(cause));',
    why: 'The patterns do not match the word undefined.',
  },
  {
    file: 'remote/network-error.ts',
    before: "return ordinary.test(errnoCode(cause) ?? '');",
    after: 'return ordinary.test((errnoCode(cause)));',
    why: 'The pattern does not match the word undefined.',
  },
  {
    file: 'ledger/recovery/owner-lock.ts',
    before: 'database = openSqlite(join(stateDir, lockFile), { timeout: 0, readonly: true });',
    after: 'database = openSqlite(join(stateDir, lockFile), { timeout: 1, readonly: true });',
    why: 'SQLite looks again after a millisecond, and so it may.',
  },
  {
    file: 'ledger/tables/bound-assets.ts',
    before: 'return { at, id, assetId: assetIds[at] ?? null, state, url, sizeBytes, remoteSizeBytes, reasonCode };',
    after: 'return { at, id, assetId: (assetIds[at]), state, url, sizeBytes, remoteSizeBytes, reasonCode };',
    why: 'Its place is one of those that were asked for.',
  },
  {
    file: 'sync/intake/intake.ts',
    before: 'return this.pendingFiles > mostPending ? this.#room() : undefined;',
    after: 'return this.pendingFiles >= mostPending ? this.#room() : undefined;',
    why: 'Who waits for room asks again whether there is any, before waiting.',
  },
];

export function isEquivalent(
  { file, before, after }: Equivalent,
  mutant: { readonly module: string; readonly before: string; readonly after: string },
): boolean {
  return mutant.module === file.replace(/\.ts$/, '.js') && mutant.before === before && mutant.after === after;
}
