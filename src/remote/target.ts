import type { UploadTarget } from '../core/content.ts';
import { isRecord, type Json, member, readText } from './fields.ts';

const defaultField = 'file';

/**
 * Where a reservation's bytes go, in each form that FLORA's documents show (flora-api: the SDK of May 2026, the developer guide,
 * the SDK before): `upload` with a form, or with method PUT; or `upload_url` alone, which takes a PUT. What `upload` leaves out
 * has its default: POST, the field `file`, no fields. Null when the answer names none.
 */
export function readTarget(json: Json): UploadTarget | null | 'unreadable' {
  const upload = member(json, 'upload');
  if (upload !== undefined && upload !== null) return isRecord(upload) ? readUpload(upload, json) : 'unreadable';
  const url = member(json, 'upload_url');
  if (url === undefined || url === null || url === '') return null;
  return isUrl(url) ? { kind: 'put', url } : 'unreadable';
}

function readUpload(upload: Json, json: Json): UploadTarget | 'unreadable' {
  const url = readText(upload['url']) ?? readText(member(upload, 'upload_url')) ?? member(json, 'upload_url');
  if (!isUrl(url)) return 'unreadable';
  const method = upload['method'] ?? 'POST';
  if (typeof method !== 'string') return 'unreadable';
  switch (method.toUpperCase()) {
    case 'PUT':
      return { kind: 'put', url };
    case 'POST':
      return readForm(upload, url);
    default:
      return 'unreadable';
  }
}

function readForm(upload: Json, url: string): UploadTarget | 'unreadable' {
  const fileField = member(upload, 'file_field') ?? defaultField;
  const formFields = readFormFields(member(upload, 'form_fields') ?? {});
  if (typeof fileField !== 'string' || fileField === '' || formFields === null) return 'unreadable';
  return { kind: 'form', url, fileField, formFields };
}

/** Each field as its text; one that is null is none. Null for what no form could hold. */
function readFormFields(value: unknown): Record<string, string> | null {
  // PHP's and others' empty table.
  if (Array.isArray(value) && value.length === 0) return {};
  if (!isRecord(value)) return null;
  const given = Object.entries(value).filter(([, field]) => field !== null);
  const read = given.map(([name, field]) => [name, fieldText(field)] as const);
  return read.every((field): field is readonly [string, string] => field[1] !== null) ? Object.fromEntries(read) : null;
}

function fieldText(field: unknown): string | null {
  switch (typeof field) {
    case 'string':
      return field;
    case 'boolean':
      return String(field);
    case 'number':
      return decimalText(field);
    default:
      return null;
  }
}

/** Its digits, without the exponent that JavaScript writes from 1e21 on and below 1e-6; null for what JSON has no number for. */
function decimalText(value: number): string | null {
  if (!Number.isFinite(value)) return null;
  if (Number.isInteger(value)) return BigInt(value).toString();
  const [mantissa = '', exponent] = String(Math.abs(value)).split('e-');
  const sign = value < 0 ? '-' : '';
  if (exponent === undefined) return sign + mantissa;
  return `${sign}0.${'0'.repeat(Number(exponent) - 1)}${mantissa.replace('.', '')}`;
}

function isUrl(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value);
}
