import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Emulator } from '../../../src/emulator/server.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';

const allowed = 1_048_576;
let graph: Emulator;
let gateway: TestGateway;

beforeAll(async () => {
  const seed = Array.from({ length: 40 }, (_value, index) => ({
    id: `row-${index}`,
    displayName: 'N'.repeat(60_000),
  }));
  graph = await startTestGraph({ seed, pageSize: 10 });
  gateway = await startTestGateway({
    GRAPH_BASE_URL: graph.baseUrl,
    LIST_BYTE_LIMIT: String(allowed),
  });
});

afterAll(async () => {
  await gateway.stop(0);
  await graph.close();
});

it('rejects a list whose rows take more memory than allowed, after the page that does', async () => {
  const before = graph.requests.length;
  const { result } = await gateway.run('{ complianceManagementPartners { totalCount } }');
  expect(result.errors?.[0]?.extensions).toMatchObject({ code: 'LIST_TOO_LARGE', allowed });
  expect(result.errors?.[0]?.extensions['seen']).toBeGreaterThan(allowed);
  expect(graph.requests.length - before).toBe(2);
});

it('answers what needs less of it', async () => {
  const { result } = await gateway.run(
    '{ complianceManagementPartners(first: 10) { nodes { id } } }',
  );
  expect(result.errors).toBeUndefined();
});
