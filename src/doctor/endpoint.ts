import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { rootCertificates, connect as secure } from 'node:tls';
import { Client, type Dispatcher } from 'undici';
import { parseJson } from '../graph/json.ts';
import { type ForwardProxy, proxyFor } from '../shared/proxy.ts';
import { type ProbeParts, reasonOf, withinTimeout } from './probes/probeParts.ts';

/**
 * How far a request came: the name's address, the connection, its protection, the answer. With a forward proxy, the
 * connection to the proxy and the tunnel through it come in place of the first two.
 */
export type ProbeStage = 'dns' | 'tcp' | 'proxy' | 'tunnel' | 'tls' | 'http';

/** What became of one request. */
export type EndpointFacts =
  | {
      readonly kind: 'unreached';
      readonly stage: ProbeStage;
      readonly reason: string;
      /** The forward proxy on the way, by host and port. */
      readonly proxy?: string | undefined;
    }
  | {
      readonly kind: 'answered';
      readonly proxy?: string | undefined;
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      /** The body; undefined where it is no JSON, or too large. */
      readonly json: unknown;
      readonly durationMs: number;
      /** How far this machine's clock is ahead of the answer's `Date`; undefined where it has none. */
      readonly clockAheadMs: number | undefined;
    };

export interface ProbeRequest {
  readonly url: URL;
  readonly method?: 'GET' | 'POST' | 'OPTIONS';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const maximumBytes = 256 * 1024;

/** Sends one request over a connection of its own, step by step, so that it can be said which step failed. */
export async function probeEndpoint(
  request: ProbeRequest,
  parts: ProbeParts,
): Promise<EndpointFacts> {
  let stage: ProbeStage = 'dns';
  let socket: Socket | undefined;
  const { url } = request;
  const isSecure = url.protocol === 'https:';
  const host = hostOf(url);
  const port = portOf(url);
  const proxy = proxyFor(url, parts.proxies);
  try {
    const answered = await withinTimeout(parts, async (signal) => {
      signal.addEventListener('abort', () => socket?.destroy());
      if (proxy === undefined) {
        await lookup(host);
        stage = 'tcp';
        socket = connect({ host, port });
        await untilEvent(socket, 'connect');
      } else {
        stage = 'proxy';
        socket = await connectProxy(proxy.url);
        stage = 'tunnel';
        await openTunnel(socket, `${url.hostname}:${port}`, proxy);
      }
      if (isSecure) {
        stage = 'tls';
        socket = secure({
          socket,
          ALPNProtocols: ['http/1.1'],
          ...(isIP(host) === 0 ? { servername: host } : { host }),
          ...(parts.certificateAuthorities && {
            ca: [...rootCertificates, ...parts.certificateAuthorities],
          }),
        });
        await untilEvent(socket, 'secureConnect');
      }
      stage = 'http';
      return exchange(request, socket, parts, signal);
    });
    return { ...answered, proxy: proxy?.url.host };
  } catch (error) {
    return { kind: 'unreached', stage, reason: reasonOf(error), proxy: proxy?.url.host };
  }
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');
const portOf = ({ port, protocol }: URL): number =>
  Number(port) || (protocol === 'https:' ? 443 : 80);

async function connectProxy(url: URL): Promise<Socket> {
  const [host, port] = [hostOf(url), portOf(url)];
  if (url.protocol === 'https:') {
    const socket = secure({ host, port, ...(isIP(host) === 0 && { servername: host }) });
    await untilEvent(socket, 'secureConnect');
    return socket;
  }
  const socket = connect({ host, port });
  await untilEvent(socket, 'connect');
  return socket;
}

/** A proxy that answers otherwise. The code is the status. */
class RefusedTunnel extends Error {
  readonly code: string;

  constructor(status: string) {
    super('The proxy opened no tunnel.');
    this.code = status;
  }
}

const longestHead = 16 * 1024;

/** Asks for a tunnel on a connection to the proxy; what follows the proxy's head is the tunnel's. */
async function openTunnel(
  socket: Socket,
  place: string,
  { authorization }: ForwardProxy,
): Promise<void> {
  const credentials = authorization ? `proxy-authorization: ${authorization.reveal()}\r\n` : '';
  socket.write(`CONNECT ${place} HTTP/1.1\r\nhost: ${place}\r\n${credentials}\r\n`);
  let head = '';
  while (!head.includes('\r\n\r\n') && head.length < longestHead) {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) {
      await untilReadable(socket);
    } else {
      head += chunk.toString('latin1');
    }
  }
  const status = /^HTTP\/1\.[01] (\d{3})\b/.exec(head)?.[1];
  if (status !== '200') {
    throw new RefusedTunnel(status ?? 'NOT_HTTP');
  }
}

function untilReadable(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('readable', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new RefusedTunnel('closed')));
    socket.once('end', () => reject(new RefusedTunnel('closed')));
  });
}

function untilEvent(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, resolve);
    // For good: what breaks later is reported by the request, and must end nothing else.
    socket.on('error', reject);
  });
}

async function exchange(
  { url, method = 'GET', headers = {}, body }: ProbeRequest,
  socket: Socket,
  { clock }: ProbeParts,
  signal: AbortSignal,
): Promise<EndpointFacts> {
  const client = new Client(url.origin, {
    // Not at once: the client would miss a connection that is there before it waits for one.
    connect: (_options, callback) => queueMicrotask(() => callback(null, socket)),
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const sentAtMs = clock.now();
  try {
    const answer = await client.request({
      path: `${url.pathname}${url.search}`,
      method,
      headers: { accept: 'application/json', 'accept-encoding': 'identity', ...headers },
      body: body ?? null,
      signal,
    });
    const json = parseJson(await readText(answer));
    const answeredAtMs = clock.now();
    return {
      kind: 'answered',
      status: answer.statusCode,
      headers: answer.headers,
      json,
      durationMs: answeredAtMs - sentAtMs,
      clockAheadMs: clockAheadMsOf(answer.headers['date'], (sentAtMs + answeredAtMs) / 2),
    };
  } finally {
    client.destroy(null, () => undefined);
  }
}

/** The header has whole seconds, so its moment is taken for the middle of its second. */
function clockAheadMsOf(date: string | string[] | undefined, hereMs: number): number | undefined {
  const thereMs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  return Number.isNaN(thereMs) ? undefined : hereMs - (thereMs + 500);
}

async function readText({ body }: Dispatcher.ResponseData): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk as Uint8Array);
    length += bytes.length;
    if (length > maximumBytes) {
      return '';
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
