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
    before: 'const ownMs = probeWaitsMs[Math.min(refusedProbes, probeWaitsMs.length - 1)] ?? 60_000;',
    after: 'const ownMs = (probeWaitsMs[Math.min(refusedProbes, probeWaitsMs.length - 1)]);',
    why: 'The place is always one of the list.',
  },
  {
    file: 'core/rate-curve.ts',
    before: 'const ownMs = probeWaitsMs[Math.min(refusedProbes, probeWaitsMs.length - 1)] ?? 60_000;',
    after: 'const ownMs = probeWaitsMs[Math.min(refusedProbes, probeWaitsMs.length - 1)] ?? 0;',
    why: 'The place is always one of the list.',
  },
  {
    file: 'core/rate-curve.ts',
    before: 'const ownMs = probeWaitsMs[Math.min(refusedProbes, probeWaitsMs.length - 1)] ?? 60_000;',
    after: 'const ownMs = probeWaitsMs[Math.min(refusedProbes, probeWaitsMs.length - 1)] ?? 600000;',
    why: 'The place is always one of the list.',
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
    file: 'ledger/tables/facts.ts',
    before: "this.#all = database.prepare('SELECT key, value FROM fact WHERE key GLOB ? ORDER BY key');",
    after: "this.#all = database.prepare('SELECT key, value FROM fact WHERE key GLOB ?');",
    why: 'The table is kept in the order of its keys.',
  },
  {
    file: 'sync/intake/intake.ts',
    before: 'return this.pendingFiles > mostPending ? this.#room() : undefined;',
    after: 'return this.pendingFiles >= mostPending ? this.#room() : undefined;',
    why: 'Who waits for room asks again whether there is any, before waiting.',
  },
  {
    file: 'sync/intake/settling.ts',
    before:
      'this.#waiting.set(absolutePath(file), { file, candidate, isQuiet: isQuietNow, dueMs, isHeldOpen: false, held });',
    after: 'this.#waiting.set(absolutePath(file), { file, candidate, isQuiet: isQuietNow, dueMs, held });',
    why: 'It is only asked whether somebody holds it; what is not said is no.',
  },
];

export function isEquivalent(
  { file, before, after }: Equivalent,
  mutant: { readonly module: string; readonly before: string; readonly after: string },
): boolean {
  return mutant.module === file.replace(/\.ts$/, '.js') && mutant.before === before && mutant.after === after;
}
