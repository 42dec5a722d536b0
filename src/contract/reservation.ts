import { isRecord } from '../remote/fields.ts';
import { assetIdOf, recordOf, type Said } from './shapes.ts';

/** Where the bytes go. Holds secrets. */
export type Target =
  | {
      readonly kind: 'form';
      readonly url: string;
      readonly fileField: string;
      readonly formFields: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'put'; readonly url: string };

export interface Reservation {
  readonly assetId: string;
  /** Null when it cannot be understood. */
  readonly target: Target | null;
}

/** What `POST /assets` reserved; null when it names no asset. */
export function readReservation(said: Said): Reservation | null {
  const json = recordOf(said);
  const assetId = assetIdOf(json);
  return json === null || assetId === null ? null : { assetId, target: readTarget(json) };
}

/** The target in any spelling that was ever documented. */
export function readTarget(json: Record<string, unknown>): Target | null {
  const upload = json['upload'];
  if (!isRecord(upload)) {
    const url = json['upload_url'] ?? json['uploadUrl'];
    return (upload ?? null) === null && typeof url === 'string' ? { kind: 'put', url } : null;
  }
  const url = upload['url'] ?? json['upload_url'];
  const method = upload['method'] ?? 'POST';
  if (typeof url !== 'string') return null;
  if (method === 'PUT') return { kind: 'put', url };
  const fileField = upload['file_field'] ?? upload['fileField'] ?? 'file';
  const formFields = readFields(upload['form_fields'] ?? upload['formFields'] ?? {});
  if (method !== 'POST' || typeof fileField !== 'string' || formFields === null) return null;
  return { kind: 'form', url, fileField, formFields };
}

function readFields(value: unknown): Record<string, string> | null {
  if (!isRecord(value)) return null;
  const fields: Record<string, string> = {};
  for (const [name, field] of Object.entries(value)) {
    if (typeof field !== 'string' && typeof field !== 'number') return null;
    fields[name] = String(field);
  }
  return fields;
}
