import { connect } from 'node:net';

/** A connection of a caller that sends bytes as it likes. */
export type RawConnection = Awaited<ReturnType<typeof openConnection>>;

/** Connects to a server. */
export async function openConnection(url: string) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('utf8');
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  // 'close' reports every way in which it ends.
  socket.on('error', () => undefined);
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  return {
    socket,
    send: (bytes: string | Buffer) => void socket.write(bytes),
    /** Everything that came back so far. */
    received: () => text,
    /** Waits until something that fits came back; rejects if the connection ends before. */
    until: (pattern: RegExp) =>
      new Promise<void>((resolve, reject) => {
        const look = () => pattern.test(text) && resolve();
        socket.on('data', look);
        look();
        closed.then(() => reject(new Error(`The connection ended without ${pattern}: ${text}`)));
      }),
    /** Resolves with everything that came back once the other side has ended the connection. */
    closed,
  };
}

/**
 * Writes bytes to a server and reads until it closes the connection, so that a request can be anything; a valid one has
 * to ask for `connection: close`. `isAll` tells the server that nothing follows. Undefined if it closes without an answer.
 */
export async function sendRaw(url: string, bytes: string | Buffer, isAll = false) {
  const { send, socket, closed } = await openConnection(url);
  send(bytes);
  if (isAll) {
    socket.end();
  }
  return readAnswer(await closed);
}

/** An HTTP answer. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; of several lines with one name, all of them. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly text: string;
}

/** Reads the final answer; interim ones, such as `100 Continue`, are passed over. Undefined if there is none. */
export function readAnswer(received: string): RawAnswer | undefined {
  const [, status, lines = '', text = ''] =
    /^HTTP\/1\.1 (\d{3})[^\r]*([\s\S]*?)\r\n\r\n([\s\S]*)$/.exec(received) ?? [];
  if (status === undefined) {
    return undefined;
  }
  if (status.startsWith('1')) {
    return readAnswer(text);
  }
  const headers: Record<string, string[]> = {};
  for (const [, name = '', value = ''] of lines.matchAll(/^([^:\r\n]+):(.*)$/gm)) {
    const key = name.toLowerCase();
    headers[key] = [...(headers[key] ?? []), value.trim()];
  }
  return { status: Number(status), headers, text };
}

/**
 * Sends a text byte by byte, so that the connection is never silent for long; the returned function ends it. A request
 * takes several times as long as a request may take, however fast the machine is.
 */
export function drip({ socket }: RawConnection, text: string): () => void {
  const bytes = [...text];
  const timer = setInterval(() => {
    if (!socket.destroyed) {
      socket.write(bytes.shift() ?? '');
    }
  }, 100);
  return () => clearInterval(timer);
}

/** The bytes of a GraphQL request; headers are put over the usual ones. */
export function graphqlRequest(
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): string {
  const text = JSON.stringify(body);
  const all = {
    Host: 'gateway',
    Authorization: 'Bearer token',
    'Content-Type': 'application/json',
    ...headers,
    'Content-Length': Buffer.byteLength(text),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /graphql HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}
