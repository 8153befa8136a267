import type { Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { ServerCertificate } from '../certificates.ts';

/** The server's side of TLS over connections that somebody else accepts. */
export interface TlsEnd {
  /** Shakes hands; undefined where the client does not get as far. */
  secure(socket: Socket): Promise<TLSSocket | undefined>;
  /** Shows another certificate from now on. */
  present(certificate: ServerCertificate): void;
}

/** Makes a server that never listens: connections are handed to it, so that a fault can come before TLS. */
export function createTlsEnd(certificate: ServerCertificate): TlsEnd {
  const server = createServer({ ...certificate });
  const shaking = new Map<number | undefined, (secured: TLSSocket) => void>();
  server.on('secureConnection', (secured) => shaking.get(secured.remotePort)?.(secured));
  return {
    secure: (socket) =>
      new Promise((resolve) => {
        const { remotePort } = socket;
        shaking.set(remotePort, resolve);
        socket.on('close', () => {
          if (shaking.get(remotePort) === resolve) {
            shaking.delete(remotePort);
          }
          resolve(undefined);
        });
        server.emit('connection', socket);
      }),
    present: (next) => server.setSecureContext({ ...next }),
  };
}
