import { REDACTED, redactText } from '../core/redact.ts';
import { isRecord } from '../remote/fields.ts';

/** Shorter ones are `201`, `true` and the like: no secret, but part of many words. */
const leastLength = 8;

/** Remembers every secret that was in an answer, so that none can stand in the table: the last gate, not the only one. */
export class Secrets {
  readonly #values = new Set<string>();

  add(value: string): void {
    if (value.length >= leastLength) this.#values.add(value);
  }

  /** The values of form fields and the signed URLs of an answer, wherever in it they stand. */
  addFrom(json: unknown): void {
    if (!isRecord(json)) return;
    // What names an asset is shown; a form may well have it as one of its values.
    const shown = new Set([json['asset_id'], json['workspace_id']]);
    for (const [name, value] of Object.entries(json)) {
      if (/^upload_?url$/i.test(name)) this.#addUrl(value);
      if (name !== 'upload' || !isRecord(value)) continue;
      this.#addUrl(value['url']);
      for (const fields of [value['form_fields'], value['formFields']]) {
        if (!isRecord(fields)) continue;
        for (const field of Object.values(fields)) if (typeof field === 'string' && !shown.has(field)) this.add(field);
      }
    }
  }

  /** The text without any of them, and without what looks like a key or a signed URL. */
  hide(text: string): string {
    let hidden = redactText(text);
    for (const value of [...this.#values].sort((a, b) => b.length - a.length)) {
      hidden = hidden.replaceAll(value, REDACTED);
    }
    return hidden;
  }

  #addUrl(value: unknown): void {
    if (typeof value !== 'string') return;
    this.add(value);
    if (!URL.canParse(value)) return;
    const { pathname, search, searchParams } = new URL(value);
    for (const part of [pathname, search, ...searchParams.values(), ...pathname.split('/')]) this.add(part);
  }
}
