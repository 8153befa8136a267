import { expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { createReaders } from '../../src/config/readers.ts';
import { configFindings } from '../../src/doctor/configuration.ts';
import { environmentOf } from '../support/configProblems.ts';

const id = '11111111-2222-4333-8444-555555555555';
const inCloud = 'GRAPH_CLOUD=global';
const own = `${inCloud} AZURE_CLIENT_ID=${id} AZURE_CLIENT_SECRET`;
const production = `${inCloud} NODE_ENV=production`;

function hintsOf(text: string) {
  const environment = environmentOf(text);
  const readers = createReaders(environment);
  const config = readConfig(environment, readers);
  return configFindings(config, environment, readers.names).slice(1);
}

it.each([
  '',
  production,
  `${own}=x AUTH_MODE=app-only AZURE_TENANT_ID=${id}`,
  `${inCloud} GRAPH_TOKEN=x`,
  'PATH=/bin AZURE_HTTP_USER_AGENT=x AUTHOR=me',
  `${inCloud} AZURE_CLIENT_ID= GRAPH_CLOUDS=`,
  'REDIS_URL=redis://r GRAPH_BUDGET_REPLICAS=2',
  `${inCloud} GRAPH_BASE_URL=https://graph.microsoft.com`,
])('gives no hint about the configuration "%s"', (environment) => {
  expect(hintsOf(environment)).toEqual([]);
});

const unread = 'AZURE_CLIENT_ID, AZURE_CLIENT_SECRET';
const notTo = '(GRAPH_BASE_URL) and not to graph.microsoft.com';
it.each<[string, string]>([
  [`${own}=canary-secret`, `${unread}: set, and nothing reads it with AUTH_MODE=passthrough`],
  [`${inCloud} GRAPH_QUEUE_SIZE=1`, 'GRAPH_QUEUE_SIZE: set'],
  [`${inCloud} EMULATOR_PORT=0 EMULATOR_TLS=1`, 'EMULATOR_PORT, EMULATOR_TLS: set, but a Graph is'],
  ['REDIS_URL=redis://:canary-secret@r', 'while Redis is away, each replica takes half'],
  [`${production} INTROSPECTION=true`, 'Introspection is on'],
  ['NODE_ENV=production GRAPH_CLOUD=emulator', 'The embedded Graph answers'],
  ['HOST=0.0.0.0', 'public token, and HOST=0.0.0.0'],
  [`${inCloud} GRAPH_BASE_URL=https://proxy.example/graph`, `proxy.example ${notTo}`],
  ['ALL_PROXY=http://u:canary-secret@proxy', 'ALL_PROXY is set'],
  ['DRAIN_TIMEOUT_MS=25000', 'Stopping may take 30 s'],
  ['OPERATION_TIMEOUT_MS=20001', 'OPERATION_TIMEOUT_MS is longer'],
  [`${production} LOG_LEVEL=silent`, 'LOG_LEVEL=silent'],
  [`${inCloud} NODE_TLS_REJECT_UNAUTHORIZED=0`, 'certificates are not checked'],
])('hints about the configuration "%s": %s, and says what to do', (environment, message) => {
  const [hint, ...others] = hintsOf(environment);
  const severity = environment.includes('_TLS_') ? 'problem' : 'warning';
  expect(hint).toMatchObject({ check: 'configuration', severity });
  expect(hint?.message).toContain(message);
  expect(hint?.remedy).toMatch(/^[A-Z].*\.$/);
  expect(others).toEqual([]);
  expect(JSON.stringify(hint)).not.toContain('canary-secret');
});
