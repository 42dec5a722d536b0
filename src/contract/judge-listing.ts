import { isRecord } from '../remote/fields.ts';
import { judgeMembers } from './members.ts';
import { asDocumented, type Finding, knownOtherwise, notAsked, unknown } from './row.ts';
import { cursorForm, isOk, recordOf, type Said, timeForm, told } from './shapes.ts';

export interface Page {
  readonly items: readonly Record<string, unknown>[];
  /** What stands there, of whatever form. */
  readonly cursor: unknown;
  readonly meta: unknown;
}

/** A page of `GET /assets`; null when it is none. */
export function readPage(said: Said): Page | null {
  const json = recordOf(said);
  if (json === null || !Array.isArray(json['assets'])) return null;
  const { meta } = json;
  return { items: json['assets'].filter(isRecord), cursor: isRecord(meta) ? meta['next_cursor'] : undefined, meta };
}

export function judgePage(said: Said, page: Page | null): Finding {
  if (page === null) return unknown(isOk(said) ? `${told(said)}, without a list of assets` : told(said));
  const outer = judgeMembers(recordOf(said), ['assets', 'meta'], []);
  if (outer.verdict === 'unknown') return outer;
  const meta = judgeMembers(page.meta, ['next_cursor'], ['total_estimate']);
  return { ...meta, answered: meta.verdict === 'unknown' ? `meta: ${meta.answered}` : meta.answered };
}

const itemMembers = [
  ...['asset_id', 'content_type', 'created_at', 'description', 'height', 'name', 'size_bytes', 'status'],
  ...['upload_content_type', 'uploaded_via', 'url', 'width', 'workspace_id'],
];

export function judgeItem({ items: [item] }: Page): Finding {
  return item === undefined
    ? notAsked('the page is empty')
    : judgeMembers(item, itemMembers, ['node_id', 'project_id']);
}

export function judgeCursor({ cursor }: Page): Finding {
  const form = cursorForm(cursor);
  return cursor === null || (typeof cursor === 'string' && cursor !== '') ? asDocumented(form) : unknown(form);
}

/** The page behind the cursor of a page with one asset. */
export function judgeNext(first: Page, said: Said): Finding {
  const next = readPage(said);
  if (next === null) return unknown(told(said));
  const [before] = first.items;
  const [after] = next.items;
  if (after === undefined) return unknown(`${told(said)}, no item`);
  if (after['asset_id'] === before?.['asset_id']) return unknown(`${told(said)}, the same item again`);
  return next.items.length === 1
    ? asDocumented(`${told(said)}, the next item`)
    : unknown(`${told(said)}, ${next.items.length} items where 1 was asked for`);
}

/** Where our asset was found, in pages of 100. */
export interface Search {
  readonly pages: readonly Page[];
  /** Counted from 1; null when it was on none. */
  readonly foundOn: number | null;
  readonly isAtEnd: boolean;
  /** An answer that was no page. */
  readonly strange: Said | null;
}

export function judgeSearch({ pages, foundOn, isAtEnd, strange }: Search): Finding {
  if (foundOn !== null) return asDocumented(`yes, on page ${foundOn}`);
  if (strange !== null) return unknown(told(strange));
  if (isAtEnd) return unknown(`no, and ${pages.length === 1 ? 'the one page' : `${pages.length} pages`} are all`);
  return knownOtherwise(`not in ${pages.length} pages, and there are more`);
}

export function judgeListedTime(item: Readonly<Record<string, unknown>> | undefined): Finding {
  if (item === undefined) return notAsked('there is no item');
  const form = timeForm(item['created_at']);
  if (form === 'integer, milliseconds') return asDocumented(form);
  return form === 'null' ? knownOtherwise(form) : unknown(form);
}

export function judgeOrder(items: readonly Readonly<Record<string, unknown>>[]): Finding {
  const times = items.map((item) => item['created_at']).filter((time) => typeof time === 'number');
  if (new Set(times).size < 2) return notAsked('there are too few assets to tell');
  const pairs = times.slice(1).map((time, index) => Math.sign(time - (times[index] ?? time)));
  if (!pairs.includes(1)) return asDocumented(`newest first, among ${times.length}`);
  return knownOtherwise(pairs.includes(-1) ? `none, among ${times.length}` : `oldest first, among ${times.length}`);
}
