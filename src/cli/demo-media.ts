import { deflateSync } from 'node:zlib';

// A handful of small media files, made here from arithmetic, so that the demo needs no licence and no download.

export interface Sample {
  readonly name: string;
  readonly bytes: Buffer;
}

export function demoSamples(): readonly Sample[] {
  return [
    {
      name: 'moodboard/sunrise.png',
      bytes: png(320, 200, (x, y) => [255 - y, (120 + (x / 320) * 80) | 0, (y * 1.2) | 0]),
    },
    { name: 'moodboard/lagoon.png', bytes: png(240, 240, (x, y) => [(x ^ y) & 0x3f, 90 + (y >> 1), 140 + (x >> 1)]) },
    { name: 'moodboard/checkers.gif', bytes: gif(64, 64, (x, y) => ((x >> 3) + (y >> 3)) & 1) },
    { name: 'sound/chime.wav', bytes: wav(1.2, [523.25, 659.25, 783.99]) },
    { name: 'brief.pdf', bytes: pdf('A brief for the first look at flora-sync') },
  ];
}

type Pixel = (x: number, y: number) => readonly [red: number, green: number, blue: number];

/** PNG, 8 bit RGB (ISO/IEC 15948). */
export function png(width: number, height: number, pixel: Pixel): Buffer {
  const stride = width * 3 + 1;
  const raw = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = y * stride + 1 + x * 3;
      for (const [index, value] of pixel(x, y).entries()) raw[at + index] = Math.max(0, Math.min(255, value));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(raw)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

/** The CRC of PNG and zlib; `zlib.crc32` exists from Node 20.15 and 22.2 on, but not in the types of 20. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** GIF89a with two colours; LZW codes are all literal, with a clear code before the table grows. */
function gif(width: number, height: number, index: (x: number, y: number) => number): Buffer {
  const head = Buffer.from('GIF89a\0\0\0\0\x80\0\0', 'latin1');
  head.writeUInt16LE(width, 6);
  head.writeUInt16LE(height, 8);
  const colours = Buffer.from([0xf4, 0xee, 0xe0, 0x2b, 0x59, 0x63]);
  const descriptor = Buffer.from([0x2c, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  descriptor.writeUInt16LE(width, 5);
  descriptor.writeUInt16LE(height, 7);
  const codes: number[] = [];
  for (let at = 0; at < width * height; at += 1) {
    // Two literals after each clear keep every code at three bits.
    if (at % 2 === 0) codes.push(4);
    codes.push(index(at % width, Math.floor(at / width)));
  }
  codes.push(5);
  const packed = Buffer.alloc(Math.ceil((codes.length * 3) / 8));
  for (const [at, code] of codes.entries()) {
    for (let bit = 0; bit < 3; bit += 1) {
      const place = at * 3 + bit;
      if ((code >> bit) & 1) packed[place >> 3] = (packed[place >> 3] ?? 0) | (1 << (place & 7));
    }
  }
  const blocks: Buffer[] = [];
  for (let at = 0; at < packed.length; at += 255) {
    const block = packed.subarray(at, at + 255);
    blocks.push(Buffer.from([block.length]), block);
  }
  return Buffer.concat([head, colours, descriptor, Buffer.from([2]), ...blocks, Buffer.from([0, 0x3b])]);
}

/** WAV, 16 bit mono PCM at 22,050 Hz: a chord that fades. */
export function wav(seconds: number, frequencies: readonly number[]): Buffer {
  const rate = 22_050;
  const count = Math.round(seconds * rate);
  const bytes = Buffer.alloc(44 + count * 2);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(36 + count * 2, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(rate * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(count * 2, 40);
  for (let at = 0; at < count; at += 1) {
    const tone = frequencies.reduce((sum, hertz) => sum + Math.sin((2 * Math.PI * hertz * at) / rate), 0);
    bytes.writeInt16LE(Math.round((tone / frequencies.length) * 12_000 * (1 - at / count)), 44 + at * 2);
  }
  return bytes;
}

/** One page of PDF 1.4 with a line of text. */
export function pdf(text: string): Buffer {
  const page = `BT /F1 20 Tf 60 700 Td (${text.replaceAll(/[\\()]/g, '\\$&')}) Tj ET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${page.length} >>\nstream\n${page}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let body = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = body.length;
    body += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  const trailer = `trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`;
  return Buffer.from(`${body}xref\n0 ${size}\n0000000000 65535 f \n${table}${trailer}`, 'latin1');
}
