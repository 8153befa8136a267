import { type Finding, ok, problem, warning } from '../finding.ts';
import type { RedisFacts } from '../redis.ts';

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
        ? `It does not let the gateway in (${reason}).`
        : `It cannot be reached (${reason}); each replica would count for itself.`,
      isAboutPassword
        ? 'Check user name and password in REDIS_URL.'
        : 'Check REDIS_URL (redis:// or rediss://, host and port), and whether connections to it are allowed.',
    ),
  ];
}
