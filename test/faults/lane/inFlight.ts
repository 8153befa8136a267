import { always, onlyFor, type RequestFault, times } from '../../support/faultProxy/fault.ts';
import { held, status } from '../../support/faultProxy/faults.ts';
import type { Program } from '../../support/programs.ts';
import {
  ask,
  type Ending,
  executionsIn,
  type LaneCaller,
  type Met,
  meet,
  putFourCallers,
  type SeenByOperation,
} from './laneCaller.ts';
import type { LaneGraph } from './startFaultLane.ts';

/** What was seen of each operation for each fault, so that the compiler misses one that was never played. */
export type Played<Faults> = Readonly<Record<keyof Faults, SeenByOperation>>;

/** Operations in flight. */
interface InFlight {
  readonly met: Promise<readonly Met[]>;
  /** Lets Graph send its delayed answers. */
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
  name: string,
  seconds: number,
): Promise<Pick<InFlight, 'met'>> {
  const callers = await putFourCallers(stage, name);
  const tooMany = times(callers.length, status(429, String(seconds)));
  stage.proxy.script(onlyForThem(callers, tooMany));
  const met = meet(callers, (caller) => ask(url, caller));
  for (const { requestId } of callers) {
    await program.until(new RegExp(`"${requestId}".*"The call of Microsoft Graph is retried"`));
  }
  return { met };
}

/** The messages logged for a request, in order, each marked if its caller had left. */
export function toldOf(logLines: readonly string[], requestId: string): readonly string[] {
  return logLines
    .filter((line) => line.includes(requestId))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    .filter((line) => line['requestId'] === requestId)
    .map((line) => `${line['message']}${line['hasCallerLeft'] === true ? ', caller left' : ''}`);
}

const longName = 'x'.repeat(800_000);
const copies = 15;

/** More than all buffers of the system between two sockets take. */
export const longAnswerBytes = longName.length * copies;

const names = Array.from({ length: copies }, (_, index) => `n${index}: displayName`);

/** Asks for it. */
export const longQuery = `query ($id: ID!) { complianceManagementPartner(id: $id) { ${names.join(' ')} } }`;

/** Gives the row that is read a name that makes a long answer. */
export async function lengthenName(
  { put, remove }: LaneGraph,
  { intent }: LaneCaller,
): Promise<void> {
  await remove([intent.id]);
  await put({ id: intent.id, displayName: longName });
}
