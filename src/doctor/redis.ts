import type { Secret } from '../shared/secret.ts';
import { type ProbeParts, reasonOf, withinTimeout } from './endpoint.ts';
import { type Finding, findingsOf } from './finding.ts';

/** Connects as the gateway does, asks once, and leaves. */
export async function checkRedis(url: Secret, parts: ProbeParts): Promise<Finding> {
  const { Redis } = await import('ioredis');
  const client = new Redis(url.reveal(), {
    lazyConnect: true,
    connectTimeout: parts.timeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    disconnectTimeout: 50,
  });
  // What a connection fails at: the command itself only says that there is none.
  let failure: unknown;
  client.on('error', (error: unknown) => {
    failure ??= error;
  });
  try {
    const startedAtMs = await withinTimeout(parts, async () => {
      await client.connect();
      const connectedAtMs = parts.clock.now();
      await client.ping();
      return connectedAtMs;
    });
    return redisFinding({ durationMs: parts.clock.now() - startedAtMs });
  } catch (error) {
    return redisFinding({ reason: redisReasonOf(failure) ?? redisReasonOf(error) ?? 'unknown' });
  } finally {
    client.disconnect();
  }
}

/** A system's code, or the first word of Redis; the rest, and what the client knows, may hold the password. */
function redisReasonOf(error: unknown): string | undefined {
  const word = error instanceof Error ? /^[A-Z]{4,20}\b/.exec(error.message)?.[0] : undefined;
  const code = reasonOf(error);
  return code === 'unknown' ? word : code;
}

/** Half of what the gateway waits for Redis before each replica counts for itself. */
const slowMs = 100;

/** Judges the Redis that replicas share. */
export function redisFinding(
  facts: { readonly durationMs: number } | { readonly reason: string },
): Finding {
  const { ok, warning, problem } = findingsOf('redis');
  if ('durationMs' in facts) {
    const duration = `${Math.round(facts.durationMs)} ms`;
    const message = `It answers slowly (${duration}); after 200 ms the gateway goes on without it.`;
    return facts.durationMs < slowMs
      ? ok(`It answers (${duration}).`)
      : warning(message, 'Put it nearer to the gateway.');
  }
  const { reason } = facts;
  return ['WRONGPASS', 'NOAUTH', 'NOPERM'].includes(reason)
    ? problem(
        `It rejects the credentials (${reason}).`,
        'Check user name and password in REDIS_URL.',
      )
    : problem(
        `It cannot be reached (${reason}); each replica would count for itself.`,
        'Check REDIS_URL (redis:// or rediss://, host and port), and whether connections to it are allowed.',
      );
}
