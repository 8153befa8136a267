import type { ErrorStamp } from './errorEnvelopes.ts';
import { type FaultAnswer, type FaultScript, isInsteadOfOperation, type Kill } from './faults.ts';
import type { EmulatorRequest } from './http.ts';
import type { Pauses } from './pauses.ts';
import type { EmulatorParts } from './routes.ts';

/** What a request runs into. */
export interface Stage {
  readonly parts: EmulatorParts;
  readonly takeFault: FaultScript['take'];
  readonly wait: Pauses['wait'];
  /** Taken when the request is carried out, so after a delay. */
  readonly newStamp: (request: EmulatorRequest) => ErrorStamp;
}

/** What became of an operation: the answer, and what is done to its connection in the place of sending it. */
export interface Outcome {
  readonly answer: FaultAnswer;
  readonly kill?: Kill | undefined;
}

/**
 * Carries a request out as the script of faults has it: after the fault's delay, without a trace where the fault takes
 * the operation's place, and with the fault's answer over the operation's.
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
  const on = isInsteadOfOperation(fault) ? rehearse(stage) : stage;
  const { answer, kill } = await operation(on, stamp);
  return { answer: fault?.respond ?? answer, kill: fault?.kill ?? kill, stamp };
}

/** The same stage on a copy of the rows and without faults: a truncated answer still looks like the operation's. */
function rehearse(stage: Stage): Stage {
  const { parts } = stage;
  const rows = parts.store.copy();
  return {
    ...stage,
    parts: { ...parts, store: rows, seen: () => rows },
    takeFault: () => undefined,
    wait: async () => undefined,
  };
}
