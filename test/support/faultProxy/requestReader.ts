import type { Readable } from 'node:stream';
import type { RequestHead } from './fault.ts';

/** Reads requests off a connection, one after the other. */
export interface RequestReader {
  /** The next head; undefined where the connection ends before it is complete. */
  readHead(): Promise<RequestHead | undefined>;
  /** The body that belongs to a head; undefined where the connection ends before it is complete. */
  readBody(head: RequestHead): Promise<Buffer | undefined>;
}

/** A request that this reader does not understand. */
export class UnreadableRequest extends Error {}

const endOfHead = '\r\n\r\n';

/** Reads HTTP/1.1 with bodies of a known length: all that the clients here send. */
export function createRequestReader(stream: Readable): RequestReader {
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
    async readHead() {
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

    readBody({ headers }) {
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
