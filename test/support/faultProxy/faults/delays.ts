import { passOn, type RequestFault } from '../fault.ts';
import { toBytes } from '../httpAnswer.ts';

/** Keeps an answer back for a time; the upstream's, which is executed at once, where no fault is named. */
export function slow(delayMs: number, fault: RequestFault = passOn): RequestFault {
  return {
    ...fault,
    name: `${fault.name} after ${delayMs} ms`,
    async play(exchange) {
      await exchange.wire.wait(delayMs);
      await fault.play(exchange);
    },
  };
}

/** Executes the request late, even when its client has left long ago, as a request that is stuck on its way. */
export function lateExecution(delayMs: number): RequestFault {
  return {
    name: `executed after ${delayMs} ms`,
    at: 'request',
    executes: false,
    async play({ wire, wait, execute }) {
      await wait(delayMs);
      await wire.write(toBytes(await execute()));
    },
  };
}

/** A fault that a test lets go on. */
export interface HeldFault extends RequestFault {
  release(): void;
}

/** Keeps an answer back until it is released; the upstream's, which is executed at once, where no fault is named. */
export function held(fault: RequestFault = passOn): HeldFault {
  const { release, released } = createRelease();
  return {
    ...fault,
    name: `${fault.name}, delayed`,
    release,
    async play(exchange) {
      await exchange.wire.untilGone(released);
      await fault.play(exchange);
    },
  };
}

/** Sends the first half of the upstream's answer, which is executed at once, and the rest when it is released. */
export function heldInTheMiddle(): HeldFault {
  const { release, released } = createRelease();
  return {
    ...passOn,
    name: 'delayed in the middle of its answer',
    release,
    async play({ wire, answer }) {
      const bytes = toBytes(answer);
      const middle = Math.ceil(bytes.length / 2);
      await wire.write(bytes.subarray(0, middle));
      await wire.untilGone(released);
      await wire.write(bytes.subarray(middle));
    },
  };
}

function createRelease() {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { released, release: () => release() };
}
