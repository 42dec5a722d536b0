// One request on its way to an answer, and what handlers share. Handlers see neither sockets nor faults: they return an
// Answer, read the body through `readBody`/`chunks`, and announce their effect with `beforeEffect`.
import type { IncomingMessage } from 'node:http';
import type { Access } from './access.ts';
import { type Answer, ApiFailure, invalid } from './answer.ts';
import type { Blobs } from './blobs.ts';
import type { EmulatorSettings } from './dialects.ts';
import type { PageFaultKind } from './faults.ts';
import type { JournalEntry } from './journal.ts';
import type { Store } from './store.ts';
import type { WireContext } from './target.ts';

export interface EmulatorContext {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly access: Access;
  readonly settings: EmulatorSettings;
  readonly maxUploadBytes: number;
  readonly clock: () => number;
  readonly origin: () => string;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly url: URL;
  /** The asset id or upload token in the path. */
  readonly subject: string;
  readonly entry: JournalEntry;
  /** The request body; a fault may break it off. */
  readonly chunks: () => AsyncIterable<Buffer>;
  /** Awaited between the idempotency check and the effect: where a delay makes two requests with one key both run. */
  readonly beforeEffect: () => Promise<void>;
  /** Set by a fault: this answer is given (and remembered) in place of the effect. */
  readonly insteadOfEffect: Answer | undefined;
  /** Set by a fault: what is wrong with the page that is answered. */
  readonly pageFault: PageFaultKind | undefined;
}

/** The client or a fault broke the connection: nobody is left to answer. */
export class Disconnected extends Error {
  override readonly name = 'Disconnected';
}

const maxBodyBytes = 1024 * 1024;

/** The whole body of a call that is not an upload; 400 above 1 MiB. */
export async function readBody(exchange: Exchange): Promise<Buffer> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of exchange.chunks()) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBodyBytes) throw invalid([{ field: '', message: 'The body is larger than 1 MiB' }]);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

/** 400 `invalid_json` unless the body calls itself JSON. */
export function expectJson({ request }: Exchange): void {
  if (/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) return;
  throw new ApiFailure(400, 'invalid_json', 'Expected content-type application/json.');
}

export function wireContext(context: EmulatorContext): WireContext {
  return { origin: context.origin(), now: context.clock(), settings: context.settings };
}
