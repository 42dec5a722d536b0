import type { Knobs } from '../simulation/knobs.ts';
import {
  completeFields,
  cursorFields,
  errorFields,
  type Field,
  formFields,
  getFields,
  listFields,
  putFields,
  workspacesFields,
} from './fields.ts';
import { type Mutation, mutationsOf, wholeMutations } from './mutations.ts';

export const calls = ['create', 'complete', 'retry', 'get', 'list', 'workspaces'] as const;
export type Call = (typeof calls)[number];

/** A small world in which one call's answers come to be read, and what may be wrong with them. */
export interface Scene {
  readonly name: string;
  /** The call whose answers are other than documented. */
  readonly call: Call;
  readonly knobs: Partial<Knobs>;
  /** FLORA refuses that call so, always. */
  readonly refusal?: { readonly status: number; readonly code: string };
  /** The first answer to each file's reservation is lost, so that its key is spent. */
  readonly areFirstAnswersLost?: boolean;
  /** Which assets FLORA has before: few of other people, or more than one page of them. */
  readonly foreign?: 'few' | 'pages';
  readonly mutations: readonly Mutation[];
}

const minute = 60_000;
/** Each file fails twice in FLORA before it is ready, so that a target is renewed. */
const failing: Partial<Knobs> = { failures: 1 };
const put: Partial<Knobs> = { targetKind: 'put' };

const whole = (fields: readonly Field[]) => [...mutationsOf(fields), ...wholeMutations];
/** What a refusal says is only told to people, but for its code: one other type of each field is enough. */
const fewer = (fields: readonly Field[]) =>
  whole(fields).filter(({ name }) => !['a boolean', 'a list', 'a object'].includes(name));
const refused = (call: Call, status: number, code: string, knobs: Partial<Knobs> = {}): Scene => ({
  name: `${call} refused with ${status} ${code}`,
  call,
  knobs,
  refusal: { status, code },
  mutations: fewer(errorFields),
});

export const scenes: readonly Scene[] = [
  { name: 'create (form)', call: 'create', knobs: {}, mutations: whole(formFields) },
  { name: 'create (put)', call: 'create', knobs: put, mutations: whole(putFields) },
  { name: 'create (form, replayed)', call: 'create', knobs: { keys: 'replay' }, mutations: whole(formFields) },
  { name: 'create (put, replayed)', call: 'create', knobs: { ...put, keys: 'replay' }, mutations: whole(putFields) },
  { name: 'complete', call: 'complete', knobs: failing, mutations: whole(completeFields) },
  {
    name: 'complete (slow)',
    call: 'complete',
    knobs: { ...failing, processingMs: minute },
    mutations: whole(completeFields),
  },
  { name: 'retry (form)', call: 'retry', knobs: failing, mutations: whole(formFields) },
  { name: 'retry (put)', call: 'retry', knobs: { ...failing, ...put }, mutations: whole(putFields) },
  {
    name: 'get',
    call: 'get',
    knobs: { ...failing, processingMs: 5_000 },
    foreign: 'few',
    mutations: whole(getFields),
  },
  { name: 'list', call: 'list', knobs: {}, foreign: 'few', mutations: whole(listFields) },
  {
    name: 'list (two pages)',
    call: 'list',
    knobs: { order: 'oldest' },
    foreign: 'pages',
    // A full page without a next one is a listing that ends there: nobody can tell that from one that is cut.
    mutations: mutationsOf(cursorFields).filter((each) => !(each.field === 'meta.next_cursor' && isEnd(each.name))),
  },
  { name: 'workspaces', call: 'workspaces', knobs: {}, mutations: whole(workspacesFields) },
  refused('create', 400, 'input_validation_error'),
  refused('create', 429, 'rate_limited'),
  refused('create', 500, 'unknown_error'),
  {
    name: 'create refused with 409 idempotency_duplicate',
    call: 'create',
    knobs: {},
    areFirstAnswersLost: true,
    mutations: fewer(errorFields),
  },
  refused('complete', 400, 'invalid_json'),
  refused('complete', 409, 'conflict'),
  refused('retry', 409, 'conflict', failing),
  refused('get', 404, 'not_found', { processingMs: 5_000 }),
  refused('list', 500, 'internal_error'),
  refused('workspaces', 401, 'invalid_api_key'),
];

function isEnd(name: string): boolean {
  return name === 'null' || name === 'empty';
}
