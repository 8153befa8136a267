import type { Dispatcher } from 'undici';
import type { Clock, EndSignal } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/forms.ts';
import { isJsonType, parseStrictJson } from '../shared/json.ts';
import { rejectsCredentials } from '../shared/proxy.ts';
import { type AuthorityWay, connectTo, readBounded, withinLimit } from './network.ts';

/** Reads a JSON document over the network. @throws DocumentError if there is none, or the signal fires. */
export type ReadDocument = (url: URL, signal: EndSignal) => Promise<unknown>;

interface DocumentReaderOptions extends AuthorityWay {
  readonly clock: Clock;
  /** How long one document may take, from the connection to the last byte. */
  readonly timeoutMs?: number | undefined;
}

const headers = { accept: 'application/json', 'accept-encoding': 'identity' };

/** Makes a reader for a few small documents a day: it keeps no connection and follows no redirect. */
export function createDocumentReader(options: DocumentReaderOptions): ReadDocument {
  const { clock, timeoutMs = 5_000 } = options;
  const errorOf = (why: 'late' | 'ended') =>
    new DocumentError(why === 'late' ? 'it took too long' : 'it is not wanted any more');
  return async (url, end) => {
    const connections = connectTo(url, options, { connections: 1, connectTimeoutMs: timeoutMs });
    try {
      return await withinLimit({ clock, limitMs: timeoutMs, end, errorOf }, (signal) =>
        requestDocument(connections, url, signal),
      );
    } finally {
      void connections.destroy();
    }
  };
}

async function requestDocument(
  connections: Dispatcher,
  { origin, pathname, search }: URL,
  signal: AbortSignal,
): Promise<unknown> {
  const path = `${pathname}${search}`;
  const request = { origin, path, method: 'GET', headers, signal, reset: true } as const;
  const response = await connections.request(request).catch((cause: unknown) => {
    const problem = rejectsCredentials(cause)
      ? "configuration fault: the forward proxy rejects the gateway's credentials (407)"
      : 'no answer came';
    throw new DocumentError(problem, errnoCodeOf(cause));
  });
  response.body.on('error', () => undefined);
  const problem = findHeadProblem(response);
  if (problem !== undefined) {
    throw new DocumentError(problem);
  }
  const bytes = await readBounded(response.body).catch((cause: unknown) => {
    throw new DocumentError('it broke off', errnoCodeOf(cause));
  });
  if (bytes === undefined) {
    throw new DocumentError('it is too large');
  }
  const value = parseStrictJson(bytes);
  if (value === undefined) {
    throw new DocumentError('its JSON is broken');
  }
  return value;
}

function findHeadProblem({ statusCode, headers: answered }: Dispatcher.ResponseData) {
  if (statusCode !== 200) {
    return `it was answered with ${statusCode}`;
  }
  const isJson = isJsonType(String(answered['content-type']));
  const isPlain = ['identity', 'undefined'].includes(String(answered['content-encoding']));
  return isJson && isPlain ? undefined : 'it is not JSON';
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
