import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
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
import { createWire, type Wire } from './wire.ts';

interface FaultProxyOptions {
  /** What it stands before; speaks plain HTTP. */
  readonly upstream: URL;
  /** Makes it speak TLS to its clients. */
  readonly tls?: ServerCertificate;
  /** For all of its waiting; the machine's if absent. */
  readonly clock?: Clock;
}

/** A proxy that plays faults on real sockets and counts what gets through. */
export type FaultProxy = Awaited<ReturnType<typeof startFaultProxy>>;

const loopback = '127.0.0.1';

/** Starts a proxy on loopback. */
export async function startFaultProxy(options: FaultProxyOptions) {
  const { clock = systemClock, tls } = options;
  const record = {
    /** The requests whose head arrived, oldest first. */
    received: [] as RequestHead[],
    /** The requests that were given to the upstream, in the order of its answers. */
    forwarded: [] as RequestHead[],
    /** How many requests are with the upstream at this moment. */
    underWay: 0,
  };
  let connections = 0;
  const script = createScript(clock);
  const pauses = createPauses(clock);
  const link = createUpstreamLink(options.upstream);
  let certificate = tls;
  const sockets = new Set<Socket>();
  const wires = new Set<Wire>();
  /** The wires that requests are read from, by their streams. */
  const wireOf = new Map<Socket, Wire>();
  /** Those whose requests are not answered yet, and the streams that had one before. */
  const [busy, used] = [new Set<Wire>(), new WeakSet<Socket>()];
  let stopRefusing = (): void => undefined;

  async function accept(socket: Socket): Promise<void> {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    const wireOver = (stream: Socket, isUnused: boolean): Wire => {
      const wire = createWire(socket, stream, clock, isUnused);
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
    const secured = certificate && new TLSSocket(socket, { isServer: true, ...certificate });
    const stream = secured ?? socket;
    stream.on('error', () => undefined);
    // The end of the connection is an error, too, if the client does not get as far.
    const isThere = await Promise.race([
      secured === undefined || once(secured, 'secure'),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    if (isThere) {
      const wire = wireOver(stream, false);
      wireOf.set(stream, wire);
      stream.on('close', () => wireOf.delete(stream) && busy.delete(wire));
      reader.emit('connection', stream);
    }
  }

  /** Reads requests off connections that are handed to it; what is answered is written past it. */
  const reader = createHttpServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 });
  reader.on('request', async (incoming) => {
    const wire = wireOf.get(incoming.socket) as Wire;
    busy.add(wire);
    try {
      await serveRequest(incoming, wire);
    } catch {
      // The upstream broke off, and so does the proxy.
      wire.reset();
    }
    busy.delete(wire);
  });

  async function serveRequest(incoming: IncomingMessage, wire: Wire): Promise<void> {
    const { method = '', url: path = '', socket } = incoming;
    const headers = incoming.headers as Readonly<Record<string, string>>;
    const head: RequestHead = { method, path, headers, isOnUsedConnection: used.has(socket) };
    used.add(socket);
    const met = script.take((one) => one.at !== 'connection' && (one.fits?.(head) ?? true));
    record.received.push(head);
    const fault = (met as RequestFault | undefined) ?? passOn;
    const chunks: Buffer[] = fault.at === 'head' ? [] : await incoming.toArray();
    const request = { ...head, body: Buffer.concat(chunks) };
    const execute = async (): Promise<HttpAnswer> => {
      record.underWay += 1;
      try {
        const answer = await link.send(request);
        return tls ? withSecureLinks(answer, url) : answer;
      } finally {
        record.underWay -= 1;
        record.forwarded.push(head);
      }
    };
    await fault.play({
      request,
      answer: fault.executes ? await execute() : standInAnswer(request),
      wire,
      origin: url.origin,
      nowMs: clock.now,
      wait: (ms) => wire.hold(pauses.wait(ms)),
      execute,
    });
    if (headers['connection']?.toLowerCase() === 'close') {
      wire.finish();
    }
  }

  const listenOn = (port: number): Server =>
    createServer({ noDelay: true }, (socket) => void accept(socket)).listen(port, loopback);
  let server: Server | undefined = listenOn(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = new URL(`${tls ? 'https' : 'http'}://${loopback}:${port}`);
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

  async function drop(dropped: Iterable<Wire>): Promise<void> {
    const ending = [...dropped].map((wire) => {
      wire.finish();
      return wire.untilGone();
    });
    await Promise.all(ending);
  }

  /** Closes the connections that carry no request, and waits until their clients have taken note. */
  const dropIdleConnections = (): Promise<void> =>
    drop([...wireOf.values()].filter((wire) => !busy.has(wire)));

  return {
    /** Where clients connect; the same after a refusal. */
    url,
    received: record.received as readonly RequestHead[],
    forwarded: record.forwarded as readonly RequestHead[],
    /** How many connections were accepted. */
    get connections() {
      return connections;
    },
    /** Appends faults: each connection and each request takes the first that fits it, and passes through if none does. */
    script: script.add,
    /** Forgets the faults that have not struck yet. */
    clear: script.clear,
    /** Shows another certificate to the connections that come. */
    present(next: ServerCertificate) {
      certificate = tls && next;
    },
    /** The connections over which nothing more comes before time passes, or their client or a test acts. */
    get held() {
      return [...wires].flatMap(({ held }) => held ?? []);
    },
    /** Whether no request is in flight, on either side. */
    get isIdle() {
      return record.underWay === 0 && busy.size === 0;
    },
    dropIdleConnections,
    /** Closes all connections in the same way, whatever they carry. */
    dropConnections: () => drop(wires),
    /**
     * Ends all connections and refuses new ones, until `acceptConnections` or for a time of the clock. What is with the
     * upstream already is executed nevertheless.
     */
    async refuseConnections(forMs?: number) {
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
    /** Waits until the record is as wanted. */
    until: (holds: (now: Readonly<typeof record>) => boolean) => until(() => holds(record)),
    /** Destroys all connections and takes all timers back. */
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
