// Faults on request: which request is hit by what. Deterministic: `probability` draws from the rule's own seeded generator.
import { invalid } from './answer.ts';
import { readFields } from './fields.ts';
import { type RouteName, routeNames } from './journal.ts';

/** What is wrong with a page of the listing: these kinds hit the route `list` only. */
export const pageFaultKinds = ['repeat-cursor', 'endless', 'odd-items'] as const;
export type PageFaultKind = (typeof pageFaultKinds)[number];

export const faultKinds = [
  'status',
  'delay',
  'drop-before',
  'drop-after',
  'cut-body',
  'expire',
  'rate-limit',
  'hang',
  'html',
  'raw',
  'cut',
  'drip',
  'early-answer',
  ...pageFaultKinds,
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  readonly match: {
    readonly method: string | undefined;
    readonly route: RouteName | undefined;
    /** Fires from the nth matching request on (1 is the first after the rule was set), once unless `times` says more. */
    readonly nth: number | undefined;
  };
  readonly kind: FaultKind;
  readonly probability: number;
  readonly seed: number;
  /** How often it may fire; without it and without `nth`, for ever. */
  readonly times: number | undefined;
  readonly status: number;
  /** The error code of the envelope, where the one that goes with the status will not do. */
  readonly code: string | undefined;
  /** Waited before anything else, for every kind; `delay` with effect `after` waits between effect and answer. */
  readonly delayMs: number;
  /** Absent: no retry-after header. */
  readonly retryAfterSec: number | undefined;
  readonly effect: 'before' | 'after';
  /** `status` only: the error becomes the first answer under the idempotency key (`reject` frees it after a 5xx). */
  readonly remember: boolean;
  /** `drop-before` on uploads: how many body bytes to take before the socket is destroyed. */
  readonly afterBytes: number;
  /** `raw`: what goes out, a character for each byte; `\\u0000` to `\\u00ff` as JSON writes them. */
  readonly bytes: string;
  /** `cut`: how many bytes of the answer go out, its status line and headers among them. */
  readonly atByte: number;
  /** `drip`: in how many pieces the answer goes out. */
  readonly pieces: number;
  /** `raw`, `cut`, `drip` and `early-answer`: how the connection ends then. */
  readonly end: 'close' | 'reset';
}

export function pageFaultOf(fault: Fault | undefined): PageFaultKind | undefined {
  return pageFaultKinds.find((kind) => kind === fault?.kind);
}

export interface FaultReport extends Fault {
  /** Requests that matched method and route. */
  readonly seen: number;
  readonly hits: number;
}

export interface Faults {
  add(faults: readonly Fault[]): void;
  clear(): void;
  /** The fault that hits this request: the oldest rule that fires. Every rule that matches counts it as seen. */
  take(method: string, route: RouteName | 'unknown'): Fault | undefined;
  report(): readonly FaultReport[];
}

interface Rule {
  readonly fault: Fault;
  readonly random: () => number;
  seen: number;
  hits: number;
}

export function createFaults(): Faults {
  let rules: Rule[] = [];
  return {
    add(faults) {
      rules = [...rules, ...faults.map((fault) => ({ fault, random: generator(fault.seed), seen: 0, hits: 0 }))];
    },
    clear() {
      rules = [];
    },
    take(method, route) {
      const firing = rules.filter((rule) => isMatch(rule.fault, method, route)).filter(isFiring);
      const [first] = firing;
      if (first !== undefined) first.hits += 1;
      return first?.fault;
    },
    report: () => rules.map(({ fault, seen, hits }) => ({ ...fault, seen, hits })),
  };
}

/** One rule or an array of rules from the admin endpoint; 400 with every problem otherwise. */
export function parseFaults(value: unknown): readonly Fault[] {
  return (Array.isArray(value) ? value : [value]).map(parseFault);
}

const known = [
  ...['match', 'kind', 'probability', 'seed', 'times', 'status', 'code', 'delayMs', 'retryAfterSec', 'effect'],
  ...['remember', 'afterBytes', 'bytes', 'atByte', 'pieces', 'end'],
];
const latin1 = { pattern: /^[^\u0100-\uffff]*$/, expected: 'characters up to \\u00ff, one for each byte' };
const statusOf: Readonly<Record<string, number>> = { 'rate-limit': 429, 'early-answer': 413 };

function parseFault(value: unknown): Fault {
  const fields = readFields(value, known);
  const match = readFields(fields.raw('match') ?? {}, ['method', 'route', 'nth']);
  const kind = fields.oneOf('kind', faultKinds);
  const fault = {
    match: {
      method: match.string('method')?.toUpperCase(),
      route: match.oneOf('route', routeNames),
      nth: match.integer('nth', { min: 1, max: 1e9 }),
    },
    probability: fields.fraction('probability') ?? 1,
    seed: fields.integer('seed', { min: 0, max: 0xffffffff }) ?? 1,
    times: fields.integer('times', { min: 1, max: 1e9 }),
    status: fields.integer('status', { min: 200, max: 599 }) ?? statusOf[kind ?? ''] ?? 500,
    code: fields.string('code'),
    delayMs: fields.integer('delayMs', { min: 0, max: 86_400_000 }) ?? 0,
    retryAfterSec: fields.integer('retryAfterSec', { min: 0, max: 86_400 }),
    effect: fields.oneOf('effect', ['before', 'after']) ?? 'before',
    remember: fields.boolean('remember') ?? false,
    afterBytes: fields.integer('afterBytes', { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 0,
    bytes: fields.string('bytes', latin1) ?? '',
    atByte: fields.integer('atByte', { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 0,
    pieces: fields.integer('pieces', { min: 1, max: Number.MAX_SAFE_INTEGER }) ?? 10,
    end: fields.oneOf('end', ['close', 'reset']) ?? 'close',
  };
  const only = onlyRouteOf(kind);
  const { route } = fault.match;
  if (only !== undefined && (route ?? only) !== only) match.problem('match.route', `Expected ${only}, or no route`);
  match.check();
  fields.check();
  if (kind === undefined) throw invalid([{ field: 'kind', message: `Expected one of ${faultKinds.join(', ')}` }]);
  return { ...fault, kind, match: only === undefined ? fault.match : { ...fault.match, route: only } };
}

/** The route that a kind is about, where it makes sense on no other. */
function onlyRouteOf(kind: FaultKind | undefined): RouteName | undefined {
  if (pageFaultKinds.some((one) => one === kind)) return 'list';
  return kind === 'early-answer' ? 'upload' : undefined;
}

function isMatch(fault: Fault, method: string, route: RouteName | 'unknown'): boolean {
  return (fault.match.method ?? method) === method && (fault.match.route ?? route) === route;
}

function isFiring(rule: Rule): boolean {
  const { match, probability, times } = rule.fault;
  rule.seen += 1;
  if (match.nth !== undefined && rule.seen < match.nth) return false;
  if (rule.hits >= (times ?? (match.nth === undefined ? Number.POSITIVE_INFINITY : 1))) return false;
  return probability >= 1 || rule.random() < probability;
}

/** mulberry32: 32 bits of state, numbers from 0 up to 1. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
