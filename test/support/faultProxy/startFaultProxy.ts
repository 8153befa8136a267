import type { Socket } from 'node:net';
import { createPauses } from '../../../src/emulator/faults.ts';
import { type Clock, systemClock } from '../../../src/shared/clock.ts';
import type { ServerCertificate } from '../certificates.ts';
import { loopback, openDoor } from './door.ts';
import type { Fault } from './fault.ts';
import { withSecureLinks } from './httpAnswer.ts';
import { createLedger, type FaultProxyRecord } from './ledger.ts';
import { createRequestReader } from './requestReader.ts';
import { createScript } from './script.ts';
import { type ServedConnection, type Stage, serveConnection } from './serveConnection.ts';
import { createTlsEnd } from './tlsEnd.ts';
import { createUpstreamLink } from './upstreamLink.ts';
import { createWire, type HeldConnection, type Wire } from './wire.ts';

export interface FaultProxyOptions {
  /** What it stands before; speaks plain HTTP. */
  readonly upstream: URL;
  /** Makes it speak TLS to its clients. */
  readonly tls?: ServerCertificate;
  /** For all of its waiting; the machine's where absent. */
  readonly clock?: Clock;
}

/** A proxy that plays faults on real sockets and counts what gets through. */
export interface FaultProxy {
  /** Where clients connect; the same after a refusal. */
  readonly url: URL;
  readonly received: FaultProxyRecord['received'];
  readonly forwarded: FaultProxyRecord['forwarded'];
  /** How many connections were accepted. */
  readonly connections: number;
  /** How many faults of the script are still to strike. */
  readonly faultsLeft: number;
  /** Appends faults: each connection and each request takes the first that fits it, and passes through if none does. */
  script(...faults: readonly Fault[]): void;
  /** Forgets the faults that have not struck yet. */
  clear(): void;
  /** Shows another certificate to the connections that come. */
  present(certificate: ServerCertificate): void;
  /** The connections over which nothing more comes before time passes, or their client or a test acts. */
  readonly held: readonly HeldConnection[];
  /** Whether no request is under way, on either side. */
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
  /** Waits until the record is as wanted; rejects if the proxy is closed before. */
  until(holds: (record: FaultProxyRecord) => boolean): Promise<void>;
  /** Destroys all connections and takes all timers back. */
  close(): Promise<void>;
}

/** Starts a proxy on loopback. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const clock = options.clock ?? systemClock;
  const script = createScript(clock);
  const ledger = createLedger();
  const pauses = createPauses(clock);
  const link = createUpstreamLink(options.upstream);
  const tlsEnd = options.tls && createTlsEnd(options.tls);
  const sockets = new Set<Socket>();
  const served = new Set<ServedConnection>();
  const wires = new Set<Wire>();
  let stopRefusing = (): void => undefined;

  async function accept(socket: Socket): Promise<void> {
    const noteEnd = ledger.connected();
    sockets.add(socket);
    socket.on('error', () => undefined);
    const wireOver = (stream: Socket, isUnused: boolean): Wire => {
      const wire = createWire(socket, stream, { clock, isUnused });
      wires.add(wire);
      socket.on('close', () => wires.delete(wire));
      return wire;
    };
    socket.on('close', () => {
      sockets.delete(socket);
      noteEnd();
    });
    const fault = script.takeForConnection();
    if (fault !== undefined) {
      const wire = wireOver(socket, true);
      await fault.play(wire);
      if (!wire.isOpen) {
        return;
      }
    }
    const stream = tlsEnd ? await tlsEnd.secure(socket) : socket;
    if (stream === undefined) {
      return;
    }
    stream.on('error', () => undefined);
    const wire = wireOver(stream, false);
    const connection = serveConnection(createRequestReader(stream), wire, stage);
    served.add(connection);
    await connection.ended;
    served.delete(connection);
  }

  const door = await openDoor((socket) => {
    void accept(socket);
  });
  const url = new URL(`${tlsEnd ? 'https' : 'http'}://${loopback}:${door.port}`);
  const stage: Stage = {
    origin: url.origin,
    nowMs: () => clock.now(),
    wait: pauses.wait,
    meet(head) {
      const fault = script.takeForRequest(head);
      ledger.received({ ...head, fault: fault?.name });
      return fault;
    },
    async execute(request) {
      const answer = link.send(request);
      ledger.forwarded(request, answer);
      return tlsEnd ? withSecureLinks(await answer, url) : answer;
    },
  };

  async function drop(dropped: readonly Wire[]): Promise<void> {
    await Promise.all(
      dropped.map((wire) => {
        wire.finish();
        return wire.untilGone();
      }),
    );
  }

  const dropIdleConnections = (): Promise<void> =>
    drop([...served].filter(({ isIdle }) => isIdle).map(({ wire }) => wire));

  async function acceptConnections(): Promise<void> {
    stopRefusing();
    await door.open();
  }

  return {
    url,
    received: ledger.record.received,
    forwarded: ledger.record.forwarded,
    get connections() {
      return ledger.record.connections;
    },
    get faultsLeft() {
      return script.left;
    },
    script(...faults) {
      for (const fault of faults) {
        script.add(fault);
      }
    },
    clear: script.clear,
    present(certificate) {
      tlsEnd?.present(certificate);
    },
    get held() {
      return [...wires].flatMap(({ held }) => held ?? []);
    },
    get isIdle() {
      return ledger.record.underWay === 0 && [...served].every(({ isIdle }) => isIdle);
    },
    dropIdleConnections,
    dropConnections: () => drop([...wires]),
    async refuseConnections(forMs) {
      const gone = door.shut();
      stopRefusing();
      if (forMs !== undefined) {
        stopRefusing = clock.startTimer(forMs, () => {
          void door.open();
        });
      }
      await dropIdleConnections();
      for (const socket of sockets) {
        socket.resetAndDestroy();
      }
      await gone;
    },
    acceptConnections,
    until: ledger.until,
    async close() {
      stopRefusing();
      pauses.giveUp();
      link.close();
      const gone = door.shut();
      for (const socket of sockets) {
        socket.destroy();
      }
      await gone;
      ledger.close();
    },
  };
}
