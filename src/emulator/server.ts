import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { PartnerResource } from '../graph/types.ts';
import type { Clock } from '../shared/clock.ts';
import { answerBatch } from './batch.ts';
import {
  answerControl,
  carryOut,
  createFaults,
  createPauses,
  type Faults,
  type Outcome,
  type Stage,
} from './faults.ts';
import {
  contentType,
  type EmulatorAnswer,
  type EmulatorRequest,
  type ErrorStamp,
  type Kill,
  splitPath,
} from './http.ts';
import type { BetaGeneration } from './model.ts';
import type { EmulatorParts } from './operations.ts';
import type { Quirk } from './quirks.ts';
import { answerRequest, parseRoute } from './routes.ts';
import { catalogue, createLaggingStore } from './store.ts';

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
  /** None if absent. */
  readonly oddities?: readonly Quirk[];
  /** By how much reads lag behind writes, in milliseconds of the clock; with `lagging-reads` 3,000 if absent. */
  readonly readLagMs?: number;
  /** Called with each request once its body is there. */
  readonly onRequest?: (request: SeenRequest) => void;
  /** Whether it speaks TLS, with a certificate of its own. */
  readonly hasTls?: boolean;
  /** Lets programs on this machine script faults over HTTP; off if absent, and never on another host than loopback. */
  readonly hasControl?: boolean;
  /** Keeps each request; off if absent, because a server that runs for long would grow. */
  readonly recordRequests?: boolean;
}

/** A request that reached the embedded Graph, with its token. */
export interface SeenRequest extends Pick<EmulatorRequest, 'method' | 'path' | 'headers'> {
  /** Empty if there was none, or if it was too large. */
  readonly body: string;
}

export interface Emulator {
  /** Its root, without a path and a slash at the end. */
  readonly baseUrl: string;
  /** What a client has to trust, in PEM; undefined without TLS. */
  readonly certificate: string | undefined;
  /** Oldest first; empty unless `recordRequests` is set. */
  readonly requests: readonly SeenRequest[];
  /** The script of faults, for tests. */
  readonly faults: Faults;
  /** The stored rows with the properties of all generations, in the order of the list. */
  partners(): readonly PartnerResource[];
  /** Ends it with all its connections, silent ones included. */
  close(): Promise<void>;
}

/** As seen of Intune. */
const usualLagMs = 3_000;
const bodyLimitBytes = 1024 * 1024;
/** Longer than any client keeps a connection, so that the client is the one to let go of it. */
const keepAliveTimeout = 72_000;

/**
 * Starts a small Microsoft Graph on loopback: a real HTTP server for one resource, with the rows in memory. A plain
 * server of Node's: a framework's own answers to bad paths, methods and bodies would not look like Graph's, and faults
 * need the socket itself. Rejects if the port cannot be had.
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { clock, host = '127.0.0.1', oddities = [] } = options;
  const tls = options.hasTls === true ? await makeCertificate(clock.now()) : undefined;
  const faults = createFaults();
  const pauses = createPauses(clock);
  const requests: SeenRequest[] = [];
  const lagMs = options.readLagMs ?? (oddities.includes('lagging-reads') ? usualLagMs : 0);
  const parts: EmulatorParts = {
    ...createLaggingStore(options.seed ?? catalogue, { clock, lagMs }),
    generation: options.generation,
    pageSize: options.pageSize ?? 1000,
    acceptToken: options.acceptToken,
    newId: options.newId ?? randomUUID,
    oddities: new Set(oddities),
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
  const hasControl = options.hasControl === true && ['127.0.0.1', '::1'].includes(host);

  function note({ method, path, headers, body }: EmulatorRequest): void {
    const seen = { method, path, headers, body: body === 'tooLarge' ? '' : body.toString('utf8') };
    options.onRequest?.(seen);
    if (options.recordRequests === true) {
      requests.push(seen);
    }
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = incoming;
    const body = await readBody(incoming);
    const request = { isSecure: tls !== undefined, method, path, headers, body };
    if (hasControl) {
      const stamp = stage.newStamp(request);
      const answer = await answerControl(faults, request, stamp);
      if (answer !== undefined) {
        deliver(response, answer, stamp);
        return;
      }
    }
    note(request);
    const { answer, kill, stamp } = await carryOut(stage, request, (on, at) =>
      answerOf(on, request, at),
    );
    deliver(response, answer, stamp, kill);
  }

  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    // A caller that left before its request was complete, or a clock that fails: no reader is left.
    handle(incoming, response).catch(() => response.destroy());
  };
  const server = tls
    ? createTlsServer({ keepAliveTimeout, ...tls }, listener)
    : createServer({ keepAliveTimeout }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, resolve);
  });
  const { address, family, port } = server.address() as AddressInfo;
  return {
    baseUrl: `${tls ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    certificate: tls?.cert,
    requests,
    faults,
    partners: () => parts.store.rows(),
    close() {
      pauses.giveUp();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function answerOf(
  stage: Stage,
  request: EmulatorRequest,
  stamp: ErrorStamp,
): Outcome | Promise<Outcome> {
  const route = parseRoute(splitPath(request.path).path);
  return route.kind === 'batch'
    ? answerBatch(stage, { version: route.version, request, stamp })
    : { answer: answerRequest(stage.parts, request) };
}

/** Reads to the end even if the body is too large, because most callers read no answer before they sent everything. */
async function readBody(incoming: IncomingMessage): Promise<EmulatorRequest['body']> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length <= bodyLimitBytes) {
      chunks.push(bytes);
    }
  }
  return length > bodyLimitBytes ? 'tooLarge' : Buffer.concat(chunks);
}

const diagnostic = JSON.stringify({
  ServerInfo: {
    DataCenter: 'Embedded',
    Slice: 'E',
    Ring: '1',
    ScaleUnit: '000',
    RoleInstance: 'EMBEDDEDGRAPH0',
  },
});

/** Sends an answer with Graph's headers around its own, or does to the connection what a fault says. */
function deliver(
  response: ServerResponse,
  { status, headers, body }: EmulatorAnswer,
  stamp: ErrorStamp,
  kill?: Kill,
): void {
  const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = Buffer.from(isRaw ? body : body === undefined ? '' : JSON.stringify(body));
  const sendHead = (): void => {
    response.writeHead(status, {
      'cache-control': 'private',
      'strict-transport-security': 'max-age=31536000',
      'request-id': stamp.requestId,
      'client-request-id': stamp.clientRequestId,
      'x-ms-ags-diagnostic': diagnostic,
      date: new Date(stamp.nowMs).toUTCString(),
      ...(body !== undefined && { 'content-type': contentType, 'odata-version': '4.0' }),
      // RFC 9110 forbids a length on 204.
      ...(status !== 204 && { 'content-length': String(bytes.length) }),
      ...headers,
    });
  };
  const { socket } = response;
  switch (kill) {
    case undefined:
      sendHead();
      response.end(bytes);
      return;
    case 'reset':
      socket?.resetAndDestroy();
      return;
    case 'close':
      socket?.end();
      return;
    case 'silence':
      return;
    case 'truncate':
      sendHead();
      response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => socket?.end());
  }
}

const dayMs = 86_400_000;
const validDays = 30;
const dnsName = 2;
const ipAddress = 7;

/**
 * Makes a self-signed certificate for localhost, 127.0.0.1 and ::1, valid from a day ago for 30 days. The library is
 * loaded only here, because few need it.
 */
async function makeCertificate(nowMs: number): Promise<{ key: string; cert: string }> {
  const { default: forge } = await import('node-forge');
  const { publicKey, privateKey } = forge.pki.rsa.generateKeyPair(2048);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKey;
  // The time, so that no client takes a new certificate for an old one; the first digit keeps it positive and short.
  certificate.serialNumber = `1${nowMs.toString(16).padStart(11, '0')}`;
  certificate.validity.notBefore = new Date(nowMs - dayMs);
  certificate.validity.notAfter = new Date(nowMs + validDays * dayMs);
  const name = [{ name: 'commonName', value: 'Embedded Graph' }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    {
      name: 'subjectAltName',
      altNames: [
        { type: dnsName, value: 'localhost' },
        { type: ipAddress, ip: '127.0.0.1' },
        { type: ipAddress, ip: '::1' },
      ],
    },
  ]);
  certificate.sign(privateKey, forge.md.sha256.create());
  return {
    key: forge.pki.privateKeyToPem(privateKey),
    cert: forge.pki.certificateToPem(certificate),
  };
}
