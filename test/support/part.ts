/**
 * With FLORA_SYNC_TEST_PART=2/3 the second of every three rows, else all of them: for tables of which each row takes seconds, where
 * somebody plays another part each day.
 */
export function partOf<T>(rows: readonly T[], wish = process.env['FLORA_SYNC_TEST_PART']): readonly T[] {
  if (wish === undefined) return rows;
  const [, nth, of] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(wish) ?? [];
  if (nth === undefined || of === undefined || Number(nth) > Number(of))
    throw new Error(`FLORA_SYNC_TEST_PART is "${wish}"; 2/3 is the second of every three`);
  return rows.filter((_, at) => at % Number(of) === Number(nth) - 1);
}
