import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/** A value that shows itself only to who asks for it by name: printing, logging and serialising it give `[redacted]`. */
export interface Secret {
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

export function createSecret(value: string): Secret {
  const hidden = () => REDACTED;
  // The value lives in a closure, so that not even a walk over all properties finds it.
  return Object.freeze({ reveal: () => value, toString: hidden, toJSON: hidden, [inspect.custom]: hidden });
}
