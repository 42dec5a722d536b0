import { badAnswer, errorFromAnswer } from '../../src/remote/answer-errors.ts';
import { type BodyForm, BodyForms } from '../../src/remote/body-forms.ts';
import type { JsonAnswer } from '../../src/remote/http.ts';
import { networkError, WireError } from '../../src/remote/network-error.ts';
import { readAsset, readPage, readReservation } from '../../src/remote/wire.ts';
import type { RemotePort } from '../../src/sync/ports/flora.ts';
import { createFates, longestSlowMs } from './fates.ts';
import { refused, type Said } from './flora.ts';
import { GateWatch } from './gate-watch.ts';
import type { Guard } from './invariants.ts';
import type { Life } from './machine.ts';
import type { Look } from './missing.ts';
import { type OwnTrouble, ownTrouble } from './own-trouble.ts';
import { createFetch, createStorage } from './storage.ts';
import type { World } from './world.ts';

/**
 * The way to FLORA and back, for one life of the daemon. What an answer means is read by the production code of
 * `src/remote`; there is no HTTP below it, and no key in any port call: which key a request bears is this file's `keyVersion`,
 * and only requests to the API bear one.
 *
 * @param keyVersion the key that the daemon holds now
 */
export function createRemote(world: World, life: Life, guard: Guard, keyVersion: () => number): RemotePort {
  const { flora, timeline, faultRng, trace, knobs, economy } = world;
  const gateWatch = new GateWatch(world);
  const fateOf = createFates(world);
  const bodies = new BodyForms(undefined);
  let requests = 0;
  let underWay = 0;
  const { limiter } = flora;

  const answerOf = ({ status, json }: Said, isReplayed = false, retryAfter: string | null = null): JsonAnswer => {
    requests += 1;
    const requestId = `req_${requests}`;
    return { status, json, requestId, isReplayed, retryAfter, dateMs: timeline.trueMs(), isCut: false };
  };

  /** Of something in between, there is no JSON, and no id of a request. */
  const answerInstead = (own: OwnTrouble['answer']): JsonAnswer => {
    if (own === 'credits') return answerOf(refused(402, 'insufficient_credits'));
    if (own === 'server-error') return answerOf(refused(500, 'internal_error'));
    return { ...answerOf({ status: own === 'forbidden-page' ? 403 : 404, json: undefined }), requestId: null };
  };

  /** One request to the API. `effect` happens at FLORA, if, when and as often as fate has it. */
  function call<T>(
    op: string,
    key: string | null,
    signal: AbortSignal,
    effect: () => Said,
    read: Reader<T>,
    name?: string,
  ): Promise<T> {
    if (!life.isAlive) return new Promise(() => {});
    const pass = gateWatch.begin(op);
    // Listings, and looks at what was ready long ago, go beside the files.
    const isOfFile = op !== 'list' && op !== 'check';
    if (isOfFile) {
      underWay += 1;
      economy.atOnce('requests', underWay, knobs.concurrency);
    }
    trace.add(`${op} ${key ?? ''}`);
    const bears = keyVersion();
    const arrive = (): JsonAnswer => {
      if (bears !== flora.keyVersion) return answerOf(refused(401, 'invalid_api_key'));
      const past = key === null ? null : flora.remembered(key);
      if (past !== null) return answerOf(past.answer, past.isReplayed);
      const refusal = limiter?.refuse(timeline.nowMs) ?? null;
      if (refusal !== null) {
        gateWatch.limited();
        return answerOf(refused(429, 'rate_limited'), false, refusal.retryAfter);
      }
      const answer = effect();
      // What was no request at all has used no key up.
      if (key !== null && answer !== invalidJson) flora.remember(key, answer);
      return answerOf(answer);
    };
    return new Promise<T>((resolve, reject) => {
      let isOver = false;
      const end = (settle: () => void) => {
        if (isOver || !life.isAlive) return;
        isOver = true;
        if (isOfFile) underWay -= 1;
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const fail = (error: unknown) =>
        end(() => {
          trace.add(`  ${op} failed: ${error instanceof Error ? error.message : String(error)}`);
          gateWatch.failed(pass, error);
          reject(error);
        });
      const deliver = (answer: JsonAnswer) => {
        if (op === 'reserve' && !isOver && life.isAlive) guard.orphans.told(answer.json);
        try {
          if (answer.status >= 300) throw errorFromAnswer(op, answer, timeline.wallMs());
          const value = read(answer);
          end(() => {
            trace.add(`  ${op} answered ${answer.status}`);
            gateWatch.answered(pass);
            resolve(value);
          });
        } catch (error) {
          fail(error);
        }
      };
      const onAbort = () =>
        end(() => {
          gateWatch.cancelled(pass);
          reject(signal.reason);
        });
      signal.addEventListener('abort', onAbort, { once: true });
      if (life.mayCrash(knobs.crashAtRequest, `before ${op}`)) return;

      const lost = (code: string) =>
        fail(networkError(op, 'flora.example', new WireError(Object.assign(new Error(code), { code }))));
      const latency = () => faultRng.between(1, knobs.latencyMs);
      const patience = () => faultRng.pick([200, 5_000, 60_000]);
      const later = (delayMs: number, run: () => void) => void timeline.after(delayMs, run);
      const honest = (delay: () => number) =>
        later(delay(), () => {
          const answer = arrive();
          life.mayCrash(knobs.crashAtRequest, `after ${op} had its effect`);
          later(delay(), () => deliver(answer));
        });
      const instead = (status: number, code: string, hasEffect: boolean) =>
        later(latency(), () => {
          const answer = answerOf(refused(status, code));
          if (hasEffect) arrive();
          else if (key !== null) flora.remember(key, answer);
          later(latency(), () => deliver(answer));
        });
      const foreign = (status: number) =>
        later(latency(), () => {
          const answer = { ...answerOf({ status, json: undefined }), requestId: null };
          fail(badAnswer(op, answer, 'is not JSON'));
        });
      const limited = () => {
        const retryAfter = faultRng.pick([null, '1', '30', '900']);
        later(latency(), () => deliver(answerOf(refused(429, 'rate_limited'), false, retryAfter)));
      };
      const own = ownTrouble(knobs.nature.ownTroubles, op, name, timeline.nowMs);
      if (own !== null) {
        trace.add(`  trouble of ${op} of ${name}: ${own}`);
        return later(latency(), () => deliver(answerInstead(own)));
      }
      const fate = fateOf(op);
      if (fate !== 'fine') trace.add(`  fate of ${op}: ${fate}`);
      switch (fate) {
        case 'lost-before':
          return later(patience(), () => lost('UND_ERR_SOCKET'));
        case 'lost-after':
          later(latency(), arrive);
          return later(patience(), () => lost('UND_ERR_HEADERS_TIMEOUT'));
        case 'late':
          later(faultRng.between(60_000, 20 * 60_000), () => {
            trace.add(`late ${op} arrives`);
            arrive();
          });
          return later(patience(), () => lost('UND_ERR_HEADERS_TIMEOUT'));
        case 'twice':
          later(faultRng.between(1, 5 * 60_000), arrive);
          return honest(latency);
        case 'slow':
          return honest(() => faultRng.between(1, longestSlowMs));
        case 'error-before':
        case 'error-after':
          return instead(faultRng.pick([500, 503]), 'internal_error', fate === 'error-after');
        case 'garbled':
          return later(latency(), () => {
            arrive();
            fail(badAnswer(op, { ...answerOf({ status: 200, json: {} }), isCut: true }, 'is too long'));
          });
        case 'rate-limited':
          return limited();
        case 'unreachable':
          return later(latency(), () => lost('ECONNREFUSED'));
        case 'unreachable-after':
          later(latency(), arrive);
          return later(patience(), () => lost('ETIMEDOUT'));
        case 'portal':
          return foreign(200);
        case 'unavailable':
          return instead(503, 'service_unavailable', false);
        case 'credits':
          return later(latency(), () => deliver(answerOf(refused(402, 'insufficient_credits'))));
        default:
          return honest(latency);
      }
    });
  }

  /** A request about one asset: what its answer says of it is a look of the daemon's, once it has that answer. */
  async function looking<T>(assetId: string, effect: () => Said, ask: (effect: () => Said) => Promise<T>): Promise<T> {
    let look: Omit<Look, 'wallMs'> | null = null;
    try {
      return await ask(() => {
        const said = effect();
        look = { assetId, isShown: said.status !== 404, nowMs: timeline.nowMs };
        return said;
      });
    } finally {
      // The daemon reads its clock when it has the answer; meanwhile somebody may have set it.
      if (look !== null) guard.missing.looked({ ...(look as Omit<Look, 'wallMs'>), wallMs: timeline.wallMs() });
    }
  }

  const bodied = (form: BodyForm, effect: () => Said) => (flora.takes(form) ? effect() : invalidJson);
  /** `complete` and `retry` in the body that FLORA takes, as the client finds that out. */
  async function inForm<T>(ask: (form: BodyForm) => Promise<T>): Promise<T> {
    const form = bodies.next;
    try {
      const value = await ask(form);
      bodies.accepted(form);
      return value;
    } catch (error) {
      throw bodies.judge(form, error);
    }
  }

  const factsOf = (assetId: string) => (answer: JsonAnswer) => {
    return { value: readAsset('check', answer, assetId), requestId: answer.requestId };
  };
  return {
    reserve: ({ destination, fileName, idempotencyKey }, signal) => {
      if (life.isAlive) {
        economy.spend('reserve', idempotencyKey);
        guard.reserving(idempotencyKey);
      }
      const askedMs = timeline.wallMs();
      return call(
        'reserve',
        idempotencyKey,
        signal,
        () => flora.reserve(destination, fileName),
        (answer) => ({
          value: readReservation('reserve', answer, askedMs, timeline.wallMs()),
          requestId: answer.requestId,
          isReplayed: answer.isReplayed,
        }),
        fileName,
      );
    },
    upload: createStorage(world, life, guard, () => fateOf('upload')),
    complete: (assetId, key, signal) => {
      if (life.isAlive) {
        economy.spend('complete', assetId);
        guard.completing(assetId);
      }
      return looking(
        assetId,
        () => flora.complete(assetId),
        (effect) =>
          inForm((form) =>
            call('complete', key, signal, () => bodied(form, effect), factsOf(assetId), flora.nameOf(assetId)),
          ),
      );
    },
    renew: (assetId, key, signal) => {
      if (life.isAlive) economy.spend('renew', assetId);
      const askedMs = timeline.wallMs();
      const read = (answer: JsonAnswer) => ({
        value: readReservation('renew', answer, askedMs, timeline.wallMs()),
        requestId: answer.requestId,
      });
      return looking(
        assetId,
        () => flora.retry(assetId),
        (effect) => inForm((form) => call('renew', key, signal, () => bodied(form, effect), read)),
      );
    },
    get: (assetId, signal) => {
      if (life.isAlive) economy.spend('check', assetId);
      return looking(
        assetId,
        () => flora.get(assetId),
        (effect) => call('check', null, signal, effect, factsOf(assetId)),
      );
    },
    list: (query, cursor, signal) => {
      if (life.isAlive) economy.spend('list', JSON.stringify([query, cursor]));
      return call(
        'list',
        null,
        signal,
        () => flora.list(query, cursor),
        (answer) => ({ value: readPage('list', answer, query.limit), requestId: answer.requestId }),
      );
    },
    workspaceIds: async () => ({ value: ['ws_1'], requestId: null }),
    fetchDigest: createFetch(world, life, () => fateOf('fetch')),
  };
}

const invalidJson = refused(400, 'invalid_json');

type Reader<T> = (answer: JsonAnswer) => T;
