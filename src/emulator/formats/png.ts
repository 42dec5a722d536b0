// PNG (ISO/IEC 15948): chunks from IHDR to IEND. Checksums are left alone: ffprobe and ExifTool open pictures whose are wrong.
import { type Bytes, latin1 } from './bytes.ts';
import { fault, type Opened } from './opened.ts';

const signature = '\x89PNG\r\n\x1a\n';

export function isPng(bytes: Bytes): boolean {
  return latin1(bytes, 0, 8) === signature;
}

export function openPng(bytes: Bytes): Opened {
  const size = { width: 0, height: 0 };
  let hasPixels = false;
  for (let at = signature.length; ; ) {
    const head = bytes.at(at, 16);
    if (head.length < 8) return fault('ends before its IEND chunk');
    const length = head.readUInt32BE(0);
    const type = head.toString('latin1', 4, 8);
    if (!/^[A-Za-z]{4}$/.test(type)) return fault('has no chunk where one must be');
    if (at + 12 + length > bytes.sizeBytes) return fault(`ends inside its ${type} chunk`);
    if (type === 'IHDR' && length >= 13)
      Object.assign(size, { width: head.readUInt32BE(8), height: head.readUInt32BE(12) });
    if (type === 'IDAT') hasPixels = true;
    if (type === 'IEND') break;
    at += 12 + length;
  }
  if (size.width === 0 || size.height === 0) return fault('has no IHDR chunk with a size');
  return hasPixels ? { contentType: 'image/png', ...size } : fault('has no IDAT chunk');
}
