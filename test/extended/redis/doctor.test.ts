import { expect, it } from '@jest/globals';
import { diagnose } from '../../support/doctorHarness.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import { describeWithRedis, startTestRedis } from './redisServers.ts';

describeWithRedis('the doctor, with a Redis', () => {
  it('tells one that answers from one that wants another password', async () => {
    const graph = await startTestGraph();
    const redis = await startTestRedis('--requirepass', 'right');
    const withPassword = (password: string) =>
      diagnose({
        GRAPH_BASE_URL: graph.baseUrl,
        REDIS_URL: redis.url.replace('//', `//:${password}@`),
      });
    const [good, bad] = [await withPassword('right'), await withPassword('canary-secret')];
    await redis.stop('SIGKILL');
    await graph.close();
    expect(good.lines).toContainEqual(expect.stringMatching(/^(ok|warning) redis: It answers/));
    expect(bad.lines).toContain('problem redis: It rejects the credentials (WRONGPASS).');
    expect(bad.output).not.toContain('canary-secret');
  });
});
