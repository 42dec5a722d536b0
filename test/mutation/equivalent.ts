/** A mistake that is none: nobody could tell the code with it from the code without it. */
export interface Equivalent {
  /** `core/pace.ts` */
  readonly file: string;
  /** The lines that the tool prints behind `-` and `+`. */
  readonly before: string;
  readonly after: string;
  readonly why: string;
}

export const equivalents: readonly Equivalent[] = [];

export function isEquivalent(
  { file, before, after }: Equivalent,
  mutant: { readonly module: string; readonly before: string; readonly after: string },
): boolean {
  return mutant.module === file.replace(/\.ts$/, '.js') && mutant.before === before && mutant.after === after;
}
