import { judgeHost } from './judge-reservation.ts';
import type { Plain } from './raw.ts';
import { asDocumented, type Finding, knownOtherwise, unknown } from './row.ts';
import { isoWithZone, type Silence, timeForm, word } from './shapes.ts';

type Asset = Readonly<Record<string, unknown>>;

export function judgeSize({ size_bytes: size }: Asset, sentBytes: number): Finding {
  if (size === sentBytes) return asDocumented('what was sent');
  if (size === null) return knownOtherwise('null');
  return unknown(typeof size === 'number' ? `${size}, where ${sentBytes} were sent` : word(size));
}

export function judgeTypes({ content_type: found, upload_content_type: declared }: Asset, sent: string): Finding {
  const show = (value: unknown) => (value === sent ? 'as sent' : word(value));
  const answered = `${show(found)}; ${show(declared)}`;
  if (found !== sent) return unknown(answered);
  if (declared === sent) return asDocumented(answered);
  return declared === null ? knownOtherwise(answered) : unknown(answered);
}

export function judgeCreatedAt({ created_at: createdAt }: Asset): Finding {
  const form = timeForm(createdAt);
  return form === isoWithZone || form === 'null' ? asDocumented(form) : unknown(form);
}

const known = { now: /^media\.flora\.ai$/, before: /(^|\.)imagekit\.io$/ };

export function judgeUrlHost(url: string, isOnLoopback: boolean): Finding {
  return judgeHost(url, isOnLoopback, known);
}

export function judgeBytes(plain: Plain | Silence, url: string, sent: Buffer): Finding {
  if ('silence' in plain) return unknown(`not fetched: ${plain.silence}`);
  const { status, isPage, body } = plain;
  if (status >= 300 && status < 400) return unknown(`${status}, a redirect`);
  if (status !== 200) return unknown(`${status}, not fetched`);
  if (body.equals(sent)) return asDocumented('equal');
  if (isPage) return unknown('a web page');
  const answered = `others: ${body.length} bytes, where ${sent.length} were sent`;
  return known.before.test(new URL(url).hostname) ? knownOtherwise(answered) : unknown(answered);
}
