import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How one request is answered. The raw socket is there for everything that is no HTTP answer. */
export type Answer = (response: ServerResponse, request: SeenRequest) => void;

export type ScriptedServer = Awaited<ReturnType<typeof startScriptedServer>>;

/** Starts a server on loopback that answers requests in the script's order, the last answer again and again. */
export async function startScriptedServer(...script: Answer[]) {
  const requests: SeenRequest[] = [];
  let rest = script;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const seen = { method, url, headers, body };
      const [answer, ...later] = rest;
      rest = later.length > 0 ? later : rest;
      requests.push(seen);
      answer?.(response, seen);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    requests: requests as readonly SeenRequest[],
    /** Follows another script from the next request on. */
    follow(...next: Answer[]) {
      rest = next;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
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
