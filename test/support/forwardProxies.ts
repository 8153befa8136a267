import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Server, type ServerOptions } from 'proxy-chain';
import type { ServerCertificate } from './certificates.ts';

interface ForwardProxyOptions {
  readonly user?: { readonly name: string; readonly password: string };
  /** Makes the proxy itself speak TLS. */
  readonly tls?: ServerCertificate;
}

/** Starts proxy-chain's server on loopback, where it finds every name. */
export async function startForwardProxy({ user, tls }: ForwardProxyOptions = {}) {
  const asked: string[] = [];
  const dnsLookup = (
    _host: string,
    { all }: { all?: boolean },
    done: (...found: unknown[]) => void,
  ) => (all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4));
  const options: ServerOptions = {
    port: 0,
    host: '127.0.0.1',
    prepareRequestFunction({ hostname, port, username, password }) {
      asked.push(`${hostname}:${port}`);
      const requestAuthentication =
        user !== undefined && (username !== user.name || password !== user.password);
      return { requestAuthentication, dnsLookup: dnsLookup as never };
    },
  };
  const server = new Server(tls ? { ...options, serverType: 'https', httpsOptions: tls } : options);
  await server.listen();
  const origin = tls ? `https://localhost:${server.port}` : `http://127.0.0.1:${server.port}`;
  const credentials = user && [user.name, user.password].map(encodeURIComponent).join(':');
  return {
    /** With its user name and password, if it asks for them. */
    url: credentials ? origin.replace('://', `://${credentials}@`) : origin,
    /** The hosts and ports that it was asked for, tunnels and plain requests alike. */
    asked: asked as readonly string[],
    close: (): Promise<void> => server.close(true),
  };
}

/** Starts what only looks like a proxy: it plays one thing at each connection, or after each CONNECT. */
export async function startBrokenProxy(
  play: (socket: Socket) => void,
  at: 'connection' | 'request' = 'request',
) {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (at === 'connection') {
      play(socket);
    } else {
      socket.once('data', () => play(socket));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) {
          socket.destroy();
        }
        server.close(() => resolve());
      }),
  };
}
