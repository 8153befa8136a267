import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { createPauses } from '../../../src/emulator/faults.ts';
import { type Clock, systemClock } from '../../../src/shared/clock.ts';
import type { ServerCertificate } from '../certificates.ts';
import { until } from '../until.ts';
import { type Fault, passOn, type RequestFault } from './fault.ts';
import {
  createUpstreamLink,
  type HttpAnswer,
  type RequestHead,
  standInAnswer,
  withSecureLinks,
} from './http.ts';
import { createWire, type HeldConnection, type Wire } from './wire.ts';

interface FaultProxyOptions {
  /** What it stands before; speaks plain HTTP. */
  readonly upstream: URL;
  /** Makes it speak TLS to its clients. */
  readonly tls?: ServerCertificate;
  /** For all of its waiting; the machine's where absent. */
  readonly clock?: Clock;
}

/** What happened at a proxy until now. */
interface FaultProxyRecord {
  /** The requests whose head arrived, oldest first. */
  readonly received: readonly RequestHead[];
  /** The requests that were given to the upstream, in the order of its answers. */
  readonly forwarded: readonly RequestHead[];
  /** How many requests are with the upstream at this moment. */
  readonly underWay: number;
}

/** A proxy that plays faults on real sockets and counts what gets through. */
export interface FaultProxy extends Omit<FaultProxyRecord, 'underWay'> {
  /** How many connections were accepted. */
  readonly connections: number;
  /** Where clients connect; the same after a refusal. */
  readonly url: URL;
  /** Appends faults: each connection and each request takes the first that fits it, and passes through if none does. */
  script(...faults: readonly Fault[]): void;
  /** Forgets the faults that have not struck yet. */
  clear(): void;
  /** Shows another certificate to the connections that come. */
  present(certificate: ServerCertificate): void;
  /** The connections over which nothing more comes before time passes, or their client or a test acts. */
  readonly held: readonly HeldConnection[];
  /** Whether no request is in flight, on either side. */
  readonly isIdle: boolean;
  /** Closes the connections that carry no request, and waits until their clients have taken note. */
  dropIdleConnections(): Promise<void>;
  /** Closes all connections in the same way, whatever they carry. */
  dropConnections(): Promise<void>;
  /**
   * Ends all connections and refuses new ones, until `acceptConnections` or for a time of the clock. What is with the
   * upstream already is executed nevertheless.
   */
  refuseConnections(forMs?: number): Promise<void>;
  acceptConnections(): Promise<void>;
  /** Waits until the record is as wanted. */
  until(holds: (record: FaultProxyRecord) => boolean): Promise<void>;
  /** Destroys all connections and takes all timers back. */
  close(): Promise<void>;
}

const loopback = '127.0.0.1';

/** Starts a proxy on loopback. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { clock = systemClock, tls } = options;
  const record = { received: [] as RequestHead[], forwarded: [] as RequestHead[], underWay: 0 };
  let connections = 0;
  const script = createScript(clock);
  const pauses = createPauses(clock);
  const link = createUpstreamLink(options.upstream);
  const secure = tls && createTlsEnd(tls);
  const sockets = new Set<Socket>();
  /** The wires that requests are read from, with whether one is being served. */
  const served = new Map<Wire, { isIdle: boolean }>();
  const wires = new Set<Wire>();
  let stopRefusing = (): void => undefined;

  async function accept(socket: Socket): Promise<void> {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    const wireOver = (stream: Socket, isUnused: boolean): Wire => {
      const wire = createWire(socket, stream, { clock, isUnused });
      wires.add(wire);
      socket.on('close', () => wires.delete(wire));
      return wire;
    };
    const fault = script.take((one) => one.at === 'connection');
    if (fault?.at === 'connection') {
      const wire = wireOver(socket, true);
      await fault.play(wire);
      if (!wire.isOpen) {
        return;
      }
    }
    const stream = secure ? await secure.shakeHands(socket) : socket;
    if (stream === undefined) {
      return;
    }
    stream.on('error', () => undefined);
    const wire = wireOver(stream, false);
    served.set(wire, { isIdle: true });
    wireOf.set(stream, wire);
    stream.on('close', () => served.delete(wire));
    reader.emit('connection', stream);
  }

  /** Reads requests off connections that are handed to it; what is answered is written past it. */
  const reader = createHttpServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 });
  const wireOf = new Map<Socket, Wire>();
  const used = new WeakSet<Socket>();
  reader.on('request', async (incoming) => {
    const wire = wireOf.get(incoming.socket) as Wire;
    const state = { isIdle: false };
    served.set(wire, state);
    const isOnUsedConnection = used.has(incoming.socket);
    used.add(incoming.socket);
    try {
      await serveRequest(incoming, isOnUsedConnection, wire);
      state.isIdle = true;
    } catch {
      // The upstream broke off, and so does the proxy.
      wire.reset();
    }
  });

  async function serveRequest(
    incoming: IncomingMessage,
    isOnUsedConnection: boolean,
    wire: Wire,
  ): Promise<void> {
    const { method = '', url: path = '' } = incoming;
    const headers = incoming.headers as Readonly<Record<string, string>>;
    const head: RequestHead = { method, path, headers, isOnUsedConnection };
    const met = script.take((one) => one.at !== 'connection' && (one.fits?.(head) ?? true));
    record.received.push(head);
    const fault = (met as RequestFault | undefined) ?? passOn;
    const chunks: Buffer[] = fault.at === 'head' ? [] : await incoming.toArray();
    const request = { ...head, body: Buffer.concat(chunks) };
    let execution: Promise<HttpAnswer> | undefined;
    const execute = (): Promise<HttpAnswer> => {
      execution ??= forward(link.send(request), head);
      return execution;
    };
    await fault.play({
      request,
      answer: fault.executes ? await execute() : standInAnswer(request),
      wire,
      origin: url.origin,
      nowMs: () => clock.now(),
      wait: (ms) => wire.hold(pauses.wait(ms)),
      execute,
    });
    if (headers['connection']?.toLowerCase() === 'close') {
      wire.finish();
    }
  }

  async function forward(answering: Promise<HttpAnswer>, head: RequestHead): Promise<HttpAnswer> {
    record.underWay += 1;
    try {
      const answer = await answering;
      return secure ? withSecureLinks(answer, url) : answer;
    } finally {
      record.underWay -= 1;
      record.forwarded.push(head);
    }
  }

  const listenOn = (port: number): Server =>
    createServer({ noDelay: true }, (socket) => void accept(socket)).listen(port, loopback);
  let server: Server | undefined = listenOn(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = new URL(`${secure ? 'https' : 'http'}://${loopback}:${port}`);
  let gone: Promise<void> = Promise.resolve();

  /** Refuses connections; resolves once the ones that came before are gone, too. */
  function shut(): Promise<void> {
    const closing = server;
    server = undefined;
    if (closing !== undefined) {
      gone = new Promise((resolve) => closing.close(() => resolve()));
    }
    return gone;
  }

  async function acceptConnections(): Promise<void> {
    stopRefusing();
    server ??= listenOn(port);
    if (!server.listening) {
      await once(server, 'listening');
    }
  }

  async function drop(dropped: readonly Wire[]): Promise<void> {
    await Promise.all(
      dropped.map((wire) => {
        wire.finish();
        return wire.untilGone();
      }),
    );
  }

  const dropIdleConnections = (): Promise<void> =>
    drop([...served].filter(([, { isIdle }]) => isIdle).map(([wire]) => wire));

  return {
    url,
    received: record.received,
    forwarded: record.forwarded,
    get connections() {
      return connections;
    },
    script: script.add,
    clear: script.clear,
    present: (certificate) => secure?.present(certificate),
    get held() {
      return [...wires].flatMap(({ held }) => held ?? []);
    },
    get isIdle() {
      return record.underWay === 0 && [...served.values()].every(({ isIdle }) => isIdle);
    },
    dropIdleConnections,
    dropConnections: () => drop([...wires]),
    async refuseConnections(forMs) {
      const ended = shut();
      stopRefusing();
      if (forMs !== undefined) {
        stopRefusing = clock.startTimer(forMs, () => void acceptConnections());
      }
      await dropIdleConnections();
      for (const socket of sockets) {
        socket.resetAndDestroy();
      }
      await ended;
    },
    acceptConnections,
    until: (holds) => until(() => holds(record)),
    async close() {
      stopRefusing();
      pauses.giveUp();
      await link.close();
      const ended = shut();
      for (const socket of sockets) {
        socket.destroy();
      }
      await ended;
    },
  };
}

/** What is to happen next: connections and requests each take the first fault that fits them. */
function createScript(clock: Clock) {
  let entries: { readonly fault: Fault; readonly untilMs: number; left: number }[] = [];
  return {
    add(...faults: readonly Fault[]) {
      for (const fault of faults) {
        const { times = 1, forMs = Number.POSITIVE_INFINITY } = fault;
        entries.push({ fault, left: times, untilMs: clock.now() + forMs });
      }
    },
    clear() {
      entries = [];
    },
    take(fits: (fault: Fault) => boolean): Fault | undefined {
      const nowMs = clock.now();
      entries = entries.filter(({ left, untilMs }) => left > 0 && nowMs < untilMs);
      const entry = entries.find(({ fault }) => fits(fault));
      if (entry !== undefined) {
        entry.left -= 1;
      }
      return entry?.fault;
    },
  };
}

/** A TLS server that never listens: connections are handed to it, so that a fault can come before TLS. */
function createTlsEnd(certificate: ServerCertificate) {
  const server = createTlsServer({ ...certificate });
  const shaking = new Map<number | undefined, (secured: TLSSocket) => void>();
  server.on('secureConnection', (secured) => shaking.get(secured.remotePort)?.(secured));
  return {
    /** Undefined where the client does not get as far. */
    shakeHands: (socket: Socket): Promise<TLSSocket | undefined> =>
      new Promise((resolve) => {
        const { remotePort } = socket;
        shaking.set(remotePort, resolve);
        socket.on('close', () => {
          if (shaking.get(remotePort) === resolve) {
            shaking.delete(remotePort);
          }
          resolve(undefined);
        });
        server.emit('connection', socket);
      }),
    present: (next: ServerCertificate) => server.setSecureContext({ ...next }),
  };
}
