import { afterEach, describe, expect, it } from '@jest/globals';
import { createAppOnlyCredentials } from '../../../src/identity/outbound/appOnlyCredentials.ts';
import { decideManagedRetry } from '../../../src/identity/outbound/managed/decideManagedRetry.ts';
import {
  imdsEndpoint,
  type ManagedIdentityEndpoint,
} from '../../../src/identity/outbound/managed/managedIdentitySource.ts';
import { OutboundIdentityError } from '../../../src/identity/outbound/tokenFacts.ts';
import { Secret } from '../../../src/secret.ts';
import { testCall } from '../../support/graphClients.ts';
import { recordingLog } from '../../support/logs.ts';
import { type Answer, json, silence, startScriptedServer } from '../../support/scriptedServer.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

interface Wish {
  readonly kind?: ManagedIdentityEndpoint['kind'];
  readonly clientId?: string;
}

async function create(script: readonly Answer[], { kind = 'imds', clientId }: Wish = {}) {
  const server = await startScriptedServer(...script);
  const clock = createVirtualClock();
  const log = recordingLog();
  const path = kind === 'imds' ? imdsEndpoint.url.pathname : '/msi/token';
  const url = new URL(path, server.url);
  const header = new Secret('canary-header');
  const credentials = createAppOnlyCredentials(
    {
      cloud: 'global',
      authorityHost: 'https://login.microsoftonline.com',
      scope: 'https://graph.microsoft.com/.default',
      identity: { kind: 'managed-identity', endpoint: { kind, url, header }, clientId },
    },
    { clock, log, chance: () => 0.5 },
  );
  closing.push(credentials.close, server.close);
  const ask = async (withFreshToken = false) =>
    (await credentials.tokenFor(testCall(), { withFreshToken })).reveal();
  return { ask, server, clock, lines: log.lines };
}

const grant = (token: string) =>
  json(200, { access_token: token, expires_in: '3600', token_type: 'Bearer' });
const starting = json(404, { error: 'not_found' });

describe('a managed identity', () => {
  it("asks the machine's metadata service", async () => {
    const { ask, server } = await create([grant('first'), grant('second')]);
    expect([await ask(), await ask()]).toEqual(['first', 'first']);
    expect(server.requests).toHaveLength(1);
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'GET', headers: { metadata: 'true' } });
    const url = new URL(request?.url ?? '', server.url);
    expect(url.pathname).toBe('/metadata/identity/oauth2/token');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      'api-version': '2018-02-01',
      resource: 'https://graph.microsoft.com',
    });
  });

  it('names the identity that it means where the machine may have several', async () => {
    const { ask, server } = await create([grant('first')], { clientId: 'a-client-id' });
    await ask();
    expect(server.requests[0]?.url).toContain('&client_id=a-client-id');
  });

  it('asks App Service and Container Apps with their header, and reads the time of the end', async () => {
    const end = Date.UTC(2026, 1, 11, 9, 30, 5) / 1000;
    const { ask, server, clock } = await create(
      [json(200, { access_token: 'first', expires_on: String(end) }), grant('second')],
      { kind: 'app-service' },
    );
    expect(await ask()).toBe('first');
    expect(server.requests[0]).toMatchObject({
      url: '/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fgraph.microsoft.com',
      headers: { 'x-identity-header': 'canary-header' },
    });
    await clock.advance(55 * 60_000);
    expect(await ask()).toBe('second');
  });

  it('waits for a service that is starting', async () => {
    const { ask, clock } = await create([starting, json(410, {}), grant('first')]);
    const asked = ask();
    await clock.whenPending(2);
    await clock.advance(1_000);
    await clock.whenPending(2);
    await clock.advance(3_000);
    expect(await asked).toBe('first');
  });

  it('does not wait longer than ten seconds', async () => {
    const { ask, clock, lines } = await create([silence]);
    const asked = expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
    await clock.whenPending();
    await clock.advance(10_000);
    await asked;
    expect(lines).toHaveLength(1);
  });

  it('that is not there is told to the operator, and to no caller', async () => {
    const answer = { error: 'invalid_request', error_description: 'Identity not found' };
    const { ask, lines } = await create([json(400, answer)]);
    await expect(ask()).rejects.toBeInstanceOf(OutboundIdentityError);
    await expect(ask()).rejects.toBeInstanceOf(OutboundIdentityError);
    expect(lines).toMatchObject([{ message: expect.stringMatching(/no managed identity/) }]);
    expect(JSON.stringify(lines)).not.toContain('canary');
  });

  it('gives no token where the answer holds none', async () => {
    const { ask } = await create([json(200, '<html>')]);
    await expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('decideManagedRetry', () => {
  it.each([
    [404, 1, 1_000],
    [410, 1, 3_000],
    [429, 2, 2_000],
    [500, 3, 4_000],
    [503, 4, undefined],
    [400, 1, undefined],
    [302, 1, undefined],
  ])('after %d at attempt %d waits %p ms', (status, attempt, delayMs) => {
    expect(decideManagedRetry(status, attempt)).toBe(delayMs);
  });
});
