import { Agent, request as httpRequest, STATUS_CODES } from 'node:http';
import type { Readable } from 'node:stream';

/** The head of a request as it arrived at the proxy. */
export interface RequestHead {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case; several lines of one name are joined. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names and values by turns, as they came. */
  readonly rawHeaders: readonly string[];
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

export type RequestReader = ReturnType<typeof createRequestReader>;

/** A request that this reader does not understand. */
export class UnreadableRequest extends Error {}

const endOfHead = '\r\n\r\n';

/** Reads HTTP/1.1 requests off a connection, with bodies of a known length: all that the clients here send. */
export function createRequestReader(stream: Readable) {
  let bytes = Buffer.alloc(0);
  let isEnded = false;
  let wake = (): void => undefined;
  let isUsed = false;

  stream.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    wake();
  });
  for (const event of ['end', 'close']) {
    stream.on(event, () => {
      isEnded = true;
      wake();
    });
  }

  /** Takes as many bytes as `measure` says, once it says a number and they are there. */
  async function take(measure: () => number | undefined): Promise<Buffer | undefined> {
    for (;;) {
      const length = measure();
      if (length !== undefined && length <= bytes.length) {
        const taken = bytes.subarray(0, length);
        bytes = bytes.subarray(length);
        return taken;
      }
      if (isEnded) {
        return undefined;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  return {
    /** The next head; undefined if the connection ends before it is complete. */
    async readHead(): Promise<RequestHead | undefined> {
      const head = await take(() => {
        const index = bytes.indexOf(endOfHead);
        return index < 0 ? undefined : index + endOfHead.length;
      });
      if (head === undefined) {
        return undefined;
      }
      const isOnUsedConnection = isUsed;
      isUsed = true;
      return { ...parseHead(head.toString('latin1')), isOnUsedConnection };
    },

    /** The body that belongs to a head; undefined if the connection ends before it is complete. */
    readBody({ headers }: RequestHead): Promise<Buffer | undefined> {
      if (headers['transfer-encoding'] !== undefined) {
        throw new UnreadableRequest('a body without a known length');
      }
      const length = Number(headers['content-length'] ?? 0);
      return take(() => length);
    },
  };
}

function parseHead(text: string): Omit<RequestHead, 'isOnUsedConnection'> {
  const [requestLine = '', ...lines] = text.slice(0, -endOfHead.length).split('\r\n');
  const [, method, path] = /^([A-Z]+) (\S+) HTTP\/1\.1$/.exec(requestLine) ?? [];
  if (method === undefined || path === undefined) {
    throw new UnreadableRequest(`the request line ${requestLine}`);
  }
  const headers: Record<string, string> = {};
  const rawHeaders: string[] = [];
  for (const line of lines) {
    const [, name, value] = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      throw new UnreadableRequest(`the header line ${line}`);
    }
    const key = name.toLowerCase();
    const before = headers[key];
    headers[key] = before === undefined ? value : `${before}, ${value}`;
    rawHeaders.push(name, value);
  }
  return { method, path, headers, rawHeaders };
}

/** Belong to one connection, or frame a body that is framed anew. */
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length']);

/** Connects to an upstream that speaks plain HTTP; `send` rejects where it breaks off. */
export function createUpstreamLink(upstream: URL) {
  const agent = new Agent({ keepAlive: true });
  const underWay = new Set<{ destroy(): unknown }>();
  const basePath = upstream.pathname.replace(/\/$/, '');
  return {
    send: ({ method, path, rawHeaders, body }: ProxiedRequest): Promise<HttpAnswer> =>
      new Promise((resolve, reject) => {
        const outgoing = httpRequest({
          agent,
          host: upstream.hostname.replace(/^\[|\]$/g, ''),
          port: upstream.port,
          method,
          path: `${basePath}${path}`,
          headers: [...rawHeaders],
        });
        underWay.add(outgoing);
        outgoing.on('close', () => underWay.delete(outgoing));
        outgoing.on('error', reject);
        outgoing.on('response', async (incoming) => {
          try {
            const chunks: Buffer[] = await incoming.toArray();
            const names = incoming.rawHeaders;
            const headers = names.flatMap((name, index): HeaderLine[] =>
              index % 2 === 1 || hopByHop.has(name.toLowerCase())
                ? []
                : [[name, names[index + 1] ?? '']],
            );
            resolve({ status: incoming.statusCode ?? 0, headers, body: Buffer.concat(chunks) });
          } catch (error) {
            reject(error);
          }
        });
        outgoing.end(body);
      }),
    /** Cuts off everything in flight. */
    close() {
      for (const outgoing of underWay) {
        outgoing.destroy();
      }
      agent.destroy();
    },
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
