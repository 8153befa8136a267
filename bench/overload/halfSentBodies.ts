import { connect, type Socket } from 'node:net';

/** Connections that each hold a request whose body never becomes whole. */
export interface HalfSentBodies {
  /** How many were opened, those included that were opened again. */
  opened(): number;
  close(): void;
}

const head =
  'POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n';
const part = `{"query":"${' '.repeat(100)}`;
/** A caller on another machine needs about as long to connect again. */
const pauseMs = 100;

/** Opens so many, and each again as soon as it is cut. */
export function holdHalfSentBodies(url: string, count: number): HalfSentBodies {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let opened = 0;
  let isClosed = false;
  const open = (): void => {
    if (isClosed) {
      return;
    }
    opened += 1;
    const socket = connect(Number(port), hostname);
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      setTimeout(open, pauseMs);
    });
    socket.resume();
    socket.write(head + part);
  };
  for (let number = 0; number < count; number += 1) {
    open();
  }
  return {
    opened: () => opened,
    close() {
      isClosed = true;
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  };
}
