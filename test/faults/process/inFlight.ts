import { always, onlyFor, type RequestFault, times } from '../../support/faultProxy/fault.ts';
import { held } from '../../support/faultProxy/faults/delays.ts';
import { status } from '../../support/faultProxy/faults/plainAnswers.ts';
import type { Program } from '../../support/programs.ts';
import { ask, type Ending, type LaneCaller, putFourCallers } from '../lane/laneCaller.ts';
import { executionsIn } from '../lane/seen.ts';
import type { LaneGraph } from '../lane/startLaneGraph.ts';
import { type Met, meet } from './played.ts';

/** Operations that are under way. */
export interface InFlight {
  readonly met: Promise<readonly Met[]>;
  /** Lets Graph answer what it has held back. */
  release(): void;
}

/** Strikes the requests only that are made for these callers. */
export function onlyForThem(callers: readonly LaneCaller[], fault: RequestFault): RequestFault {
  const tokens = new Set(callers.map(({ token }) => `Bearer ${token}`));
  return onlyFor(({ headers }) => tokens.has(headers['authorization'] ?? ''), fault);
}

/** Waits until Graph has got all that callers want, and done what there is to do. */
export function untilDone({ graph, proxy }: LaneGraph, callers: readonly LaneCaller[]) {
  const isDone = ({ intent }: LaneCaller): boolean =>
    intent.operation === 'read' || executionsIn(graph.partners(), intent) > 0;
  return proxy.until(({ received }) => {
    const tokens = new Set(received.map(({ headers }) => headers['authorization']));
    return callers.every((caller) => tokens.has(`Bearer ${caller.token}`) && isDone(caller));
  });
}

/** Has callers ask, and resolves once Graph has done all that they want and answered none of it. */
export async function untilExecuted(
  stage: LaneGraph,
  url: string,
  callers: readonly LaneCaller[],
): Promise<InFlight> {
  const fault = held();
  stage.proxy.script(onlyForThem(callers, always(fault)));
  const asking = callers.map((caller) => ask(url, caller));
  const tooEarly = Promise.race(asking).then(({ code }) => {
    throw new Error(`One of them has ended before Graph had got all of them: ${code}`);
  });
  await Promise.race([untilDone(stage, callers), tooEarly]);
  tooEarly.catch(() => undefined);
  const met = Promise.all(
    callers.map(async (caller, index) => ({ caller, ending: (await asking[index]) as Ending })),
  );
  return { met, release: fault.release };
}

/** Has four callers ask, and resolves once each waits for as long as Graph wants to be left alone. */
export async function untilInBackOff(
  stage: LaneGraph,
  { url, program }: { readonly url: string; readonly program: Program },
  { name, seconds }: { readonly name: string; readonly seconds: number },
): Promise<Pick<InFlight, 'met'>> {
  const callers = await putFourCallers(stage, name);
  const tooMany = times(callers.length, status(429, String(seconds)));
  stage.proxy.script(onlyForThem(callers, tooMany));
  const met = meet(callers, (caller) => ask(url, caller));
  for (const { requestId } of callers) {
    await program.until(new RegExp(`"${requestId}".*"Microsoft Graph is asked again"`));
  }
  return { met };
}
