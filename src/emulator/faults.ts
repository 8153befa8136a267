/**
 * Which requests a fault is for; absent members fit all. A request in a batch is met like a direct one, by its own
 * method and its path with the batch's version, after the batch itself has been.
 */
export interface FaultCondition {
  readonly method?: string;
  /** Against path and query: a pattern, or a text that occurs in it. */
  readonly path?: RegExp | string;
}

/**
 * What happens to the connection: `reset` sends RST, `close` sends FIN without an answer, `silence` never answers,
 * `truncate` announces the whole answer, sends half of its body and then FIN; a 204 has no half, so it is `close`.
 * Where it is for a request in a batch, the batch's connection suffers it, and the requests after it never happen.
 */
export type Kill = 'reset' | 'close' | 'silence' | 'truncate';

/** The answer of a fault, in place of the operation's. */
export interface FaultAnswer {
  readonly status: number;
  /** Put over the ones that Graph always sends. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects are sent as JSON, all else as it is. */
  readonly body?: string | Buffer | object;
}

/** A scripted fault. With neither `respond` nor `kill` it only delays the operation. */
export interface Fault {
  readonly when?: FaultCondition;
  /** For how many requests; 1 where absent. */
  readonly times?: number;
  /** Waited before anything else happens, in milliseconds of the emulator's clock. */
  readonly delayMs?: number;
  readonly respond?: FaultAnswer;
  readonly kill?: Kill;
  /** Carries the operation out although the fault answers: an add that happened and was never confirmed. */
  readonly execute?: boolean;
}

/** The script: each request takes the first fault that fits it. */
export interface Faults {
  add(fault: Fault): void;
  clear(): void;
}

/** The script as the server reads it. */
export interface FaultScript extends Faults {
  /** Takes the fault for a request, path with query, and counts it as used. */
  take(method: string, path: string): Fault | undefined;
  /** The faults that still wait, and for how many requests each. */
  left(): readonly { readonly fault: Fault; readonly left: number }[];
}

/** Makes an empty script. */
export function createFaults(): FaultScript {
  let script: { readonly fault: Fault; left: number }[] = [];
  return {
    add(fault) {
      script.push({ fault, left: fault.times ?? 1 });
    },
    clear() {
      script = [];
    },
    left: () => script,
    take(method, path) {
      const entry = script.find(({ fault, left }) => left > 0 && fits(fault.when, method, path));
      if (entry === undefined) {
        return undefined;
      }
      entry.left -= 1;
      script = script.filter(({ left }) => left > 0);
      return entry.fault;
    },
  };
}

/** Whether the operation must not leave a trace, because the fault takes its place. */
export function isInsteadOfOperation(fault: Fault | undefined): boolean {
  const isAnswering = fault?.respond !== undefined || fault?.kill !== undefined;
  return isAnswering && fault?.execute !== true;
}

function fits(condition: FaultCondition | undefined, method: string, path: string): boolean {
  const { method: wanted = method, path: pattern = '' } = condition ?? {};
  // search() is blind to the state that test() keeps in a pattern with the flag g.
  const isPath = typeof pattern === 'string' ? path.includes(pattern) : path.search(pattern) >= 0;
  return wanted === method && isPath;
}
