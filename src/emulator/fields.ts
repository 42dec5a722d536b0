// Reads `unknown` JSON objects strictly: every problem is collected, unknown members are problems, and one failure names all.
import { ApiFailure, type FieldProblem, invalid } from './answer.ts';

export interface FieldReader {
  string(name: string, rule?: { readonly pattern: RegExp; readonly expected: string }): string | undefined;
  integer(name: string, range: { readonly min: number; readonly max: number }): number | undefined;
  fraction(name: string): number | undefined;
  boolean(name: string): boolean | undefined;
  oneOf<T extends string | number>(name: string, values: readonly T[]): T | undefined;
  strings(name: string): readonly string[] | undefined;
  raw(name: string): unknown;
  /** Notes a problem found by the caller. */
  problem(field: string, message: string): void;
  /** Throws the `input_validation_error` that names every problem, if there is one. */
  check(): void;
}

/**
 * A reader over `value`, which must be an object with no members but `known` (with `ignore`: others are passed over); absent
 * members read as undefined.
 */
export function readFields(
  value: unknown,
  known: readonly string[],
  unknownFields: 'refuse' | 'ignore' = 'refuse',
): FieldReader {
  if (!isRecord(value)) throw invalid([{ field: '', message: 'Expected a JSON object' }]);
  const members: Readonly<Record<string, unknown>> = value;
  const problems: FieldProblem[] = Object.keys(members)
    .filter((name) => unknownFields === 'refuse' && !known.includes(name))
    .map((name) => ({ field: name, message: 'Unknown field' }));

  function expectation<T>(name: string, expected: string, accept: (member: unknown) => member is T): T | undefined {
    const member = members[name];
    if (member === undefined || accept(member)) return member;
    problems.push({ field: name, message: `Expected ${expected}` });
    return undefined;
  }

  return {
    string: (name, rule) =>
      expectation(
        name,
        rule?.expected ?? 'a string',
        (member): member is string => isString(member) && (rule?.pattern.test(member) ?? true),
      ),
    integer: (name, { min, max }) =>
      expectation(
        name,
        `an integer from ${min} to ${max}`,
        (member): member is number => Number.isSafeInteger(member) && Number(member) >= min && Number(member) <= max,
      ),
    fraction: (name) =>
      expectation(
        name,
        'a number from 0 to 1',
        (member): member is number => typeof member === 'number' && member >= 0 && member <= 1,
      ),
    boolean: (name) => expectation(name, 'true or false', (member): member is boolean => typeof member === 'boolean'),
    oneOf: <T extends string | number>(name: string, values: readonly T[]) =>
      expectation(name, `one of ${values.join(', ')}`, (member): member is T => values.some((one) => one === member)),
    strings: (name) =>
      expectation(
        name,
        'an array of strings',
        (member): member is readonly string[] => Array.isArray(member) && member.every(isString),
      ),
    raw: (name) => members[name],
    problem: (field, message) => problems.push({ field, message }),
    check: () => {
      if (problems.length > 0) throw invalid(problems);
    },
  };
}

/** The JSON value in `bytes`; 400 `invalid_json` when there is none. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ApiFailure(400, 'invalid_json', 'The request body is not valid JSON.');
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}
