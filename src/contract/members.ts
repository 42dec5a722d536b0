import { isRecord } from '../remote/fields.ts';
import { asDocumented, type Finding, unknown } from './row.ts';
import { namesOf, word } from './shapes.ts';

/** Says in which of its members an object is other than documented. */
export function judgeMembers(value: unknown, required: readonly string[], optional: readonly string[]): Finding {
  if (!isRecord(value)) return unknown(word(value));
  const names = namesOf(value);
  const missing = required.filter((name) => !names.includes(name));
  const more = names.filter((name) => !required.includes(name) && !optional.includes(name));
  if (missing.length + more.length === 0) {
    const present = optional.filter((name) => names.includes(name));
    return asDocumented(present.length === 0 ? 'all of them' : `all of them, with ${present.join(', ')}`);
  }
  const without = missing.length === 0 ? [] : [`without ${missing.join(', ')}`];
  return unknown([...without, ...(more.length === 0 ? [] : [`also ${more.join(', ')}`])].join('; '));
}
