/** The bytes before and after a file in a `multipart/form-data` body, so that the file itself can be streamed between. */
export interface MultipartFrame {
  readonly contentType: string;
  readonly head: Buffer;
  readonly tail: Buffer;
}

export interface MultipartFile {
  readonly field: string;
  readonly fileName: string;
  readonly contentType: string;
}

/**
 * Frames a file for an upload form: every field unaltered and first, then the file, then the closing boundary (RFC 7578;
 * names are escaped as the HTML standard's form submission does it). The body's length is head + file + tail exactly.
 *
 * @param token unguessable, so that it cannot occur in the file
 */
export function frameMultipart(
  fields: Readonly<Record<string, string>>,
  file: MultipartFile,
  token: string,
): MultipartFrame {
  const boundary = `flora-sync-${token}`;
  const parts: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    parts.push(`--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(name)}"\r\n\r\n${value}\r\n`);
  }
  parts.push(
    `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(file.field)}"; ` +
      `filename="${escapeName(file.fileName)}"\r\nContent-Type: ${file.contentType}\r\n\r\n`,
  );
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    head: Buffer.from(parts.join('')),
    tail: Buffer.from(`\r\n--${boundary}--\r\n`),
  };
}

function escapeName(name: string): string {
  return name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
}
