import { SyncError } from '../errors.ts';

/** What stands in the body of `complete` and `retry`: an empty JSON object, or nothing at all. */
export type BodyForm = 'json' | 'none';

/**
 * FLORA's documents send no body to `complete` and `retry`; live clients were answered 400 `invalid_json` to that, and send `{}`.
 * So `{}` goes first, and after a 400 the other form is next. One that was accepted is kept until it is called invalid JSON.
 */
export class BodyForms {
  #next: BodyForm;
  #proven: BodyForm | null = null;
  readonly #onProven: (form: BodyForm) => void;

  constructor(known: BodyForm | undefined, onProven: (form: BodyForm) => void = () => {}) {
    this.#next = known ?? 'json';
    this.#onProven = onProven;
  }

  get next(): BodyForm {
    return this.#next;
  }

  accepted(form: BodyForm): void {
    if (this.#proven === form) return;
    this.#proven = form;
    this.#next = form;
    this.#onProven(form);
  }

  /** The error of a request in this form: SyncError `body_refused` where the form may be to blame. */
  judge(form: BodyForm, error: unknown): unknown {
    if (!(error instanceof SyncError) || error.status !== 400) return error;
    if (this.#proven === form) {
      // What was accepted before is refused for another reason.
      if (error.code !== 'invalid_json') return error;
      this.#proven = null;
    }
    // Of requests that were under way together, each says the same of the one form.
    this.#next = form === 'json' ? 'none' : 'json';
    const { message, scope, op, status, requestId } = error;
    return new SyncError(message, { code: 'body_refused', scope, op, status, requestId });
  }
}
