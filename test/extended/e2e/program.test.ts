import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Agent, request } from 'undici';
import { createTestCertificates } from '../../support/certificates.ts';
import { useClosing } from '../../support/closing.ts';
import { pageAnswer, totalCountQuery } from '../../support/documents.ts';
import { startFaultProxy } from '../../support/faultProxy/startFaultProxy.ts';
import { startForwardProxy } from '../../support/forwardProxies.ts';
import { startOtlpReceiver } from '../../support/otlpReceiver.ts';
import { type Program, postTo, startProgram } from '../../support/programs.ts';
import { json, startScriptedServer } from '../../support/scriptedServer.ts';
import { startTestGraph } from '../../support/testGraphs.ts';

const root = new URL('../../../', import.meta.url);
const closeLater = useClosing();

function start(environment: Record<string, string> = {}): Program {
  const program = startProgram(environment);
  closeLater(program.end);
  return program;
}

async function closed<Thing extends { close(): unknown }>(starting: Promise<Thing>) {
  const thing = await starting;
  closeLater(thing.close);
  return thing;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'program-'));
  closeLater(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function expectEnd(program: Program): Promise<void> {
  program.kill('SIGINT');
  expect(await program.ended).toEqual({ code: 0, signal: null });
}

/** The paths of all modules that a program has run until its end, which V8 itself reports. */
function modulesIn(folder: string) {
  const reports = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const modules = reports.join();
  const names = modules.matchAll(/node_modules\/@opentelemetry\/([a-z-]+)\//g);
  return { modules, telemetry: [...new Set([...names].map(([, name]) => name))].sort() };
}

describe('the program', () => {
  it("answers the README's request and the one that it prints as the reference page has it", async () => {
    const readme = readFileSync(new URL('README.md', root), 'utf8');
    const body = /<<'JSON'\n([\s\S]*?)\nJSON\n/.exec(readme)?.[1] ?? '';
    const folder = newFolder();
    // A busy machine makes the event loop late.
    const program = start({ NODE_V8_COVERAGE: folder, SHED_EVENT_LOOP_DELAY_MS: '0' });
    const answer = await postTo(await program.url(), body);
    expect(JSON.parse(answer.text)).toMatchObject({
      data: {
        addComplianceManagementPartner: { complianceManagementPartner: pageAnswer, userErrors: [] },
      },
    });
    expect(program.output()).toContain('the EMBEDDED GRAPH answers');

    const [, url = '', printed = ''] = await program.until(
      /curl -s (\S+)\/graphql [\s\S]*?-d '([^']*)'\n/,
    );
    const { text } = await postTo(url, printed);
    expect(text).toContain('"__typename":"AllLicensedUsersAssignmentTarget"');
    expect(text).toContain('"userErrors":[]');

    // Many at once bring no warning of the runtime.
    const asking = Array.from({ length: 40 }, () => postTo(url, { query: totalCountQuery }));
    const statuses = (await Promise.all(asking)).map(({ status }) => status);
    expect([...new Set(statuses)]).toEqual([200]);
    expect(program.output()).not.toMatch(/warning/i);

    await expectEnd(program);
    // Only what is used was loaded.
    const { modules, telemetry } = modulesIn(folder);
    expect(telemetry).toEqual(['api']);
    expect(modules).toContain('/node_modules/undici/lib/dispatcher/pool.js');
    expect(modules).not.toMatch(
      /\/node_modules\/(ioredis|jose|node-forge|rate-limiter-flexible|graphql-scalars\/esm\/index\.js|undici\/index\.js)/,
    );
  });

  it('ends with 1 if the port of the embedded Graph is taken, and says how to change it', async () => {
    const { url } = await closed(startScriptedServer(json(200, {})));
    const program = start({ EMULATOR_PORT: url.port });
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.output()).toMatch(
      /could not start: the embedded Graph cannot listen at 127\.0\.0\.1:\d+ \(EADDRINUSE\); set EMULATOR_PORT/,
    );
  });

  it('loads what telemetry needs, and sends the last span before the end', async () => {
    const collector = await closed(startOtlpReceiver());
    const folder = newFolder();
    const program = start({
      GRAPH_CLOUD: 'emulator',
      NODE_V8_COVERAGE: folder,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_BSP_SCHEDULE_DELAY: '60000',
    });
    await postTo(await program.url(), { query: totalCountQuery });
    await expectEnd(program);
    expect(collector.spans()).toHaveLength(2);
    expect(modulesIn(folder).telemetry).toEqual([
      'api',
      'api-logs',
      'core',
      'exporter-trace-otlp-http',
      'otlp-exporter-base',
      'otlp-transformer',
      'resources',
      'sdk-metrics',
      'sdk-trace',
      'semantic-conventions',
    ]);
  });
});

it('behind proxies, of which one inspects TLS, reaches Graph and the collector with NODE_EXTRA_CA_CERTS', async () => {
  const { authority, good: tls } = createTestCertificates();
  const file = join(newFolder(), 'authority.pem');
  writeFileSync(file, authority);
  const graph = await closed(startTestGraph());
  const inspector = await closed(startFaultProxy({ upstream: new URL(graph.baseUrl), tls }));
  const receiver = await closed(startOtlpReceiver());
  const collector = `collector.example.test:${new URL(receiver.url).port}`;
  const [proxy, secure] = [
    await closed(startForwardProxy()),
    await closed(startForwardProxy({ tls })),
  ];
  const program = start({
    NODE_EXTRA_CA_CERTS: file,
    GRAPH_BASE_URL: `https://graph.example.test:${inspector.url.port}`,
    HTTPS_PROXY: proxy.url,
    HTTP_PROXY: secure.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${collector}`,
    OTEL_METRICS_EXPORTER: 'none',
  });
  const { text } = await postTo(await program.url(), { query: totalCountQuery });
  expect(text).toMatch(/"totalCount":\d/);
  await expectEnd(program);
  expect(receiver.received.map(({ path }) => path)).toContain('/v1/traces');
  expect(secure.asked).toContain(collector);
});

it('serves the embedded Graph over TLS to clients that trust the certificate in the log', async () => {
  const program = start({ EMULATOR_TLS: 'true' });
  const [, file = ''] = await program.until(/"file":"([^"]+certificate\.pem)"/);
  const [, root] = await program.until(/It listens at (https:\/\/127\.0\.0\.1:\d+\/) /);
  const dispatcher = new Agent({ connect: { ca: readFileSync(file, 'utf8') } });
  const url = `${root}beta/deviceManagement/complianceManagementPartners`;
  const headers = { authorization: 'Bearer embedded-graph-token' };
  expect((await request(url, { headers, dispatcher })).statusCode).toBe(200);
  await dispatcher.destroy();
});
