// What a value that came from outside has to be: said once, checked at each end, and the type of what fits comes from it.

export interface Shape<T> {
  /** What it is, as a message says it: `a list of numbers`. */
  readonly words: string;
  fits(value: unknown): value is T;
}

/** The type of what fits. */
export type Shaped<S> = S extends Shape<infer T> ? T : never;

interface OptionalShape<T> extends Shape<T> {
  readonly isOptional: true;
}

type Shapes = Readonly<Record<string, Shape<unknown>>>;

type OptionalKeys<F> = { [K in keyof F]: F[K] extends { readonly isOptional: true } ? K : never }[keyof F];

type Fields<F> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Shaped<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: Shaped<F[K]>;
};

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shape<T>(words: string, test: (value: unknown) => boolean): Shape<T> {
  return { words, fits: (value): value is T => test(value) };
}

export const text = shape<string>('a text', (value) => typeof value === 'string');
export const number = shape<number>('a number', Number.isFinite);
export const flag = shape<boolean>('true or false', (value) => typeof value === 'boolean');
/** For what is never told. */
export const nothing = shape<never>('nothing', () => false);
export const yes = shape<true>('true', (value) => value === true);
export const absolute = shape<string>(
  'an absolute path',
  (value) => typeof value === 'string' && value.startsWith('/'),
);

export function oneOf<const T extends string>(...choices: readonly T[]): Shape<T> {
  return shape(choices.join(' or '), (value) => choices.some((each) => each === value));
}

export function nullable<T>(of: Shape<T>): Shape<T | null> {
  return shape(`${of.words} or null`, (value) => value === null || of.fits(value));
}

/** For a field that may be left out. */
export function optional<T>(of: Shape<T>): OptionalShape<T> {
  return { ...of, isOptional: true };
}

/** @param words in the plural: `absolute paths` */
export function list<T>(of: Shape<T>, words: string, least = 0): Shape<readonly T[]> {
  const what = least === 0 ? 'an array' : 'an array, not empty,';
  return shape(`${what} of ${words}`, (value) => Array.isArray(value) && value.length >= least && value.every(of.fits));
}

export function dictionaryOf<T>(of: Shape<T>, words: string): Shape<Readonly<Record<string, T>>> {
  return shape(`an object of ${words}`, (value) => isRecord(value) && Object.values(value).every(of.fits));
}

/** An object that has these fields. It may have more: whoever made it may be of a later version. */
export function objectWith<F extends Shapes>(fields: F): Shape<Fields<F>> {
  const words = `an object with ${Object.keys(fields).join(', ')}`;
  return shape(words, (value) => isRecord(value) && Object.entries(fields).every((field) => isField(value, field)));
}

function isField(value: Readonly<Record<string, unknown>>, [name, of]: readonly [string, Shape<unknown>]): boolean {
  return Object.hasOwn(value, name) ? of.fits(value[name]) : 'isOptional' in of;
}

/** What is asked for: whatever is not understood in it is refused. */
export interface RequestShape<T> extends Shape<T> {
  /** The names of its fields. */
  readonly fields: readonly string[];
  /** What is wrong with it, as a sentence; null when it fits. */
  problem(value: unknown): string | null;
}

/** A request with these fields, and no others. */
export function requestWith<F extends Shapes>(fields: F): RequestShape<Fields<F>> {
  const names = Object.keys(fields);
  const problem = (value: unknown): string | null => {
    if (!isRecord(value)) return 'It is not an object';
    const unknown = unknownField(value, names);
    if (unknown !== null) return unknown;
    const wrong = Object.entries(fields).find((field) => !isField(value, field));
    if (wrong === undefined) return null;
    const [name, { words }] = wrong;
    return Object.hasOwn(value, name) ? `\`${name}\` is not ${words}` : `\`${name}\` is missing: ${words}`;
  };
  return request(names, problem);
}

/**
 * A request that is one of these.
 *
 * @param words the sentence for what is none of them
 */
export function requestOneOf<S extends readonly RequestShape<unknown>[]>(
  words: string,
  ...choices: S
): RequestShape<Shaped<S[number]>> {
  const names = [...new Set(choices.flatMap(({ fields }) => fields))];
  return request(names, (value) => {
    if (choices.some((each) => each.fits(value))) return null;
    return (isRecord(value) ? unknownField(value, names) : null) ?? words;
  });
}

function request<T>(fields: readonly string[], problem: (value: unknown) => string | null): RequestShape<T> {
  return { ...shape<T>('a request', (value) => problem(value) === null), fields, problem };
}

function unknownField(value: Readonly<Record<string, unknown>>, names: readonly string[]): string | null {
  const other = Object.keys(value).find((name) => !names.includes(name));
  if (other === undefined) return null;
  return `There is no field \`${other}\`${names.length === 0 ? '' : `, only ${names.join(', ')}`}`;
}
