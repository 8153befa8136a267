import { expect, it } from '@jest/globals';
import { useClosing } from '../../support/closing.ts';
import { installExample, runNpm } from '../../support/installedExample.ts';
import { startTestGateway } from '../../support/testGateways.ts';

const closeLater = useClosing();
const clients = [
  'Apollo Client by nodes',
  'Apollo Client by edges',
  'urql, usual cache',
  'urql, graphcache cache',
  'graphql-request by GET',
  'gql.tada',
  'React Query',
  'Relay',
];

it('each client lists, pages, adds and reads back', async () => {
  const folder = await installExample('consumer');
  await runNpm(folder, ['run', 'build']);
  const gateway = await startTestGateway({});
  closeLater(() => gateway.stop(0));
  const GATEWAY_URL = gateway.url;
  const output = await runNpm(folder, ['run', '--silent', 'clients'], { GATEWAY_URL });
  const told = output.trim().split('\n\n');
  expect(told.pop()).toMatch(/^\d+ passed, 0 failed$/);
  expect(told.map((text) => text.split('\n')[0])).toEqual(clients);
  for (const text of told) {
    expect(text).toMatch(/\n {2}ok: it lists\n {2}ok: it pages\n/);
    expect(text).toContain('\n  ok: it reads back what it added');
  }
}, 600_000);
