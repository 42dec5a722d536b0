import { SyncError } from '../errors.ts';
import { badAnswer, errorFromAnswer } from '../remote/answer-errors.ts';
import type { Found, SurveyDeps } from './asking.ts';
import { type Completed, complete, act as post, type Sent, type Settled, send, settle } from './completing.ts';
import * as judge from './judge.ts';
import * as ofAsset from './judge-asset.ts';
import { judgeErrors } from './judge-errors.ts';
import { judgeReservation } from './judge-reservation.ts';
import { listingFindings } from './listing.ts';
import { contentType, Maker, type Making } from './making.ts';
import { questions } from './questions.ts';
import type { RawFlora } from './raw.ts';
import { asDocumented, type Finding, knownOtherwise, notAsked, type Row, unknown } from './row.ts';
import { duration, idLike, isOk, isSilent, type Said, told, word } from './shapes.ts';

/**
 * Asks FLORA every question in order and gives a row for each. What is not understood becomes a row.
 *
 * @throws SyncError of scope `service` when FLORA cannot be reached or refuses the key; the signal's reason
 */
export async function* survey(deps: SurveyDeps): AsyncGenerator<Row> {
  for await (const [id, { answered, verdict }] of findings(deps)) {
    const { text, documented } = questions[id];
    yield { question: `${id} ${text}`, documented, answered: deps.raw.hide(answered), verdict };
  }
}

async function* findings(deps: SurveyDeps): AsyncGenerator<Found> {
  const { raw, workspaceId, clock, token, signal } = deps;
  const workspaces = await reach(deps);
  yield ['1a', judge.judgeWorkspaces(workspaces)];
  yield ['1b', judge.judgeListed(workspaces, workspaceId)];

  const maker = new Maker(raw, { ...deps, nowMs: clock.now });
  const { said: created, making: first } = await maker.first(signal);
  yield* judgeReservation(created, raw.isOnLoopback);
  yield ['3a', await maker.again(first, signal)];

  const one = await send(raw, first, false, signal);
  yield ['4a', one.finding];
  const two = await sendTwice(raw, await maker.next(signal), signal);
  yield ['4b', two.finding];

  const withBody = await complete(raw, one.made, 'empty object', signal);
  yield ['5a', withBody.finding];
  const isAccepted = withBody.accepted !== null && one.made !== null;
  const settled = isAccepted ? await settle(raw, one.made.assetId, clock, signal) : null;
  const three = await send(raw, await maker.next(signal), false, signal);
  const without = await complete(raw, three.made, 'none', signal);
  yield ['5b', three.made === null ? beforeIt(three.finding) : without.finding];
  const body = (withBody.accepted ?? without.accepted)?.body ?? null;
  if (two.made !== null) await post(raw, two.made.assetId, 'complete', body, signal);
  yield ['5c', judgeAccepted(withBody)];

  // Asked now: an asset that this makes is the one that stays without bytes.
  const malformed = await maker.malformed(signal);
  const nobody = idLike('finding' in first ? null : first.assetId, token());
  const act = (assetId: string, action: 'complete' | 'retry') => post(raw, assetId, action, body, signal);
  const ready = settled?.asset?.['status'] === 'ready' ? one.made : null;
  const onReady = async (action: 'complete' | 'retry') =>
    ready === null ? notAsked('no asset is ready') : judge.judgeRefusal(await act(ready.assetId, action));
  yield ['6a', await onReady('complete')];
  yield ['6b', judge.judgeUnknownId(await act(nobody, 'complete'))];
  yield ['6c', await onReady('retry')];
  const pending = await maker.next(signal);
  yield ['6d', 'finding' in pending ? pending.finding : judge.judgeRefusal(await act(pending.assetId, 'retry'))];
  yield ['6e', judge.judgeUnknownId(await act(nobody, 'retry'))];

  yield* readyFindings(deps, one, settled);
  yield* listingFindings(deps, 'finding' in first ? null : first.assetId);
  yield ['11a', malformed];
  yield ['12a', judge.judgeGetUnknown(await raw.ask({ method: 'GET', path: `/assets/${nobody}` }, signal))];
  const { form, codes, trace, patience } = judgeErrors(raw.answers);
  yield ['12b', form];
  yield ['12c', codes];
  yield ['12d', trace];
  yield ['13a', patience];
}

/** The first question of all: what is wrong with address, key or network shows here, before anything is made. */
async function reach({ raw, clock, signal }: SurveyDeps): Promise<Said> {
  const said = await raw.ask({ method: 'GET', path: '/workspaces' }, signal);
  if (isSilent(said)) {
    const details = { code: 'unreachable', op: 'contract' } as const;
    throw new SyncError(said.silence, details);
  }
  const error = !isOk(said)
    ? errorFromAnswer('workspaces', said, clock.now())
    : said.json === undefined
      ? badAnswer('workspaces', said, 'is not JSON')
      : null;
  if (error?.scope === 'service' && error.code !== 'rate_limited') throw error;
  return said;
}

/** The same bytes to the same target twice; the asset has them if either was taken. */
async function sendTwice(raw: RawFlora, making: Making, signal: AbortSignal): Promise<Sent> {
  const before = await send(raw, making, false, signal);
  if (before.made === null) return { made: null, finding: beforeIt(before.finding) };
  const after = await send(raw, making, true, signal);
  return { made: before.made, finding: after.finding };
}

/** Why a question could not be asked: what came before it was answered so. */
function beforeIt({ answered, verdict }: Finding): Finding {
  return { answered: verdict === 'not asked' ? answered : `before it: ${answered}`, verdict };
}

function judgeAccepted({ accepted }: Completed): Finding {
  return accepted === null ? notAsked('no complete was accepted') : judge.judgeCompleted(accepted.said);
}

async function* readyFindings(deps: SurveyDeps, sent: Sent, settled: Settled | null): AsyncGenerator<Found> {
  const { raw, signal } = deps;
  if (settled === null || sent.made === null) {
    const why = notAsked('no complete was accepted');
    for (const id of ['7a', '7b', '8a', '8b', '8c', '9a', '9b'] as const) yield [id, why];
    return;
  }
  const { asset } = settled;
  const { bytes } = sent.made.picture;
  yield ['7a', judge.judgeFirstGet(settled.first)];
  yield ['7b', judgeTime(settled)];
  if (asset === null || asset['status'] !== 'ready') {
    const why = notAsked('the asset is not ready');
    for (const id of ['8a', '8b', '8c', '9a', '9b'] as const) yield [id, why];
    return;
  }
  yield ['8a', ofAsset.judgeSize(asset, bytes.length)];
  yield ['8b', ofAsset.judgeTypes(asset, contentType)];
  yield ['8c', ofAsset.judgeCreatedAt(asset)];
  const { url } = asset;
  if (typeof url !== 'string' || !URL.canParse(url)) {
    yield ['9a', unknown(`url is ${word(url)}`)];
    yield ['9b', notAsked('there is no URL')];
    return;
  }
  yield ['9a', ofAsset.judgeBytes(await raw.fetch(url, signal), url, bytes)];
  yield ['9b', ofAsset.judgeUrlHost(url, raw.isOnLoopback)];
}

function judgeTime({ asset, last, tookMs }: Settled): Finding {
  if (asset === null) return unknown(`${told(last)} after ${duration(tookMs)}`);
  const status = word(asset['status']);
  if (status === 'ready') return asDocumented(`ready, seen after ${duration(tookMs)}`);
  const answered = `${status} after ${duration(tookMs)}`;
  return status === 'pending_upload' ? knownOtherwise(answered) : unknown(answered);
}
