/** Spellings under which the entry of this name opens as well, where case or composition do not matter. */
interface OtherSpellings {
  /** In another case; null where no letter has one. */
  readonly cased: string | null;
  /** Composed where it is decomposed, or the other way round (NFC, NFD); null where that is the same. */
  readonly composed: string | null;
}

/** One other spelling of each kind: that it opens says that the directory may not tell spellings apart. */
export function otherSpellings(name: string): OtherSpellings {
  const composed = name.normalize('NFC');
  const other = composed === name ? name.normalize('NFD') : composed;
  return { cased: inOtherCase(name), composed: other === name ? null : other };
}

/** For a first comparison only: names that differ in it are different to every file system, others may be. */
export function foldName(name: string): string {
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

/** One letter in the other case, of ASCII if there is one: the folding of those is the same everywhere. */
function inOtherCase(name: string): string | null {
  const chars = [...name];
  const at = lastIndex(chars, (char) => /[a-z]/i.test(char)) ?? lastIndex(chars, (char) => otherCase(char) !== null);
  if (at === null) return null;
  return chars.map((char, index) => (index === at ? (otherCase(char) ?? char) : char)).join('');
}

function lastIndex(chars: readonly string[], isWanted: (char: string) => boolean): number | null {
  const at = chars.findLastIndex(isWanted);
  return at === -1 ? null : at;
}

/** Null where there is none, or it is not one letter. */
function otherCase(char: string): string | null {
  const other = [char.toUpperCase(), char.toLowerCase()].find((each) => each !== char);
  return other !== undefined && [...other].length === 1 ? other : null;
}
