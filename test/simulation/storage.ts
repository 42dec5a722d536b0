import type { ErrorCode } from '../../src/errors/codes.ts';
import { SyncError } from '../../src/errors.ts';
import type { RemotePort } from '../../src/sync/ports/flora.ts';
import { type Fated, longestSlowMs } from './fates.ts';
import type { Guard } from './invariants.ts';
import type { Life } from './machine.ts';
import type { World } from './world.ts';

type Upload = Parameters<RemotePort['upload']>[0];

/** The upload host. Bytes count when they arrived whole; the API's key is not even within reach here. */
export function createStorage(world: World, life: Life, guard: Guard, fateOf: () => Fated): RemotePort['upload'] {
  const { flora, timeline, faultRng, trace, knobs } = world;
  const latency = () => faultRng.between(1, knobs.latencyMs);

  let running = 0;

  return async (upload, signal) => {
    if (!life.isAlive) return await new Promise(() => {});
    running += 1;
    world.economy.atOnce('uploads', running, knobs.concurrency);
    try {
      await send(upload, signal);
    } finally {
      running -= 1;
    }
  };

  async function send({ target, source, onSent }: Upload, signal: AbortSignal): Promise<void> {
    world.economy.spend('upload', flora.assetOf(target.url)?.id ?? target.url);
    guard.sending(target.url);
    trace.add(`upload to ${target.url}`);
    if (life.mayCrash(knobs.crashAtRequest, 'before the bytes')) return await new Promise(() => {});
    let fate = fateOf();
    let bytes = '';
    for await (const chunk of source.chunks()) {
      bytes += Buffer.from(chunk).toString();
      onSent(chunk.length);
      await life.wait(latency());
      signal.throwIfAborted();
    }
    guard.sentWhole(target.url);
    const isHurtful = fate === 'refused' || fate === 'swallowed';
    // What was refused once is not sent to this target again, and without an end it is not renewed either.
    if (isHurtful && (knobs.expiresMs === null || !flora.mayHurt(bytes))) fate = 'fine';
    if (fate !== 'fine') trace.add(`  fate of the upload: ${fate}`);
    const put = () => {
      const status = flora.put(target.url, bytes);
      trace.add(`  storage answers ${status}`);
      guard.arrived(target.url, bytes, status);
      return status;
    };
    const pause = async (delayMs: number) => {
      await life.wait(delayMs);
      signal.throwIfAborted();
    };
    const answer = (status: number) => {
      if (status < 300) {
        guard.confirmed(target.url);
        return;
      }
      if (status === 429) throw uploadError('target_rate_limited', status, faultRng.pick([1_000, 60_000]));
      if (status >= 500) throw uploadError('server_error', status);
      guard.givenUp.refused(target.url);
      throw uploadError('upload_refused', status);
    };
    switch (fate) {
      case 'lost-before':
        await pause(latency());
        throw uploadError('connection_lost');
      case 'lost-after':
        timeline.after(latency(), put);
        await pause(knobs.latencyMs + 1);
        throw uploadError('connection_lost');
      case 'late':
        timeline.after(faultRng.between(60_000, 20 * 60_000), put);
        await pause(latency());
        throw uploadError('connection_lost');
      case 'twice':
        timeline.after(faultRng.between(1, 5 * 60_000), put);
        break;
      case 'slow':
        await pause(faultRng.between(1, longestSlowMs));
        break;
      case 'error-before':
      case 'unreachable':
      case 'storage':
        await pause(latency());
        return answer(503);
      case 'error-after':
        put();
        await pause(latency());
        return answer(500);
      case 'rate-limited':
        await pause(latency());
        return answer(429);
      case 'refused':
        await pause(latency());
        return answer(400);
      case 'swallowed':
        await pause(latency());
        trace.add('  somebody in between said 200');
        return answer(200);
      default:
        break;
    }
    await pause(latency());
    const status = put();
    if (life.mayCrash(knobs.crashAtRequest, 'after the bytes arrived')) return await new Promise(() => {});
    await pause(latency());
    answer(status);
  }
}
/** The host of the assets' URLs: never FLORA's API, so that its troubles are its own. */
export function createFetch(world: World, life: Life, fateOf: () => Fated): RemotePort['fetchDigest'] {
  const { flora, faultRng, trace, knobs } = world;
  return async (url, mostBytes, signal) => {
    if (!life.isAlive) return await new Promise(() => {});
    world.economy.spend('fetch', url);
    trace.add(`fetch ${url}`);
    if (life.mayCrash(knobs.crashAtRequest, 'while fetching')) return await new Promise(() => {});
    const fate = fateOf();
    const before = flora.fetch(url);
    await life.wait(faultRng.between(1, knobs.latencyMs));
    if (fate === 'slow') await life.wait(faultRng.between(1, longestSlowMs));
    signal.throwIfAborted();
    if (fate !== 'fine' && fate !== 'slow') throw downloadError(faultRng.pick(['connection_lost', 'server_error']));
    // What was removed while it was read is cut.
    const bytes = flora.fetch(url);
    if (bytes === null || bytes !== before) throw downloadError('url_unreadable');
    const { scale } = knobs.nature;
    const read = bytes.slice(0, Math.floor(mostBytes / scale) + 1);
    return { sha256: read, sizeBytes: read.length * scale };
  };
}

function downloadError(code: ErrorCode): SyncError {
  return new SyncError(`The asset's URL: ${code}`, { code, op: 'download' });
}

function uploadError(code: ErrorCode, status?: number, retryAfterMs?: number): SyncError {
  return new SyncError(`The upload target: ${code} ${status ?? ''}`, {
    code,
    op: 'upload',
    status,
    retryAfterMs,
  });
}
