// Ends a test file that goes on although its tests are over: something that it opened was never closed.

/** The tests of this process that have begun and not ended. */
export class UnderWay {
  #begun = new Map();
  #idle = 0;
  #mostIdle;
  #onIdle;
  #timer;

  /** @param onIdle is told what is open, when nothing was under way for so many turns of a second */
  constructor(mostIdle, onIdle) {
    this.#mostIdle = mostIdle;
    this.#onIdle = onIdle;
  }

  begin(name) {
    this.#idle = 0;
    this.#begun.set(name, (this.#begun.get(name) ?? 0) + 1);
  }

  end(name) {
    this.#idle = 0;
    const left = (this.#begun.get(name) ?? 0) - 1;
    if (left > 0) this.#begun.set(name, left);
    else this.#begun.delete(name);
    // It does not keep the process by itself, and counts turns of the event loop, so that a busy machine has more time.
    this.#timer ??= setInterval(() => this.#look(), 1_000).unref();
  }

  #look() {
    this.#idle = this.#begun.size === 0 ? this.#idle + 1 : 0;
    if (this.#idle < this.#mostIdle) return;
    clearInterval(this.#timer);
    const open = process.getActiveResourcesInfo();
    const kinds = [...new Set(open)].map((kind) => `${open.filter((each) => each === kind).length} ${kind}`);
    this.#onIdle(kinds.join(', '));
  }
}
