import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { connect as secure } from 'node:tls';
import { Client } from 'undici';
import type { Dependencies } from '../dependencies.ts';
import { trustIn } from '../graph/transport.ts';
import { abortable, type Clock } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/forms.ts';
import { parseJson } from '../shared/json.ts';
import { type ProxySettings, proxyFor } from '../shared/proxy.ts';
import { openTunnel } from '../shared/tunnel.ts';
import { type CheckName, type Finding, findingsOf } from './finding.ts';

/**
 * How far a request came: the name's address, the connection, its protection, the answer. With a forward proxy, the
 * connection to the proxy and the tunnel through it come in place of the first two.
 */
export type ProbeStage = 'dns' | 'tcp' | 'proxy' | 'tunnel' | 'tls' | 'http';

interface Unreached {
  readonly kind: 'unreached';
  readonly stage: ProbeStage;
  readonly reason: string;
  /** The forward proxy on the way, by host and port. */
  readonly proxy?: string | undefined;
}

export interface Answered {
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
}

/** What became of one request. */
export type EndpointFacts = Unreached | Answered;

interface ProbeRequest {
  readonly url: URL;
  readonly method?: 'GET' | 'POST' | 'OPTIONS';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What probes take from the outside. */
export interface ProbeParts {
  readonly clock: Clock;
  /** How long one probe may take. */
  readonly timeoutMs: number;
  /** Certificates of authorities to trust beside the machine's own, in PEM. */
  readonly certificateAuthorities?: readonly string[] | undefined;
  readonly proxies?: ProxySettings | undefined;
}

/** What checks take that do more than to send a request. */
export interface CheckParts extends ProbeParts, Dependencies {
  /** When the examination began: what tokens and certificates are judged by. */
  readonly nowMs: number;
}

const maximumBytes = 256 * 1024;

/** Sends one request over a connection of its own, step by step, so that it can be said which step failed. */
export async function probeEndpoint(
  request: ProbeRequest,
  parts: ProbeParts,
): Promise<EndpointFacts> {
  const { protocol, hostname, port: givenPort } = request.url;
  const host = hostname.replace(/^\[|\]$/g, '');
  const port = Number(givenPort) || (protocol === 'https:' ? 443 : 80);
  const proxy = proxyFor(request.url, parts.proxies);
  const trust = trustIn(parts.certificateAuthorities);
  let stage = (proxy === undefined ? 'dns' : 'proxy') as ProbeStage;
  let socket: Socket | undefined;
  try {
    const answered = await withinTimeout(parts, async (signal) => {
      signal.addEventListener('abort', () => socket?.destroy());
      if (proxy === undefined) {
        await lookup(host);
        stage = 'tcp';
        socket = connect({ host, port });
        await untilEvent(socket, 'connect');
      } else {
        const onConnect = (): void => {
          stage = 'tunnel';
        };
        const options = { timeoutMs: 0, signal, onConnect, ...trust };
        socket = await openTunnel(proxy, `${hostname}:${port}`, options);
      }
      if (protocol === 'https:') {
        stage = 'tls';
        const name = isIP(host) === 0 ? { servername: host } : { host };
        socket = secure({ socket, ALPNProtocols: ['http/1.1'], ...name, ...trust });
        await untilEvent(socket, 'secureConnect');
      }
      stage = 'http';
      return exchange(request, socket, parts.clock, signal);
    });
    return { ...answered, proxy: proxy?.url.host };
  } catch (error) {
    const reason = stage === 'tunnel' ? tunnelReasonOf(error) : reasonOf(error);
    return { kind: 'unreached', stage, reason, proxy: proxy?.url.host };
  }
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
  clock: Clock,
  signal: AbortSignal,
): Promise<Answered> {
  const client = new Client(url.origin, {
    // Not at once: the client would miss a connection that is there before it waits for one.
    connect: (_options, callback) => queueMicrotask(() => callback(null, socket)),
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: maximumBytes,
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
    const text = await answer.body.text().catch((error: unknown) => {
      if (errnoCodeOf(error) === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
        return '';
      }
      throw error;
    });
    const answeredAtMs = clock.now();
    return {
      kind: 'answered',
      status: answer.statusCode,
      headers: answer.headers,
      json: parseJson(text),
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

/** Runs a probe within its time; the signal fires when that is over, and after everything else too. */
export async function withinTimeout<Result>(
  { clock, timeoutMs }: ProbeParts,
  probe: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const end = new AbortController();
  const stopTimer = clock.startTimer(timeoutMs, () => end.abort());
  try {
    return await abortable(end.signal, probe(end.signal), () =>
      Object.assign(new Error('The probe took too long.'), { code: 'timeout' }),
    );
  } finally {
    stopTimer();
    end.abort();
  }
}

/** The short word that says why something failed: a system's or a library's code, never a sentence with data in it. */
export function reasonOf(error: unknown): string {
  return errnoCodeOf(error) ?? 'unknown';
}

/** The proxy's status, or why it gave none. */
function tunnelReasonOf(error: unknown): string {
  if (!(error instanceof Error) || error.name === 'HTTPParserError') {
    return 'NOT_HTTP';
  }
  const code = 'code' in error ? String(error.code) : 'unknown';
  return code === 'UND_ERR_SOCKET' ? 'closed' : code;
}

/** OpenSSL's and Node's codes for a certificate that does not prove what it should. */
const untrusted =
  /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_ALTNAME|HOSTNAME_MISMATCH|INVALID_)/;

/** Says at which step something could not be reached, and where to look. */
export function unreachedFinding(
  check: CheckName,
  { host, hostname }: URL,
  { stage, reason, proxy = '' }: Unreached,
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
          "If a proxy of your own opens TLS, name a file with its authority's certificate in NODE_EXTRA_CA_CERTS; " +
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
  const isProxys = stage === 'proxy' || stage === 'tunnel';
  return findingsOf(isProxys ? 'proxy' : check).problem(...sentences[stage]);
}
