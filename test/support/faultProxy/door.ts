import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A port that can be closed and opened again. */
export interface Door {
  readonly port: number;
  /** Listens, on the same port as before. */
  open(): Promise<void>;
  /** Refuses connections from here on; resolves once the ones that came before are gone, too. */
  shut(): Promise<void>;
}

/** The address of all that listens in tests. */
export const loopback = '127.0.0.1';

/** Opens a door on a free port of loopback. */
export async function openDoor(onConnection: (socket: Socket) => void): Promise<Door> {
  const listenOn = (port: number): Server =>
    createServer({ noDelay: true }, onConnection).listen(port, loopback);

  const first = listenOn(0);
  await once(first, 'listening');
  const { port } = first.address() as AddressInfo;
  let server: Server | undefined = first;
  let gone: Promise<void> = Promise.resolve();
  return {
    port,
    async open() {
      server ??= listenOn(port);
      if (!server.listening) {
        await once(server, 'listening');
      }
    },
    shut() {
      const closing = server;
      server = undefined;
      if (closing !== undefined) {
        gone = new Promise((resolve) => closing.close(() => resolve()));
      }
      return gone;
    },
  };
}
