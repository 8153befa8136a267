import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createProxyAgent } from '../../src/shared/tunnel.ts';
import { startTelemetry } from '../../src/telemetry/startTelemetry.ts';
import { contoso, gatewayClient } from '../support/authority/people.ts';
import { createTestCertificates } from '../support/certificates.ts';
import { diagnose } from '../support/doctorHarness.ts';
import { addMutation, listQuery } from '../support/documents.ts';
import { executed, type Fault } from '../support/faultProxy/fault.ts';
import { reset, resetAtConnect, status } from '../support/faultProxy/faults.ts';
import { startFaultProxy } from '../support/faultProxy/startFaultProxy.ts';
import { startBrokenProxy, startForwardProxy } from '../support/forwardProxies.ts';
import { startIdentityStage } from '../support/identityStage.ts';
import { recordingLog } from '../support/logs.ts';
import { startOtlpReceiver } from '../support/otlpReceiver.ts';
import { json, startScriptedServer } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
import type { TestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';
import { until } from '../support/until.ts';

const { closeLater, start } = useStages();
function later<Started extends { close(): Promise<unknown> }>(started: Started): Started {
  closeLater(() => started.close());
  return started;
}

const certificates = createTestCertificates();
const tls = certificates.good;
const trust = { certificateAuthorities: [certificates.authority] };
const user = { name: 'ada@corp', password: 'hunter2:%' };

/** A Graph with a name that only the forward proxy finds. */
async function startHiddenGraph() {
  const graph = later(await startTestGraph());
  const door = later(await startFaultProxy({ upstream: new URL(graph.baseUrl), tls }));
  return { door, graphHost: `graph.example.test:${door.url.port}` };
}

/** A gateway whose only way to Graph leads through a proxy, a good one unless it is given. */
async function startStage(proxyUrl?: string, environment = {}) {
  const { door, graphHost } = await startHiddenGraph();
  const HTTPS_PROXY = proxyUrl ?? later(await startForwardProxy()).url;
  const way = { GRAPH_BASE_URL: `https://${graphHost}`, HTTPS_PROXY };
  return { gateway: await start({ ...way, ...environment }, trust), door, graphHost };
}

/** A proxy that rejects `hunter2`, the password in its URL here. */
async function startRejectingProxy() {
  const proxy = later(await startForwardProxy({ user: { name: 'ada', password: 'right' } }));
  return { ...proxy, url: proxy.url.replace('right', 'hunter2') };
}

const add = async (gateway: TestGateway) => {
  const { result, codes } = await gateway.run(addMutation, { input: { displayName: 'Tunnel' } });
  return { result, code: codes[0] };
};

const configurationFaults = (gateway: TestGateway) =>
  gateway
    .logged()
    .filter(({ message, reason }) => /configuration fault/i.test(`${message} ${reason}`));

/** Rejected credentials are the operator's to fix: one line says so, and no word shows them. */
function expectRejected(gateway: TestGateway, result: object, more: object): void {
  const code = 'UPSTREAM_UNAVAILABLE';
  expect(result).toMatchObject({
    errors: [{ message: expect.stringContaining('407'), extensions: { code } }],
  });
  const message = expect.stringMatching(/^Configuration fault: .*407.*HTTPS_PROXY/);
  expect(configurationFaults(gateway)).toMatchObject([{ level: 'error', message, ...more }]);
  expect([JSON.stringify(result), ...gateway.logLines].join()).not.toContain('hunter2');
}

describe('a forward proxy', () => {
  it.each([
    ['http', {}],
    ['https', { tls }],
  ])('at %s leads to Graph, with the credentials of its URL', async (scheme, more) => {
    const proxy = later(await startForwardProxy({ user, ...more }));
    expect(proxy.url).toMatch(new RegExp(`^${scheme}:`));
    const { gateway, graphHost } = await startStage(proxy.url);
    expect((await add(gateway)).code).toBeUndefined();
    expect(new Set(proxy.asked)).toEqual(new Set([graphHost]));
    expect(gateway.logLines.join()).not.toMatch(/hunter2|aHVudGVyMg/);
  });

  it('is not used for a host in NO_PROXY, nor for loopback', async () => {
    const proxy = later(await startForwardProxy());
    const { gateway } = await startStage(proxy.url, { NO_PROXY: '.example.test' });
    expect((await add(gateway)).code).toBe('UPSTREAM_UNAVAILABLE');
    const { baseUrl } = later(await startTestGraph());
    const ways = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
    expect((await add(await start({ GRAPH_BASE_URL: baseUrl, ...ways }))).code).toBeUndefined();
    expect(proxy.asked).toEqual([]);
  });

  it('is reported as a configuration fault, without a retry, when it rejects the credentials', async () => {
    const proxy = await startRejectingProxy();
    const { gateway, door } = await startStage(proxy.url);
    const { result } = await add(gateway);
    expect([proxy.asked.length, door.connections]).toEqual([1, 0]);
    expectRejected(gateway, result, { fault: 'proxy-credentials' });
  });

  it.each<[string, Parameters<typeof startBrokenProxy>]>([
    ['resets at once', [(socket) => socket.resetAndDestroy(), 'connection']],
    ['closes after CONNECT', [(socket) => socket.end()]],
    ['refuses CONNECT', [(socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')]],
    ['answers CONNECT with noise', [(socket) => socket.end('\u0000\u0001nonsense\r\n\r\n')]],
    ['is silent after CONNECT', [() => undefined]],
  ])('that %s counts as never sent: three attempts, and nothing written', async (what, broken) => {
    const proxy = later(await startBrokenProxy(...broken));
    const isSilent = what.includes('silent');
    const environment = isSilent ? { OPERATION_TIMEOUT_MS: '300' } : {};
    const { gateway, door } = await startStage(proxy.url, environment);
    expect((await add(gateway)).code).toBe(isSilent ? 'UPSTREAM_TIMEOUT' : 'UPSTREAM_UNAVAILABLE');
    expect(proxy.connections()).toBeGreaterThanOrEqual(isSilent ? 0 : 3);
    expect(proxy.connections()).toBeLessThan(12);
    expect(door.connections).toBe(0);
  });

  it.each<[string, Fault, string | undefined]>([
    ['repeated when Graph resets at the connection', resetAtConnect(), undefined],
    ['repeated when Graph answers 503 with Retry-After', status(503, '0'), undefined],
    ['found when its answer is lost', executed(reset()), undefined],
    ['unknown when it ends in 502', status(502), 'OUTCOME_UNKNOWN'],
    ['unknown when it ends in a reset', reset(), 'OUTCOME_UNKNOWN'],
  ])('has an add %s inside the tunnel, and written once at the most', async (...row) => {
    const [, fault, expected] = row;
    const { gateway, door } = await startStage();
    door.script(fault);
    expect((await add(gateway)).code).toBe(expected);
    const posts = expected === undefined ? door.forwarded : door.received;
    expect(posts.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('has a certificate inside the tunnel that cannot be trusted reported as such', async () => {
    const { gateway, door } = await startStage();
    door.present(certificates.bad.unknownAuthority);
    const { result } = await add(gateway);
    expect(result.errors?.[0]?.message).toContain('certificate cannot be trusted');
    expect(door.connections).toBe(1);
  });

  it('is asked for each host under its own name when requests share their headers', async () => {
    const proxy = later(await startForwardProxy());
    const server = later(await startScriptedServer(json(200, {})));
    const way = { url: new URL(proxy.url), authorization: undefined };
    const agent = later(createProxyAgent(way, { connect: { timeout: 60_000 } }));
    const headers = Object.freeze({ accept: 'application/json' });
    const hosts = ['one', 'another'].map((name) => `${name}.example.test:${server.url.port}`);
    for (const host of hosts) {
      const options = { origin: `http://${host}`, path: '/', method: 'GET', headers } as const;
      await (await agent.request(options)).body.dump();
    }
    expect(server.requests.map((request) => request.headers.host)).toEqual(hosts);
  });
});

describe('the authority behind a forward proxy', () => {
  it('gives keys and tokens through it, and each 407 is reported as a configuration fault', async () => {
    const known = { ...user };
    const proxy = later(await startForwardProxy({ user: known }));
    const HTTPS_PROXY = proxy.url;
    const host = { host: 'login.example.test' };
    const stage = await startIdentityStage('app-only', { HTTPS_PROXY }, host);
    const { authority, graph, gateway } = stage;
    closeLater(stage.close);
    const token = authority.mint({ scope: 'access_as_user' });
    const list = () => gateway.run(listQuery, {}, { authorization: `Bearer ${token}` });

    known.password = 'another';
    const asked = proxy.asked.length;
    const { result } = await list();
    expect([proxy.asked.length - asked, graph.requests]).toEqual([1, []]);
    expectRejected(gateway, result, { operation: 'client-credentials' });
    const environment = {
      GRAPH_BASE_URL: graph.baseUrl,
      HTTPS_PROXY,
      AUTH_MODE: 'app-only',
      AZURE_TENANT_ID: contoso.id,
      AZURE_CLIENT_ID: gatewayClient.clientId,
      AZURE_CLIENT_SECRET: gatewayClient.secret,
      AZURE_AUTHORITY_HOST: authority.url,
      AUTH_READ_PERMISSIONS: 'access_as_user',
    };
    const late = await start(environment);
    await until(() => configurationFaults(late).length > 0);
    const message = 'The keys to check tokens with could not be loaded.';
    const reason = expect.stringContaining('407');
    expect(configurationFaults(late)[0]).toMatchObject({ message, reason });
    expect(late.logLines.join()).not.toContain('hunter2');
    const { status, text } = await late.get('/readyz');
    expect([status, text]).toEqual([503, '{"status":"waiting for the keys of callers"}']);

    known.password = user.password;
    expect((await list()).result.errors).toBeUndefined();
    expect(authority.count('token')).toBe(1);
    expect(new Set(proxy.asked)).toEqual(new Set([new URL(authority.url).host]));
  });
});

describe('a collector behind a forward proxy', () => {
  async function send(environment: Record<string, string>) {
    const log = recordingLog();
    const { telemetry: config } = readConfig({ OTEL_METRICS_EXPORTER: 'none', ...environment });
    const telemetry = await startTelemetry(config, { clock: systemClock, log, instanceId: 'one' });
    telemetry.tracerOf()?.startSpan('one').end();
    await telemetry.stop(20_000);
    return JSON.stringify(log.lines);
  }

  it('is sent traces at http, with its whole address, and directly on loopback', async () => {
    const proxy = later(await startForwardProxy({ user }));
    const receiver = later(await startOtlpReceiver());
    const host = `collector.example.test:${new URL(receiver.url).port}`;
    await send({ HTTP_PROXY: proxy.url, OTEL_EXPORTER_OTLP_ENDPOINT: `http://${host}` });
    await send({ HTTP_PROXY: proxy.url, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    const path = '/v1/traces';
    expect(receiver.received).toMatchObject([{ path, headers: { host } }, { path }]);
    expect(receiver.received[0]?.headers).not.toHaveProperty('proxy-authorization');
    expect(proxy.asked).toEqual([host]);
  });

  it('is sent traces at https, through a tunnel, if the authority of its certificate is given', async () => {
    const proxy = later(await startForwardProxy({ user }));
    const receiver = later(await startOtlpReceiver(undefined, tls));
    const folder = mkdtempSync(join(tmpdir(), 'collector-'));
    closeLater(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'authority.pem');
    writeFileSync(file, certificates.authority);
    const host = `collector.example.test:${new URL(receiver.url).port}`;
    const ways = { HTTPS_PROXY: proxy.url, OTEL_EXPORTER_OTLP_ENDPOINT: `https://${host}` };
    expect(await send({ ...ways, OTEL_EXPORTER_OTLP_CERTIFICATE: file })).toBe('[]');
    expect(receiver.received).toMatchObject([{ path: '/v1/traces' }]);
    expect(proxy.asked).toEqual([host]);
  });

  it('costs a line without the password when the proxy rejects it', async () => {
    const { url } = await startRejectingProxy();
    for (const protocol of ['http', 'https']) {
      const endpoint = `${protocol}://collector.example.test:4318`;
      const ways = { HTTP_PROXY: url, HTTPS_PROXY: url, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
      const logged = await send(ways);
      expect(logged).toContain('"status":407');
      expect(logged).not.toContain('hunter');
    }
  });
});

describe('the doctor behind a forward proxy', () => {
  const broken = (answer: string) => startBrokenProxy((socket) => socket.end(answer));
  const away = async () => {
    const proxy = await broken('');
    await proxy.close();
    return proxy;
  };

  it.each<[RegExp, () => Promise<{ readonly url: string; close(): Promise<void> }>]>([
    [
      /^ok proxy: The forward proxy localhost:\d+ opens tunnels\.$/,
      () => startForwardProxy({ user, tls }),
    ],
    [/^problem proxy: .* rejects the credentials/, startRejectingProxy],
    [
      /opened no tunnel to graph\.example\.test:\d+ \(403\)/,
      () => broken('HTTP/1.1 403 No\r\n\r\n'),
    ],
    [/opened no tunnel .*\(closed\)/, () => broken('')],
    [/opened no tunnel .*\(NOT_HTTP\)/, () => broken('nonsense\r\n\r\n')],
    [/\(ECONNREFUSED\)/, away],
  ])('reports %s, and Graph only if a tunnel was opened', async (report, startProxy) => {
    const { url } = later(await startProxy());
    const { graphHost } = await startHiddenGraph();
    const environment = { GRAPH_BASE_URL: `https://${graphHost}`, HTTPS_PROXY: url };
    const { lines, output } = await diagnose(environment, trust);
    const about = (check: string) => lines.filter((line) => line.includes(` ${check}: `));
    expect(about('proxy')).toEqual([expect.stringMatching(report)]);
    const answers = [expect.stringMatching(/^ok graph: .* requires a token/)];
    expect(about('graph')).toEqual(url.startsWith('https') ? answers : []);
    expect(output).not.toContain('hunter2');
  });
});
