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
];

export function isEquivalent(
  { file, before, after }: Equivalent,
  mutant: { readonly module: string; readonly before: string; readonly after: string },
): boolean {
  return mutant.module === file.replace(/\.ts$/, '.js') && mutant.before === before && mutant.after === after;
}
