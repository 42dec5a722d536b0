import type { AnyNode, Program } from 'acorn';

export const kinds = [
  'condition',
  'operand',
  'not',
  'boolean',
  'call',
  'await',
  'throw',
  'jump',
  'return',
  'early-return',
  'boundary',
  'equality',
  'arithmetic',
  'constant',
  'assignment',
  'sql',
  'property',
  'element',
  'text',
  'word',
] as const;

/** What is done to the code. */
export type Kind = (typeof kinds)[number];

/** A piece of code, and what may stand there instead. */
export interface Place {
  readonly kind: Kind;
  /** Offsets in the code: what stands between them is replaced. */
  readonly start: number;
  readonly end: number;
  readonly by: string;
  /** What a test has to run for it to matter. */
  readonly at: number;
}

/** A node with what it stands in, and the code that both are of. */
export interface Seen {
  readonly node: AnyNode;
  readonly parent: AnyNode | Program | undefined;
  readonly isInTry: boolean;
  readonly code: string;
}

export function textOf(code: string, { start, end }: { readonly start: number; readonly end: number }): string {
  return code.slice(start, end);
}

/** A place that is as large as the node. */
export function instead(kind: Kind, node: { readonly start: number; readonly end: number }, by: string): Place {
  return { kind, start: node.start, end: node.end, by, at: node.start };
}
