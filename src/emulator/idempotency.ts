// Idempotency-Key, in both manners that FLORA documents: `reject` (the seeds) answers 409 idempotency_duplicate for two hours,
// and a request that failed with a 5xx frees its key; `replay` (the developer pages) gives the first answer again for 24 hours with `idempotent-replayed: true`, and 422
// idempotency_conflict when the body differs. Keys live per API key and path, in SQLite, and the first answer is committed
// together with the effect.
//
// As documented it is not a lock: the check comes first, then the effect, so two requests at once may both run (a `delay` fault
// stretches the gap). Where the contract is silent: refusals that come before the state is looked at (400, 401, 403) do not use
// a key up; everything after does, 404 and 409 included.
import { type Answer, ApiFailure, failureAnswer, invalid, jsonAnswer } from './answer.ts';
import type { EmulatorSettings } from './dialects.ts';
import type { EmulatorContext, Exchange } from './exchange.ts';
import type { RememberedAnswer } from './store.ts';

const hourMs = 3_600_000;
const windowMs = { reject: 2 * hourMs, replay: 24 * hourMs } as const;

/** Runs `effect` in one transaction under the request's idempotency key, or answers from memory. */
export async function idempotently(
  context: EmulatorContext,
  exchange: Exchange,
  keyHash: string,
  bodyHash: string,
  effect: () => Answer,
): Promise<Answer> {
  const key = idempotencyKey(exchange);
  const scope = `${keyHash} ${exchange.url.pathname}`;
  const earlier = key === undefined ? undefined : recall(context, scope, key);
  if (earlier !== undefined) return again(context, exchange, earlier, bodyHash);

  await exchange.beforeEffect();
  return context.store.atomically(() => {
    const answer = exchange.insteadOfEffect ?? attempt(effect, context.settings);
    const isFreed = context.settings.idempotency === 'reject' && answer.status >= 500;
    if (key !== undefined && !isFreed) {
      const { status, body } = answer;
      const created_at = context.clock();
      context.store.remember({ scope, key, body_hash: bodyHash, status, body: body.toString(), created_at });
    }
    return answer;
  });
}

function recall(context: EmulatorContext, scope: string, key: string): RememberedAnswer | undefined {
  const earlier = context.store.recall(scope, key);
  if (earlier === undefined) return undefined;
  if (context.clock() - earlier.created_at < windowMs[context.settings.idempotency]) return earlier;
  context.store.forget(scope, key);
  return undefined;
}

function again(context: EmulatorContext, exchange: Exchange, earlier: RememberedAnswer, bodyHash: string): Answer {
  if (context.settings.idempotency === 'reject') {
    throw new ApiFailure(409, 'idempotency_duplicate', 'This Idempotency-Key was already used.');
  }
  if (earlier.body_hash !== bodyHash) {
    throw new ApiFailure(422, 'idempotency_conflict', 'This Idempotency-Key was used with another request body.');
  }
  const body: unknown = JSON.parse(earlier.body);
  if (typeof body === 'object' && body !== null && 'asset_id' in body && typeof body.asset_id === 'string') {
    exchange.entry.asset_id = body.asset_id;
  }
  exchange.entry.replayed = true;
  return jsonAnswer(earlier.status, body, { 'idempotent-replayed': 'true' });
}

function idempotencyKey(exchange: Exchange): string | undefined {
  const key = exchange.request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || key === '' || key.length > 255) {
    throw invalid([{ field: 'Idempotency-Key', message: 'Expected 1 to 255 characters' }]);
  }
  return key;
}

/** Effects refuse before they write, so a refusal can be remembered in the transaction that would have held the effect. */
function attempt(effect: () => Answer, { errorForm }: EmulatorSettings): Answer {
  try {
    return effect();
  } catch (error) {
    if (error instanceof ApiFailure) return failureAnswer(error, errorForm);
    throw error;
  }
}
