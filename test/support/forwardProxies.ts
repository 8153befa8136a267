import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { Server, type ServerOptions } from 'proxy-chain';
import type { ServerCertificate } from './certificates.ts';

/** A real forward proxy on loopback that finds every name at loopback. */
interface ForwardProxyServer {
  /** With its user name and password, if it asks for them. */
  readonly url: string;
  /** The hosts and ports that it was asked for, tunnels and plain requests alike. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

interface ForwardProxyOptions {
  readonly user?: { readonly name: string; readonly password: string };
  /** Makes the proxy itself speak TLS. */
  readonly tls?: ServerCertificate;
}

/** Starts proxy-chain's server. */
export async function startForwardProxy({
  user,
  tls,
}: ForwardProxyOptions = {}): Promise<ForwardProxyServer> {
  const asked: string[] = [];
  const options: ServerOptions = {
    port: 0,
    host: '127.0.0.1',
    prepareRequestFunction({ hostname, port, username, password }) {
      asked.push(`${hostname}:${port}`);
      return {
        requestAuthentication:
          user !== undefined && (username !== user.name || password !== user.password),
        dnsLookup: ((
          _host: string,
          options: { all?: boolean },
          done: (...found: unknown[]) => void,
        ) =>
          options.all === true
            ? done(null, [{ address: '127.0.0.1', family: 4 }])
            : done(null, '127.0.0.1', 4)) as never,
      };
    },
  };
  const server = new Server(tls ? { ...options, serverType: 'https', httpsOptions: tls } : options);
  await server.listen();
  const credentials = user
    ? `${encodeURIComponent(user.name)}:${encodeURIComponent(user.password)}@`
    : '';
  return {
    url: `${tls ? 'https' : 'http'}://${credentials}${tls ? 'localhost' : '127.0.0.1'}:${server.port}`,
    asked,
    close: () => server.close(true),
  };
}

/** Starts what only looks like a proxy: it plays one thing at each connection, or after each CONNECT. */
export async function startBrokenProxy(
  play: (socket: Socket) => void,
  at: 'connection' | 'request' = 'request',
): Promise<{ readonly url: string; readonly connections: () => number; close(): Promise<void> }> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server: NetServer = createServer((socket) => {
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
      new Promise((resolve) => {
        for (const socket of sockets) {
          socket.destroy();
        }
        server.close(() => resolve());
      }),
  };
}
