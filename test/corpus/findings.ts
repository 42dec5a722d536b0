// Compares what the program and the emulator made of each file with the verdict of the judges. Pure.
import type { Answers } from './claims.ts';
import type { Outcome } from './trial.ts';
import type { Verdict } from './verdict.ts';

export interface Judged {
  readonly sha256: string;
  readonly origin: string;
  readonly sizeBytes: number;
  readonly answers: Answers;
  readonly verdict: Verdict;
  /** What the emulator takes it for; null for nothing, with its reason. */
  readonly emulator: { readonly contentType: string | null; readonly fault: string | null };
}

/**
 * `sent`: what is none of FLORA's types. `refused`: what is one, and can be read. `mistyped`: sent as another type. `stuck`: neither.
 * `emulator-takes` and `emulator-fails`: the same two of the emulator, `emulator-mistypes` the third.
 */
export type FindingKind =
  | 'sent'
  | 'refused'
  | 'mistyped'
  | 'stuck'
  | 'emulator-takes'
  | 'emulator-fails'
  | 'emulator-mistypes';

export interface Finding {
  readonly kind: FindingKind;
  readonly judged: Judged;
  /** The names under which it happened. */
  readonly namings: readonly string[];
  /** What the program or the emulator said. */
  readonly said: string;
}

export function findingsOf(
  judged: Judged,
  outcomes: readonly Outcome[],
  sentAs: string | undefined,
): readonly Finding[] {
  return [...ofProgram(judged, outcomes, sentAs), ...ofEmulator(judged)];
}

function ofProgram(judged: Judged, outcomes: readonly Outcome[], sentAs: string | undefined): readonly Finding[] {
  const { verdict } = judged;
  const finding = (kind: FindingKind, found: readonly Outcome[], said: string): readonly Finding[] =>
    found.length === 0 ? [] : [{ kind, judged, namings: found.map(({ naming }) => naming), said }];
  const sent = outcomes.filter(({ state }) => state === 'ready');
  // A name may say that the file is not to be looked at; only its own does.
  const refused = outcomes.filter(({ state }) => state === 'rejected');
  const stuck = outcomes.filter(
    ({ state, naming }) => !['ready', 'rejected'].includes(state) && !(state === 'ignored' && naming === 'own'),
  );
  const stuckAs = stuck.map(({ state, reason }) => `${state}: ${reason ?? ''}`)[0] ?? '';
  const isWrongType = verdict.kind === 'send' && sentAs !== undefined && !verdict.types.includes(sentAs);
  return [
    ...finding('stuck', stuck, stuckAs),
    ...(verdict.kind === 'refuse' ? finding('sent', sent, `sent as ${sentAs}`) : []),
    ...(verdict.kind === 'send' ? finding('refused', refused, refused[0]?.reason ?? '') : []),
    ...(isWrongType ? finding('mistyped', sent, `sent as ${sentAs}`) : []),
  ];
}

function ofEmulator(judged: Judged): readonly Finding[] {
  const { verdict, emulator } = judged;
  const finding = (kind: FindingKind, said: string) => [{ kind, judged, namings: [], said }];
  switch (verdict.kind) {
    case 'refuse':
      // Pictures that are too large have a type, and are failed for their size.
      return emulator.contentType === null || verdict.because.includes('megapixels')
        ? []
        : finding('emulator-takes', `taken for ${emulator.contentType}`);
    case 'send':
      if (emulator.contentType === null) return finding('emulator-fails', emulator.fault ?? 'taken for nothing');
      return verdict.types.includes(emulator.contentType)
        ? []
        : finding('emulator-mistypes', `taken for ${emulator.contentType}`);
    case 'either':
      return [];
    default:
      return verdict satisfies never;
  }
}

/** What each judge said, in one line. */
export function saidBy({ file, exiftool, ffprobe }: Answers): string {
  const { type, mime, error, warning } = exiftool;
  const ofExiftool = error ?? `${type} ${mime}${warning === null ? '' : ` (${warning})`}`;
  return `file: ${file} | ExifTool: ${ofExiftool} | ffprobe: ${saidByFfprobe(ffprobe)}`;
}

function saidByFfprobe(answer: Answers['ffprobe']): string {
  if (answer === undefined) return 'not asked';
  return answer === null ? 'cannot open it' : `${answer.format} ${answer.score} [${answer.streams.join(' ')}]`;
}

/** `Map.groupBy`, which Node 20 has not. */
export function groupedBy<T, K>(items: readonly T[], keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
