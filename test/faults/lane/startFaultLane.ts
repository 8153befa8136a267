import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { request } from 'undici';
import type { Emulator } from '../../../src/emulator/server.ts';
import { type Clock, systemClock } from '../../../src/shared/clock.ts';
import type { Measurements } from '../../../src/telemetry/metrics.ts';
import type { TestCertificates } from '../../support/certificates.ts';
import { type FaultProxy, startFaultProxy } from '../../support/faultProxy/startFaultProxy.ts';
import type { HeldConnection } from '../../support/faultProxy/wire.ts';
import { noMeasurements } from '../../support/measurements.ts';
import { empty, startScriptedServer } from '../../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import type { VirtualClock } from '../../support/virtualClock.ts';

/** Lets virtual time pass for a gateway, and only while nothing but time can bring it on. */
interface TimeDriver {
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
interface DrivenUpstream {
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
function startTimeDriver(clock: VirtualClock, upstream: DrivenUpstream): TimeDriver {
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

/** The embedded Graph and a fault proxy before it, for one gateway or several. */
export interface LaneGraph {
  readonly graph: Emulator;
  readonly proxy: FaultProxy;
  /** Puts a row into the embedded Graph, past the proxy. */
  put(row: { readonly id: string; readonly displayName: string }): Promise<void>;
  /** Takes rows out of it in the same way. */
  remove(ids: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

const collection = '/beta/deviceManagement/complianceManagementPartners';

/**
 * Starts both without rows; the Graph takes every token, so that each operation can have its own. The proxy speaks TLS
 * if there are certificates.
 */
export async function startLaneGraph(
  clock = systemClock,
  certificates?: TestCertificates,
): Promise<LaneGraph> {
  const graph = await startTestGraph({ seed: [], acceptToken: () => true, recordRequests: false });
  const proxy = await startFaultProxy({
    upstream: new URL(graph.baseUrl),
    clock,
    ...(certificates && { tls: certificates.good }),
  });

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
    put: (row) => ask('POST', '', row),
    async remove(ids) {
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

/** A whole gateway, the embedded Graph that it asks, and a fault proxy between them. */
export interface FaultLane extends LaneGraph {
  readonly gateway: TestGateway;
  /** The root of a server that must never be asked. */
  readonly elsewhere: URL;
  /** How many requests reached it anyway. */
  readonly strays: number;
  readonly breaker: Parameters<Measurements['breakerState']>[0];
  /** Lets virtual time pass until an operation's outcome is there; on the machine's clock it just waits. */
  drive<Outcome>(outcome: Promise<Outcome>): Promise<Outcome>;
}

interface FaultLaneOptions {
  /** Added to the environment of every lane's gateway. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of gateway and proxy; the machine's if absent. */
  readonly clock?: VirtualClock;
  /** Of the proxy alone, over that clock. */
  readonly proxyClock?: Clock;
  /** Makes gateway and proxy speak TLS with each other. */
  readonly certificates?: TestCertificates | undefined;
  /** What the gateway is pointed at in place of the proxy. */
  readonly url?: URL | undefined;
}

/** Starts a lane without rows; its Graph takes every token, so that each operation can have its own. */
export async function startFaultLane(options: FaultLaneOptions): Promise<FaultLane> {
  const { environment, clock, proxyClock = clock ?? systemClock, certificates, url } = options;
  const laneGraph = await startLaneGraph(proxyClock, certificates);
  const { proxy } = laneGraph;
  const { origin } = url ?? proxy.url;
  const driver = clock && startTimeDriver(clock, { origin, held: () => proxy.held });
  const trap = await startScriptedServer(empty(200));
  let breaker: FaultLane['breaker'] = 'closed';
  const gateway = await startTestGateway(
    {
      // The environment takes plain HTTP on loopback only, and an unresolvable name is not loopback.
      GRAPH_BASE_URL: (url ?? proxy.url).href,
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
    elsewhere: trap.url,
    get strays() {
      return trap.requests.length;
    },
    get breaker() {
      return breaker;
    },
    drive: driver?.drive ?? ((outcome) => outcome),
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
