import { connect, type Socket } from 'node:net';

/** A connection of a caller that sends bytes as it likes. */
export interface RawConnection {
  readonly socket: Socket;
  send(bytes: string | Buffer): void;
  /** Everything that came back so far. */
  received(): string;
  /** Waits until something that fits came back; rejects if the connection ends before. */
  until(pattern: RegExp): Promise<void>;
  /** Resolves with everything that came back once the other side has ended the connection. */
  readonly closed: Promise<string>;
}

/** Connects to a server. */
export async function openConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('utf8');
  let text = '';
  const listeners = new Set<() => void>();
  socket.on('data', (chunk) => {
    text += String(chunk);
    for (const listener of listeners) {
      listener();
    }
  });
  // 'close' reports every way in which it ends.
  socket.on('error', () => undefined);
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    received: () => text,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(text)) {
            listeners.delete(look);
            resolve();
          }
        };
        listeners.add(look);
        look();
        closed.then(() => reject(new Error(`The connection ended without ${pattern}: ${text}`)));
      }),
    closed,
  };
}

/**
 * Writes bytes to a server and reads until it closes the connection, so that a request can be anything; a valid one has
 * to ask for `connection: close`. `isAll` tells the server that nothing follows. Undefined if it closes without an answer.
 */
export async function sendRaw(
  url: string,
  bytes: string | Buffer,
  isAll = false,
): Promise<RawAnswer | undefined> {
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
  const headEnd = received.indexOf('\r\n\r\n');
  const [first = '', ...lines] = received.slice(0, headEnd).split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3})/.exec(first)?.[1];
  if (headEnd === -1 || status === undefined) {
    return undefined;
  }
  const text = received.slice(headEnd + 4);
  if (status.startsWith('1')) {
    return readAnswer(text);
  }
  const headers: Record<string, string[]> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers[name] = [...(headers[name] ?? []), line.slice(colon + 1).trim()];
  }
  return { status: Number(status), headers, text };
}

/**
 * Sends a text byte by byte, so that the connection is never silent for long; the returned function ends it. A request
 * takes several times as long as a request may take, however fast the machine is.
 */
export function drip({ socket }: RawConnection, text: string): () => void {
  let sent = 0;
  const timer = setInterval(() => {
    if (!socket.destroyed && sent < text.length) {
      socket.write(text.charAt(sent));
      sent += 1;
    }
  }, 100);
  return () => clearInterval(timer);
}

const usualHeaders = {
  Host: 'gateway',
  Authorization: 'Bearer token',
  'Content-Type': 'application/json',
};

/** The bytes of a GraphQL request; headers are put over the usual ones. */
export function graphqlRequest(
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): string {
  const text = JSON.stringify(body);
  const all = { ...usualHeaders, ...headers, 'Content-Length': Buffer.byteLength(text) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /graphql HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}
