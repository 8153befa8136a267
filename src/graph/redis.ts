import type { Redis } from 'ioredis';
import { errnoCodeOf } from '../shared/errnoCode.ts';
import type { Secret } from '../shared/secret.ts';
import type { Log } from '../telemetry/log.ts';

/** Every request to Graph asks for the budget, so it waits for no Redis that hangs. */
export const forBudget = {
  /** How long a Redis that hangs can hold up those who have asked it; then the connection is given up. */
  answerTimeoutMs: 200,
  /** For the log: what replicas do while Redis is away and while it is there. */
  away: 'each replica keeps to its share of the budget',
  there: 'all replicas share the budget',
};

/** A change can wait a little longer: an answer that is late only because this process was busy must not be lost. */
export const forLocks = {
  answerTimeoutMs: 1_000,
  away: 'each replica locks its own changes only, and rejects mutations with an idempotencyKey',
  there: 'all replicas share the locks and the outcomes of idempotency keys',
};

interface RedisOptions extends Readonly<typeof forBudget> {
  readonly log: Log;
}

const connectTimeoutMs = 1_000;
const longestReconnectMs = 1_000;

/** Connects in the background, with retries. No command waits for it: one that it cannot answer now is rejected now. */
export async function connectRedis(
  url: Secret,
  { answerTimeoutMs, away, there, log }: RedisOptions,
): Promise<Redis> {
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
      const reason = errnoCodeOf(error) ?? 'closed';
      log.warn(`Redis is away: ${away}`, { reason });
    }
  };
  client.on('error', onAway);
  client.on('close', onAway);
  client.on('ready', () => {
    isAway = false;
    log.info(`Redis is there: ${there}`);
  });
  return client;
}
