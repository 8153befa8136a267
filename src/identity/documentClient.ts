import { Agent, type Dispatcher } from 'undici';
import { trustIn } from '../graph/connections.ts';
import { rejectsCredentials } from '../graph/networkError.ts';
import { createProxyAgent } from '../graph/tunnel.ts';
import { abortable } from '../shared/abort.ts';
import type { Clock } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/errnoCode.ts';
import { isJsonType, parseStrictJson } from '../shared/json.ts';
import { type ForwardProxy, type ProxySettings, proxyFor } from '../shared/proxy.ts';

/** Reads a JSON document over the network. @throws DocumentError if there is none, or the signal fires. */
export type ReadDocument = (url: URL, signal: AbortSignal) => Promise<unknown>;

interface DocumentClient {
  readonly read: ReadDocument;
  /** Aborts all requests in flight. */
  close(): Promise<void>;
}

interface DocumentClientOptions {
  readonly clock: Clock;
  /** Certificates of authorities to trust beside the machine's own, in PEM. */
  readonly certificateAuthorities?: readonly string[] | undefined;
  /** The forward proxies that may lead to a document. */
  readonly proxies?: ProxySettings | undefined;
  /** How long one document may take, from the connection to the last byte. */
  readonly timeoutMs?: number | undefined;
}

const defaultTimeoutMs = 5_000;
const maximumBytes = 256 * 1024;
const headers = { accept: 'application/json', 'accept-encoding': 'identity' };

/** Makes a client for a few small documents a day: it keeps no connection and follows no redirect. */
export function createDocumentClient(options: DocumentClientOptions): DocumentClient {
  const { clock, certificateAuthorities, proxies, timeoutMs = defaultTimeoutMs } = options;
  const settings = {
    maxHeaderSize: 16 * 1024,
    connect: { timeout: timeoutMs, ...trustIn(certificateAuthorities) },
  };
  const direct = new Agent(settings);
  const proxied = new Map<ForwardProxy, Dispatcher>();
  const agentFor = (url: URL): Dispatcher => {
    const proxy = proxyFor(url, proxies);
    if (proxy === undefined) {
      return direct;
    }
    const agent = proxied.get(proxy) ?? createProxyAgent(proxy, settings);
    proxied.set(proxy, agent);
    return agent;
  };
  return {
    async read(url, signal) {
      const end = new AbortController();
      const stop = (): void => end.abort();
      const stopTimer = clock.startTimer(timeoutMs, stop);
      signal.addEventListener('abort', stop);
      try {
        if (signal.aborted) {
          stop();
        }
        return await abortable(end.signal, requestDocument(agentFor(url), url, end.signal), () =>
          signal.aborted ? new DocumentError('it is not wanted any more') : tooLate(),
        );
      } finally {
        stopTimer();
        signal.removeEventListener('abort', stop);
        stop();
      }
    },
    async close() {
      await Promise.all([direct, ...proxied.values()].map((agent) => agent.destroy()));
    },
  };
}

async function requestDocument(agent: Dispatcher, url: URL, signal: AbortSignal): Promise<unknown> {
  const { origin, pathname, search } = url;
  // The deadline is a signal of ours; undici's own timers are coarse and would only add a second, different truth.
  const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
  const path = `${pathname}${search}`;
  const response = await agent
    .request({ origin, path, method: 'GET', headers, signal, reset: true, ...timeouts })
    .catch((cause: unknown) => {
      const isRejected = rejectsCredentials(cause);
      const problem = isRejected
        ? "configuration fault: the forward proxy rejects the gateway's credentials (407)"
        : 'no answer came';
      throw new DocumentError(problem, errnoCodeOf(cause));
    });
  response.body.on('error', () => undefined);
  const problem = findHeadProblem(response);
  if (problem !== undefined) {
    throw new DocumentError(problem);
  }
  return readJson(await readBytes(response));
}

function findHeadProblem({ statusCode, headers: answered }: Dispatcher.ResponseData) {
  if (statusCode !== 200) {
    return `it was answered with ${statusCode}`;
  }
  const isJson = isJsonType(String(answered['content-type']));
  const isPlain = ['identity', 'undefined'].includes(String(answered['content-encoding']));
  return isJson && isPlain ? undefined : 'it is not JSON';
}

async function readBytes({ body }: Dispatcher.ResponseData): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      const bytes = Buffer.from(chunk as Uint8Array);
      length += bytes.length;
      if (length > maximumBytes) {
        break;
      }
      chunks.push(bytes);
    }
  } catch (cause) {
    throw new DocumentError('it broke off', errnoCodeOf(cause));
  }
  if (length > maximumBytes) {
    throw new DocumentError('it is too large');
  }
  return Buffer.concat(chunks);
}

function readJson(bytes: Buffer): unknown {
  const value = parseStrictJson(bytes);
  if (value === undefined) {
    throw new DocumentError('its JSON is broken');
  }
  return value;
}

function tooLate(): DocumentError {
  return new DocumentError('it took too long');
}

/** A document of the authority's that did not come, or cannot be believed. The problem is fit for a log line. */
export class DocumentError extends Error {
  readonly problem: string;
  readonly systemCode: string | undefined;

  constructor(problem: string, systemCode?: string) {
    super(`A document of the authority cannot be used: ${problem}.`);
    this.name = 'DocumentError';
    this.problem = problem;
    this.systemCode = systemCode;
  }
}
