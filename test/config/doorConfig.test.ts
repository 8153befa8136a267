import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/configError.ts';
import type { Environment } from '../../src/config/readers.ts';

function problemsOf(environment: Environment): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
  return [];
}

describe('the configuration of the door', () => {
  it('has bounds for everything where nothing is set', () => {
    const { shedding, connections } = readConfig({});
    expect(shedding).toEqual({ eventLoopDelayMs: 200, heapPercent: 90, openRequests: 1000 });
    expect(connections).toEqual({
      headersTimeoutMs: 10_000,
      requestTimeoutMs: 30_000,
      responseIdleTimeoutMs: 15_000,
      keepAliveTimeoutMs: 72_000,
      limit: 10_000,
      arriving: { bodies: 2_500, bytes: 16_777_216, bytesPerSecond: 240 },
    });
  });

  it('takes each bound away with a 0', () => {
    const { shedding } = readConfig({
      SHED_EVENT_LOOP_DELAY_MS: '0',
      SHED_HEAP_PERCENT: '0',
      SHED_OPEN_REQUESTS: '0',
    });
    expect(shedding).toEqual({ eventLoopDelayMs: 0, heapPercent: 0, openRequests: 0 });
    const { connections } = readConfig({ MIN_BODY_BYTES_PER_SECOND: '0' });
    expect(connections.arriving.bytesPerSecond).toBe(0);
  });

  it('tells every problem at once', () => {
    const names = [
      'SHED_EVENT_LOOP_DELAY_MS',
      'SHED_HEAP_PERCENT',
      'SHED_OPEN_REQUESTS',
      'HEADERS_TIMEOUT_MS',
      'REQUEST_TIMEOUT_MS',
      'RESPONSE_IDLE_TIMEOUT_MS',
      'KEEP_ALIVE_TIMEOUT_MS',
      'MAX_CONNECTIONS',
      'MAX_ARRIVING_BODIES',
      'MAX_ARRIVING_BODY_BYTES',
      'MIN_BODY_BYTES_PER_SECOND',
    ];
    const problems = problemsOf(Object.fromEntries(names.map((name) => [name, 'many'])));
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([...names].sort());
  });

  it.each([
    [{ SHED_HEAP_PERCENT: '100' }, /^SHED_HEAP_PERCENT is "100"; .* from 0 to 99\.$/],
    [{ MAX_CONNECTIONS: '0' }, /^MAX_CONNECTIONS is "0"; .* from 1 to 1000000\.$/],
    [
      { HEADERS_TIMEOUT_MS: '5000', REQUEST_TIMEOUT_MS: '4000' },
      /^HEADERS_TIMEOUT_MS must not be more than REQUEST_TIMEOUT_MS/,
    ],
  ])('refuses %j', (environment, problem) => {
    expect(problemsOf(environment)).toEqual([expect.stringMatching(problem)]);
  });
});
