// What a reader makes of a file.

/** Opened, with the size of a picture where it is known; or not: `fault` says why, as the end of a sentence about the file. */
export type Opened =
  | { readonly contentType: string; readonly width?: number; readonly height?: number }
  | { readonly fault: string };

/** What begins as one of FLORA's types but is another: FLORA takes it no more than what is nothing at all. */
export const another = null;

export function fault(what: string): Opened {
  return { fault: what };
}
