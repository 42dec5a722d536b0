import { judgeCompleteWithBody, judgeCompleteWithout, judgeUpload } from './judge.ts';
import type { Made, Making } from './making.ts';
import type { RawFlora } from './raw.ts';
import { type Finding, notAsked, unknown } from './row.ts';
import { isOk, isSilent, recordOf, type Said, told } from './shapes.ts';

/** How long an asset may take to become ready. */
const longestMs = 60_000;
const firstPauseMs = 250;
const longestPauseMs = 5_000;

export interface Sent {
  /** The asset that has its bytes now; null when it has none. */
  readonly made: Made | null;
  readonly finding: Finding;
}

/** Sends an asset's bytes to its target. */
export async function send(raw: RawFlora, making: Making, isAgain: boolean, signal: AbortSignal): Promise<Sent> {
  if ('finding' in making) return { made: null, finding: making.finding };
  if (making.target === null) return { made: null, finding: notAsked('the target cannot be understood') };
  const finding = judgeUpload(await raw.send(making.target, making.picture, signal), isAgain);
  return { made: finding.verdict === 'as documented' ? making : null, finding };
}

function actionPath(assetId: string, action: 'complete' | 'retry'): string {
  return `/assets/${encodeURIComponent(assetId)}/${action}`;
}

/** What `complete` and `retry` are sent. */
export type ActionBody = 'empty object' | 'none';

/** Does it with the body that is known to be accepted; with null, in both ways unless the first does. */
export async function act(
  raw: RawFlora,
  assetId: string,
  action: 'complete' | 'retry',
  body: ActionBody | null,
  signal: AbortSignal,
): Promise<Said> {
  const call = { method: 'POST', path: actionPath(assetId, action) } as const;
  const said = await raw.ask(body === 'none' ? call : { ...call, body: {} }, signal);
  const isRefused = body === null && !isSilent(said) && said.status === 400;
  return isRefused ? await raw.ask(call, signal) : said;
}

export interface Completed {
  readonly finding: Finding;
  /** The answer that accepted it, and with which body; null when none did. */
  readonly accepted: { readonly said: Said; readonly body: ActionBody } | null;
}

/** Completes an upload in one form, and in the other when that is refused. */
export async function complete(
  raw: RawFlora,
  made: Made | null,
  body: ActionBody,
  signal: AbortSignal,
): Promise<Completed> {
  if (made === null) return { finding: notAsked('the bytes did not get to a target'), accepted: null };
  const said = await act(raw, made.assetId, 'complete', body, signal);
  const judge = body === 'none' ? judgeCompleteWithout : judgeCompleteWithBody;
  const finding = judge(said);
  if (isOk(said)) return { finding, accepted: { said, body } };
  const other = body === 'none' ? 'empty object' : 'none';
  const second = await act(raw, made.assetId, 'complete', other, signal);
  const answered = `${finding.answered}; then ${other === 'none' ? 'without a body' : 'with {}'} ${told(second)}`;
  return isOk(second)
    ? { finding: { ...finding, answered }, accepted: { said: second, body: other } }
    : { finding: unknown(answered), accepted: null };
}

export interface Settled {
  readonly first: Said;
  /** The asset as last seen; null when it was not. */
  readonly asset: Record<string, unknown> | null;
  readonly last: Said;
  readonly tookMs: number;
}

/** Asks for the asset until it is neither pending nor away, a minute at most. */
export async function settle(
  raw: RawFlora,
  assetId: string,
  clock: { monotonic(): number; sleep(delayMs: number, signal: AbortSignal): Promise<void> },
  signal: AbortSignal,
): Promise<Settled> {
  const startedMs = clock.monotonic();
  const call = { method: 'GET', path: `/assets/${encodeURIComponent(assetId)}` } as const;
  const first = await raw.ask(call, signal);
  let last = first;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const tookMs = clock.monotonic() - startedMs;
    const asset = recordOf(last);
    const isOver = asset !== null && asset['status'] !== 'pending_upload';
    if (isOver || tookMs + pauseMs > longestMs) return { first, asset, last, tookMs };
    await clock.sleep(pauseMs, signal);
    signal.throwIfAborted();
    last = await raw.ask(call, signal);
  }
}
