import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { proxyFor } from '../../src/shared/proxy.ts';
import { createProxyAgent } from '../../src/shared/tunnel.ts';
import { startTelemetry } from '../../src/telemetry/startTelemetry.ts';
import { createTestCertificates, type ServerCertificate } from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import { problemsOf } from '../support/configProblems.ts';
import { diagnose } from '../support/doctorHarness.ts';
import { startFaultProxy } from '../support/faultProxy/startFaultProxy.ts';
import { startBrokenProxy, startForwardProxy } from '../support/forwardProxies.ts';
import { recordingLog } from '../support/logs.ts';
import { startOtlpReceiver } from '../support/otlpReceiver.ts';
import { json, startScriptedServer } from '../support/scriptedServer.ts';
import { startTestGraph } from '../support/testGraphs.ts';

const closeLater = useClosing();
function later<Started extends { close(): Promise<unknown> }>(started: Started): Started {
  closeLater(() => started.close());
  return started;
}

const user = { name: 'ada', password: 'hunter2' };
const { authority, good: tls } = createTestCertificates();

describe('a collector behind a forward proxy', () => {
  async function send(environment: Record<string, string>) {
    const log = recordingLog();
    const { telemetry: config } = readConfig({ OTEL_METRICS_EXPORTER: 'none', ...environment });
    const telemetry = await startTelemetry(config, { clock: systemClock, log, instanceId: 'one' });
    telemetry.tracerOf()?.startSpan('one').end();
    await telemetry.stop(20_000);
    return JSON.stringify(log.lines);
  }

  async function startBoth(certificate?: ServerCertificate) {
    const proxy = later(await startForwardProxy({ user }));
    const receiver = later(await startOtlpReceiver(undefined, certificate));
    return { proxy, receiver, host: `collector.example.test:${new URL(receiver.url).port}` };
  }

  it('is sent traces at http, with its whole address', async () => {
    const { proxy, receiver, host } = await startBoth();
    await send({ HTTP_PROXY: proxy.url, OTEL_EXPORTER_OTLP_ENDPOINT: `http://${host}` });
    expect(receiver.received).toMatchObject([{ path: '/v1/traces', headers: { host } }]);
    expect(receiver.received[0]?.headers).not.toHaveProperty('proxy-authorization');
    expect(proxy.asked).toEqual([host]);
  });

  it('is sent traces at https, through a tunnel', async () => {
    const { proxy, receiver, host } = await startBoth(tls);
    const folder = mkdtempSync(join(tmpdir(), 'collector-'));
    closeLater(async () => rmSync(folder, { recursive: true }));
    const file = join(folder, 'ca.pem');
    writeFileSync(file, authority);
    const logged = await send({
      HTTPS_PROXY: proxy.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `https://${host}`,
      OTEL_EXPORTER_OTLP_CERTIFICATE: file,
    });
    expect(logged).toBe('[]');
    expect(receiver.received).toMatchObject([{ path: '/v1/traces' }]);
    expect(proxy.asked).toEqual([host]);
  });

  it.each(['http', 'https'])(
    'costs a line without the password when it is at %s and the proxy rejects it',
    async (protocol) => {
      const { proxy, receiver } = await startBoth();
      const wrong = proxy.url.replace('hunter2', 'hunter3');
      const logged = await send({
        HTTP_PROXY: wrong,
        HTTPS_PROXY: wrong,
        OTEL_EXPORTER_OTLP_ENDPOINT: `${protocol}://collector.example.test:4318`,
      });
      expect(receiver.received).toEqual([]);
      expect(logged).toContain('"status":407');
      expect(logged).not.toContain('hunter');
    },
  );

  it('is reached directly on loopback', async () => {
    const { proxy, receiver } = await startBoth();
    await send({ HTTP_PROXY: proxy.url, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    expect(receiver.received).toHaveLength(1);
    expect(proxy.asked).toEqual([]);
  });
});

describe('the doctor behind a forward proxy', () => {
  async function examine(proxyUrl: string) {
    const graph = later(await startTestGraph());
    const door = later(await startFaultProxy({ upstream: new URL(graph.baseUrl), tls }));
    const { lines, output } = await diagnose(
      { GRAPH_BASE_URL: `https://graph.example.test:${door.url.port}`, HTTPS_PROXY: proxyUrl },
      { certificateAuthorities: [authority] },
    );
    expect(output).not.toContain('hunter2');
    return (check: string) => lines.filter((line) => line.includes(` ${check}: `));
  }

  it.each([
    ['http', {}],
    ['https', { tls }],
  ])('reports that the proxy at %s opens tunnels, and that Graph answers', async (_at, way) => {
    const proxy = later(await startForwardProxy({ user, ...way }));
    const about = await examine(proxy.url);
    expect(about('proxy')).toEqual([
      `ok proxy: The forward proxy ${new URL(proxy.url).host} opens tunnels.`,
    ]);
    expect(about('graph')).toEqual([expect.stringMatching(/^ok graph: .* requires a token/)]);
  });

  it('reports a proxy that rejects the credentials', async () => {
    const proxy = later(await startForwardProxy({ user: { name: 'ada', password: 'right' } }));
    const about = await examine(proxy.url.replace('right', 'hunter2'));
    expect(about('proxy')).toEqual([expect.stringContaining('rejects the credentials')]);
    expect(about('graph')).toEqual([]);
  });

  it.each<[string | undefined, string]>([
    ['HTTP/1.1 403 Forbidden\r\n\r\n', '(403)'],
    ['', '(closed)'],
    ['nonsense\r\n\r\n', '(NOT_HTTP)'],
    // It cannot be reached.
    [undefined, '(ECONNREFUSED)'],
  ])('reports a proxy that answers CONNECT with "%s"', async (answer, reason) => {
    const proxy = await startBrokenProxy((socket) => socket.end(answer ?? ''));
    closeLater(proxy.close);
    if (answer === undefined) {
      await proxy.close();
    }
    const [line, ...others] = (await examine(proxy.url))('proxy');
    expect(others).toEqual([]);
    expect(line).toContain(reason);
    if (answer !== undefined) {
      expect(line).toContain('opened no tunnel to graph.example.test');
    }
  });
});

function hrefFor(url: string, environment: Record<string, string>): string | undefined {
  return proxyFor(new URL(url), readConfig(environment).proxies)?.url.href;
}

const both = { HTTPS_PROXY: 'http://secure:1', HTTP_PROXY: 'http://plain:2' };

describe('the proxy for an address', () => {
  it.each<[string, string, Record<string, string>, string | undefined]>([
    ['https by HTTPS_PROXY', 'https://a.example', both, 'http://secure:1/'],
    ['http by HTTP_PROXY', 'http://a.example', both, 'http://plain:2/'],
    ['https never by HTTP_PROXY', 'https://a.example', { HTTP_PROXY: 'http://p:1' }, undefined],
    [
      'lower case first',
      'https://a.example',
      { ...both, https_proxy: 'http://low:3' },
      'http://low:3/',
    ],
    [
      'http in lower case first',
      'http://a.example',
      { ...both, http_proxy: 'http://low:4' },
      'http://low:4/',
    ],
    ['an empty one is none', 'https://a.example', { ...both, https_proxy: '' }, 'http://secure:1/'],
    [
      'without a scheme',
      'https://a.example',
      { https_proxy: 'p.example:3128' },
      'http://p.example:3128/',
    ],
    ['over TLS', 'https://a.example', { https_proxy: 'https://p.example' }, 'https://p.example/'],
    ['never 127.0.0.1', 'http://127.0.0.1:1', both, undefined],
    ['never 127.1.2.3', 'http://127.1.2.3:1', both, undefined],
    ['never localhost', 'https://localhost', both, undefined],
    ['never ::1', 'https://[::1]:1', both, undefined],
  ])('is chosen: %s', (_what, url, environment, href) => {
    expect(hrefFor(url, environment)).toBe(href);
  });

  it('goes by no_proxy rather than NO_PROXY', () => {
    const exceptions = { no_proxy: 'a.example', NO_PROXY: 'b.example' };
    const environment = { ...both, ...exceptions };
    expect(hrefFor('https://a.example', environment)).toBeUndefined();
    expect(hrefFor('https://b.example', environment)).toBe('http://secure:1/');
  });

  it.each<[string, string, boolean]>([
    ['*', 'https://a.example', true],
    ['a.example', 'https://a.example', true],
    ['A.Example', 'https://a.example', true],
    ['a.example', 'https://b.a.example', true],
    ['.a.example', 'https://b.a.example', true],
    ['*.a.example', 'https://b.a.example', true],
    ['a.example.', 'https://a.example', true],
    ['a.example', 'https://nota.example', false],
    ['ample', 'https://a.example', false],
    ['a.example:443', 'https://a.example', true],
    ['a.example:8443', 'https://a.example', false],
    ['a.example:8443', 'https://a.example:8443', true],
    ['x, a.example', 'https://a.example', true],
    ['x a.example', 'https://a.example', true],
    [' , ,', 'https://a.example', false],
    ['.', 'https://a.example', false],
    ['192.0.2.7', 'https://192.0.2.7', true],
    ['192.0.2.7', 'https://192.0.2.8', false],
    ['192.0.2.0/24', 'https://192.0.2.200', true],
    ['192.0.2.0/24', 'https://192.0.3.1', false],
    ['192.0.2.0/99', 'https://192.0.2.1', false],
    ['192.0.2.1-192.0.2.9', 'https://192.0.2.9', true],
    ['192.0.2.1-192.0.2.9', 'https://192.0.2.10', false],
    ['2001:db8::/32', 'https://[2001:db8::1]', true],
    ['[2001:db8::1]:443', 'https://[2001:db8::1]', true],
    ['2001:db8::1', 'https://[2001:DB8:0::1]', true],
    ['192.0.2.0/24', 'https://[2001:db8::1]', false],
  ])('is none with NO_PROXY=%s for %s: %s', (exceptions, url, isException) => {
    for (const name of ['NO_PROXY', 'no_proxy']) {
      const href = hrefFor(url, { ...both, [name]: exceptions });
      expect(href).toBe(isException ? undefined : 'http://secure:1/');
    }
  });
});

describe('the credentials of a proxy', () => {
  it('are decoded, and no part of its address', () => {
    const { proxies } = readConfig({ HTTPS_PROXY: 'http://a%40b:hunter%3A2@p.example:1' });
    const { url, authorization } = proxies.https ?? {};
    expect(url?.href).toBe('http://p.example:1/');
    expect(authorization?.reveal()).toBe(`Basic ${btoa('a@b:hunter:2')}`);
    expect(JSON.stringify(proxies)).not.toContain('hunter');
  });

  it.each(['socks5://u:hunter2@p.example', 'http://u:hunter2@', 'http://u:%E0hunter2@p.example'])(
    'are not shown when %s cannot be used',
    (value) => {
      const problems = problemsOf({ https_proxy: value });
      expect(problems).toEqual([expect.stringMatching(/^https_proxy cannot be used: /)]);
      expect(problems.join()).not.toContain('hunter2');
    },
  );
});

describe('an agent for a forward proxy', () => {
  it('asks each host under its own name when requests share their headers', async () => {
    const proxy = later(await startForwardProxy());
    const server = later(await startScriptedServer(json(200, {})));
    const agent = later(
      createProxyAgent(
        { url: new URL(proxy.url), authorization: undefined },
        { connect: { timeout: 60_000 } },
      ),
    );
    const headers = Object.freeze({ accept: 'application/json' });
    const hosts = ['one', 'another'].map((name) => `${name}.example.test:${server.url.port}`);
    for (const host of hosts) {
      const options = { origin: `http://${host}`, path: '/', method: 'GET', headers } as const;
      await (await agent.request(options)).body.dump();
    }
    expect(server.requests.map((request) => request.headers.host)).toEqual(hosts);
  });
});
