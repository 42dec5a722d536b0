// PDF (ISO 32000-1, 7.5 and annex H): a header near the beginning, and near the end where the table of objects stands.
import { type Bytes, find } from './bytes.ts';
import { fault, type Opened } from './opened.ts';

const header = Buffer.from('%PDF-', 'latin1');
const pointer = Buffer.from('startxref', 'latin1');
/** Readers look for the header this far. */
const maxJunkBytes = 1024;
/** Implementation note 18 has the last 1,024 bytes; what mailers and signers put behind is more at times. */
const tailBytes = 64 * 1024;

export function isPdf(bytes: Bytes): boolean {
  return find(bytes, header, 0, Math.min(bytes.sizeBytes, maxJunkBytes + header.length)) !== -1;
}

export function openPdf(bytes: Bytes): Opened {
  return find(bytes, pointer, Math.max(0, bytes.sizeBytes - tailBytes)) === -1
    ? fault('ends before it says where its objects are')
    : { contentType: 'application/pdf' };
}
