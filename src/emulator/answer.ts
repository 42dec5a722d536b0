// What a handler gives back: answers are values, so that a fault can replace, cut or swallow one after its effect.
import type { EmulatorSettings } from './dialects.ts';

/** A whole answer. `file` streams a stored asset instead of `body`; content-length is always set from one of the two. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly file?: { readonly path: string; readonly sizeBytes: number };
}

export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/** A refusal by the API: becomes JSON in the form of the settings, usually the error envelope. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  readonly status: number;
  readonly code: string;
  readonly fields: readonly FieldProblem[] | undefined;

  constructor(status: number, code: string, message: string, fields?: readonly FieldProblem[]) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

/** A refusal by the storage host (upload target and asset URLs): becomes XML, as Google Cloud Storage answers. */
export class StorageFailure extends Error {
  override readonly name = 'StorageFailure';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function invalid(problems: readonly FieldProblem[]): ApiFailure {
  return new ApiFailure(400, 'input_validation_error', 'The request is not valid.', problems);
}

export function notFound(what: string): ApiFailure {
  return new ApiFailure(404, 'not_found', `${what} not found.`);
}

export function conflict(message: string): ApiFailure {
  return new ApiFailure(409, 'conflict', message);
}

export function jsonAnswer(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

export function failureAnswer(
  failure: ApiFailure,
  form: EmulatorSettings['errorForm'],
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return jsonAnswer(failure.status, failureWire(failure, form), headers);
}

function failureWire({ code, message, fields }: ApiFailure, form: EmulatorSettings['errorForm']): unknown {
  switch (form) {
    case 'envelope':
      return { error: { code, message, ...(fields === undefined ? {} : { fields }) } };
    case 'no-code':
      return { error: { message } };
    case 'flat':
      return { code, message };
    case 'text':
      return { error: message };
    default:
      return form satisfies never;
  }
}

export function xmlAnswer(failure: StorageFailure, headers: Readonly<Record<string, string>> = {}): Answer {
  const { status, code, message } = failure;
  const xml = `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error>`;
  return { status, headers: { 'content-type': 'application/xml; charset=UTF-8', ...headers }, body: Buffer.from(xml) };
}

/** The page a hotel network, a misled proxy or a host of files puts in front of everything. */
export function signInPage(where: string): Answer {
  const html = `<!doctype html><html><head><title>Sign in to ${where}</title></head><body>Please sign in.</body></html>`;
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: Buffer.from(html) };
}

const codeByStatus: Readonly<Record<number, string>> = {
  400: 'input_validation_error',
  401: 'invalid_api_key',
  402: 'insufficient_credits',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  422: 'idempotency_conflict',
  429: 'rate_limited',
  500: 'internal_error',
  503: 'service_unavailable',
};

/** The documented error code that goes with a status; `unknown_error` where the contract names none. */
export function codeForStatus(status: number): string {
  return codeByStatus[status] ?? 'unknown_error';
}

function escapeXml(text: string): string {
  return text.replace(/[&<>]/g, (char) => (char === '&' ? '&amp;' : char === '<' ? '&lt;' : '&gt;'));
}
