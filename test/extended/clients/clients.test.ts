import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { installExample, runNpm } from '../../support/installedExample.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';

let folder: string;
let gateway: TestGateway;

beforeAll(async () => {
  folder = await installExample('consumer');
  await runNpm(folder, ['run', 'build']);
  gateway = await startTestGateway({});
}, 600_000);

afterAll(() => gateway?.stop(0));

it.each([
  'Apollo Client by nodes',
  'Apollo Client by edges',
  'urql, usual cache',
  'urql, graphcache cache',
  'graphql-request by GET',
  'gql.tada',
  'React Query',
  'Relay',
])('%s lists, pages, adds and reads back', async (client) => {
  const output = await runNpm(folder, ['run', 'clients', '--', client], {
    GATEWAY_URL: gateway.url,
  });
  expect(output).toContain(`\n${client}\n  ok: it lists\n  ok: it pages\n`);
  expect(output).toContain('  ok: it reads back what it added\n');
  expect(output).toMatch(/\n\d passed, 0 failed\n/);
});
