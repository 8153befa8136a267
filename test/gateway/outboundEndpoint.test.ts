import { getEventListeners, setMaxListeners } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { OutboundParts, TokenFlow } from '../../src/identity/outbound/token.ts';
import { createTokenEndpoint } from '../../src/identity/outbound/tokenEndpoint.ts';
import { createTestCertificates, type ServerCertificate } from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import { startForwardProxy } from '../support/forwardProxies.ts';
import { createOutboundWorld } from '../support/outboundHarness.ts';
import {
  type Answer,
  json,
  reset,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';

const closeLater = useClosing();
const certificates = createTestCertificates();
const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve));
const opened = 'breaker open towards the authority';
const never = new AbortController().signal;
setMaxListeners(0, never);

/** Its errors come back as results. */
function open(
  url: URL,
  flow: TokenFlow = 'client-credentials',
  change: Partial<OutboundParts> = {},
) {
  const world = createOutboundWorld(change);
  const endpoint = createTokenEndpoint(url, flow, world.parts);
  closeLater(endpoint.close);
  const request = { path: '/tenant/token?a=b', headers: {}, body: 'grant_type=x' };
  const send = (signal = never): Promise<unknown> =>
    endpoint.send({ ...request, signal }).catch((error: unknown) => error);
  const sendTimes = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      await send();
    }
  };
  return { ...world, send, sendTimes };
}

async function scripted(script: readonly Answer[], flow?: TokenFlow) {
  const server = await startScriptedServer(...script);
  closeLater(server.close);
  return { ...open(server.url, flow), server };
}

const endless: Answer = (response) => {
  const more = (): void => {
    response.write(Buffer.alloc(65_536, 32), (error) => error ?? more());
  };
  more();
};

describe('the way to a token endpoint', () => {
  it.each<[string, Answer, object]>([
    ['no JSON', json(200, '<html>Sign in</html>'), { status: 200, json: undefined }],
    ['an answer without end', endless, { message: expect.stringContaining('larger answer') }],
  ])('understands %s', async (_what, answer, result) => {
    const { send, sendTimes, events } = await scripted([answer]);
    expect(await send()).toMatchObject(result);
    await sendTimes(9);
    expect(events).toEqual([]);
  });

  const trust = { certificateAuthorities: [certificates.authority] };
  it.each<[string, ServerCertificate, Partial<OutboundParts>]>([
    ['of another authority', certificates.good, {}],
    ...Object.entries(certificates.bad).map(([what, pair]) => [what, pair, trust] as never),
  ])(
    'trusts no certificate that is %s, and counts it as a failure',
    async (_what, pair, change) => {
      const server = createServer(pair, (_request, response) => response.end('{"a":1}'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      closeLater(
        () => server.close(),
        () => server.closeAllConnections(),
      );
      const url = new URL(`https://localhost:${(server.address() as AddressInfo).port}`);
      const { send, sendTimes, events } = open(url, undefined, change);
      expect(await send()).toMatchObject({ code: 'unavailable', details: { fault: 'untrusted' } });
      await sendTimes(9);
      expect(events).toEqual([opened]);
    },
  );

  it('counts a proxy that rejects the credentials as a failure', async () => {
    const proxy = await startForwardProxy({ user: { name: 'u', password: 'p' } });
    closeLater(proxy.close);
    const https = { url: new URL(proxy.url.replace('u:p@', '')), authorization: undefined };
    const proxies = { https, http: undefined, exceptions: '' };
    const { sendTimes, send, events } = open(new URL('https://login.example'), undefined, {
      proxies,
    });
    expect(await send()).toMatchObject({ details: { fault: 'proxy-credentials' } });
    await sendTimes(9);
    expect(events).toEqual([opened]);
  });

  it('leads to the service of a machine past a forward proxy', async () => {
    const proxy = await startForwardProxy();
    closeLater(proxy.close);
    const way = { url: new URL(proxy.url), authorization: undefined };
    const proxies = { https: way, http: way, exceptions: '' };
    // Only the proxy knows the name.
    const place = new URL('http://metadata.example.test:9/msi/token');
    const { send } = open(place, 'managed-identity', { proxies });
    expect(await send()).toMatchObject({ code: 'unavailable' });
    expect(proxy.asked).toEqual([]);
  });

  it('opens the breaker after ten connections that broke, and then fails without sending or waiting', async () => {
    const { send, sendTimes, server, events, lines } = await scripted([reset]);
    await sendTimes(10);
    const sent = server.requests.length;
    const result = await Promise.race([send(), turnOfTheLoop()]);
    const message = expect.stringContaining('token endpoint is down');
    expect(result).toMatchObject({ code: 'unavailable', mayHaveBeenApplied: false, message });
    expect(result).toHaveProperty('details', {});
    expect(server.requests).toHaveLength(sent);
    expect(events).toEqual([opened, 'rejected by breaker towards the authority']);
    expect(lines).toMatchObject([{ state: 'open' }]);
  });

  it.each<[TokenFlow, string | undefined]>([
    ['client-credentials', opened],
    ['managed-identity', opened],
    ['on-behalf-of', undefined],
  ])('takes ten of 503 for %s as %s', async (flow, event) => {
    const { sendTimes, events } = await scripted([json(503, {})], flow);
    await sendTimes(10);
    expect(events[0]).toBe(event);
  });

  it("closes the breaker again with any answer, also with another user's 503", async () => {
    const script = [...Array<Answer>(10).fill(reset), json(503, {})];
    const { send, sendTimes, events, clock } = await scripted(script, 'on-behalf-of');
    await sendTimes(10);
    await clock.advance(5_000);
    expect([await send(), await send()]).toMatchObject([{ status: 503 }, { status: 503 }]);
    expect(events).toEqual(
      ['open', 'half-open', 'closed'].map((state) => `breaker ${state} towards the authority`),
    );
  });

  it.each([
    [4_999, undefined],
    [5_000, opened],
  ])('after silences of %i ms that the gateway gave up is %s', async (durationMs, event) => {
    const { send, events, clock } = await scripted([silence]);
    const givenUp = Array.from({ length: 10 }, () => new AbortController());
    const asked = givenUp.map(({ signal }) => send(signal));
    await turnOfTheLoop();
    await clock.advance(durationMs);
    for (const one of givenUp) {
      one.abort();
    }
    await Promise.all(asked);
    expect(events[0]).toBe(event);
  });

  it('bounds what is in flight and what waits, tells others when to come back, and lets go of the queue', async () => {
    const { send, server, events } = await scripted([silence]);
    const over = new AbortController();
    setMaxListeners(0, over.signal);
    const inFlight = Array.from({ length: 128 }, () => send(over.signal));
    const leaving = new AbortController();
    const queued = send(leaving.signal);
    const waiting = Array.from({ length: 511 }, () => send());
    const details = { retryAfterMs: 1_000 };
    expect(await send()).toMatchObject({ code: 'overloaded', mayHaveBeenApplied: false, details });
    expect(events).toEqual(['rejected by bulkhead towards the authority']);
    leaving.abort();
    const message = 'No token request could start in time.';
    expect(await queued).toMatchObject({ code: 'unavailable', message });
    expect(getEventListeners(leaving.signal, 'abort')).toHaveLength(0);
    await until(() => server.requests.length === 128);
    over.abort();
    await Promise.all(inFlight);
    await until(() => server.requests.length === 256);
    void waiting;
  });
});
