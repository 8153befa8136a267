import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/configError.ts';
import type { Environment } from '../../src/config/readers.ts';

const budgetOf = (environment: Environment) => readConfig(environment).graphBudget;

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

describe("the budget's configuration", () => {
  it("is Microsoft's limits in memory, for one replica", () => {
    expect(budgetOf({ GRAPH_CLOUD: 'global' })).toEqual({
      writes: 100,
      requests: 1000,
      replicas: 1,
      redisUrl: undefined,
    });
  });

  it('holds nobody up who tries the embedded Graph, unless it is set', () => {
    expect(budgetOf({})).toMatchObject({ writes: 100_000, requests: 100_000 });
    expect(budgetOf({ GRAPH_WRITE_BUDGET: '7' })).toMatchObject({ writes: 7 });
  });

  it('counts with two replicas where there is a Redis to share it', () => {
    expect(budgetOf({ REDIS_URL: 'redis://redis' }).replicas).toBe(2);
    expect(budgetOf({ REDIS_URL: 'redis://redis', GRAPH_BUDGET_REPLICAS: '5' }).replicas).toBe(5);
  });

  it.each([
    'redis://redis',
    'redis://redis:6380/',
    'redis://redis:6380/2',
    'rediss://:p%40ss@cache.example:6380',
    'rediss://user:p%40ss@cache.example:6380/0',
    'redis://[::1]:6379',
  ])('takes %s for REDIS_URL, and shows it to nobody', (url) => {
    const config = readConfig({ REDIS_URL: url });
    expect(config.graphBudget.redisUrl?.reveal()).toBe(url);
    expect(`${JSON.stringify(config)}${inspect(config, { depth: 9 })}`).not.toContain('redis:');
  });

  it.each([
    ['cache.example:6379', /must begin with redis:/],
    ['redis', /must be an absolute URL/],
    ['http://:hunter2@cache.example', /must begin with redis:/],
    ['redis:///2', /must name a host/],
    ['redis://:hunter2@cache.example/two', /only be a database's number/],
    ['redis://:hunter2@cache.example?enableOfflineQueue=true', /must end before any \? or #/],
    ['redis://:hunter2%@cache.example', /must be percent-encoded/],
    ['redis://%ff:hunter2@cache.example', /must be percent-encoded/],
  ])('refuses %s for REDIS_URL without repeating it', (url, problem) => {
    const problems = problemsOf({ REDIS_URL: url });
    expect(problems).toEqual([expect.stringMatching(/^REDIS_URL cannot be used: /)]);
    expect(problems[0]).toMatch(problem);
    expect(problems[0]).not.toContain('hunter2');
  });

  it.each([
    [
      { GRAPH_WRITE_BUDGET: '0' },
      'GRAPH_WRITE_BUDGET is "0"; it must be a whole number from 1 to 100000.',
    ],
    [
      { GRAPH_REQUEST_BUDGET: '19' },
      'GRAPH_REQUEST_BUDGET is "19"; it must be a whole number from 20 to 100000.',
    ],
    [
      { GRAPH_BUDGET_REPLICAS: '3', GRAPH_WRITE_BUDGET: '2' },
      'GRAPH_WRITE_BUDGET must be at least GRAPH_BUDGET_REPLICAS: each needs a share.',
    ],
    [
      { REDIS_URL: 'redis://redis', GRAPH_REQUEST_BUDGET: '39' },
      'GRAPH_REQUEST_BUDGET must be at least 20 times GRAPH_BUDGET_REPLICAS: a batch needs as much at once.',
    ],
  ])('refuses %j', (environment, problem) => {
    expect(problemsOf(environment)).toEqual([problem]);
  });
});
