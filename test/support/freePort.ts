import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Finds a free port of loopback below the ephemeral ports: the system could give one of those away before it is used. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const isFree = await new Promise((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) {
      return port;
    }
  }
}
