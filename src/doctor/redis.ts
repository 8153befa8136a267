import type { Secret } from '../shared/secret.ts';
import { type ProbeParts, reasonOf, withinTimeout } from './endpoint.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** What became of asking Redis for a sign of life. */
export type RedisFacts =
  | { readonly kind: 'answered'; readonly durationMs: number }
  /** A system's code, or the first word of what Redis answers, such as `WRONGPASS`. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Connects as the gateway does, asks once, and leaves. */
export async function probeRedis(url: Secret, parts: ProbeParts): Promise<RedisFacts> {
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
    return { kind: 'answered', durationMs: parts.clock.now() - startedAtMs };
  } catch (error) {
    const [first, second] = [redisReasonOf(failure), redisReasonOf(error)];
    return { kind: 'failed', reason: first ?? second ?? 'unknown' };
  } finally {
    client.disconnect();
  }
}

/** The rest of what Redis says, and of what the client knows, may hold the password. */
function redisReasonOf(error: unknown): string | undefined {
  const word = error instanceof Error ? /^[A-Z]{4,20}\b/.exec(error.message)?.[0] : undefined;
  const code = reasonOf(error);
  return code === 'unknown' ? word : code;
}

/** Half of what the gateway waits for Redis before each replica counts for itself. */
const slowMs = 100;

/** Judges the Redis through which replicas share the budget. */
export function redisFindings(facts: RedisFacts): readonly Finding[] {
  if (facts.kind === 'answered') {
    const { durationMs } = facts;
    return durationMs < slowMs
      ? [ok('redis', `It answers (${Math.round(durationMs)} ms).`)]
      : [
          warning(
            'redis',
            `It answers slowly (${Math.round(durationMs)} ms); after 200 ms the gateway goes on without it.`,
            'Put it nearer to the gateway.',
          ),
        ];
  }
  const { reason } = facts;
  const isAboutPassword = ['WRONGPASS', 'NOAUTH', 'NOPERM'].includes(reason);
  return [
    problem(
      'redis',
      isAboutPassword
        ? `It rejects the credentials (${reason}).`
        : `It cannot be reached (${reason}); each replica would count for itself.`,
      isAboutPassword
        ? 'Check user name and password in REDIS_URL.'
        : 'Check REDIS_URL (redis:// or rediss://, host and port), and whether connections to it are allowed.',
    ),
  ];
}
