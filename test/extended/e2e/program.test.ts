import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    const program = start({ NODE_V8_COVERAGE: folder });
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

    await expectEnd(program);
    // Only what is used was loaded.
    const { modules, telemetry } = modulesIn(folder);
    expect(telemetry).toEqual(['api']);
    expect(modules).toContain('/node_modules/undici/lib/dispatcher/pool.js');
    expect(modules).not.toMatch(
      /\/node_modules\/(ioredis|jose|node-forge|rate-limiter-flexible|graphql-scalars\/esm\/index\.js|undici\/index\.js)/,
    );
  });

  it('takes many operations at once without a warning of the runtime', async () => {
    const late = startScriptedServer((...parts) => {
      setTimeout(() => json(200, { value: [] })(...parts), 50);
    });
    const graph = await closed(late);
    // A busy machine makes the event loop late.
    const program = start({ SHED_EVENT_LOOP_DELAY_MS: '0', GRAPH_BASE_URL: graph.url.href });
    const url = await program.url();
    const asking = Array.from({ length: 40 }, () => postTo(url, { query: totalCountQuery }));
    const statuses = (await Promise.all(asking)).map(({ status }) => status);
    expect([...new Set(statuses)]).toEqual([200]);
    expect(program.output()).not.toMatch(/warning/i);
  });

  it.each([
    [78, { PORT: 'high', GRAPH_CLOUD: 'moon' }, /GRAPH_CLOUD[\s\S]*PORT/],
    [1, { PORT: 'taken' }, /cannot listen at 127\.0\.0\.1:\d+/],
    [
      1,
      { EMULATOR_PORT: 'taken' },
      /could not start: the embedded Graph cannot listen at 127\.0\.0\.1:\d+ \(EADDRINUSE\); set EMULATOR_PORT/,
    ],
  ])('ends with %i for %j, and says why', async (code, environment, told) => {
    const { url } = await closed(startScriptedServer(json(200, {})));
    const taken = JSON.stringify(environment).replace('taken', url.port);
    const program = start(JSON.parse(taken));
    expect(await program.ended).toEqual({ code, signal: null });
    expect(program.output()).toMatch(told);
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
      ...['api', 'api-logs', 'core', 'exporter-trace-otlp-http', 'otlp-exporter-base'],
      ...['otlp-transformer', 'resources', 'sdk-metrics', 'sdk-trace', 'semantic-conventions'],
    ]);
  });
});

describe('the program behind a proxy', () => {
  const { authority, good: tls } = createTestCertificates();

  /** Has a program trust the authority of these certificates. */
  function trusting(): Record<string, string> {
    const file = join(newFolder(), 'authority.pem');
    writeFileSync(file, authority);
    return { NODE_EXTRA_CA_CERTS: file };
  }

  it.each<[string, typeof trusting, RegExp]>([
    ['reaches Graph when NODE_EXTRA_CA_CERTS names', trusting, /"totalCount":\d/],
    ['reports an untrusted certificate without', () => ({}), /certificate cannot be trusted/],
  ])('that inspects TLS %s its authority', async (_what, extraAuthorities, told) => {
    const graph = await closed(startTestGraph());
    const upstream = new URL(graph.baseUrl);
    const inspector = await closed(startFaultProxy({ upstream, tls }));
    const proxy = await closed(startForwardProxy());
    const program = start({
      GRAPH_BASE_URL: `https://graph.example.test:${inspector.url.port}`,
      HTTPS_PROXY: proxy.url,
      ...extraAuthorities(),
    });
    const { text } = await postTo(await program.url(), { query: totalCountQuery });
    expect(text).toMatch(told);
  });

  it('at https sends telemetry to a collector at http', async () => {
    const receiver = await closed(startOtlpReceiver());
    const proxy = await closed(startForwardProxy({ tls }));
    const collector = `collector.example.test:${new URL(receiver.url).port}`;
    const program = start({
      HTTP_PROXY: proxy.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${collector}`,
      OTEL_METRICS_EXPORTER: 'none',
      ...trusting(),
    });
    await postTo(await program.url(), { query: '{ __typename }' });
    await expectEnd(program);
    expect(receiver.received.map(({ path }) => path)).toContain('/v1/traces');
    expect(proxy.asked).toContain(collector);
  });
});

describe('the embedded Graph over TLS', () => {
  /** Asks it in a process that trusts the certificate as the manual says, or not. */
  const ask = (env: Record<string, string>): Promise<string> =>
    new Promise((resolve) => {
      const source = `
        const url = process.env.GRAPH_ROOT + 'beta/deviceManagement/complianceManagementPartners';
        const headers = { authorization: 'Bearer embedded-graph-token' };
        console.log((await fetch(url, { headers })).status);`;
      const args = ['--input-type=module', '--eval', source];
      execFile(process.execPath, args, { env }, (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });

  it('serves a client once that trusts the certificate in the log', async () => {
    const program = start({ EMULATOR_TLS: 'true' });
    const [, file = ''] = await program.until(/"file":"([^"]+certificate\.pem)"/);
    const [, GRAPH_ROOT = ''] = await program.until(
      /It listens at (https:\/\/127\.0\.0\.1:\d+\/) /,
    );
    expect(await ask({ GRAPH_ROOT, NODE_EXTRA_CA_CERTS: file })).toBe('200\n');
    expect(await ask({ GRAPH_ROOT })).toMatch(/self-signed certificate|fetch failed/);
  });
});
