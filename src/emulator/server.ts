import { randomUUID } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { PartnerResource } from '../graph/types.ts';
import type { Clock } from '../shared/clock.ts';
import { answerBatch } from './batch.ts';
import { catalogue } from './catalogue.ts';
import type { ServerCertificate } from './certificate.ts';
import { answerControl, isControl } from './control.ts';
import {
  carryOut,
  createFaults,
  createPauses,
  deliver,
  type Faults,
  prepareDelivery,
  type Stage,
} from './faults.ts';
import { type EmulatorRequest, parseRoute, splitPath } from './http.ts';
import { answerMetadata } from './metadata.ts';
import type { BetaGeneration } from './model.ts';
import type { Quirk } from './quirks.ts';
import { answerRequest, type EmulatorParts } from './routes.ts';
import { createLaggingStore } from './store.ts';

/** How the embedded Graph is to behave. */
export interface EmulatorOptions {
  /** 127.0.0.1 if absent: a Graph with a published token belongs on this machine only. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly generation: BetaGeneration;
  readonly acceptToken: (token: string) => boolean;
  readonly clock: Clock;
  /** The id of a row that is added without one; a random UUID if absent. */
  readonly newId?: () => string;
  /** Rows in a page of the list; 1000 if absent, as in Intune. */
  readonly pageSize?: number;
  /** The rows at the start; partners of Intune's catalogue if absent. */
  readonly seed?: readonly PartnerResource[];
  /** What its answers have that no page promises; nothing if absent. */
  readonly oddities?: readonly Quirk[];
  /** By how much reads lag behind writes, in milliseconds of the clock; with `lagging-reads` 3,000 if absent. */
  readonly readLagMs?: number;
  /** Told of each request once its body is there. */
  readonly onRequest?: (request: SeenRequest) => void;
  /** Makes it speak TLS. */
  readonly certificate?: ServerCertificate | undefined;
  /** Lets programs on this machine script faults over HTTP; off if absent, and never on another host than loopback. */
  readonly hasControl?: boolean;
  /** Keeps each request; off if absent, because a server that runs for long would grow. */
  readonly recordRequests?: boolean;
}

/** A request that reached the embedded Graph. */
export interface SeenRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** The token included. */
  readonly headers: IncomingHttpHeaders;
  /** Empty if there was none, or if it was too large. */
  readonly body: string;
}

/** A running embedded Graph. */
export interface Emulator {
  /** Its root, without a path and a slash at the end. */
  readonly baseUrl: string;
  /** What reached it, oldest first; empty unless `recordRequests` is set. */
  readonly requests: readonly SeenRequest[];
  /** The script of faults, for tests. */
  readonly faults: Faults;
  /** The stored rows with the properties of all generations, in the order of the list. */
  partners(): readonly PartnerResource[];
  /** Ends it with all its connections, silent ones included. */
  close(): Promise<void>;
}

/** What has been seen of Intune. */
const usualLagMs = 3_000;
const bodyLimitBytes = 1024 * 1024;

/**
 * Starts a small Microsoft Graph on loopback: a real HTTP server for one resource, with the rows in memory. Rejects
 * if the port cannot be had.
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { clock } = options;
  const faults = createFaults();
  const pauses = createPauses(clock);
  const requests: SeenRequest[] = [];
  const lagMs = options.readLagMs ?? (options.oddities?.includes('lagging-reads') ? usualLagMs : 0);
  const parts: EmulatorParts = {
    ...createLaggingStore(options.seed ?? catalogue, { clock, lagMs }),
    generation: options.generation,
    pageSize: options.pageSize ?? 1000,
    acceptToken: options.acceptToken,
    newId: options.newId ?? randomUUID,
    oddities: new Set(options.oddities),
  };
  const stage: Stage = {
    parts,
    takeFault: faults.take,
    wait: pauses.wait,
    newStamp: ({ headers }) => ({
      requestId: randomUUID(),
      clientRequestId: String(headers['client-request-id'] || randomUUID()),
      nowMs: clock.now(),
    }),
  };

  function note(request: EmulatorRequest): void {
    const { method, path, headers, body } = request;
    const seen = { method, path, headers, body: body === 'tooLarge' ? '' : body.toString('utf8') };
    options.onRequest?.(seen);
    if (options.recordRequests === true) {
      requests.push(seen);
    }
  }

  const host = options.host ?? '127.0.0.1';
  const hasControl = options.hasControl === true && ['127.0.0.1', '::1'].includes(host);
  const listener = await listen({
    host,
    port: options.port,
    certificate: options.certificate,
    bodyLimitBytes,
    async handle(request, response) {
      if (hasControl && isControl(request)) {
        const stamp = stage.newStamp(request);
        deliver(response, prepareDelivery(answerControl(faults, request, stamp), stamp));
        return;
      }
      note(request);
      const { answer, kill, stamp } = await carryOut(stage, request, (on, at) => {
        const route = parseRoute(splitPath(request.path).path);
        switch (route.kind) {
          case 'batch':
            return answerBatch(on, { version: route.version, request, stamp: at });
          case 'metadata':
            return {
              answer: answerMetadata(on.parts, { version: route.version, request, stamp: at }),
            };
          default:
            return { answer: answerRequest(on.parts, request, at) };
        }
      });
      deliver(response, prepareDelivery(answer, stamp), kill);
    },
  });

  return {
    baseUrl: listener.baseUrl,
    requests,
    faults,
    partners: () => parts.store.rows(),
    close() {
      pauses.giveUp();
      return listener.close();
    },
  };
}

/** Where to listen, and what to do with a request once its body is there. */
interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Makes the server speak TLS. */
  readonly certificate?: ServerCertificate | undefined;
  readonly bodyLimitBytes: number;
  readonly handle: (request: EmulatorRequest, response: ServerResponse) => Promise<void>;
}

/** A server that listens. */
interface Listener {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  /** Ends it with all its connections, whatever they wait for. */
  close(): Promise<void>;
}

/** Longer than any client keeps a connection, so that the client is the one to let go of it. */
const keepAliveTimeoutMs = 72_000;

/**
 * Listens for HTTP; rejects if the port cannot be had. A plain server of Node's: a framework's own answers to bad
 * paths, methods and bodies would not look like Graph's, and faults need the socket itself.
 */
async function listen(options: ListenOptions): Promise<Listener> {
  const { host, port, certificate, bodyLimitBytes, handle } = options;
  const answer = (incoming: IncomingMessage, response: ServerResponse): void => {
    readBody(incoming, bodyLimitBytes)
      .then((body) => {
        const { method = '', url = '', headers } = incoming;
        return handle(
          { isSecure: certificate !== undefined, method, path: url, headers, body },
          response,
        );
      })
      // A caller that left before its request was complete, or a clock that fails: no reader is left.
      .catch(() => response.destroy());
  };
  const keepAliveTimeout = keepAliveTimeoutMs;
  const server = certificate
    ? createTlsServer({ keepAliveTimeout, ...certificate }, answer)
    : createServer({ keepAliveTimeout }, answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    baseUrl: `${certificate ? 'https' : 'http'}://${toHost(server.address() as AddressInfo)}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function toHost({ address, family, port }: AddressInfo): string {
  return `${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Reads to the end even what is too large, because most callers read no answer before they have sent everything. */
async function readBody(
  incoming: IncomingMessage,
  limitBytes: number,
): Promise<EmulatorRequest['body']> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length <= limitBytes) {
      chunks.push(bytes);
    }
  }
  return length > limitBytes ? 'tooLarge' : Buffer.concat(chunks);
}
