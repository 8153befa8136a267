import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How one request is answered. The raw socket is there for everything that is no HTTP answer. */
export type Answer = (response: ServerResponse, request: SeenRequest) => void;

export interface ScriptedServer {
  readonly url: URL;
  readonly requests: readonly SeenRequest[];
  /** Follows another script from the next request on. */
  follow(...script: Answer[]): void;
  close(): Promise<void>;
}

/** Starts a server on loopback that answers requests in the script's order, the last answer again and again. */
export async function startScriptedServer(...script: Answer[]): Promise<ScriptedServer> {
  const requests: SeenRequest[] = [];
  let rest = script;
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const seen = { method, url, headers, body: Buffer.concat(chunks).toString('utf8') };
      const [answer, ...later] = rest;
      rest = later.length > 0 ? later : rest;
      requests.push(seen);
      answer?.(response, seen);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    requests,
    follow(...next) {
      rest = next;
    },
    async close() {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers with JSON as Graph does. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, {
      'content-type': 'application/json;odata.metadata=minimal;charset=utf-8',
      'request-id': 'graph-request-id',
      ...headers,
    });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** Answers without a body. */
export function empty(status: number, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, headers);
    response.end();
  };
}

/** Resets the connection instead of answering. */
export const reset: Answer = (response) => {
  response.socket?.resetAndDestroy();
};

/** Closes the connection instead of answering. */
export const hangUp: Answer = (response) => {
  response.socket?.end();
};

/** Never answers. */
export const silence: Answer = () => undefined;

/** Announces more than it sends, then closes. */
export function cutOff(status: number, body: string): Answer {
  return (response) => {
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': body.length,
    });
    response.write(body.slice(0, Math.ceil(body.length / 2)), () => response.socket?.end());
  };
}
