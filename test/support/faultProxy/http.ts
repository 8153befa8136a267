import { STATUS_CODES } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

/** The head of a request as it arrived at the proxy. */
export interface RequestHead {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case; several lines of one name are joined. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether its connection carried another one before. */
  readonly isOnUsedConnection: boolean;
}

export interface ProxiedRequest extends RequestHead {
  /** Empty if a fault strikes before it is read. */
  readonly body: Buffer;
}

/** An answer before it is put on the wire. */
export interface HttpAnswer {
  readonly status: number;
  /** Without what frames the body; a list stands for several lines of one name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** As Graph has it. */
export const jsonType = {
  'content-type': 'application/json;odata.metadata=minimal;charset=utf-8',
};

/** Makes an answer; an object as the body becomes JSON. */
export function httpAnswer(
  status: number,
  headers: HttpAnswer['headers'] = {},
  body: Buffer | string | object = '',
): HttpAnswer {
  const isBytes = typeof body === 'string' || Buffer.isBuffer(body);
  return { status, headers, body: Buffer.from(isBytes ? body : JSON.stringify(body)) };
}

/** The same answer with the proxy's scheme in the links to itself, as a load balancer before a plain server has it. */
export function withSecureLinks(answer: HttpAnswer, { host, origin }: URL): HttpAnswer {
  const text = answer.body.toString('utf8');
  const isTold = text.includes(`http://${host}/`);
  const body = isTold ? Buffer.from(text.replaceAll(`http://${host}/`, `${origin}/`)) : answer.body;
  return { ...answer, body };
}

/** Statuses behind which no body can follow. */
export const isBodiless = ({ status }: HttpAnswer): boolean => status === 204 || status === 304;

/** The whole answer as bytes, with a true length. */
export const toBytes = (answer: HttpAnswer): Buffer =>
  isBodiless(answer)
    ? Buffer.from(headOf(answer))
    : Buffer.concat([Buffer.from(headOf(answer, answer.body.length)), answer.body]);

/** How a body ends: by its length, by chunks or by the end of the connection. */
export type Framing = number | 'chunked' | 'untilClose';

/** The head alone, the empty line included, announcing the given framing; none has no body. */
export function headOf({ status, headers }: HttpAnswer, framing?: Framing): string {
  const framed = {
    ...headers,
    'content-length': typeof framing === 'number' ? String(framing) : undefined,
    'transfer-encoding': framing === 'chunked' ? framing : undefined,
    connection: framing === 'untilClose' ? 'close' : undefined,
  };
  const lines = Object.entries(framed).flatMap(([name, values]) =>
    [values ?? []].flat().map((value) => `${name}: ${value}`),
  );
  const statusLine = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`;
  return `${[statusLine, ...lines].join('\r\n')}\r\n\r\n`;
}

/** Without what belongs to one connection, or frames a body that is framed anew. */
function endToEnd(headers: HttpAnswer['headers']): HttpAnswer['headers'] {
  const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'content-length'];
  return { ...headers, ...Object.fromEntries(hopByHop.map((name) => [name, undefined])) };
}

/** Connects to an upstream that speaks plain HTTP; `send` rejects if it breaks off. */
export function createUpstreamLink(upstream: URL) {
  const pool = new Pool(upstream.origin);
  const basePath = upstream.pathname.replace(/\/$/, '');
  return {
    async send({ method, path, headers, body }: ProxiedRequest): Promise<HttpAnswer> {
      const answer = await pool.request({
        method: method as Dispatcher.HttpMethod,
        path: `${basePath}${path}`,
        headers: endToEnd(headers),
        body: body.length > 0 ? body : null,
      });
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      return httpAnswer(answer.statusCode, endToEnd(answer.headers), bytes);
    },
    /** Cuts off everything in flight. */
    close: () => pool.destroy(),
  };
}

const newId = '5a7d1f00-0000-4000-8000-00000000fa17';

/** An answer that looks like the upstream's, for faults that lie about a request which was never executed. */
export function standInAnswer({ method, path, body }: ProxiedRequest): HttpAnswer {
  const [collection = '', id] = path
    .replace(/\?.*/, '')
    .split(/(?<=complianceManagementPartners)\//);
  const text = body.toString('utf8');
  const sent = text.startsWith('{') ? (JSON.parse(text) as object) : {};
  switch (method) {
    case 'POST':
      return collection.endsWith('$batch')
        ? httpAnswer(200, jsonType, { responses: [] })
        : httpAnswer(201, jsonType, { ...sent, id: newId });
    case 'PATCH':
      return httpAnswer(200, jsonType, { ...sent, id });
    case 'DELETE':
      return httpAnswer(204);
    default:
      return httpAnswer(200, jsonType, id === undefined ? { value: [] } : { id });
  }
}
