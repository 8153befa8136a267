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
  /** Empty where a fault strikes before it is read. */
  readonly body: Buffer;
}

/** An answer before it is put on the wire. */
export interface HttpAnswer {
  readonly status: number;
  /** In the order of the wire; a name may occur more than once. What frames the body is not among them. */
  readonly headers: readonly HeaderLine[];
  readonly body: Buffer;
}

type HeaderLine = readonly [name: string, value: string];

/** As Graph has it. */
export const jsonType = {
  'content-type': 'application/json;odata.metadata=minimal;charset=utf-8',
};

/** How a body ends: by its length, by chunks, by the end of the connection; 'none' has no body. */
export type Framing = { readonly length: number } | 'chunked' | 'untilClose' | 'none';

/** Makes an answer; an object as the body becomes JSON. */
export function httpAnswer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: Buffer | string | object = '',
): HttpAnswer {
  const isBytes = typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = Buffer.from(isBytes ? body : JSON.stringify(body));
  return { status, headers: Object.entries(headers), body: bytes };
}

/** The same answer with another body; the header lines of the body's form stay. */
export function withBody(answer: HttpAnswer, body: Buffer | string): HttpAnswer {
  return { ...answer, body: Buffer.from(body) };
}

/** The same answer with the proxy's scheme in the links to itself, as a load balancer before a plain server has it. */
export function withSecureLinks(answer: HttpAnswer, { host, origin }: URL): HttpAnswer {
  const text = answer.body.toString('utf8');
  const isTold = text.includes(`http://${host}/`);
  return isTold ? withBody(answer, text.replaceAll(`http://${host}/`, `${origin}/`)) : answer;
}

/** Statuses behind which no body can follow. */
export function isBodiless({ status }: HttpAnswer): boolean {
  return status < 200 || status === 204 || status === 304;
}

/** The whole answer as bytes, with a true length. */
export function toBytes(answer: HttpAnswer): Buffer {
  const framing = isBodiless(answer) ? 'none' : { length: answer.body.length };
  const head = Buffer.from(headOf(answer, framing));
  return isBodiless(answer) ? head : Buffer.concat([head, answer.body]);
}

/** The head alone, the empty line included, announcing the given framing. */
export function headOf({ status, headers }: HttpAnswer, framing: Framing): string {
  const lines = [...headers, ...framingLines(framing)].map(([name, value]) => `${name}: ${value}`);
  const statusLine = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`;
  return `${[statusLine, ...lines].join('\r\n')}\r\n\r\n`;
}

function framingLines(framing: Framing): readonly HeaderLine[] {
  switch (framing) {
    case 'none':
      return [];
    case 'chunked':
      return [['transfer-encoding', 'chunked']];
    case 'untilClose':
      return [['connection', 'close']];
    default:
      return [['content-length', String(framing.length)]];
  }
}

/** Belong to one connection, or frame a body that is framed anew. */
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length']);
const isEndToEnd = ([name]: readonly [name: string, value: unknown]): boolean =>
  !hopByHop.has(name);

/** Connects to an upstream that speaks plain HTTP; `send` rejects if it breaks off. */
export function createUpstreamLink(upstream: URL) {
  const pool = new Pool(upstream.origin);
  const basePath = upstream.pathname.replace(/\/$/, '');
  return {
    async send({ method, path, headers, body }: ProxiedRequest): Promise<HttpAnswer> {
      const answer = await pool.request({
        method: method as Dispatcher.HttpMethod,
        path: `${basePath}${path}`,
        headers: Object.fromEntries(Object.entries(headers).filter(isEndToEnd)),
        body: body.length > 0 ? body : null,
      });
      const lines = Object.entries(answer.headers).flatMap(([name, values]) =>
        [values ?? []].flat().map((value): HeaderLine => [name, value]),
      );
      return {
        status: answer.statusCode,
        headers: lines.filter(isEndToEnd),
        body: Buffer.from(await answer.body.arrayBuffer()),
      };
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
