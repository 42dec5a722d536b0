import type { World } from '../simulation/world.ts';
import { formOf } from './documents.ts';
import type { Request, Response } from './exchange.ts';

const xml = { 'content-type': 'application/xml' };

/** The upload host, as strict as one: what is not sent as it demands is refused. Returns what it stored, too. */
export function receive(
  world: World,
  request: Request,
): { readonly response: Response; readonly bytes: string | null } {
  const url = `${request.origin}${request.path}`;
  const bytes = world.knobs.targetKind === 'put' ? putBytes(request) : formBytes(request, formOf(url));
  const status = bytes === null ? 400 : world.flora.put(url, bytes);
  return { response: { status, headers: xml, body: '' }, bytes: status < 300 ? bytes : null };
}

function putBytes({ method, body }: Request): string | null {
  return method === 'PUT' ? body : null;
}

/** The bytes of the part `file`, if each field stands before it, unaltered; null otherwise. */
function formBytes({ method, headers, body }: Request, form: Readonly<Record<string, string>>): string | null {
  const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1];
  if (method !== 'POST' || boundary === undefined) return null;
  const parts = body.split(`--${boundary}`).slice(1, -1).map(partOf);
  const file = parts.pop();
  const sent = Object.fromEntries(parts.map(({ name, text }) => [name, text]));
  const isWhole = Object.entries(form).every(([name, value]) => sent[name] === value);
  return isWhole && file?.name === 'file' ? file.text : null;
}

function partOf(part: string): { readonly name: string; readonly text: string } {
  const end = part.indexOf('\r\n\r\n');
  const name = /name="([^"]*)"/.exec(part.slice(0, end))?.[1] ?? '';
  return { name, text: part.slice(end + 4, -2) };
}
