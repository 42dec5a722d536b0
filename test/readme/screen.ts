/**
 * What a terminal shows after a program wrote this to it, without colours and without spaces at the ends of lines. Knows what
 * our bar and log use: the cursor's column and row, erasing, carriage return (ECMA-48). Other control sequences are an error.
 */
export function screenOf(output: string): string {
  const lines: string[] = [''];
  let row = 0;
  let column = 0;
  const line = () => lines[row] ?? '';
  const erase = (mode: string) => {
    lines[row] =
      mode === '2' ? '' : mode === '1' ? line().slice(column).padStart(line().length) : line().slice(0, column);
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a terminal obeys
  for (const [piece, , parameter = '', final] of output.matchAll(/\u001b\[([?]?)([\d;]*)([A-Za-z])|[\s\S]/gu)) {
    if (final === 'G') column = Number(parameter || 1) - 1;
    else if (final === 'A') row = Math.max(0, row - Number(parameter || 1));
    else if (final === 'K') erase(parameter);
    else if (final === 'J') {
      erase(parameter);
      lines.length = row + 1;
    } else if (final === 'm' || final === 'h' || final === 'l') continue;
    else if (piece === '\r') column = 0;
    else if (piece === '\n') {
      row += 1;
      if (row === lines.length) lines.push('');
    } else if (piece >= ' ') {
      const before = line().padEnd(column);
      lines[row] = before.slice(0, column) + piece + before.slice(column + piece.length);
      column += piece.length;
    } else throw new Error(`A terminal would obey ${JSON.stringify(piece)}, and nobody here knows how`);
  }
  return lines
    .map((text) => text.trimEnd())
    .join('\n')
    .trimEnd();
}
