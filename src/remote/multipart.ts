/** The text before and after a file in a `multipart/form-data` body, so that the file itself can be put between. */
export interface MultipartFrame {
  readonly contentType: string;
  readonly head: string;
  readonly tail: string;
}

interface MultipartFile {
  readonly field: string;
  readonly fileName: string;
  readonly contentType: string;
}

/**
 * Frames a file for an upload form: every field unaltered and first, then the file, then the closing boundary (RFC 7578;
 * names are escaped as the HTML standard's form submission does it). The body's length is head + file + tail exactly, with
 * the two texts in UTF-8.
 *
 * @param token unguessable, so that it cannot occur in the file
 */
export function frameMultipart(
  fields: Readonly<Record<string, string>>,
  file: MultipartFile,
  token: string,
): MultipartFrame {
  const boundary = `flora-sync-${token}`;
  let head = '';
  for (const name of Object.keys(fields)) {
    head += `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(name)}"\r\n\r\n${fields[name]}\r\n`;
  }
  head +=
    `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(file.field)}"; ` +
    `filename="${escapeName(file.fileName)}"\r\nContent-Type: ${file.contentType}\r\n\r\n`;
  return { contentType: `multipart/form-data; boundary=${boundary}`, head, tail: `\r\n--${boundary}--\r\n` };
}

const special = /[\n\r"]/g;

function escapeName(name: string): string {
  return name.replace(special, (char) => (char === '"' ? '%22' : char === '\n' ? '%0A' : '%0D'));
}
