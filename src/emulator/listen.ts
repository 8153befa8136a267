import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ServerCertificate } from './certificate.ts';
import type { EmulatorRequest } from './http.ts';

/** Where to listen, and what to do with a request once its body is there. */
export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Makes the server speak TLS. */
  readonly certificate?: ServerCertificate | undefined;
  readonly bodyLimitBytes: number;
  readonly handle: (request: EmulatorRequest, response: ServerResponse) => Promise<void>;
}

/** A server that listens. */
export interface Listener {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  /** Ends it with all its connections, whatever they wait for. */
  close(): Promise<void>;
}

/** Longer than any client keeps a connection, so that the client is the one to let go of it. */
const keepAliveTimeoutMs = 72_000;

/**
 * Listens for HTTP; rejects where the port cannot be had. A plain server of Node's: a framework's own answers to bad
 * paths, methods and bodies would not look like Graph's, and faults need the socket itself.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { host, port, certificate, bodyLimitBytes, handle } = options;
  const answer = (incoming: IncomingMessage, response: ServerResponse): void => {
    readBody(incoming, bodyLimitBytes)
      .then((body) => {
        const { method = '', url = '', headers } = incoming;
        return handle(
          { isSecure: certificate !== undefined, method, path: url, headers, body },
          response,
        );
      })
      // A caller that left before its request was complete, or a clock that fails: nobody is there to be told.
      .catch(() => response.destroy());
  };
  const keepAliveTimeout = keepAliveTimeoutMs;
  const server = certificate
    ? createTlsServer({ keepAliveTimeout, ...certificate }, answer)
    : createServer({ keepAliveTimeout }, answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    baseUrl: `${certificate ? 'https' : 'http'}://${toHost(server.address() as AddressInfo)}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function toHost({ address, family, port }: AddressInfo): string {
  return `${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Reads to the end even what is too large, because most callers read no answer before they have sent everything. */
async function readBody(
  incoming: IncomingMessage,
  limitBytes: number,
): Promise<EmulatorRequest['body']> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length <= limitBytes) {
      chunks.push(bytes);
    }
  }
  return length > limitBytes ? 'tooLarge' : Buffer.concat(chunks);
}
