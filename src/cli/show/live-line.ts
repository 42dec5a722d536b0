import type { DestinationStream } from 'pino';
import { cutEnd } from './width.ts';

/** To the line's start, and all of it cleared (ECMA-48, EL 2). */
const clear = '\r\u001b[2K';

export interface LiveTerminal {
  draw(sequence: string): void;
  columns(): number;
}

/** The last line of a terminal, drawn again and again; what is logged meanwhile stands above it, whole. */
export class LiveLine {
  readonly log: DestinationStream;
  readonly #terminal: LiveTerminal;
  #text = '';

  constructor(terminal: LiveTerminal) {
    this.#terminal = terminal;
    this.log = {
      write: (lines) => terminal.draw(`${clear}${lines.endsWith('\n') ? lines : `${lines}\n`}${this.#text}`),
    };
  }

  /** @param text harmless (core/show-text), without line ends */
  show(text: string): void {
    // A line that fills the last column too is two on some terminals.
    this.#text = cutEnd(text, this.#terminal.columns() - 1);
    this.#terminal.draw(`${clear}${this.#text}`);
  }

  end(): void {
    this.#text = '';
    this.#terminal.draw(clear);
  }
}
