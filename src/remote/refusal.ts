import { REDACTED, redactText } from '../core/redact.ts';
import { isRecord } from './fields.ts';

/** What an upload host says for itself when it refuses. */
interface Refusal {
  /** The storage's own word for it, `EntityTooLarge`; empty where there is none. */
  readonly code: string;
  /** For people: one line, without secrets, 500 characters at most; empty where nothing was said. */
  readonly told: string;
}

const mostTold = 500;
const mostCode = 64;
const shortestSecret = 16;

/**
 * Reads the beginning of a refusal's body in the forms that storages and what stands before them have: XML (S3, GCS, Azure), a
 * JSON error, the title of a page, or plain text. It may be cut off anywhere.
 *
 * @param secrets what was sent along (signatures, policies): whoever repeats it has it hidden
 */
export function readRefusal(body: Buffer, contentType: string, secrets: readonly string[]): Refusal {
  const text = body.toString();
  const { code, words } = fromXml(text) ?? fromJson(text) ?? fromText(text, contentType);
  const isWord = /^[\w.-]+$/.test(code) && code.length <= mostCode;
  const named = isWord ? code : '';
  const told = [code, ...words].filter((part, at, all) => part !== '' && all.indexOf(part) === at).join(': ');
  return { code: named, told: safe(told, secrets) };
}

interface Said {
  readonly code: string;
  readonly words: readonly string[];
}

function fromXml(text: string): Said | null {
  if (!/<(Code|Message)>/.test(text)) return null;
  const code = element(text, 'Code');
  const message = element(text, 'Message');
  // Google names the condition that failed there.
  return { code, words: [message, element(text, 'Details')] };
}

/** The text of the first such element, also of one whose end was cut off. */
function element(text: string, name: string): string {
  const [, inner = ''] = new RegExp(`<${name}>\\s*(?:<!\\[CDATA\\[)?([^<]*)`).exec(text) ?? [];
  return decodeEntities(inner.replace(/\]\]>?\s*$/, '')).trim();
}

function fromJson(text: string): Said | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof json === 'string') return { code: '', words: [json] };
  if (!isRecord(json)) return null;
  const error = isRecord(json['error']) ? json['error'] : json;
  const words = [json['error'], error['message'], error['Message'], json['message'], json['detail']].filter(isText);
  const codes = [error['code'], error['Code'], json['code']].filter(isText);
  return { code: codes[0] ?? '', words: words.slice(0, 1) };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function fromText(text: string, contentType: string): Said {
  if (!/<(!doctype|html|head|title|body)\b/i.test(text.slice(0, 1_000))) {
    const isPlain = /^(text\/|application\/(json|xml)|$)/i.test(contentType) && !text.includes('\0');
    return { code: '', words: isPlain ? [text.slice(0, 4 * mostTold).replace(/<[^>]*>/g, ' ')] : [] };
  }
  const [, title = ''] = /<title[^>]*>([^<]*)/i.exec(text) ?? [];
  const [, heading = ''] = /<h1[^>]*>([^<]*)/i.exec(text) ?? [];
  return { code: '', words: [decodeEntities(title.trim() === '' ? heading : title).trim()] };
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'", nbsp: ' ' };

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[name.toLowerCase()] ?? whole;
    const point = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

// What signs a request, by the names of S3, GCS, Azure and CloudFront, wherever it stands.
const signatures =
  /\b((?:x-(?:amz|goog)-(?:signature|credential|security-token)|signature|sig|policy|awsaccesskeyid|googleaccessid|key-pair-id|token)["']?\s*[=:]\s*["']?)[^\s"'&,;<>]{8,}/gi;
// A path with its query, where no scheme shows that it is a URL.
const queries = /\?[^\s"'<>?]*=[^\s"'<>]*/g;

function safe(text: string, secrets: readonly string[]): string {
  // One line: neither control characters nor what turns the reading direction.
  let shown = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  for (const secret of secrets) if (secret.length >= shortestSecret) shown = shown.replaceAll(secret, REDACTED);
  shown = redactText(shown).replace(signatures, `$1${REDACTED}`).replace(queries, `?${REDACTED}`);
  return shown.length <= mostTold ? shown : `${[...shown.slice(0, mostTold - 1)].join('').toWellFormed()}…`;
}

/** S3, GCS, Azure: the body was too large or too small, of another type, or not the one that was announced. */
const bytesCodes: ReadonlySet<string> = new Set(
  [
    'EntityTooLarge',
    'EntityTooSmall',
    'MaxMessageLengthExceeded',
    'RequestBodyTooLarge',
    'MissingContentLength',
    'IncompleteBody',
    'BadDigest',
    'InvalidDigest',
    'InvalidMd5',
    'Md5Mismatch',
    'XAmzContentSHA256Mismatch',
    'InvalidContentType',
    'UnsupportedMediaType',
    'MalformedPOSTRequest',
    'MalformedMultiPartBody',
  ].map((code) => code.toLowerCase()),
);

/** Of the target, whatever else they say: it is over, not signed for this, or not there. */
const targetCodes =
  /^(Expired|RequestTimeTooSkewed|SignatureDoesNotMatch|AuthenticationFailed|InvalidAccessKeyId|InvalidToken|NoSuch)/i;
const targetWords = /\bexpired?\b|\bexpiry\b|\bstale request\b|\bsignature\b|\btoken\b|\bcredentials?\b/i;

// A policy's condition that failed, a limit, a type: in the words of S3, GCS, Cloudinary and plain web servers.
const bytesWords =
  /content[- _]?(type|length|md5)|\btoo (large|big|small|long)\b|\b(size|length)\b.{0,60}\b(exceed|limit|maximum|allowed)|\b(exceed|limit|maximum).{0,60}\b(size|length)\b|\b(unsupported|invalid|unknown|disallowed)\b.{0,20}\b(media|file|image|video|format|mime)/i;

const bytesStatuses: ReadonlySet<number> = new Set([411, 413, 415, 422]);

/**
 * Whether a refusal is about the bytes, so that another target would refuse them too. False also where that cannot be told.
 * Sources: the lists of error codes of S3, Google Cloud Storage (XML API) and Azure Blob Storage; RFC 9110, 15.5.
 */
export function isAboutBytes(status: number, { code, told }: Refusal): boolean {
  if (bytesStatuses.has(status) || bytesCodes.has(code.toLowerCase())) return true;
  if (status !== 400 && status !== 403) return false;
  if (targetCodes.test(code) || targetWords.test(told)) return false;
  // S3 calls a condition of the form's policy that failed AccessDenied.
  const isCondition = /^(AccessDenied|InvalidPolicyDocument)$/i.test(code);
  if (isCondition) return /condition/i.test(told) && bytesWords.test(told);
  return status === 400 && bytesWords.test(told);
}

/** S3's word for an upload whose bytes came too slowly; HTTP's is 408. */
export function isTooSlow(status: number, { code }: Pick<Refusal, 'code'>): boolean {
  return status === 408 || (status === 400 && /^RequestTimeout$/i.test(code));
}
