import { connect } from 'node:net';

/** An HTTP answer as it came, byte for byte, over a connection of its own. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; of several lines with one name, all of them. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** The body without its chunks. */
  readonly text: string;
}

/**
 * Writes bytes to a server and reads until it closes the connection, so that a request can be anything; it has to ask
 * for `connection: close` if it is a valid one. `isAll` tells the server that nothing follows, so that it does
 * not wait for the rest of a body. Undefined where it closes without an answer.
 */
export function sendRaw(
  origin: string,
  bytes: string | Buffer,
  isAll = false,
): Promise<RawAnswer | undefined> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const chunks: Buffer[] = [];
    const end = (): void => {
      socket.destroy();
      resolve(readAnswer(Buffer.concat(chunks)));
    };
    socket.setTimeout(30_000, () => {
      socket.destroy();
      reject(new Error('The server neither answered nor closed the connection'));
    });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', end);
    // A server that refuses in the middle of a request resets what it does not read; its answer may be here already.
    socket.on('error', end);
    socket.write(bytes);
    if (isAll) {
      socket.end();
    }
  });
}

/** Reads the final answer; interim ones, such as `100 Continue`, are passed over. Undefined where there is none. */
export function readAnswer(bytes: Buffer): RawAnswer | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  const lines = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3})/.exec(lines[0] ?? '')?.[1];
  if (headEnd === -1 || status === undefined) {
    return undefined;
  }
  if (status.startsWith('1')) {
    return readAnswer(bytes.subarray(headEnd + 4));
  }
  const headers: Record<string, string[]> = {};
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers[name] = [...(headers[name] ?? []), line.slice(colon + 1).trim()];
  }
  const body = bytes.subarray(headEnd + 4);
  const isChunked = headers['transfer-encoding']?.includes('chunked') ?? false;
  return {
    status: Number(status),
    headers,
    text: (isChunked ? withoutChunks(body) : body).toString('utf8'),
  };
}

function withoutChunks(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let position = 0; position < body.length; ) {
    const lineEnd = body.indexOf('\r\n', position);
    const size = Number.parseInt(body.subarray(position, lineEnd).toString('latin1'), 16);
    if (lineEnd === -1 || !(size > 0)) {
      break;
    }
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    position = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
