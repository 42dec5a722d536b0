export const REDACTED = '[redacted]';

// Only FLORA's own shapes: `sk_SK_poster.png` is a Slovak file name, not a key.
const apiKeys = /(?<![A-Za-z0-9])(?:sk_(?:live|test)_[A-Za-z0-9_-]+|ak_[A-Za-z0-9]{16,}(?![A-Za-z0-9_.-]))/gi;
const bearers = /\b(Bearer\s+)[A-Za-z0-9._~+/=-]{8,}/gi;
// Stops at quotes and backslashes, so that a line of JSON stays a line of JSON.
const urls = /\b(https?:\/\/)([^\s"'<>\\/?#@]*@)?([^\s"'<>\\?#]*)(\?[^\s"'<>\\]*|#[^\s"'<>\\]*)?/gi;

const suspicious = /[sa]k_|bearer|https?:/i;

/** The text without API keys, bearer tokens, and the credentials, queries and fragments of URLs (that is where signatures are). */
export function redactText(text: string): string {
  if (!suspicious.test(text)) return text;
  return text
    .replace(apiKeys, REDACTED)
    .replace(bearers, `$1${REDACTED}`)
    .replace(urls, (_match, scheme: string, credentials: string | undefined, rest: string, query?: string) => {
      const shown = `${scheme}${credentials === undefined ? '' : `${REDACTED}@`}${rest}`;
      return query === undefined ? shown : `${shown}${query.charAt(0)}${REDACTED}`;
    });
}
