import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/shared/clock.ts';
import type { HeldConnection } from './faultProxy/wire.ts';
import type { VirtualClock } from './virtualClock.ts';

/** Lets virtual time pass for a gateway, and only while nothing but time can bring it on. */
export interface TimeDriver {
  /** For the gateway: the virtual clock, whose timers are watched. */
  readonly clock: Clock;
  /**
   * Waits for the outcome of an operation. Time passes from one timer to the next, as often as the gateway waits for
   * time and for nothing else: each of its requests is held at the proxy, or it has started a timer after the last one
   * ended. How fast the machine is decides nothing. For one operation at a time.
   */
  drive<Outcome>(outcome: Promise<Outcome>): Promise<Outcome>;
  stop(): void;
}

/** What the gateway's requests go to. */
export interface DrivenUpstream {
  readonly origin: string;
  /** The connections over which nothing more comes before time passes. */
  held(): readonly HeldConnection[];
}

/** As undici's channels give it. */
interface WatchedRequest {
  readonly origin?: string | URL;
}
interface Message {
  readonly request: WatchedRequest;
  readonly socket?: Socket;
}

/** So many turns of the event loop settle all that waits for nothing outside of this process. */
const turnsToSettle = 20;
/** After so many turns it is another process, such as a resolver, that is waited for. */
const eagerTurns = 2_000;

/** Starts to watch what the gateway asks of an upstream, and the timers that it starts on its clock. */
export function startTimeDriver(clock: VirtualClock, upstream: DrivenUpstream): TimeDriver {
  /** The requests that have not ended, with the connections over which they were sent. */
  const requests = new Map<WatchedRequest, Socket | undefined>();
  const timers = new Set<object>();
  /** Those of the timers that were started after a request ended and before another one began. */
  let pauses = new Set<object>();
  let isBetweenRequests = false;

  const listeners = {
    'undici:request:create': ({ request }: Message) => {
      if (String(request.origin) === upstream.origin) {
        requests.set(request, undefined);
        pauses = new Set();
        isBetweenRequests = false;
      }
    },
    'undici:client:sendHeaders': ({ request, socket }: Message) => {
      if (requests.has(request)) {
        requests.set(request, socket);
      }
    },
    'undici:request:trailers': end,
    'undici:request:error': end,
  };
  const channels = Object.entries(listeners).map(
    ([name, listener]) => [name, (message: unknown) => listener(message as Message)] as const,
  );
  for (const [name, listener] of channels) {
    subscribe(name, listener);
  }

  function end({ request }: Message): void {
    if (requests.delete(request)) {
      isBetweenRequests = true;
    }
  }

  /** Whether the other end has everything that a request has sent, and the gateway everything that came back. */
  function isHeld(socket: Socket, held: readonly HeldConnection[]): boolean {
    return held.some(
      ({ clientPort, bytesWritten }) =>
        clientPort === socket.localPort && bytesWritten === socket.bytesRead,
    );
  }

  function areAllHeld(): boolean {
    const held = upstream.held();
    const sockets = [...requests.values()].filter((socket) => socket !== undefined);
    const withoutConnection = requests.size - sockets.length;
    return (
      sockets.every((socket) => isHeld(socket, held)) &&
      withoutConnection <= held.filter(({ isUnused }) => isUnused).length
    );
  }

  const waitsForTime = (): boolean =>
    timers.size > 0 && (requests.size > 0 ? areAllHeld() : pauses.size > 0);

  /** Resolves once nothing but time can bring the gateway on, or once `isOver`. */
  async function untilTimeMayPass(isOver: () => boolean): Promise<void> {
    let settled = 0;
    for (let turns = 0; settled < turnsToSettle && !isOver(); turns += 1) {
      await (turns < eagerTurns ? turn() : pause(1));
      settled = waitsForTime() ? settled + 1 : 0;
    }
  }

  return {
    clock: {
      now: clock.now,
      startTimer(delayMs, callback) {
        const timer = {};
        const forget = (): void => {
          timers.delete(timer);
          pauses.delete(timer);
        };
        timers.add(timer);
        if (isBetweenRequests) {
          pauses.add(timer);
        }
        const takeBack = clock.startTimer(delayMs, () => {
          forget();
          callback();
        });
        return () => {
          forget();
          takeBack();
        };
      },
    },

    async drive(outcome) {
      let isOver = false;
      const noteEnd = (): void => {
        isOver = true;
      };
      outcome.then(noteEnd, noteEnd);
      isBetweenRequests = false;
      for (;;) {
        await untilTimeMayPass(() => isOver);
        if (isOver) {
          return outcome;
        }
        await clock.advanceToNext();
      }
    },

    stop() {
      for (const [name, listener] of channels) {
        unsubscribe(name, listener);
      }
    },
  };
}
