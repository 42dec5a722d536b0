// Numbers and text in bytes. What lies behind the end is NaN, which no comparison holds for, so that nothing need be checked twice.

/** Bytes as latin1 text; shorter where the bytes end. */
export function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

export function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? Number.NaN;
}

/** Big-endian, as in ISO files, JPEG and PNG. */
export function u16(bytes: Uint8Array, at: number): number {
  return byteAt(bytes, at) * 0x100 + byteAt(bytes, at + 1);
}

export function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x1_0000 + u16(bytes, at + 2);
}

/** Exact up to 2⁵³, beyond any file. */
export function u64(bytes: Uint8Array, at: number): number {
  return u32(bytes, at) * 0x1_0000_0000 + u32(bytes, at + 4);
}

/** Little-endian, as in RIFF, BMP and GIF. */
export function u16le(bytes: Uint8Array, at: number): number {
  return byteAt(bytes, at) + byteAt(bytes, at + 1) * 0x100;
}

export function u24le(bytes: Uint8Array, at: number): number {
  return u16le(bytes, at) + byteAt(bytes, at + 2) * 0x1_0000;
}

export function u32le(bytes: Uint8Array, at: number): number {
  return u16le(bytes, at) + u16le(bytes, at + 2) * 0x1_0000;
}

/** Whether there is something, and all of it is zero. */
export function isZeros(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.every((byte) => byte === 0);
}
