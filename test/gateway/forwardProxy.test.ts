import { beforeAll, describe, expect, it } from '@jest/globals';
import { embeddedGraphToken } from '../../src/shared/secret.ts';
import { contoso, gatewayClient } from '../support/authority/people.ts';
import { startAuthority, type TestAuthority } from '../support/authority/startAuthority.ts';
import { createTestCertificates, type TestCertificates } from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import { addMutation, listQuery } from '../support/documents.ts';
import { executed, type Fault } from '../support/faultProxy/fault.ts';
import {
  closeAtConnect,
  hangUp,
  reset,
  resetAtConnect,
  status,
} from '../support/faultProxy/faults.ts';
import { type FaultProxy, startFaultProxy } from '../support/faultProxy/startFaultProxy.ts';
import { startBrokenProxy, startForwardProxy } from '../support/forwardProxies.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';
import { until } from '../support/until.ts';

let certificates: TestCertificates;
beforeAll(() => {
  certificates = createTestCertificates();
});

const closeLater = useClosing();
function later<Started extends { close(): Promise<unknown> }>(started: Started): Started {
  closeLater(() => started.close());
  return started;
}

interface Stage {
  readonly gateway: TestGateway;
  /** Graph's own end of the tunnel. */
  readonly door: FaultProxy;
  /** As the forward proxy is asked for it. */
  readonly graphHost: string;
}

/** A gateway whose Graph has a name that only the forward proxy finds. */
async function startStage(proxyUrl: string, environment = {}): Promise<Stage> {
  const graph = later(await startTestGraph());
  const upstream = new URL(graph.baseUrl);
  const door = later(await startFaultProxy({ upstream, tls: certificates.good }));
  const graphHost = `graph.example.test:${door.url.port}`;
  const gateway = await startTestGateway(
    { GRAPH_BASE_URL: `https://${graphHost}`, HTTPS_PROXY: proxyUrl, ...environment },
    { certificateAuthorities: [certificates.authority] },
  );
  closeLater(() => gateway.stop(0));
  return { gateway, door, graphHost };
}

const authorization = { authorization: `Bearer ${embeddedGraphToken}` };
const add = ({ gateway }: Stage) =>
  gateway.run(addMutation, { input: { displayName: 'Through a tunnel' } }, authorization);
const code = ({ result }: Awaited<ReturnType<typeof add>>) =>
  result.errors?.[0]?.extensions['code'];
function configurationFaults({ logLines }: TestGateway): readonly Record<string, unknown>[] {
  return logLines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ message, reason }) => /configuration fault/i.test(`${message} ${reason}`));
}

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
  it.each(['http', 'https'])(
    'at %s leads to Graph, with the credentials of its URL',
    async (scheme) => {
      const user = { name: 'ada@corp', password: 'hunter2:%' };
      const tls = scheme === 'https' ? { tls: certificates.good } : {};
      const proxy = later(await startForwardProxy({ user, ...tls }));
      expect(proxy.url).toMatch(new RegExp(`^${scheme}:`));
      const stage = await startStage(proxy.url);
      const { result } = await add(stage);
      expect(result.errors).toBeUndefined();
      expect(new Set(proxy.asked)).toEqual(new Set([stage.graphHost]));
      expect(stage.gateway.logLines.join()).not.toMatch(/hunter2|aHVudGVyMg/);
    },
  );

  it('is not used for a host in NO_PROXY, nor for loopback', async () => {
    const proxy = later(await startForwardProxy());
    const excepted = await startStage(proxy.url, { NO_PROXY: '.example.test' });
    expect(code(await add(excepted))).toBe('UPSTREAM_UNAVAILABLE');
    const graph = later(await startTestGraph());
    const near = await startTestGateway({
      GRAPH_BASE_URL: graph.baseUrl,
      HTTP_PROXY: proxy.url,
      HTTPS_PROXY: proxy.url,
    });
    closeLater(() => near.stop(0));
    const { result } = await near.run(
      '{ complianceManagementPartners { totalCount } }',
      {},
      authorization,
    );
    expect(result.errors).toBeUndefined();
    expect(proxy.asked).toEqual([]);
  });

  it('is reported as a configuration fault, without a retry, when it rejects the credentials', async () => {
    const user = { name: 'ada', password: 'right' };
    const proxy = later(await startForwardProxy({ user }));
    const stage = await startStage(proxy.url.replace('right', 'hunter2'));
    const { result } = await add(stage);
    expect(proxy.asked).toHaveLength(1);
    expect(stage.door.connections).toBe(0);
    expectRejected(stage.gateway, result, { fault: 'proxy-credentials' });
  });

  it.each<[string, Parameters<typeof startBrokenProxy>]>([
    ['resets at once', [(socket) => socket.resetAndDestroy(), 'connection']],
    ['closes at once', [(socket) => socket.end(), 'connection']],
    ['resets after CONNECT', [(socket) => socket.resetAndDestroy()]],
    ['closes after CONNECT', [(socket) => socket.end()]],
    ['refuses CONNECT', [(socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')]],
    ['answers CONNECT with 502', [(socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')]],
    ['answers CONNECT with noise', [(socket) => socket.end('\u0000\u0001nonsense\r\n\r\n')]],
  ])('that %s counts as never sent: three attempts, and nothing written', async (_what, broken) => {
    const proxy = later(await startBrokenProxy(...broken));
    const stage = await startStage(proxy.url);
    expect(code(await add(stage))).toBe('UPSTREAM_UNAVAILABLE');
    expect(proxy.connections()).toBeGreaterThanOrEqual(3);
    expect(proxy.connections()).toBeLessThan(12);
    expect(stage.door.connections).toBe(0);
  });

  it('that cannot be reached, or is silent after CONNECT, counts as never sent', async () => {
    const proxy = await startBrokenProxy(() => undefined);
    const silent = await startStage(proxy.url, { OPERATION_TIMEOUT_MS: '300' });
    expect(code(await add(silent))).toBe('UPSTREAM_TIMEOUT');
    await proxy.close();
    expect(code(await add(await startStage(proxy.url)))).toBe('UPSTREAM_UNAVAILABLE');
  });
});

describe('once the tunnel stands', () => {
  it.each<[string, string, Fault, string | undefined]>([
    ['repeated', 'Graph resets at the connection', resetAtConnect(), undefined],
    ['repeated', 'Graph closes at the connection', closeAtConnect(), undefined],
    ['repeated', 'Graph throttles', status(429, '0'), undefined],
    ['repeated', 'Graph answers 503 with Retry-After', status(503, '0'), undefined],
    ['found', 'its answer is lost', executed(reset()), undefined],
    ['unknown, and sent once,', 'it ends in 502', status(502), 'OUTCOME_UNKNOWN'],
    ['unknown, and sent once,', 'it ends in 504', status(504), 'OUTCOME_UNKNOWN'],
    ['unknown, and sent once,', 'it ends in a reset', reset(), 'OUTCOME_UNKNOWN'],
    ['unknown, and sent once,', 'it ends in a close', hangUp(), 'OUTCOME_UNKNOWN'],
  ])('an add is %s when %s', async (_end, _what, fault, expected) => {
    const stage = await startStage(later(await startForwardProxy()).url);
    stage.door.script(fault);
    expect(code(await add(stage))).toBe(expected);
    const posts = expected === undefined ? stage.door.forwarded : stage.door.received;
    expect(posts.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('a certificate that cannot be trusted is reported as such', async () => {
    const stage = await startStage(later(await startForwardProxy()).url);
    stage.door.present(certificates.bad.unknownAuthority);
    const { result } = await add(stage);
    expect(result.errors?.[0]?.message).toContain('certificate cannot be trusted');
    expect(stage.door.connections).toBe(1);
  });
});

describe('the authority behind a forward proxy', () => {
  async function startBehind(
    proxyUrl: string,
    authority: TestAuthority,
    graphUrl: string,
  ): Promise<TestGateway> {
    const gateway = await startTestGateway(
      {
        GRAPH_BASE_URL: graphUrl,
        HTTPS_PROXY: proxyUrl,
        AUTH_MODE: 'app-only',
        AZURE_TENANT_ID: contoso.id,
        AZURE_CLIENT_ID: gatewayClient.clientId,
        AZURE_CLIENT_SECRET: gatewayClient.secret,
        AZURE_AUTHORITY_HOST: authority.url,
        AUTH_READ_PERMISSIONS: 'access_as_user',
      },
      { certificateAuthorities: [authority.certificateAuthority] },
    );
    closeLater(() => gateway.stop(0));
    return gateway;
  }

  it('that rejects the credentials is reported as a fault of the configuration', async () => {
    const user = { name: 'ada', password: 'right' };
    const proxy = later(await startForwardProxy({ user }));
    const authority = later(await startAuthority({ host: 'login.example.test' }));
    const wrong = proxy.url.replace('right', 'hunter2');
    const gateway = await startBehind(wrong, authority, 'http://127.0.0.1:1');
    await until(() => configurationFaults(gateway).length > 0);
    expect(configurationFaults(gateway)[0]).toMatchObject({
      message: 'The keys to check tokens with could not be loaded.',
      reason: expect.stringContaining('407'),
    });
    expect(gateway.logLines.join()).not.toContain('hunter2');
  });

  it('that rejects the credentials for a token is reported alike, and asked once', async () => {
    const user = { name: 'ada', password: 'hunter2' };
    const proxy = later(await startForwardProxy({ user }));
    const authority = later(await startAuthority({ host: 'login.example.test' }));
    const graph = later(await startTestGraph());
    const gateway = await startBehind(proxy.url, authority, graph.baseUrl);
    await until(async () => (await gateway.get('/readyz')).status === 200);
    user.password = 'another';
    const asked = proxy.asked.length;
    const token = authority.mint({ scope: 'access_as_user' });
    const { result } = await gateway.run(listQuery, {}, { authorization: `Bearer ${token}` });
    expect([proxy.asked.length - asked, authority.count('token')]).toEqual([1, 0]);
    expect(graph.requests).toEqual([]);
    expectRejected(gateway, result, { operation: 'client-credentials' });
  });

  it('gives keys and tokens through it', async () => {
    const proxy = later(await startForwardProxy());
    const authority = later(await startAuthority({ host: 'login.example.test' }));
    const graph = later(
      await startTestGraph({
        acceptToken: (token) => authority.issued.some(({ accessToken }) => accessToken === token),
      }),
    );
    const gateway = await startBehind(proxy.url, authority, graph.baseUrl);
    await until(async () => (await gateway.get('/readyz')).status === 200);
    const token = authority.mint({ scope: 'access_as_user' });
    const { result } = await gateway.run(listQuery, {}, { authorization: `Bearer ${token}` });
    expect(result.errors).toBeUndefined();
    expect(authority.count('keys')).toBe(1);
    expect(authority.count('token')).toBe(1);
    expect(new Set(proxy.asked)).toEqual(new Set([new URL(authority.url).host]));
  });
});
