const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

/**
 * 1536 is `1.5 KiB`: a tenth below a hundred, whole numbers above, never 1024 of a unit. `?` for what is no number,
 * `1023+ YiB` for what is beyond all units.
 */
export function showBytes(bytes: number): string {
  if (Number.isNaN(bytes)) return '?';
  if (bytes < 0) return negative(showBytes(-bytes));
  let value = Math.round(bytes);
  for (const unit of units) {
    const shown = rounded(value, unit === 'B' ? 0 : 1);
    if (Number(shown) < 1024) return `${shown} ${unit}`;
    value /= 1024;
  }
  return `1023+ ${units.at(-1)}`;
}

/** What is rounded decides, not what it was before: 99.96 is `100`. */
function rounded(value: number, digits: number): string {
  const exact = value.toFixed(digits);
  return Number(exact) < 100 ? exact : String(Math.round(value));
}

function negative(shown: string): string {
  return shown === '0 B' ? shown : `-${shown}`;
}
