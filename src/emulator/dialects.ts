// Every row on which the sources of the API disagree, as one setting, and the named mixtures of them. The tags are those of the
// contract: S the seeds, K the public SDK, O the OpenAPI document, D the developer pages, M measured live by others.
//
// `emulator --dialect`, the options of startEmulator and the admin endpoint's /settings all read this table and nothing else.

interface Choice<T extends string | number> {
  readonly kind: 'choice';
  readonly values: readonly T[];
  readonly initial: T;
}

interface Milliseconds {
  readonly kind: 'milliseconds';
  readonly min: number;
  readonly max: number;
  readonly initial: number;
}

/** One of these; the first is the default. */
function choice<const T extends string | number>(initial: T, ...others: readonly T[]): Choice<T> {
  return { kind: 'choice', values: [initial, ...others], initial };
}

function milliseconds(initial: number): Milliseconds {
  return { kind: 'milliseconds', min: 0, max: 1e10, initial };
}

export const settingsTable = {
  /** How long a completed asset is still being processed. */
  processingMs: milliseconds(0),
  /** How long a target lives; about 15 minutes [M]. */
  reservationTtlMs: milliseconds(3_600_000),
  /** No order is documented. `shuffled` goes by the ids, which are hex digits of chance: it is stable. */
  listOrder: choice('newest', 'oldest', 'shuffled'),
  /** A used key: 409 for two hours, freed by a 5xx [S, O, M], or the first answer again for 24 hours [D]. */
  idempotency: choice('reject', 'replay'),
  /** `upload` and `upload_url` [S]; `upload_url` alone: PUT [K]; `upload` with method PUT [D]; nothing (allowed by all). */
  uploadStyle: choice('form', 'put', 'put-method', 'none'),
  /** Members of `upload`: file_field [S, K, O, M] or fileField [D, K before 2026-05-15]. */
  spelling: choice('snake', 'camel'),
  /** All of `upload` [S], or nothing but url, field and fields: no method, content type, expiry or `upload_url` [D]. */
  uploadDetails: choice('full', 'guide'),
  /** A signed policy [S, M]; one value a number (`expire` of ImageKit); `{}` [D]; null or absent (optional in O). */
  formFields: choice('policy', 'number', 'empty', 'null', 'absent'),
  /** Whether the field of the file is named; K falls back to "file". */
  fileField: choice('told', 'absent'),
  /** Until it expires (GCS), or for one request, even one that ends in an error (ImageKit) [M]. */
  targetUses: choice('many', 'once'),
  /** `expires_at`: as S, absent (optional in K, O), an hour ago although the target lives (a clock that is off), no zone. */
  expiry: choice('iso', 'absent', 'over', 'zoneless'),
  /** Complete and retry: no body [S, K, O, D], `{}` or 400 invalid_json [M], or either. */
  bodyForm: choice('any', 'json', 'none'),
  /** Complete and retry in a state that forbids them: 409 [D errors], "a validation or lifecycle error" [D guide]. */
  refusalStatus: choice(409, 400, 422),
  /** An unknown id on complete and retry: 404, perhaps 422 [K: FLORA's own live checks allow both]. */
  unknownIdStatus: choice(404, 422),
  /** The envelope [S]; without its code; its inside alone; words alone (what something in between may answer). */
  errorForm: choice('envelope', 'no-code', 'flat', 'text'),
  /** Create with a malformed id: 400 [O]; malformed or not ours: 500 unknown_error [M]. No project is unknown here. */
  malformedIdStatus: choice(400, 500),
  /** Complete tells the state [S], always pending_upload (K polls), or the verdict before GET knows it [M]. */
  completeAnswer: choice('final', 'pending', 'ready-lag'),
  /** GET answers 404 for so long after complete. No source promises that reads follow writes. */
  getLagMs: milliseconds(0),
  /** GET answers 404 for so long after create. */
  createLagMs: milliseconds(0),
  /** The status' words: pending_upload until settled [S]; "processing" meanwhile; "available" for ready. */
  statusWords: choice('documented', 'processing', 'other'),
  /** Behind `url`: the stored bytes [M], what ImageKit makes of them, a redirect to them, a page. */
  urlHost: choice('bytes', 'optimised', 'redirect', 'page'),
  /** Whose bytes fail: what no reader could open (nothing is documented beyond a list of types), or nobody's, for those who
   * want to see all that is sent. */
  contents: choice('readable', 'anything'),
  /** What complete makes of the bytes: nothing, another type and size, another size. Unknown, HEIC is suspected. */
  conversion: choice('none', 'type', 'size'),
  /** The pages of the listing: as S; each other word names what is wrong with them (`null-sizes` with GET too). */
  listing: choice('documented', 'no-ids', 'camel', 'no-meta', 'unreadable', 'omit-last', 'null-sizes'),
  /** Unknown members and parameters: refused [O], or `filename` and `name` sent unharmed [M]. */
  unknownFields: choice('refuse', 'ignore'),
} as const satisfies Readonly<Record<string, Choice<string | number> | Milliseconds>>;

type SettingsTable = typeof settingsTable;

export type EmulatorSettings = {
  -readonly [Name in keyof SettingsTable]: SettingsTable[Name] extends Choice<infer T> ? T : number;
};

export interface Dialect {
  readonly settings: Readonly<Partial<EmulatorSettings>>;
  /** Whether every file becomes ready: there is an upload target, a status and a listing that can be understood. */
  readonly understood: boolean;
}

function understood(settings: Dialect['settings']): Dialect {
  return { settings, understood: true };
}

function enigmatic(settings: Dialect['settings']): Dialect {
  return { settings, understood: false };
}

export const dialects: Readonly<Record<string, Dialect>> = {
  /** What the two seed documents say: every default. */
  seeds: understood({}),
  /** The developer guide's samples: camel case, no fields, no method, no expiry. */
  guide: understood({ spelling: 'camel', uploadDetails: 'guide', formFields: 'empty' }),
  /** The public SDK's types before 2026-05-15. */
  'sdk-old': understood({ spelling: 'camel', uploadDetails: 'guide' }),
  /** Google Cloud Storage behind today's API, as the SDK since 0.10 and live clients meet it. */
  gcs: understood({ reservationTtlMs: 900_000, unknownFields: 'ignore' }),
  /** ImageKit as live clients met it until July 2026. */
  imagekit: understood({ targetUses: 'once', expiry: 'absent', urlHost: 'optimised' }),
  /** The SDK's fallback: raw bytes to `upload_url`. */
  put: understood({ uploadStyle: 'put' }),
  /** The developer pages' "PUT or POST". */
  'put-method': understood({ uploadStyle: 'put-method' }),
  /** The developer pages on idempotency. */
  replay: understood({ idempotency: 'replay' }),
  /** What public clients measured from July to October 2026, at its strangest. */
  measured: understood({
    bodyForm: 'json',
    malformedIdStatus: 500,
    unknownFields: 'ignore',
    completeAnswer: 'pending',
  }),
  /** All documents on complete and retry, taken at their word: no body. */
  'no-body': understood({ bodyForm: 'none' }),
  /** The guide's "validation or lifecycle error", from something that drops the code. */
  terse: understood({ errorForm: 'no-code', refusalStatus: 422, unknownIdStatus: 422 }),
  /** A gateway's own errors. */
  flat: understood({ errorForm: 'flat' }),
  /** ImageKit's `expire` as JSON has it. */
  numbers: understood({ formFields: 'number' }),
  /** The OpenAPI document's optional members, there but null. */
  'null-fields': understood({ formFields: 'null' }),
  /** The OpenAPI document's optional members, left out. */
  'no-file-field': understood({ fileField: 'absent' }),
  /** Nobody's documents: a server whose clock is behind its storage's. */
  expired: understood({ expiry: 'over' }),
  /** Nobody's documents: times as some languages print them. */
  zoneless: understood({ expiry: 'zoneless' }),
  /** The live client that takes complete's `ready` for granted, over reads that lag behind. */
  lagging: understood({ getLagMs: 3000, completeAnswer: 'ready-lag' }),
  /** `content_type` beside `upload_content_type` in the OpenAPI document, taken as a hint. */
  converting: understood({ conversion: 'type' }),
  /** The same hint, for metadata that is stripped. */
  resizing: understood({ conversion: 'size' }),
  /** "Long-lived, not permanent" of the developer pages: the bytes have moved. */
  redirecting: understood({ urlHost: 'redirect' }),
  /** Nobody's documents: the page of a host that wants a sign-in. */
  page: understood({ urlHost: 'page' }),
  /** The OpenAPI document's nullable sizes. */
  'null-sizes': understood({ listing: 'null-sizes' }),
  /** The old spelling, carried on to the listing. */
  'camel-listing': understood({ listing: 'camel' }),
  /** The OpenAPI document's optional cursor, left out on the last page. */
  'omit-last': understood({ listing: 'omit-last' }),

  /** All documents have the target optional. */
  'no-target': enigmatic({ uploadStyle: 'none' }),
  /** The OpenAPI document's nullable ids. */
  'no-ids': enigmatic({ listing: 'no-ids' }),
  /** Nobody's documents: pages that do not say whether there are more. */
  'no-meta': enigmatic({ listing: 'no-meta' }),
  /** The OpenAPI document's nullable members, all null. */
  'unreadable-listing': enigmatic({ listing: 'unreadable' }),
  /** "An unknown word is none of them": another API's words. */
  'other-words': enigmatic({ statusWords: 'other' }),
};

export const dialectNames: readonly string[] = Object.keys(dialects);

/** Every setting: the default, over it the dialect's, over that the given ones. Undefined for an unknown dialect. */
export function settingsOf(
  dialect: string,
  given: { readonly [Name in keyof EmulatorSettings]?: EmulatorSettings[Name] | undefined },
): EmulatorSettings | undefined {
  const named = Object.hasOwn(dialects, dialect) ? dialects[dialect] : undefined;
  if (named === undefined) return undefined;
  const layers: readonly Readonly<Record<string, unknown>>[] = [given, named.settings];
  const entries = Object.entries(settingsTable).map(([name, { initial }]) => {
    const layer = layers.find((one) => one[name] !== undefined);
    return [name, layer === undefined ? initial : layer[name]] as const;
  });
  // The table's names and each one's own kind of value: what fromEntries cannot know.
  return Object.fromEntries(entries) as unknown as EmulatorSettings;
}
