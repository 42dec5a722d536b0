// A strict streaming reader of multipart/form-data (RFC 7578). Memory stays at one network chunk plus one delimiter, whatever
// the file's size. Written here rather than taken from a library because the emulator exists to catch malformed bodies,
// and the libraries forgive them: no preamble, no epilogue, quoted names, CRLF everywhere, and a closing boundary.

export type MultipartEvent =
  | {
      readonly type: 'part';
      readonly name: string;
      readonly fileName: string | undefined;
      readonly contentType: string | undefined;
    }
  | { readonly type: 'data'; readonly bytes: Buffer }
  | { readonly type: 'end' };

/** The body breaks the format; the message says where. */
export class MultipartError extends Error {
  override readonly name = 'MultipartError';
}

const maxHeaderBytes = 16 * 1024;
const crlf = '\r\n';

/** The boundary of a `multipart/form-data` content type; throws MultipartError for any other. */
export function boundaryOf(contentType: string | undefined): string {
  const match = /^multipart\/form-data\s*;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))\s*$/i.exec(contentType ?? '');
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) throw new MultipartError('Expected content-type multipart/form-data with a boundary');
  return boundary;
}

/**
 * Parts in order: a `part`, its `data` (zero or more), and one `end` each. Ends only after the closing boundary was
 * seen; throws MultipartError when the body breaks the format or stops before it.
 */
export async function* readMultipart(source: AsyncIterable<Buffer>, boundary: string): AsyncGenerator<MultipartEvent> {
  const delimiter = Buffer.from(`${crlf}--${boundary}`);
  // The first boundary has no CRLF before it; pretending one makes it like every other.
  let rest: Buffer = Buffer.from(crlf);
  let state: 'start' | 'delimiter' | 'headers' | 'data' | 'closed' = 'start';

  for await (const chunk of source) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let moved = true; moved; ) {
      moved = false;
      if (state === 'start' && rest.length >= delimiter.length) {
        if (!rest.subarray(0, delimiter.length).equals(delimiter)) {
          throw new MultipartError('The body does not begin with the boundary');
        }
        rest = rest.subarray(delimiter.length);
        state = 'delimiter';
      }
      if (state === 'delimiter' && rest.length >= 2) {
        const mark = rest.toString('latin1', 0, 2);
        if (mark !== crlf && mark !== '--') throw new MultipartError('A boundary is followed by neither CRLF nor "--"');
        rest = rest.subarray(2);
        state = mark === crlf ? 'headers' : 'closed';
      }
      if (state === 'headers') {
        const end = rest.indexOf(`${crlf}${crlf}`);
        if (end === -1 && rest.length > maxHeaderBytes) throw new MultipartError('The headers of a part are too long');
        if (end !== -1) {
          yield parsePart(rest.toString('utf8', 0, end));
          rest = rest.subarray(end + 4);
          state = 'data';
        }
      }
      if (state === 'data') {
        const at = rest.indexOf(delimiter);
        // Without a delimiter in sight, everything but a possible beginning of one is data.
        const sizeBytes = at === -1 ? Math.max(0, rest.length - delimiter.length + 1) : at;
        if (sizeBytes > 0) yield { type: 'data', bytes: rest.subarray(0, sizeBytes) };
        rest = rest.subarray(at === -1 ? sizeBytes : at + delimiter.length);
        if (at !== -1) {
          yield { type: 'end' };
          state = 'delimiter';
          moved = true;
        }
      }
      if (state === 'closed' && rest.length > 0 && !crlf.startsWith(rest.toString('latin1'))) {
        throw new MultipartError('There are bytes after the closing boundary');
      }
    }
  }
  if (state !== 'closed') throw new MultipartError('The body ends before the closing boundary');
}

function parsePart(head: string): MultipartEvent {
  const headers = new Map<string, string>();
  for (const line of head.split(crlf)) {
    const colon = line.indexOf(':');
    if (colon <= 0) throw new MultipartError('A part has a malformed header line');
    const name = line.slice(0, colon).toLowerCase();
    if (headers.has(name)) throw new MultipartError(`A part repeats its ${name} header`);
    headers.set(name, line.slice(colon + 1).trim());
  }
  const disposition = headers.get('content-disposition') ?? '';
  if (!/^form-data\s*;/i.test(disposition)) throw new MultipartError('A part is not form-data');
  const name = parameter(disposition, 'name');
  if (name === undefined) throw new MultipartError('A part has no quoted name');
  return { type: 'part', name, fileName: parameter(disposition, 'filename'), contentType: headers.get('content-type') };
}

/** A quoted parameter, with both escapes in use: `%22` (WHATWG, newer curl) and `\"` (older curl). */
function parameter(disposition: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}="((?:[^"\\\\]|\\\\.)*)"`, 'i').exec(disposition);
  return match?.[1]
    ?.replace(/\\(["\\])/g, '$1')
    .replace(/%(22|0D|0A)/gi, (_whole, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
