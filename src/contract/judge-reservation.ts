import { isRecord } from '../remote/fields.ts';
import { judgeMembers } from './members.ts';
import { readTarget, type Target } from './reservation.ts';
import { asDocumented, type Finding, knownOtherwise, notAsked, unknown } from './row.ts';
import { duration, isoWithZone, isSilent, namesOf, recordOf, type Said, timeForm, told, word } from './shapes.ts';

const questions = ['2b', '2c', '2d', '2e', '2f', '2g', '2h', '2i'] as const;
type Question = '2a' | (typeof questions)[number];

/** What the answer to the first `POST /assets` shows. */
export function judgeReservation(said: Said, isOnLoopback: boolean): readonly (readonly [Question, Finding])[] {
  const json = recordOf(said);
  if (json === null) {
    const why = notAsked('there was no answer that could be understood');
    return [['2a', unknown(told(said))], ...questions.map((id) => [id, why] as const)];
  }
  const target = readTarget(json);
  const required = ['asset_id', 'status', 'uploaded_via', 'url', 'visibility', 'workspace_id'];
  return [
    ['2a', !isSilent(said) && said.status === 201 ? asDocumented(told(said)) : unknown(told(said))],
    ['2b', judgeMembers(json, required, ['expires_at', 'upload', 'upload_url'])],
    ['2c', judgeSpelling(json)],
    ['2d', judgeMethod(json, target)],
    ['2e', judgeExpiry(json['expires_at'])],
    ['2f', judgeLife(json['expires_at'], isSilent(said) ? null : said.dateMs)],
    ['2g', judgeTargetHost(target, isOnLoopback)],
    ['2h', judgeFields(target)],
    ['2i', json['status'] === 'pending_upload' ? asDocumented('pending_upload') : unknown(word(json['status']))],
  ];
}

const snake = ['content_type', 'file_field', 'form_fields', 'method', 'url'];
const camel = ['contentType', 'fileField', 'formFields', 'method', 'url'];

function judgeSpelling({ upload, upload_url: uploadUrl }: Record<string, unknown>): Finding {
  if ((upload ?? null) === null) {
    return typeof uploadUrl === 'string' ? asDocumented('upload_url alone') : unknown('neither upload nor upload_url');
  }
  if (!isRecord(upload)) return unknown(`upload is ${word(upload)}`);
  const names = namesOf(upload);
  const missing = snake.filter((name) => !names.includes(name));
  const without = missing.length === 0 ? '' : `, without ${missing.join(', ')}`;
  if (names.includes('url') && names.every((name) => snake.includes(name))) {
    return missing.length === 0 ? asDocumented('snake_case') : knownOtherwise(`snake_case${without}`);
  }
  // `content_type` was written so even where the others were not.
  const isCamel = names.includes('url') && names.every((name) => camel.includes(name) || name === 'content_type');
  return isCamel ? knownOtherwise(`camelCase: ${names.join(', ')}`) : unknown(names.join(', '));
}

function judgeMethod({ upload }: Record<string, unknown>, target: Target | null): Finding {
  const method = isRecord(upload) ? word(upload['method']) : 'absent';
  if (target === null) return unknown(`cannot be understood, method ${method}`);
  const kind = target.kind === 'form' ? 'form' : 'raw bytes';
  if (target.kind === 'form' && method === 'POST') return asDocumented('form, POST');
  return knownOtherwise(method === 'absent' ? `${kind}, method not said` : `${kind}, ${method}`);
}

function judgeExpiry(value: unknown): Finding {
  const form = timeForm(value);
  return form === isoWithZone || form === 'absent' ? asDocumented(form) : unknown(form);
}

function judgeLife(value: unknown, dateMs: number | null): Finding {
  const expiresMs = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(expiresMs)) return notAsked('there is no expires_at that could be read');
  if (dateMs === null) return notAsked('the answer has no date');
  const lifeMs = expiresMs - dateMs;
  if (lifeMs < 60_000) return unknown(lifeMs < 0 ? 'it is over before it begins' : duration(lifeMs));
  return lifeMs >= 10 * 60_000 && lifeMs <= 20 * 60_000
    ? asDocumented(duration(lifeMs))
    : knownOtherwise(duration(lifeMs));
}

function judgeTargetHost(target: Target | null, isOnLoopback: boolean): Finding {
  if (target === null) return notAsked('the target cannot be understood');
  const known = { now: /(^|\.)storage\.googleapis\.com$/, before: /(^|\.)imagekit\.io$/ };
  return judgeHost(target.url, isOnLoopback, known);
}

/** Where a URL leads, without the rest of it. The emulator has everything on its own host. */
export function judgeHost(
  address: string,
  isOnLoopback: boolean,
  known: { readonly now: RegExp; readonly before: RegExp },
): Finding {
  if (!URL.canParse(address)) return unknown('not a URL');
  const { protocol, host, hostname } = new URL(address);
  if (isOnLoopback) return asDocumented(`${host}, of an API on this machine`);
  if (protocol !== 'https:') return unknown(`${host}, by ${protocol}`);
  if (known.now.test(hostname)) return asDocumented(host);
  return known.before.test(hostname) ? knownOtherwise(host) : unknown(host);
}

const ofGcs = /^(content-type|key|policy|x-goog-[\w-]+)$/i;
const ofImageKit =
  /^(token|signature|expire|publicKey|fileName|folder|useUniqueFileName|tags|isPrivateFile|customMetadata)$/;

function judgeFields(target: Target | null): Finding {
  if (target === null) return notAsked('the target cannot be understood');
  if (target.kind === 'put') return notAsked('there is no form');
  const names = namesOf(target.formFields);
  const list = names.join(', ');
  if (names.length === 0) return knownOtherwise('none');
  if (names.every((name) => ofGcs.test(name))) return asDocumented(list);
  return names.every((name) => ofImageKit.test(name)) ? knownOtherwise(list) : unknown(list);
}
