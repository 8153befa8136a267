import { afterAll, expect, it } from '@jest/globals';
import { useStages } from '../../support/stages.ts';

const allowed = 1_048_576;
const seed = Array.from({ length: 40 }, (_value, index) => ({
  id: `row-${index}`,
  displayName: 'N'.repeat(60_000),
}));
const { embedded } = useStages(afterAll);
const { graph, gateway } = await embedded(
  { seed, pageSize: 10 },
  { LIST_BYTE_LIMIT: String(allowed) },
);

it('rejects a list whose rows take more memory than allowed, after the page that does', async () => {
  const before = graph.requests.length;
  const { extensions } = await gateway.run('{ complianceManagementPartners { totalCount } }');
  expect(extensions).toMatchObject({ code: 'LIST_TOO_LARGE', allowed });
  expect(extensions?.['seen']).toBeGreaterThan(allowed);
  expect(graph.requests.length - before).toBe(2);
});

it('answers what needs less of it', async () => {
  await gateway.ask('{ complianceManagementPartners(first: 10) { nodes { id } } }');
});
