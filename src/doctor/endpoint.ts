import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as secure } from 'node:tls';
import { Client, type Dispatcher } from 'undici';
import type { Dependencies } from '../dependencies.ts';
import { readErrorBody } from '../graph/errorBody.ts';
import { trustIn } from '../graph/transport.ts';
import { withinLimit } from '../identity/network.ts';
import { type Clock, EndController } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/forms.ts';
import { parseJson } from '../shared/json.ts';
import { type ProxySettings, proxyFor } from '../shared/proxy.ts';
import type { Secret } from '../shared/secret.ts';
import { openTunnel } from '../shared/tunnel.ts';
import { type Finding, findingsOf } from './finding.ts';

interface Unreached {
  readonly kind: 'unreached';
  /**
   * How far the request came: the name's address, the connection, its protection, the answer. With a forward proxy, the
   * connection to the proxy and the tunnel through it come in place of the first two.
   */
  readonly stage: 'dns' | 'tcp' | 'proxy' | 'tunnel' | 'tls' | 'http';
  readonly reason: string;
}

interface Answered {
  readonly kind: 'answered';
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body; undefined if it is no JSON, or too large. */
  readonly json: unknown;
  readonly durationMs: number;
  /** How far this machine's clock is ahead of the answer's `Date`; undefined if it has none. */
  readonly clockAheadMs: number | undefined;
}

/** What became of one request, and the forward proxy on the way by host and port. */
export type EndpointFacts = (Unreached | Answered) & { readonly proxy?: string | undefined };

interface ProbeRequest extends Partial<Pick<Dispatcher.RequestOptions, 'method' | 'body'>> {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What checks take from the outside. */
export interface CheckParts extends Dependencies {
  /** How long one probe may take. */
  readonly timeoutMs: number;
  readonly proxies: ProxySettings;
}

/** Sends one request over a connection of its own, step by step, so that it can be said which step failed. */
export async function probeEndpoint(
  request: ProbeRequest,
  parts: CheckParts,
): Promise<EndpointFacts> {
  const { protocol, hostname, port: givenPort } = request.url;
  const host = hostname.replace(/^\[|\]$/g, '');
  const port = Number(givenPort) || (protocol === 'https:' ? 443 : 80);
  const proxy = proxyFor(request.url, parts.proxies);
  const trust = trustIn(parts.certificateAuthorities);
  let stage = (proxy === undefined ? 'dns' : 'proxy') as Unreached['stage'];
  let socket: Socket | undefined;
  try {
    const answered = await withinTimeout(parts, async (signal) => {
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
  } finally {
    socket?.destroy();
  }
}

function untilEvent(socket: Socket, event: 'connect' | 'secureConnect'): Promise<unknown> {
  // For good: what breaks later is reported by the request, and must end nothing else.
  socket.on('error', () => undefined);
  return once(socket, event);
}

async function exchange(
  { url, headers, ...request }: ProbeRequest,
  socket: Socket,
  clock: Clock,
  signal: AbortSignal,
): Promise<Answered> {
  const client = new Client(url.origin, {
    // Not at once: the client would miss a connection that is there before it waits for one.
    connect: (_options, callback) => queueMicrotask(() => callback(null, socket)),
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: 256 * 1024,
  });
  const sentAtMs = clock.now();
  try {
    const answer = await client.request({
      path: `${url.pathname}${url.search}`,
      method: 'GET',
      ...request,
      headers: { accept: 'application/json', 'accept-encoding': 'identity', ...headers },
      signal,
    });
    const text = await answer.body.text().catch((error: unknown) => {
      if (errnoCodeOf(error) !== 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
        throw error;
      }
    });
    const durationMs = clock.now() - sentAtMs;
    // The header has whole seconds, so its moment is taken for the middle of its second.
    const thereMs = Date.parse(String(answer.headers['date'])) + 500;
    return {
      kind: 'answered',
      status: answer.statusCode,
      headers: answer.headers,
      json: parseJson(text ?? ''),
      durationMs,
      clockAheadMs: Number.isNaN(thereMs) ? undefined : sentAtMs + durationMs / 2 - thereMs,
    };
  } finally {
    client.destroy(null, () => undefined);
  }
}

/** Runs a probe within its time; the signal fires when that is over. */
export function withinTimeout<Result>(
  { clock, timeoutMs }: CheckParts,
  probe: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const errorOf = () => Object.assign(new Error('The probe took too long.'), { code: 'timeout' });
  return withinLimit({ clock, limitMs: timeoutMs, end: new EndController(), errorOf }, probe);
}

/** The short word that says why something failed: a system's or a library's code, never a sentence with data in it. */
export const reasonOf = (error: unknown): string => errnoCodeOf(error) ?? 'unknown';

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

const remedies = {
  dns: "Check the name, this machine's DNS, and whether it may resolve external names.",
  tcp: 'Allow outgoing connections to it (firewall, NetworkPolicy), or name a forward proxy in HTTPS_PROXY.',
  proxy:
    'Check the address in HTTPS_PROXY, and allow connections to it; name hosts that need no proxy in NO_PROXY.',
  credentials: 'Set user name and password in the URL of HTTPS_PROXY, percent-encoded.',
  tunnel: 'Ask its operator to allow CONNECT to this host, or name the host in NO_PROXY.',
  certificate:
    "If a proxy of your own opens TLS, name a file with its authority's certificate in NODE_EXTRA_CA_CERTS; " +
    'otherwise another server answers under this name.',
  tls: 'Check whether something on the way cuts or opens TLS, and whether the port speaks it.',
  http: 'Check proxies and firewalls between this machine and it.',
};

/** Says at which step something could not be reached, and where to look. */
export function unreachedFinding(
  check: Finding['check'],
  { host, hostname }: URL,
  { stage, reason, proxy = '' }: Extract<EndpointFacts, Unreached>,
): Finding {
  let fault: keyof typeof remedies = stage;
  if (stage === 'tunnel' && reason === '407') {
    fault = 'credentials';
  } else if (stage === 'tls' && untrusted.test(reason)) {
    fault = 'certificate';
  }
  const why = reason === 'timeout' ? 'in time' : `(${reason})`;
  const messages = {
    dns: `No address was found for ${hostname} ${why}.`,
    tcp: `No connection to ${host} was made ${why}.`,
    proxy: `No connection to the forward proxy ${proxy} was made ${why}.`,
    credentials: `The forward proxy ${proxy} rejects the credentials, or requires some (407).`,
    tunnel: `The forward proxy ${proxy} opened no tunnel to ${host} ${why}.`,
    certificate: `The certificate that ${host} shows cannot be trusted (${reason}).`,
    tls: `${host} accepted the connection, but completed no TLS handshake ${why}.`,
    http: `${host} accepted the connection, but sent no complete answer ${why}.`,
  };
  const isProxys = stage === 'proxy' || stage === 'tunnel';
  return findingsOf(isProxys ? 'proxy' : check).problem(messages[fault], remedies[fault]);
}

/** Judges the answer to a request for the list without a token: Graph rejects it, and in its own form. */
export function graphFinding(url: URL, facts: EndpointFacts): Finding {
  const { ok, warning, problem } = findingsOf('graph');
  if (facts.kind === 'unreached') {
    return unreachedFinding('graph', url, facts);
  }
  const { host } = url;
  const { status, json, durationMs } = facts;
  const isGraphs = readErrorBody(json) !== undefined;
  if (status === 401 && isGraphs) {
    return ok(`${host} answers, and requires a token as expected (${Math.round(durationMs)} ms).`);
  }
  if (status === 429 || status >= 500) {
    const message = `${host} is reached, and answers with ${status} at the moment.`;
    return warning(message, 'Look again later, and at the health of Microsoft 365.');
  }
  let what = `with ${status}, ${isGraphs ? 'and not with 401' : 'and not in the form of Graph'}`;
  if (status < 300) {
    what = `a request without a token with ${status}; Graph never does`;
  } else if (status < 400) {
    what = `with a redirect (${status}), which the gateway never follows`;
  }
  return problem(
    `${host} answers ${what}.`,
    'Check GRAPH_BASE_URL, and proxies and firewalls between this machine and Graph.',
  );
}

/** What became of the requests, by the names of those asked; undefined if there was none. */
type Endpoints = Readonly<Record<string, EndpointFacts | undefined>>;

/** The proxies that opened a tunnel; one that did not is reported in place of its target. */
export function proxyFindings(endpoints: Endpoints): readonly Finding[] {
  const passed = Object.values(endpoints)
    .filter((facts) => facts?.kind === 'answered' || /^(tls|http)$/.test(facts?.stage ?? ''))
    .flatMap((facts) => facts?.proxy ?? []);
  return [...new Set(passed)].map((proxy) =>
    findingsOf('proxy').ok(`The forward proxy ${proxy} opens tunnels.`),
  );
}

/** As much as tokens may be off when they are judged. */
const toleratedMs = 60_000;

/** Judges this machine's clock by those of others, the one that differs most. */
export function clockFindings(endpoints: Endpoints, judgesTokens: boolean): readonly Finding[] {
  const { ok, warning, problem } = findingsOf('clock');
  const known = Object.entries(endpoints).flatMap(([name, facts]) => {
    const aheadMs = facts?.kind === 'answered' ? facts.clockAheadMs : undefined;
    return aheadMs === undefined ? [] : [{ name, aheadMs, apartMs: Math.abs(aheadMs) }];
  });
  const [worst] = known.sort((one, other) => other.apartMs - one.apartMs);
  if (worst === undefined) {
    return [];
  }
  const { name, aheadMs, apartMs } = worst;
  const seconds = Math.round(apartMs / 1000);
  if (apartMs <= toleratedMs) {
    return [ok(`This machine's clock agrees with ${name} (${seconds} s apart).`)];
  }
  const direction = aheadMs > 0 ? 'ahead of' : 'behind';
  const message = `This machine's clock is ${seconds} s ${direction} ${name}.`;
  return judgesTokens
    ? [problem(message, "Set it (NTP): the gateway judges callers' tokens by it.")]
    : [warning(message, 'Set it (NTP): times in logs and of tokens are wrong by as much.')];
}

/** Connects as the gateway does, asks once, and leaves. */
export async function checkRedis(url: Secret, parts: CheckParts): Promise<Finding> {
  const { Redis } = await import('ioredis');
  const client = new Redis(url.reveal(), {
    lazyConnect: true,
    connectTimeout: parts.timeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    disconnectTimeout: 50,
  });
  // What a connection fails at: the command itself only says that there is none.
  let failure: unknown;
  client.on('error', (error: unknown) => {
    failure ??= error;
  });
  try {
    const startedAtMs = await withinTimeout(parts, async () => {
      await client.connect();
      const connectedAtMs = parts.clock.now();
      await client.ping();
      return connectedAtMs;
    });
    return redisFinding(parts.clock.now() - startedAtMs);
  } catch (error) {
    return redisFinding(redisReasonOf(failure) ?? redisReasonOf(error) ?? 'unknown');
  } finally {
    client.disconnect();
  }
}

/** A system's code, or the first word of Redis; the rest, and what the client knows, may hold the password. */
function redisReasonOf(error: unknown): string | undefined {
  const word = error instanceof Error ? /^[A-Z]{4,20}\b/.exec(error.message)?.[0] : undefined;
  const code = reasonOf(error);
  return code === 'unknown' ? word : code;
}

/** Half of what the gateway waits for Redis before each replica counts for itself. */
const slowMs = 100;

/** Judges the Redis that replicas share, by how long its answer took in milliseconds, or by why there was none. */
function redisFinding(outcome: number | string): Finding {
  const { ok, warning, problem } = findingsOf('redis');
  if (typeof outcome === 'number') {
    const duration = `${Math.round(outcome)} ms`;
    const message = `It answers slowly (${duration}); after 200 ms the gateway goes on without it.`;
    return outcome < slowMs
      ? ok(`It answers (${duration}).`)
      : warning(message, 'Put it nearer to the gateway.');
  }
  if (['WRONGPASS', 'NOAUTH', 'NOPERM'].includes(outcome)) {
    const remedy = 'Check user name and password in REDIS_URL.';
    return problem(`It rejects the credentials (${outcome}).`, remedy);
  }
  return problem(
    `It cannot be reached (${outcome}); each replica would count for itself.`,
    'Check REDIS_URL (redis:// or rediss://, host and port), and whether connections to it are allowed.',
  );
}
