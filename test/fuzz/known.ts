/** What the fuzzer has found and nobody has mended yet: names of cases, each with the words of what does not hold. */
export const known: Readonly<Record<string, RegExp>> = {};
