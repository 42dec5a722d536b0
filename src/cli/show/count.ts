/** 12345 is `12,345`, in every locale; `?` for what is no number. */
export function showCount(count: number): string {
  // Without `+ 0`, what rounds to zero from below is `-0`.
  return Number.isFinite(count) ? (Math.round(count) + 0).toLocaleString('en-US') : '?';
}

/** `1 file`, `0 files`, `12,345 files`. */
export function plural(count: number, noun: string): string {
  const shown = showCount(count);
  return `${shown} ${noun}${shown === '1' ? '' : 's'}`;
}

/** 0.42 is `42%`; `100%` only when all is done, and `0%` only when nothing is. */
export function showPercent(share: number): string {
  if (Number.isNaN(share)) return '?';
  const percent = Math.min(100, Math.max(0, share * 100));
  if (percent > 0 && percent < 1) return '1%';
  return `${percent === 100 ? 100 : Math.min(99, Math.round(percent))}%`;
}
