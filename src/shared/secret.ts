import { hash } from 'node:crypto';

const mark = '[redacted]';

/** Under which Node looks for what to print; its own name for it would ask users of the types for Node's. */
const inspectCustom = Symbol.for('nodejs.util.inspect.custom');

/** A text that no log line, error or JSON shows by accident; `reveal` is the one way to it. */
export class Secret {
  readonly #text: string;
  #digest: string | undefined;

  static {
    Object.defineProperty(Secret.prototype, inspectCustom, { value: () => mark });
  }

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  /** SHA-256 in base64url: what caches and locks know it by. Made once. */
  digest(): string {
    this.#digest ??= digestOf(this.#text);
    return this.#digest;
  }

  toString(): string {
    return mark;
  }

  toJSON(): string {
    return mark;
  }
}

/** SHA-256 in base64url. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'base64url');
}

/** The token of the README's examples. Only the embedded Graph accepts it; it opens nothing else. */
export const embeddedGraphToken = 'embedded-graph-token';

/**
 * Bounds an LRU cache to a number of entries. Its own option `max` takes the memory for all of them at the start: with
 * 50,000 that is megabytes, and milliseconds, of a gateway that may never need them.
 */
export const atMost = (entries: number) => ({ maxSize: entries, sizeCalculation: (): number => 1 });
