// What can happen to a request, as data: where, to which files, how often, when, and what.
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { seeded } from '../support/pictures.ts';
import type { Call, Place } from './flora.ts';
import { bytesOf, type End, type Reply } from './wire.ts';

/** What the other side gets in place of its answer. */
export type Mischief =
  /** These bytes, and nothing else. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array | string; readonly end: End }
  | { readonly kind: 'reply'; readonly reply: Reply; readonly end?: End }
  /** Of the true answer, made by its effect, so many bytes: counted from its begin, or from its body's. */
  | { readonly kind: 'cut'; readonly from: 'begin' | 'body'; readonly at: number; readonly end: End }
  /** The true answer in so many pieces (each byte by itself where there are more pieces than bytes). */
  | { readonly kind: 'drip'; readonly pieces: number; readonly everyMs: number }
  /** The true answer, made otherwise. */
  | { readonly kind: 'altered'; readonly alter: (answer: Reply) => Uint8Array; readonly end?: End }
  /** No answer at all, ever. */
  | { readonly kind: 'silence' };

export interface Trouble {
  readonly at: readonly Place[];
  /** Only requests about files of such a name; all when absent. */
  readonly name?: RegExp;
  /** How many requests at each place; all when absent. */
  readonly first?: number;
  /** Each request with this chance, by the case's seed. */
  readonly chance?: number;
  /** `early`: before the request's body was read; `before` and `after` the effect. */
  readonly when: 'early' | 'before' | 'after';
  readonly what: Mischief;
}

/** The troubles of one case, with their counts. */
export class Troubles {
  readonly #all: readonly { readonly trouble: Trouble; readonly hits: Map<Place, number> }[];
  readonly #random: () => number;

  constructor(troubles: readonly Trouble[], seed: number) {
    this.#all = troubles.map((trouble) => ({ trouble, hits: new Map() }));
    this.#random = seeded(seed);
  }

  /** The first one that hits this request at this time; counted as a hit. */
  take({ place, name }: Call, isEarly: boolean): Trouble | undefined {
    const found = this.#all.find(({ trouble, hits }) => {
      if ((trouble.when === 'early') !== isEarly || !trouble.at.includes(place)) return false;
      if (trouble.name !== undefined && !trouble.name.test(name)) return false;
      if ((hits.get(place) ?? 0) >= (trouble.first ?? Number.POSITIVE_INFINITY)) return false;
      return trouble.chance === undefined || this.#random() < trouble.chance;
    });
    found?.hits.set(place, (found.hits.get(place) ?? 0) + 1);
    return found?.trouble;
  }

  /** How often trouble was met. */
  hits(): Readonly<Record<string, number>> {
    const sums: Record<string, number> = {};
    for (const { hits } of this.#all) for (const [place, count] of hits) sums[place] = (sums[place] ?? 0) + count;
    return sums;
  }
}

export function bytes(text: string | Uint8Array, end: End = 'close'): Mischief {
  return { kind: 'bytes', bytes: text, end };
}

export function reply(one: Reply, end?: End): Mischief {
  return { kind: 'reply', reply: one, ...(end === undefined ? {} : { end }) };
}

/** Bytes before the true answer. */
export function behind(prefix: string): Mischief {
  return { kind: 'altered', alter: (answer) => Buffer.concat([Buffer.from(prefix, 'latin1'), bytesOf(answer)]) };
}

/** Bytes behind the true answer, on a connection that stays. */
export function followedBy(suffix: string): Mischief {
  return { kind: 'altered', alter: (answer) => Buffer.concat([bytesOf(answer), Buffer.from(suffix, 'latin1')]) };
}

/** The true answer compressed, though nobody asked for it; no other than those with a body. */
export function compressed(coding: 'gzip' | 'br'): Mischief {
  const shrink = coding === 'gzip' ? gzipSync : brotliCompressSync;
  return altered((answer) =>
    answer.body.length === 0
      ? answer
      : { ...answer, headers: { ...answer.headers, 'content-encoding': coding }, body: shrink(answer.body) },
  );
}

/** A mark of byte order before JSON. */
export const marked: Mischief = altered((answer) =>
  answer.headers['content-type'] === 'application/json'
    ? { ...answer, body: Buffer.concat([Buffer.from('\ufeff'), answer.body]) }
    : answer,
);

export function altered(alter: (answer: Reply) => Reply): Mischief {
  return { kind: 'altered', alter: (answer) => bytesOf(alter(answer)) };
}

/** The true answer in chunks of a few bytes. */
export const chunked: Mischief = {
  kind: 'altered',
  alter: ({ status, headers, body }) => {
    if (status === 204) return bytesOf({ status, headers, body });
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `HTTP/1.1 ${status} Status\r\n${lines.join('')}transfer-encoding: chunked\r\n\r\n`;
    const parts: Buffer[] = [Buffer.from(head, 'latin1')];
    for (let at = 0; at < body.length; at += 7) {
      const part = body.subarray(at, at + 7);
      parts.push(Buffer.from(`${part.length.toString(16)};x=y\r\n`), part, Buffer.from('\r\n'));
    }
    return Buffer.concat([...parts, Buffer.from('0\r\nx-trailer: 1\r\n\r\n')]);
  },
};

/** The true answer without a length: it ends with the connection. */
export const unmeasured: Mischief = {
  kind: 'altered',
  end: 'close',
  alter: ({ status, headers, body }) => {
    if (status === 204) return bytesOf({ status, headers, body });
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`, 'latin1'), body]);
  },
};
