import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { createTestCertificates } from '../../support/certificates.ts';
import { useClosing } from '../../support/closing.ts';
import { pageAnswer, totalCountQuery } from '../../support/documents.ts';
import { startFaultProxy } from '../../support/faultProxy/startFaultProxy.ts';
import { startForwardProxy } from '../../support/forwardProxies.ts';
import { startOtlpReceiver } from '../../support/otlpReceiver.ts';
import { type Program, postTo, startProgram } from '../../support/programs.ts';
import { json, startScriptedServer } from '../../support/scriptedServer.ts';
import { startTestGraph } from '../../support/testGraphs.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const closeLater = useClosing();

function start(environment: Record<string, string> = {}): Program {
  const program = startProgram(environment);
  closeLater(program.end);
  return program;
}

const added = {
  data: {
    addComplianceManagementPartner: { complianceManagementPartner: pageAnswer, userErrors: [] },
  },
};

describe('the program', () => {
  it("answers the README's request and the one that it prints as the reference page has it", async () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const body = /<<'JSON'\n([\s\S]*?)\nJSON\n/.exec(readme)?.[1] ?? '';
    const program = start();
    const answer = await postTo(await program.url(), body);
    expect(JSON.parse(answer.text)).toMatchObject(added);
    expect(program.output()).toContain('the EMBEDDED GRAPH answers');

    const [, url = '', printed = ''] = await program.until(
      /curl -s (\S+)\/graphql [\s\S]*?-d '([^']*)'\n/,
    );
    const { text } = await postTo(url, printed);
    expect(text).toContain('"__typename":"AllLicensedUsersAssignmentTarget"');
    expect(text).toContain('"userErrors":[]');
  });

  it('takes many operations at once without a warning of the runtime', async () => {
    const graph = await startScriptedServer((response, seen) => {
      setTimeout(() => json(200, { value: [] })(response, seen), 50);
    });
    closeLater(graph.close);
    // A busy machine makes the event loop late.
    const program = start({ SHED_EVENT_LOOP_DELAY_MS: '0', GRAPH_BASE_URL: graph.url.href });
    const url = await program.url();
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => postTo(url, { query: totalCountQuery })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(program.output()).not.toMatch(/warning/i);
  });

  it.each([
    [
      78,
      { PORT: 'high', GRAPH_CLOUD: 'moon', AUTH_MODE: 'trust' },
      /GRAPH_CLOUD[\s\S]*PORT[\s\S]*AUTH/,
    ],
    [
      78,
      {
        GRAPH_CLOUD: 'global',
        AUTH_MODE: 'on-behalf-of',
        AZURE_TENANT_ID: '11111111-1111-4111-8111-111111111111',
        AZURE_CLIENT_ID: '22222222-2222-4222-8222-222222222222',
        AZURE_FEDERATED_TOKEN_FILE: '/nowhere/at/all',
      },
      /AZURE_FEDERATED_TOKEN_FILE cannot be used: The file with the federated token cannot be read \(ENOENT\)\./,
    ],
    [1, { PORT: 'taken' }, /cannot listen at 127\.0\.0\.1:\d+/],
    [
      1,
      { EMULATOR_PORT: 'taken' },
      /The gateway could not start: the embedded Graph cannot listen at 127\.0\.0\.1:\d+ \(EADDRINUSE\); set EMULATOR_PORT/,
    ],
  ])('ends with %i for %j, and says why', async (code, environment, told) => {
    const server = await startScriptedServer(json(200, {}));
    closeLater(server.close);
    const taken = Object.entries(environment).map(([name, value]) => [
      name,
      value === 'taken' ? server.url.port : value,
    ]);
    const program = start(Object.fromEntries(taken));
    expect(await program.ended).toEqual({ code, signal: null });
    expect(program.output()).toMatch(told);
  });
});

describe("the program's modules", () => {
  /** Has a program answer and end; gives the paths of all modules that it has run, which V8 itself reports. */
  async function modulesLoaded(environment: Record<string, string>): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'loaded-'));
    closeLater(() => rmSync(folder, { recursive: true }));
    const program = start({
      GRAPH_CLOUD: 'emulator',
      NODE_V8_COVERAGE: folder,
      DRAIN_DELAY_MS: '0',
      ...environment,
    });
    expect((await postTo(await program.url(), { query: totalCountQuery })).status).toBe(200);
    program.kill('SIGINT');
    expect(await program.ended).toEqual({ code: 0, signal: null });
    const reports = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    return reports.join();
  }

  const packagesIn = (modules: string): readonly (string | undefined)[] => {
    const names = modules.matchAll(/node_modules\/@opentelemetry\/([a-z-]+)\//g);
    return [...new Set([...names].map(([, name]) => name))].sort();
  };

  it('are only those that are used', async () => {
    const modules = await modulesLoaded({});
    expect(packagesIn(modules)).toEqual(['api']);
    expect(modules).toContain('/node_modules/undici/lib/dispatcher/pool.js');
    for (const unused of [
      ...['ioredis/', 'jose/', 'node-forge/', 'rate-limiter-flexible/'],
      ...['graphql-scalars/esm/index.js', 'undici/index.js'],
    ]) {
      expect(modules).not.toContain(`/node_modules/${unused}`);
    }
  });

  it('of telemetry are those that are configured, and the last span is sent before the end', async () => {
    const collector = await startOtlpReceiver();
    closeLater(collector.close);
    const modules = await modulesLoaded({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_BSP_SCHEDULE_DELAY: '60000',
    });
    expect(collector.spans()).toHaveLength(2);
    expect(packagesIn(modules)).toEqual([
      ...['api', 'api-logs', 'core', 'exporter-trace-otlp-http', 'otlp-exporter-base'],
      ...['otlp-transformer', 'resources', 'sdk-metrics', 'sdk-trace', 'semantic-conventions'],
    ]);
  });
});

/** Has a program trust an authority. */
function trusting(authority: string): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'authority-'));
  closeLater(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'authority.pem');
  writeFileSync(file, authority);
  return { NODE_EXTRA_CA_CERTS: file };
}

describe('the program behind a proxy', () => {
  it.each<[string, typeof trusting, RegExp]>([
    ['reaches Graph when NODE_EXTRA_CA_CERTS names', trusting, /"totalCount":\d/],
    ['reports an untrusted certificate without', () => ({}), /certificate cannot be trusted/],
  ])('that inspects TLS %s its authority', async (_what, extraAuthorities, told) => {
    const { authority, good: tls } = createTestCertificates();
    const graph = await startTestGraph();
    closeLater(graph.close);
    const inspector = await startFaultProxy({ upstream: new URL(graph.baseUrl), tls });
    closeLater(inspector.close);
    const proxy = await startForwardProxy();
    closeLater(proxy.close);
    const program = start({
      GRAPH_BASE_URL: `https://graph.example.test:${inspector.url.port}`,
      HTTPS_PROXY: proxy.url,
      ...extraAuthorities(authority),
    });
    const { text } = await postTo(await program.url(), { query: totalCountQuery });
    expect(text).toMatch(told);
  });

  it('at https sends telemetry to a collector at http', async () => {
    const { authority, good: tls } = createTestCertificates();
    const receiver = await startOtlpReceiver();
    closeLater(receiver.close);
    const proxy = await startForwardProxy({ tls });
    closeLater(proxy.close);
    const collector = `collector.example.test:${new URL(receiver.url).port}`;
    const program = start({
      HTTP_PROXY: proxy.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${collector}`,
      OTEL_METRICS_EXPORTER: 'none',
      ...trusting(authority),
    });
    await postTo(await program.url(), { query: '{ __typename }' });
    program.kill('SIGINT');
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(receiver.received.map(({ path }) => path)).toContain('/v1/traces');
    expect(proxy.asked).toContain(collector);
  });
});

/** Microsoft's own client as it is, in a process that trusts the certificate as the manual says. */
const client = `
  import { Client } from '@microsoft/microsoft-graph-client';
  const root = new URL(process.env.GRAPH_ROOT);
  const client = Client.initWithMiddleware({
    baseUrl: root.href,
    customHosts: new Set([root.hostname]),
    defaultVersion: 'beta',
    authProvider: { getAccessToken: async () => 'embedded-graph-token' },
  });
  const path = '/deviceManagement/complianceManagementPartners';
  const added = await client.api(path).post({ displayName: 'Over TLS' });
  const { value } = await client.api(path).get();
  console.log(value.find(({ id }) => id === added.id).displayName);
`;

function runClient(env: Record<string, string>): Promise<string> {
  return new Promise((resolve) => {
    const args = ['--input-type=module', '--eval', client];
    execFile(process.execPath, args, { cwd: root, env }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

describe('the embedded Graph over TLS', () => {
  it("serves Microsoft's own client once that trusts the certificate in the log", async () => {
    const program = start({ EMULATOR_TLS: 'true' });
    const [, file = ''] = await program.until(/"file":"([^"]+certificate\.pem)"/);
    const [, GRAPH_ROOT = ''] = await program.until(
      /It listens at (https:\/\/127\.0\.0\.1:\d+\/) /,
    );
    expect(await runClient({ GRAPH_ROOT, NODE_EXTRA_CA_CERTS: file })).toBe('Over TLS\n');
    expect(await runClient({ GRAPH_ROOT })).toMatch(/self-signed certificate|fetch failed/);
  });
});
