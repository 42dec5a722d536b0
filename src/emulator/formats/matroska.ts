// WebM (RFC 8794, RFC 9559): an EBML header with the DocType `webm`, and a segment that says which tracks it has.
import type { Bytes } from './bytes.ts';
import { another, fault, type Opened } from './opened.ts';

const ids = { header: 0x1a45dfa3, docType: 0x4282, segment: 0x18538067, cluster: 0x1f43b675, tracks: 0x1654ae6b };

interface Element {
  readonly id: number;
  readonly at: number;
  /** Infinity where the file does not say. */
  readonly length: number;
}

export function isMatroska(bytes: Bytes): boolean {
  return bytes.at(0, 4).equals(Buffer.from([0x1a, 0x45, 0xdf, 0xa3]));
}

export function openMatroska(bytes: Bytes): Opened | typeof another {
  const header = elementAt(bytes, 0);
  if (header === undefined) return fault('ends inside its header');
  const docType = childrenOf(bytes, header).find(({ id }) => id === ids.docType);
  const name = docType === undefined ? '' : bytes.at(docType.at, Math.min(docType.length, 64)).toString('latin1');
  if (name.replace(/\0.*$/s, '') !== 'webm') return another;
  const segment = elementAt(bytes, header.at + header.length);
  if (segment?.id !== ids.segment) return fault('has no segment behind its header');
  for (const { id, at, length } of childrenOf(bytes, segment)) {
    if (id === ids.cluster) return fault('has media before it says which tracks it has');
    if (id === ids.tracks)
      return at + length > bytes.sizeBytes ? fault('ends inside its tracks') : { contentType: 'video/webm' };
  }
  return fault('ends before it says which tracks it has');
}

function childrenOf(bytes: Bytes, parent: Element): readonly Element[] {
  const end = Math.min(parent.at + parent.length, bytes.sizeBytes);
  const children: Element[] = [];
  for (let at = parent.at; at < end; ) {
    const child = elementAt(bytes, at);
    if (child === undefined) break;
    children.push(child);
    // What follows media is not needed, and there may be hours of it.
    if (child.id === ids.cluster || child.id === ids.tracks) break;
    at = child.at + child.length;
  }
  return children;
}

function elementAt(bytes: Bytes, offset: number): Element | undefined {
  const head = bytes.at(offset, 12);
  const idBytes = Math.clz32(head[0] ?? 0) - 23;
  const lengthBytes = Math.clz32(head[idBytes] ?? 0) - 23;
  if (idBytes > 4 || lengthBytes > 8 || head.length < idBytes + lengthBytes) return undefined;
  const all = head.subarray(idBytes, idBytes + lengthBytes);
  const first = (all[0] ?? 0) & (0xff >> lengthBytes);
  const isUnknown = first === 0xff >> lengthBytes && all.subarray(1).every((byte) => byte === 0xff);
  const length = all.subarray(1).reduce((sum, byte) => sum * 256 + byte, first);
  return {
    id: head.readUIntBE(0, idBytes),
    at: offset + idBytes + lengthBytes,
    length: isUnknown ? Number.POSITIVE_INFINITY : length,
  };
}
