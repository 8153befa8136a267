import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { request } from 'undici';
import { type Clock, systemClock } from '../../../src/shared/clock.ts';
import type { TestCertificates } from '../../support/certificates.ts';
import { type FaultProxy, startFaultProxy } from '../../support/faultProxy/startFaultProxy.ts';
import { noMeasurements } from '../../support/measurements.ts';
import { empty, startScriptedServer } from '../../support/scriptedServer.ts';
import { startTestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import type { VirtualClock } from '../../support/virtualClock.ts';

/** As undici's channels give it. */
interface Message {
  readonly request: { readonly origin?: string | URL };
  readonly socket?: Socket;
}

/** So many turns of the event loop settle all that waits for nothing outside of this process. */
const turnsToSettle = 20;
/** After so many turns it is another process, such as a resolver, that is waited for. */
const eagerTurns = 2_000;

/**
 * Watches what the gateway asks of an upstream, and the timers that it starts on its clock, to let virtual time pass only
 * while nothing but time can bring the gateway on: each of its requests is held at the proxy, or it has started a timer
 * after the last one ended. How fast the machine is decides nothing.
 */
function startTimeDriver(clock: VirtualClock, origin: string, proxy: FaultProxy) {
  /** The requests that have not ended, with the connections over which they were sent. */
  const requests = new Map<Message['request'], Socket | undefined>();
  const timers = new Set<object>();
  /** Those of the timers that were started after a request ended and before another one began. */
  const pauses = new Set<object>();
  let isBetweenRequests = false;

  const end = ({ request }: Message): void => {
    isBetweenRequests = requests.delete(request) || isBetweenRequests;
  };
  const channels = Object.entries({
    'undici:request:create'({ request }: Message) {
      if (String(request.origin) === origin) {
        requests.set(request, undefined);
        pauses.clear();
        isBetweenRequests = false;
      }
    },
    'undici:client:sendHeaders'({ request, socket }: Message) {
      if (requests.has(request)) {
        requests.set(request, socket);
      }
    },
    'undici:request:trailers': end,
    'undici:request:error': end,
  }).map(([name, tell]) => [name, (message: unknown) => tell(message as Message)] as const);
  for (const [name, listener] of channels) {
    subscribe(name, listener);
  }

  /** Whether the other end has everything that the requests have sent, and the gateway everything that came back. */
  function areAllHeld(): boolean {
    const { held } = proxy;
    const sockets = [...requests.values()].filter((socket) => socket !== undefined);
    const withoutConnection = requests.size - sockets.length;
    return (
      sockets.every(({ localPort, bytesRead }) =>
        held.some((one) => one.clientPort === localPort && one.bytesWritten === bytesRead),
      ) && withoutConnection <= held.filter(({ isUnused }) => isUnused).length
    );
  }

  const waitsForTime = (): boolean =>
    timers.size > 0 && (requests.size > 0 ? areAllHeld() : pauses.size > 0);

  const watched: Clock = {
    now: clock.now,
    startTimer(delayMs, callback) {
      const timer = {};
      const forget = (): boolean => timers.delete(timer) && pauses.delete(timer);
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
  };
  return {
    clock: watched,
    /** Waits for the outcome of one operation; time passes from one timer to the next. */
    async drive<Outcome>(outcome: Promise<Outcome>): Promise<Outcome> {
      let isOver = false;
      const noteEnd = (): void => {
        isOver = true;
      };
      outcome.then(noteEnd, noteEnd);
      isBetweenRequests = false;
      for (;;) {
        let settled = 0;
        for (let turns = 0; settled < turnsToSettle && !isOver; turns += 1) {
          await (turns < eagerTurns ? turn() : pause(1));
          settled = waitsForTime() ? settled + 1 : 0;
        }
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

/** The embedded Graph and a fault proxy before it, for one gateway or several. */
export type LaneGraph = Awaited<ReturnType<typeof startLaneGraph>>;

const collection = '/beta/deviceManagement/complianceManagementPartners';

/**
 * Starts both without rows; the Graph takes every token, so that each operation can have its own. The proxy speaks TLS
 * if there are certificates.
 */
export async function startLaneGraph(clock = systemClock, certificates?: TestCertificates) {
  const graph = await startTestGraph({ seed: [], acceptToken: () => true, recordRequests: false });
  const tls = certificates?.good;
  const upstream = new URL(graph.baseUrl);
  const proxy = await startFaultProxy({ upstream, clock, ...(tls && { tls }) });

  async function ask(method: 'POST' | 'DELETE', path: string, body?: object): Promise<void> {
    const answer = await request(`${graph.baseUrl}${collection}${path}`, {
      method,
      headers: { authorization: 'Bearer lane', 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    await answer.body.dump();
    if (answer.statusCode >= 300) {
      throw new Error(`The embedded Graph answered ${answer.statusCode} to ${method} ${path}`);
    }
  }

  return {
    graph,
    proxy,
    /** Puts a row into the embedded Graph, past the proxy. */
    put: (row: { readonly id: string; readonly displayName: string }) => ask('POST', '', row),
    /** Takes rows out of it in the same way. */
    async remove(ids: readonly string[]) {
      for (const id of ids) {
        await ask('DELETE', `/${encodeURIComponent(id)}`);
      }
    },
    async close() {
      await proxy.close();
      await graph.close();
    },
  };
}

interface FaultLaneOptions {
  /** Added to the environment of every lane's gateway. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Of gateway and proxy; the machine's if absent. */
  readonly clock?: VirtualClock;
  /** Of the proxy alone, over that clock. */
  readonly proxyClock?: Clock;
  /** Makes gateway and proxy speak TLS with each other. */
  readonly certificates?: TestCertificates | undefined;
  /** What the gateway is pointed at in place of the proxy. */
  readonly url?: URL | undefined;
}

/** A whole gateway, the embedded Graph that it asks, and a fault proxy between them. */
export type FaultLane = Awaited<ReturnType<typeof startFaultLane>>;

/** Starts a lane without rows; its Graph takes every token, so that each operation can have its own. */
export async function startFaultLane(options: FaultLaneOptions = {}) {
  const { environment, clock, proxyClock = clock ?? systemClock, certificates } = options;
  const laneGraph = await startLaneGraph(proxyClock, certificates);
  const { url = laneGraph.proxy.url } = options;
  const driver = clock && startTimeDriver(clock, url.origin, laneGraph.proxy);
  const trap = await startScriptedServer(empty(200));
  let breaker: Parameters<(typeof noMeasurements)['breakerState']>[0] = 'closed';
  const gateway = await startTestGateway(
    {
      // The environment takes plain HTTP on loopback only, and an unresolvable name is not loopback.
      GRAPH_BASE_URL: url.href,
      DRAIN_TIMEOUT_MS: '0',
      // Some answers are longer than the buffers between two sockets.
      LIMIT_ANSWER_BYTES: '67108864',
      ...environment,
    },
    {
      clock: driver?.clock ?? systemClock,
      certificateAuthorities: certificates && [certificates.authority],
      measurements: {
        ...noMeasurements,
        breakerState(state, upstream) {
          breaker = upstream === 'graph' ? state : breaker;
        },
      },
    },
  );
  return {
    ...laneGraph,
    gateway,
    /** The root of a server that must never be asked. */
    elsewhere: trap.url,
    /** How many requests reached it anyway. */
    strays: () => trap.requests.length,
    breaker: () => breaker,
    /** Lets virtual time pass until an operation's outcome is there; on the machine's clock it just waits. */
    drive: driver?.drive ?? (<Outcome>(outcome: Promise<Outcome>) => outcome),
    async close() {
      const stopped = gateway.stop(0);
      await clock?.advance(0);
      await stopped;
      driver?.stop();
      await trap.close();
      await laneGraph.close();
    },
  };
}
