import { always, onlyFor, type RequestFault } from '../../support/faultProxy/fault.ts';
import { held } from '../../support/faultProxy/faults.ts';
import { ask, executionsOf, type LaneCaller, meet } from './laneCaller.ts';
import type { LaneGraph } from './startFaultLane.ts';

/** Strikes the requests only that are made for these callers. */
export function onlyForThem(callers: readonly LaneCaller[], fault: RequestFault): RequestFault {
  const tokens = new Set(callers.map(({ token }) => `Bearer ${token}`));
  return onlyFor(({ headers }) => tokens.has(headers['authorization'] ?? ''), fault);
}

/** Waits until Graph has got all that callers want, and done what there is to do. */
export function untilDone(stage: LaneGraph, callers: readonly LaneCaller[]): Promise<void> {
  return stage.proxy.until(({ received }) => {
    const tokens = new Set(received.map(({ headers }) => headers['authorization']));
    return callers.every(
      (caller) =>
        tokens.has(`Bearer ${caller.token}`) &&
        (caller.operation === 'read' || executionsOf(stage, caller) > 0),
    );
  });
}

/** Has callers ask, and resolves once Graph has done all that they want and answered none of it. */
export async function untilExecuted(stage: LaneGraph, url: string, callers: readonly LaneCaller[]) {
  const fault = held();
  stage.proxy.script(onlyForThem(callers, always(fault)));
  let tellTooEarly: (error: Error) => void = () => undefined;
  const tooEarly = new Promise<never>((_resolve, reject) => {
    tellTooEarly = reject;
  });
  const met = meet(callers, async (caller) => {
    const ending = await ask(url, caller);
    tellTooEarly(new Error(`One of them ended before Graph had got all of them: ${ending.code}`));
    return ending;
  });
  await Promise.race([untilDone(stage, callers), tooEarly]);
  tooEarly.catch(() => undefined);
  return { met, release: fault.release };
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
const names = Array.from({ length: 15 }, (_, index) => `n${index}: displayName`);

/** More than all buffers of the system between two sockets take. */
export const longAnswerBytes = longName.length * names.length;

/** Asks for it. */
export const longQuery = `query ($id: ID!) { complianceManagementPartner(id: $id) { ${names.join(' ')} } }`;

/** Gives the row that is read a name that makes a long answer. */
export async function lengthenName({ put, remove }: LaneGraph, { id }: LaneCaller): Promise<void> {
  await remove([id]);
  await put({ id, displayName: longName });
}
