import { isRecord } from '../../src/remote/fields.ts';
import type { Field, Kind } from './fields.ts';

export type Json = Record<string, unknown>;

/** What is sent in place of an answer: other JSON, or something else altogether. */
export type Sent =
  | 'lost'
  | { readonly json: unknown }
  | { readonly text: string; readonly status?: number; readonly type?: string; readonly isUnsigned?: boolean };

export interface Mutation {
  /** A path of `fields.ts`, or `(whole)`. */
  readonly field: string;
  readonly name: string;
  /** Something in between answers instead of FLORA, which never sees the request. */
  readonly isPortal?: boolean;
  /** What FLORA answered never arrives. */
  readonly isLoss?: boolean;
  /** It names another asset or target than the one that it is about: what the ledger is bound to is not what FLORA means. */
  readonly isLie?: boolean;
  readonly apply: (honest: unknown) => Sent;
}

/** One member changed wherever it stands: a value in its place, or `undefined` for none; or under another name. */
interface Change {
  readonly name: string;
  readonly value?: (value: unknown) => unknown;
  readonly key?: (key: string) => string;
}

const otherTypes = { number: 7, text: 'text', boolean: true, list: [], object: {} } as const;
type TypeName = keyof typeof otherTypes;

const ownType: Readonly<Record<Kind, TypeName>> = {
  id: 'text',
  text: 'text',
  enum: 'text',
  url: 'text',
  iso: 'text',
  cursor: 'text',
  size: 'number',
  count: 'number',
  epoch: 'number',
  object: 'object',
  item: 'object',
  list: 'list',
};

const lies: ReadonlySet<string> = new Set(['a path', 'always the same', 'no path']);

/** Beside what every field may suffer: what only one of this kind can. */
const ofKind: Readonly<Partial<Record<Kind, Readonly<Record<string, unknown>>>>> = {
  id: { 'two words': 'asset 1', 'a path': '../workspaces', 'always the same': 'asset_1' },
  enum: { 'unknown word': 'zombie' },
  url: {
    'no URL': 'somewhere',
    insecure: 'http://storage.example/1',
    private: 'https://10.0.0.1/1',
    'no path': 'https://storage.example',
  },
  size: { negative: -1, 'far too much': 1e308, huge: Number.MAX_SAFE_INTEGER, digits: '123', fraction: 1.5 },
  iso: {
    past: '2001-01-01T00:00:00.000Z',
    'far off': '9999-12-31T23:59:59.999Z',
    'without zone': '2027-01-15T08:00:00',
    words: 'soon',
    seconds: 1_800_000_000,
    absurd: 1e308,
  },
  epoch: { seconds: 1_800_000_000, 'ISO string': '2027-01-15T08:00:00.000Z', negative: -1, absurd: 1e308 },
  cursor: { 'always the same': '{"offset":0}' },
};

function changesOf({ path, kind }: Field): readonly Change[] {
  const key = path.slice(path.lastIndexOf('.') + 1);
  const types = Object.entries(otherTypes).filter(([type]) => type !== ownType[kind]);
  const changes: Change[] = [
    { name: 'null', value: () => null },
    ...types.map(([type, value]): Change => ({ name: `a ${type}`, value: () => value })),
    ...Object.entries(ofKind[kind] ?? {}).map(([name, value]): Change => ({ name, value: () => value })),
  ];
  // A list without an item is another list: FLORA then says that it has less than it has.
  if (kind === 'item') return changes;
  changes.push({ name: 'dropped', value: () => undefined }, { name: 'renamed', key: (name) => `new_${name}` });
  if (key.includes('_')) changes.push({ name: 'camelCase', key: camelCase });
  if (ownType[kind] === 'text') changes.push({ name: 'empty', value: () => '' });
  if (kind === 'enum') changes.push({ name: 'other case', value: otherCase });
  return changes;
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function otherCase(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return value === value.toUpperCase() ? value.toLowerCase() : value.toUpperCase();
}

/** A copy with the change at each place that the path names; as it was where there is no such member. */
function changed(json: unknown, steps: readonly string[], change: Change): unknown {
  const [step = '', ...rest] = steps;
  if (step === '[]') {
    if (!Array.isArray(json)) return json;
    return json.map((item) => (rest.length === 0 ? change.value?.(item) : changed(item, rest, change)));
  }
  if (!isRecord(json) || !(step in json)) return json;
  return Object.fromEntries(
    Object.entries(json).flatMap(([key, value]) => {
      if (key !== step) return [[key, value]];
      if (rest.length > 0) return [[key, changed(value, rest, change)]];
      const after = change.value === undefined ? value : change.value(value);
      return after === undefined ? [] : [[change.key?.(key) ?? key, after]];
    }),
  );
}

/** Each field of an answer in each way that it can be other than documented. */
export function mutationsOf(fields: readonly Field[]): readonly Mutation[] {
  return fields.flatMap((field) => {
    const steps = field.path.replaceAll('[]', '.[]').split('.');
    return changesOf(field).map((change) => ({
      field: field.path,
      name: change.name,
      isLie: lies.has(change.name),
      apply: (honest: unknown): Sent => ({ json: changed(honest, steps, change) }),
    }));
  });
}

const page = '<!doctype html><html><body>Please sign in.</body></html>';

/** An answer that is not what it should be as a whole. */
export const wholeMutations: readonly Mutation[] = [
  whole('{}', () => ({ json: {} })),
  whole('[]', () => ({ json: [] })),
  whole('null', () => ({ json: null })),
  whole('a JSON text', () => ({ json: 'done' })),
  whole('in data', (honest) => ({ json: { data: honest } })),
  whole('in a list', (honest) => ({ json: [honest] })),
  whole('cut', (honest) => ({ text: JSON.stringify(honest).slice(0, -9) })),
  whole('empty', () => ({ text: '' })),
  whole('no words', () => ({ text: 'OK', type: 'text/plain' })),
  whole('204', () => ({ text: '', status: 204 })),
  whole('202', (honest) => ({ text: JSON.stringify(honest), status: 202 })),
  whole('too long', (honest) => ({ text: JSON.stringify(honest) + ' '.repeat(isPage(honest) ? 8 << 20 : 1 << 20) })),
  whole('HTML', () => ({ text: page, type: 'text/html' })),
  { ...whole('HTML, unsigned', () => ({ text: page, type: 'text/html', isUnsigned: true })), isLoss: true },
  { ...whole('a portal', () => ({ text: page, type: 'text/html', isUnsigned: true, status: 200 })), isPortal: true },
  { ...whole('lost', () => 'lost'), isLoss: true },
];

function isPage(honest: unknown): boolean {
  return isRecord(honest) && 'assets' in honest;
}

function whole(name: string, apply: Mutation['apply']): Mutation {
  return { field: '(whole)', name, apply };
}
