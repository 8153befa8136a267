import type { Clock } from '../shared/clock.ts';
import { isJsonObject } from '../shared/json.ts';
import {
  type EmulatorAnswer,
  type EmulatorRequest,
  type ErrorStamp,
  type Kill,
  methodRefusal,
  Refusal,
  readJsonBody,
  refusal,
  splitPath,
} from './http.ts';
import type { EmulatorParts } from './operations.ts';

/** A scripted fault. With neither `respond` nor `kill` it only delays the operation. */
export interface Fault {
  /**
   * Which requests it is for; absent members fit all. A request in a batch is met like a direct one, by its own method
   * and its path with the batch's version, after the batch itself has been.
   */
  readonly when?: {
    readonly method?: string | undefined;
    /** Against path and query: a pattern, or a text that occurs in it. */
    readonly path?: RegExp | string | undefined;
  };
  /** For how many requests; 1 if absent. */
  readonly times?: number | undefined;
  /** Waited before anything else happens, in milliseconds of the emulator's clock. */
  readonly delayMs?: number | undefined;
  readonly respond?: EmulatorAnswer | undefined;
  readonly kill?: Kill | undefined;
  /** Executes the operation although the fault answers: an add that happened and was never confirmed. */
  readonly execute?: boolean;
}

export type Faults = ReturnType<typeof createFaults>;

/** The script: each request takes the first fault that fits it. */
export function createFaults() {
  let script: { readonly fault: Fault; left: number }[] = [];
  return {
    add(fault: Fault): void {
      script.push({ fault, left: fault.times ?? 1 });
    },
    clear(): void {
      script = [];
    },
    /** The faults that still wait, and for how many requests each. */
    left: (): readonly { readonly fault: Fault; readonly left: number }[] => script,
    /** Takes the fault for a request, path with query, and counts it as used. */
    take(method: string, path: string): Fault | undefined {
      const entry = script.find(({ fault, left }) => left > 0 && fits(fault.when, method, path));
      if (entry !== undefined) {
        entry.left -= 1;
        script = script.filter(({ left }) => left > 0);
      }
      return entry?.fault;
    },
  };
}

function fits(condition: Fault['when'] = {}, method: string, path: string): boolean {
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
async function orRefusal(
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

const maximumFaults = 100;
const maximumTimes = 1_000;
const maximumDelayMs = 60_000;

/** A fault as a program outside writes it, as in the table in docs; `members` has the rule for each member. */
interface ScriptedFault {
  readonly method?: string;
  readonly path?: string;
  readonly times?: number;
  readonly delayMs?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
  /** Executes the operation although `status` answers. */
  readonly execute?: boolean;
  /** Resets the connection before or after the operation is executed. */
  readonly reset?: 'before' | 'after';
}

/**
 * Answers a request for the control endpoint: POST adds a fault, GET lists those left, DELETE clears them; undefined for
 * every other request. A page in a browser can reach loopback, so a request with an `Origin`, or with a `Host` that is
 * not loopback, is rejected.
 */
export async function answerControl(
  faults: Faults,
  request: EmulatorRequest,
  stamp: ErrorStamp,
): Promise<EmulatorAnswer | undefined> {
  if (splitPath(request.path).path !== '/control/faults') {
    return undefined;
  }
  const { answer } = await orRefusal(stamp, () => ({ answer: control(faults, request) }));
  return answer;
}

function control(faults: Faults, request: EmulatorRequest): EmulatorAnswer {
  const { method, headers, body } = request;
  if (headers.origin !== undefined) {
    throw rejected(403, 'Pages in browsers may not script faults: send no Origin.');
  }
  if (!/^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i.test(headers.host ?? '')) {
    throw rejected(403, 'Host must be localhost, 127.0.0.1 or [::1].');
  }
  switch (method) {
    case 'GET':
      return { status: 200, body: { faults: faults.left().map(describe) } };
    case 'DELETE':
      faults.clear();
      return { status: 204 };
    case 'POST': {
      if (body === 'tooLarge') {
        throw rejected(413, 'The body is too large.');
      }
      const fault = readFault(readJsonBody(request));
      if (faults.left().length >= maximumFaults) {
        throw rejected(409, `At most ${maximumFaults} faults can wait; DELETE clears them.`);
      }
      faults.add(fault);
      return { status: 201, body: { faults: faults.left().map(describe) } };
    }
    default:
      throw methodRefusal('GET, POST, DELETE');
  }
}

function rejected(status: number, message: string): Error {
  return refusal(status, 'ControlRequestRejected', message);
}

const isWhole = (least: number, most: number) => (value: unknown) =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most;

const members: Readonly<
  Record<keyof ScriptedFault, readonly [string, (value: unknown) => boolean]>
> = {
  method: ['a method in upper case', (value) => /^[A-Z]{1,20}$/.test(String(value))],
  path: ['a text that occurs in path and query', (value) => typeof value === 'string'],
  times: [`a number from 1 to ${maximumTimes}`, isWhole(1, maximumTimes)],
  delayMs: [`a number from 0 to ${maximumDelayMs}`, isWhole(0, maximumDelayMs)],
  status: ['a number from 200 to 599', isWhole(200, 599)],
  headers: ['an object of texts', (value) => isJsonObject(value) && areHeaders(value)],
  body: ['a text or a JSON object', (value) => typeof value === 'string' || isJsonObject(value)],
  execute: ['true or false', (value) => typeof value === 'boolean'],
  reset: ['"before" or "after"', (value) => value === 'before' || value === 'after'],
};

function areHeaders(headers: object): boolean {
  return Object.entries(headers).every(
    ([name, value]) =>
      /^[\w-]{1,100}$/.test(name) && typeof value === 'string' && /^[\x20-\x7e]*$/.test(value),
  );
}

function readFault(value: unknown): Fault {
  if (!isJsonObject(value)) {
    throw rejected(400, 'The body must be a JSON object.');
  }
  for (const [name, content] of Object.entries(value)) {
    if (!Object.hasOwn(members, name)) {
      const known = Object.keys(members).join(', ');
      throw rejected(400, `"${name.slice(0, 80)}" is not a member of a fault; known: ${known}.`);
    }
    const [expected, isValid] = members[name as keyof ScriptedFault];
    if (!isValid(content)) {
      throw rejected(400, `"${name}" must be ${expected}.`);
    }
  }
  const { method, path, times, delayMs, status, headers, body, execute, reset } =
    value as ScriptedFault;
  if (status === undefined && (headers ?? body ?? execute) !== undefined) {
    throw rejected(400, '"headers", "body" and "execute" need a "status".');
  }
  if (status !== undefined && reset !== undefined) {
    throw rejected(400, 'Give "status" or "reset", not both.');
  }
  if ((status ?? reset ?? delayMs) === undefined) {
    throw rejected(400, 'Give a "status", a "reset" or a "delayMs".');
  }
  const usualBody = { error: { code: 'ScriptedFault', message: 'Scripted fault.' } };
  const sent = body ?? (Number(status) < 400 ? undefined : usualBody);
  return {
    when: { method, path },
    times,
    delayMs,
    respond: status === undefined ? undefined : { status, headers, body: sent },
    kill: reset && 'reset',
    execute: execute === true || reset === 'after',
  };
}

function describe({ fault, left }: ReturnType<Faults['left']>[number]): object {
  const { when, delayMs, respond, kill, execute } = fault;
  return {
    method: when?.method,
    path: when?.path?.toString(),
    times: left,
    delayMs,
    ...(respond && { status: respond.status, execute }),
    ...(kill && { reset: execute ? 'after' : 'before' }),
  };
}
