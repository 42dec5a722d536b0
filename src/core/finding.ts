import type { Content } from './content.ts';
import type { AssetFacts, ContentEvent } from './event.ts';

/**
 * What is odd about a ready asset: FLORA converted it (`converted`); it reports another size, and its bytes are others or cannot be
 * compared (`other_size`); it calls its state by a word that nobody knows (`unknown_status`). Stored as written.
 */
interface Finding {
  readonly reasonCode: string | null;
  readonly reason: string | null;
}

export type Compared = NonNullable<Extract<ContentEvent, { type: 'asset' }>['compared']>;

const nothingOdd: Finding = { reasonCode: null, reason: null };

/** Whether FLORA reports another size than the file's. That alone condemns nothing: it may have converted the file. */
export function isOtherSize({ sizeBytes }: Pick<Content, 'sizeBytes'>, facts: Pick<AssetFacts, 'sizeBytes'>): boolean {
  return facts.sizeBytes !== null && facts.sizeBytes !== sizeBytes;
}

/** Whether FLORA reports a size that we did not know of. */
export function isNewSize(
  content: Pick<Content, 'sizeBytes' | 'remoteSizeBytes'>,
  facts: Pick<AssetFacts, 'sizeBytes'>,
): boolean {
  return isOtherSize(content, facts) && facts.sizeBytes !== content.remoteSizeBytes;
}

/** Whether another size means that FLORA made another type of file of it, by its own word. */
export function isConverted({ contentType }: Pick<Content, 'contentType'>, facts: AssetFacts): boolean {
  return facts.contentType !== null && facts.contentType !== contentType.toLowerCase();
}

/** What is odd about an asset that FLORA calls ready. */
export function findingOf(content: Content, facts: AssetFacts, compared: Compared | undefined): Finding {
  if (!isOtherSize(content, facts) || compared === 'same') return nothingOdd;
  const { sizeBytes, contentType } = content;
  if (isConverted(content, facts)) {
    const reason = `Converted by FLORA: sent as ${contentType} (${sizeBytes} bytes), kept as ${facts.contentType} (${facts.sizeBytes} bytes)`;
    return { reasonCode: 'converted', reason };
  }
  const bytes = compared === 'other' ? 'the bytes behind its URL are others' : 'its bytes could not be compared';
  const reason = `FLORA reports ${facts.sizeBytes} bytes, the file has ${sizeBytes}; ${bytes}`;
  return { reasonCode: 'other_size', reason };
}

/** The word that FLORA used in place of one that its contract has. */
export function unknownStatus({ statusWord }: Pick<AssetFacts, 'statusWord'>): Finding & { readonly reason: string } {
  const word = statusWord === null ? 'in no state at all' : `"${statusWord}"`;
  const reason = `FLORA calls the asset ${word}, which this version does not know; nothing is concluded from it`;
  return { reasonCode: 'unknown_status', reason };
}
