import { type Content, oneBufferBytes } from '../../core/content.ts';
import { SyncError } from '../../errors.ts';
import type { ByteSource } from '../ports/byte-source.ts';
import type { LedgerPort } from '../ports/ledger.ts';
import type { ClockPort } from '../ports/runtime.ts';

/**
 * The source of a large body that has it written down, durably, before its last piece leaves: from then on all bytes may arrive,
 * whatever becomes of the answer, and the asset must not be given up for one that was never sent. A small body leaves in one
 * piece; of it the row says enough (`doubtUnanswered` in the ledger).
 *
 * @param onWritten told the row as it stands in the ledger now
 */
export function notingAllBytes(
  deps: { readonly ledger: LedgerPort; readonly clock: ClockPort },
  content: Content,
  source: ByteSource,
  onWritten: (row: Content) => void,
): ByteSource {
  if (content.mayHaveAllBytes || content.sizeBytes <= oneBufferBytes) return source;
  const write = async () => {
    const noted = { ...content, mayHaveAllBytes: true };
    const isSaved = await deps.ledger.write(({ contents }) => contents.save(content, noted, deps.clock.now()));
    if (!isSaved) throw rowChanged();
    onWritten({ ...noted, revision: content.revision + 1 });
  };
  async function* chunks(): AsyncGenerator<Uint8Array> {
    let leftBytes = source.sizeBytes;
    for await (const chunk of source.chunks()) {
      leftBytes -= chunk.length;
      if (leftBytes <= 0) await write();
      yield chunk;
    }
  }
  const { sizeBytes, recycle } = source;
  const parts = { sizeBytes, chunks, close: () => source.close() };
  return recycle === undefined ? parts : { ...parts, recycle: (chunk) => source.recycle?.(chunk) };
}

/** Nothing comes of this upload: what it leads to would not be written down. */
function rowChanged(): SyncError {
  const details = { code: 'row_changed', op: 'upload' } as const;
  return new SyncError('Somebody else changed what the ledger says of the file while it was being sent', details);
}
