import type { Redis } from 'ioredis';
import type { Secret } from '../secret.ts';
import { systemCodeOf } from '../systemCode.ts';
import type { Log } from '../telemetry/log.ts';

/** How long a Redis that hangs can hold up those who have asked it; then the connection is given up. */
const answerTimeoutMs = 200;
const connectTimeoutMs = 1_000;
const longestReconnectMs = 1_000;

/** Connects in the background, again and again. Nobody waits for it: what it cannot answer now it refuses now. */
export async function connectRedis(url: Secret, log: Log): Promise<Redis> {
  // Loaded only here: most gateways run without Redis.
  const { Redis } = await import('ioredis');
  const client = new Redis(url.reveal(), {
    commandTimeout: answerTimeoutMs,
    socketTimeout: answerTimeoutMs,
    connectTimeout: connectTimeoutMs,
    // A Redis that hangs does not answer the goodbye either, and there is no new connection before the old one is gone.
    disconnectTimeout: 50,
    retryStrategy: (attempt) => Math.min(100 * attempt, longestReconnectMs),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
  });
  let isAway = false;
  const onAway = (error?: unknown): void => {
    if (!isAway) {
      isAway = true;
      const reason = systemCodeOf(error) ?? 'closed';
      log.warn(
        'Redis is away: each replica keeps to its share of the budget and locks its own changes only',
        { reason },
      );
    }
  };
  client.on('error', onAway);
  client.on('close', onAway);
  client.on('ready', () => {
    isAway = false;
    log.info('Redis is there: all replicas share the budget and the locks');
  });
  return client;
}
