import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { connect as secure } from 'node:tls';
import { Client, type Dispatcher } from 'undici';
import { trustIn } from '../graph/connections.ts';
import { readErrorBody } from '../graph/errorBody.ts';
import { abortable } from '../shared/abort.ts';
import type { Clock } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/errnoCode.ts';
import { parseJson } from '../shared/json.ts';
import { type ForwardProxy, type ProxySettings, proxyFor } from '../shared/proxy.ts';
import { type CheckName, type Finding, ok, problem, warning } from './finding.ts';

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
      /** The body; undefined if it is no JSON, or too large. */
      readonly json: unknown;
      readonly durationMs: number;
      /** How far this machine's clock is ahead of the answer's `Date`; undefined if it has none. */
      readonly clockAheadMs: number | undefined;
    };

interface ProbeRequest {
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
        socket = await connectProxy(proxy.url, parts);
        stage = 'tunnel';
        await openTunnel(socket, `${url.hostname}:${port}`, proxy);
      }
      if (isSecure) {
        stage = 'tls';
        socket = secure({
          socket,
          ALPNProtocols: ['http/1.1'],
          ...(isIP(host) === 0 ? { servername: host } : { host }),
          ...trustIn(parts.certificateAuthorities),
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

async function connectProxy(url: URL, { certificateAuthorities }: ProbeParts): Promise<Socket> {
  const [host, port] = [hostOf(url), portOf(url)];
  if (url.protocol === 'https:') {
    const socket = secure({
      host,
      port,
      ...(isIP(host) === 0 && { servername: host }),
      ...trustIn(certificateAuthorities),
    });
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

/** What probes take from the outside. */
export interface ProbeParts {
  readonly clock: Clock;
  /** How long one probe may take. */
  readonly timeoutMs: number;
  /** Certificates of authorities to trust beside the machine's own, in PEM. */
  readonly certificateAuthorities?: readonly string[] | undefined;
  /** The forward proxies of the configuration. */
  readonly proxies?: ProxySettings | undefined;
}

/** A probe that took longer than it may. */
class ProbeTimeout extends Error {
  readonly code = 'timeout';
}

/** Runs a probe within its time. @throws ProbeTimeout; the signal fires then, and after everything else too. */
export async function withinTimeout<Result>(
  { clock, timeoutMs }: ProbeParts,
  probe: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const end = new AbortController();
  const stopTimer = clock.startTimer(timeoutMs, () => end.abort());
  try {
    return await abortable(end.signal, probe(end.signal), () => new ProbeTimeout());
  } finally {
    stopTimer();
    end.abort();
  }
}

/** The short word that says why something failed: a system's or a library's code, never a sentence with data in it. */
export function reasonOf(error: unknown): string {
  return errnoCodeOf(error) ?? 'unknown';
}

type UnreachedFacts = Extract<EndpointFacts, { readonly kind: 'unreached' }>;

/** OpenSSL's and Node's codes for a certificate that does not prove what it should. */
const untrusted =
  /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_ALTNAME|HOSTNAME_MISMATCH|INVALID_)/;

/** Says at which step something could not be reached, and where to look. */
export function unreachedFinding(
  check: CheckName,
  { host, hostname }: URL,
  { stage, reason, proxy = '' }: UnreachedFacts,
): Finding {
  const stopped = reason === 'timeout' ? 'in time' : `(${reason})`;
  const sentences: Readonly<Record<ProbeStage, readonly [message: string, remedy: string]>> = {
    dns: [
      `No address was found for ${hostname} ${stopped}.`,
      "Check the name, this machine's DNS, and whether it may resolve external names.",
    ],
    tcp: [
      `No connection to ${host} was made ${stopped}.`,
      'Allow outgoing connections to it (firewall, NetworkPolicy), or name a forward proxy in HTTPS_PROXY.',
    ],
    proxy: [
      `No connection to the forward proxy ${proxy} was made ${stopped}.`,
      'Check the address in HTTPS_PROXY, and allow connections to it; name hosts that need no proxy in NO_PROXY.',
    ],
    tunnel:
      reason === '407'
        ? [
            `The forward proxy ${proxy} rejects the credentials, or requires some (407).`,
            'Set user name and password in the URL of HTTPS_PROXY, percent-encoded.',
          ]
        : [
            `The forward proxy ${proxy} opened no tunnel to ${host} ${stopped}.`,
            'Ask its operator to allow CONNECT to this host, or name the host in NO_PROXY.',
          ],
    tls: untrusted.test(reason)
      ? [
          `The certificate that ${host} shows cannot be trusted (${reason}).`,
          "Where a proxy of your own opens TLS, name a file with its authority's certificate in NODE_EXTRA_CA_CERTS; " +
            'otherwise another server answers under this name.',
        ]
      : [
          `${host} accepted the connection, but completed no TLS handshake ${stopped}.`,
          'Check whether something on the way cuts or opens TLS, and whether the port speaks it.',
        ],
    http: [
      `${host} accepted the connection, but sent no complete answer ${stopped}.`,
      'Check proxies and firewalls between this machine and it.',
    ],
  };
  return problem(stage === 'proxy' || stage === 'tunnel' ? 'proxy' : check, ...sentences[stage]);
}

const otherPlace =
  'Check GRAPH_BASE_URL, and proxies and firewalls between this machine and Graph.';

/** Judges the answer to a request without a token: Graph rejects it, and in its own form. */
export function graphFindings(url: URL, facts: EndpointFacts): readonly Finding[] {
  if (facts.kind === 'unreached') {
    return [unreachedFinding('graph', url, facts)];
  }
  const { status, json, durationMs } = facts;
  const isGraphs = readErrorBody(json) !== undefined;
  if (status === 401 && isGraphs) {
    const message = `${url.host} answers, and requires a token as expected (${Math.round(durationMs)} ms).`;
    return [ok('graph', message)];
  }
  if (status === 429 || status >= 500) {
    const message = `${url.host} is reached, and answers with ${status} at the moment.`;
    return [warning('graph', message, 'Look again later, and at the health of Microsoft 365.')];
  }
  if (status >= 300 && status < 400) {
    const message = `${url.host} answers with a redirect (${status}), which the gateway never follows.`;
    return [problem('graph', message, otherPlace)];
  }
  if (status < 300) {
    const message = `${url.host} answers a request without a token with ${status}; Graph never does.`;
    return [problem('graph', message, otherPlace)];
  }
  const message = `${url.host} answers with ${status}, ${isGraphs ? 'and not with 401' : 'and not in the form of Graph'}.`;
  return [problem('graph', message, otherPlace)];
}

/** Whose time was compared. */
export interface ClockSource {
  readonly name: string;
  /** How far this machine's clock is ahead of it. */
  readonly aheadMs: number;
}

/** As much as tokens may be off when they are judged. */
const toleratedMs = 60_000;

/** Judges this machine's clock by those of others, the one that differs most. */
export function clockFindings(
  sources: readonly ClockSource[],
  judgesTokens: boolean,
): readonly Finding[] {
  const [worst] = [...sources].sort((a, b) => Math.abs(b.aheadMs) - Math.abs(a.aheadMs));
  if (worst === undefined) {
    return [];
  }
  const seconds = Math.round(Math.abs(worst.aheadMs) / 1000);
  if (Math.abs(worst.aheadMs) <= toleratedMs) {
    return [ok('clock', `This machine's clock agrees with ${worst.name} (${seconds} s apart).`)];
  }
  const direction = worst.aheadMs > 0 ? 'ahead of' : 'behind';
  const message = `This machine's clock is ${seconds} s ${direction} ${worst.name}.`;
  return judgesTokens
    ? [problem('clock', message, "Set it (NTP): the gateway judges callers' tokens by it.")]
    : [
        warning(
          'clock',
          message,
          'Set it (NTP): times in logs and of tokens are wrong by as much.',
        ),
      ];
}
