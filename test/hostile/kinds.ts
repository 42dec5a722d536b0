import { cases } from './cases.ts';

/** What the titles of each kind of row have in common. */
export const kinds: readonly RegExp[] = [
  /^nothing is wrong/,
  /^once at each place, in place of the answer/,
  /^once at each place of the API/,
  /^once at each place, the true answer/,
  /^everywhere and always/,
  /^at every place by chance/,
  /^eight of 28 files for ever at reserve/,
  /^eight of 28 files for ever at upload/,
  /^eight of 28 files for ever at complete/,
  /^two files of 4 MB/,
  /^(too many requests|not available|a gateway in trouble)/,
  /^a network that wants a sign-in/,
  /^a refused key/,
  /^the answers? to .* lost|^FLORA completes by itself|^GET shows nothing/,
  /^the first listing of a new ledger/,
  /^one request to .* is never answered$/,
  / commands? a terminal$/,
  /^a proxy that/,
];

/** The first row of each kind: what the quick suite plays. The slow one plays the others. */
export const firstRows = kinds.flatMap((kind) => cases.find(({ title }) => kind.test(title)) ?? []);
