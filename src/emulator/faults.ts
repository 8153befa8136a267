import type { ServerResponse } from 'node:http';
import type { Clock } from '../shared/clock.ts';
import { type EmulatorAnswer, type EmulatorRequest, type ErrorStamp, Refusal } from './http.ts';
import type { EmulatorParts } from './routes.ts';

/**
 * Which requests a fault is for; absent members fit all. A request in a batch is met like a direct one, by its own
 * method and its path with the batch's version, after the batch itself has been.
 */
interface FaultCondition {
  readonly method?: string | undefined;
  /** Against path and query: a pattern, or a text that occurs in it. */
  readonly path?: RegExp | string | undefined;
}

/**
 * What happens to the connection: `reset` sends RST, `close` sends FIN without an answer, `silence` never answers,
 * `truncate` announces the whole answer, sends half of its body and then FIN; a 204 has no half, so it is `close`.
 * For a request in a batch it happens to the batch's connection, and the requests after it never happen.
 */
export type Kill = 'reset' | 'close' | 'silence' | 'truncate';

/** A scripted fault. With neither `respond` nor `kill` it only delays the operation. */
export interface Fault {
  readonly when?: FaultCondition;
  /** For how many requests; 1 if absent. */
  readonly times?: number | undefined;
  /** Waited before anything else happens, in milliseconds of the emulator's clock. */
  readonly delayMs?: number | undefined;
  readonly respond?: EmulatorAnswer | undefined;
  readonly kill?: Kill | undefined;
  /** Executes the operation although the fault answers: an add that happened and was never confirmed. */
  readonly execute?: boolean;
}

/** The script: each request takes the first fault that fits it. */
export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  /** Takes the fault for a request, path with query, and counts it as used. */
  take(method: string, path: string): Fault | undefined;
  /** The faults that still wait, and for how many requests each. */
  left(): readonly { readonly fault: Fault; readonly left: number }[];
}

export function createFaults(): Faults {
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
      if (entry !== undefined) {
        entry.left -= 1;
        script = script.filter(({ left }) => left > 0);
      }
      return entry?.fault;
    },
  };
}

function fits(condition: FaultCondition = {}, method: string, path: string): boolean {
  const { method: wanted = method, path: pattern = '' } = condition;
  // search() is blind to the state that test() keeps in a pattern with the flag g.
  const isPath = typeof pattern === 'string' ? path.includes(pattern) : path.search(pattern) >= 0;
  return wanted === method && isPath;
}

export interface Stage {
  readonly parts: EmulatorParts;
  readonly takeFault: Faults['take'];
  readonly wait: (delayMs: number) => Promise<void>;
  /** Taken when the request is executed, so after a delay. */
  readonly newStamp: (request: EmulatorRequest) => ErrorStamp;
}

/** The answer to a request, and what happens to its connection instead of sending it. */
export interface Outcome {
  readonly answer: EmulatorAnswer;
  readonly kill?: Kill | undefined;
}

/**
 * Executes a request as the script of faults has it: after the fault's delay, without a trace if the fault takes the
 * operation's place, and with the fault's answer over the operation's.
 */
export async function carryOut(
  stage: Stage,
  request: EmulatorRequest,
  operation: (stage: Stage, stamp: ErrorStamp) => Outcome | Promise<Outcome>,
): Promise<Outcome & { readonly stamp: ErrorStamp }> {
  const fault = stage.takeFault(request.method, request.path);
  if (fault?.delayMs !== undefined) {
    await stage.wait(fault.delayMs);
  }
  const stamp = stage.newStamp(request);
  const isInstead = (fault?.respond ?? fault?.kill) !== undefined && fault?.execute !== true;
  const { answer, kill } = await orRefusal(stamp, () =>
    operation(isInstead ? dryRun(stage) : stage, stamp),
  );
  return { answer: fault?.respond ?? answer, kill: fault?.kill ?? kill, stamp };
}

/** The outcome of an operation, or the answer of the refusal that it throws. */
export async function orRefusal(
  stamp: ErrorStamp,
  operation: () => Outcome | Promise<Outcome>,
): Promise<Outcome> {
  try {
    return await operation();
  } catch (error) {
    if (error instanceof Refusal) {
      return { answer: error.answerFor(stamp) };
    }
    throw error;
  }
}

/** The same stage on a copy of the rows and without faults: a truncated answer still looks like the operation's. */
function dryRun(stage: Stage): Stage {
  const rows = stage.parts.store.copy();
  return {
    ...stage,
    parts: { ...stage.parts, store: rows, seen: () => rows },
    takeFault: () => undefined,
  };
}

/** The media type of every answer with a body. */
export const contentType =
  'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8';

const diagnostic = JSON.stringify({
  ServerInfo: {
    DataCenter: 'Embedded',
    Slice: 'E',
    Ring: '1',
    ScaleUnit: '000',
    RoleInstance: 'EMBEDDEDGRAPH0',
  },
});

/** Sends an answer with Graph's headers around its own, or does to the connection what a fault says. */
export function deliver(
  response: ServerResponse,
  { status, headers, body }: EmulatorAnswer,
  stamp: ErrorStamp,
  kill?: Kill,
): void {
  const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = Buffer.from(isRaw ? body : body === undefined ? '' : JSON.stringify(body));
  const sendHead = (): void => {
    response.writeHead(status, {
      'cache-control': 'private',
      'strict-transport-security': 'max-age=31536000',
      'request-id': stamp.requestId,
      'client-request-id': stamp.clientRequestId,
      'x-ms-ags-diagnostic': diagnostic,
      date: new Date(stamp.nowMs).toUTCString(),
      ...(body !== undefined && { 'content-type': contentType, 'odata-version': '4.0' }),
      // RFC 9110 forbids a length on 204.
      ...(status !== 204 && { 'content-length': String(bytes.length) }),
      ...headers,
    });
  };
  const { socket } = response;
  switch (kill) {
    case undefined:
      sendHead();
      response.end(bytes);
      return;
    case 'reset':
      socket?.resetAndDestroy();
      return;
    case 'close':
      socket?.end();
      return;
    case 'silence':
      return;
    case 'truncate':
      sendHead();
      response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => socket?.end());
  }
}

/** Pauses on a clock. `giveUp` takes all timers back, so that none keeps the process alive; such a pause never ends. */
export function createPauses(clock: Clock): {
  wait(delayMs: number): Promise<void>;
  giveUp(): void;
} {
  const cancels = new Set<() => void>();
  return {
    wait: (delayMs) =>
      new Promise((resolve) => {
        const cancel = clock.startTimer(delayMs, () => {
          cancels.delete(cancel);
          resolve();
        });
        cancels.add(cancel);
      }),
    giveUp() {
      for (const cancel of cancels) {
        cancel();
      }
      cancels.clear();
    },
  };
}
