import type { LivePace } from '../control/protocol.ts';
import type { Creation } from '../core/creation.ts';
import type { Learnt, LearntType } from '../core/records.ts';
import { showText } from '../core/show-text.ts';
import type { ReasonSum } from '../ledger/tables/waits.ts';
import { plural, showCount } from './show/count.ts';
import type { Screen } from './show/lines.ts';
import { momentOf } from './show/moment.ts';
import { isoTime, showAbout, showSeconds } from './show/time.ts';

// What `status` says of how FLORA answers.

/** Null while FLORA shows no limit. */
export function paceLine(pace: LivePace | null) {
  if (pace === null) return null;
  const { perMinute, kind, asksAgainMs } = pace;
  const asksAgain = asksAgainMs === null ? null : isoTime(asksAgainMs);
  return {
    requests_per_minute: perMinute < 10 ? Math.round(perMinute * 10) / 10 : Math.round(perMinute),
    kind,
    asks_again: asksAgain,
  };
}

/** How long what waits takes at that rate: two requests for a file that is not begun, one for others. */
export function describePace(
  pace: NonNullable<ReturnType<typeof paceLine>>,
  counts: Readonly<Record<string, number>>,
  screen: Screen,
): string {
  const { requests_per_minute: perMinute, asks_again: asksAgain } = pace;
  const begun =
    (counts['reserved'] ?? 0) + (counts['uploaded'] ?? 0) + (counts['checking'] ?? 0) + (counts['renewing'] ?? 0);
  const queued = (counts['queued'] ?? 0) + (counts['matching'] ?? 0);
  const files = begun + queued;
  const leftSeconds = ((2 * queued + begun) / Math.max(perMinute, 0.1)) * 60;
  const rest = files === 0 ? '' : `; ${plural(files, 'file')}, about ${showAbout(leftSeconds)}`;
  const closed = asksAgain === null ? '' : `; it is asked again ${at(asksAgain, screen)}`;
  return `FLORA allows about ${perMinute} requests a minute${rest}${closed}`;
}

/** `in 3 min`; `at 2026-11-27 17:03:12` where times are exact. */
function at(iso: string, screen: Screen): string {
  return screen.isTerminal && !screen.isLong ? momentOf(iso, screen) : `at ${momentOf(iso, screen)}`;
}

/** Null while assets are asked for as needed. */
export function creationLine(creation: Creation | null) {
  if (creation?.slowSinceMs == null) return null;
  const { slowSinceMs, nextProbeMs, probes, barren, lost, reason } = creation;
  const times = { since: isoTime(slowSinceMs), next_try: isoTime(nextProbeMs) };
  return { ...times, tries: probes, without_bytes: Math.ceil(barren), answers_lost: lost, reason };
}

export function describeCreation(
  { since, next_try: next, reason }: NonNullable<ReturnType<typeof creationLine>>,
  screen: Screen,
): readonly string[] {
  const times = `since ${momentOf(since, screen)} but one now and then, the next ${at(next, screen)}`;
  return [`No new assets ${times}:`, `  ${showText(reason ?? '')}`];
}

export function describeReasons(title: string, sums: readonly ReasonSum[]): readonly string[] {
  if (sums.length === 0) return [];
  return [
    '',
    title,
    ...sums.map(({ code, count, reason }) => `  ${showCount(count)} ${showText(code)}: ${showText(reason)}`),
  ];
}

export function learntLine({ assetId, atMs, body, target, lagMs, types }: Learnt) {
  return {
    at: atMs === null ? null : isoTime(atMs),
    asset_id: assetId,
    body,
    target: target === null ? null : { kind: target.kind, host: target.host, lives_seconds: seconds(target.livesMs) },
    get_lags_seconds: seconds(lagMs),
    types: Object.fromEntries(Object.entries(types).map(([type, each]) => [type, typeLine(each)])),
  };
}

function typeLine({ isSizeKept, areBytesKept, keptAs }: LearntType) {
  return { is_size_kept: isSizeKept, are_bytes_kept: areBytesKept, kept_as: keptAs };
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms) / 1000;
}

export function describeLearnt(workspace: string, learnt: ReturnType<typeof learntLine>): readonly string[] {
  const { target, body, get_lags_seconds: lag, types } = learnt;
  const parts = [
    ...(target === null ? [] : [describeTarget(target)]),
    ...(body === null ? [] : [`complete takes ${body === 'json' ? '{}' : 'no body'}`]),
    ...(lag === null || lag === 0 ? [] : [`GET lags ${showSeconds(lag)} behind complete`]),
    ...Object.entries(types).map(([type, each]) => describeType(type, each)),
  ];
  return parts.length === 0
    ? []
    : [`Seen of FLORA in ${showText(workspace)}:`, ...parts.map((part) => `  ${showText(part)}`)];
}

function describeTarget({
  kind,
  host,
  lives_seconds: lives,
}: {
  kind: string;
  host: string;
  lives_seconds: number | null;
}) {
  const how = kind === 'form' ? 'a form' : 'PUT';
  return `bytes go to ${host} by ${how}${lives === null ? '' : `, within ${showSeconds(lives)}`}`;
}

function describeType(type: string, each: ReturnType<typeof typeLine>): string {
  const word = (is: boolean | null, yes: string, no: string, unknown: string) =>
    is === null ? unknown : is ? yes : no;
  const size = word(each.is_size_kept, 'its size is kept', 'its size is changed', 'its size is not told');
  const bytes = word(
    each.are_bytes_kept,
    'its bytes are kept',
    'its bytes are others',
    'its bytes could not be compared',
  );
  const isConverted = each.kept_as !== null && each.kept_as !== type;
  return `${type}${isConverted ? ` becomes ${each.kept_as}` : ''}: ${size}, ${bytes}`;
}
