import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { GraphCredentialError, GraphDeadlineError } from '../../../src/graph/errors.ts';
import type { OnBehalfOfOptions } from '../../../src/identity/outbound/onBehalfOfCredentials.ts';
import { Secret } from '../../../src/secret.ts';
import { ada, contoso, fabrikam, gatewayClient, grace } from '../../support/authority/people.ts';
import { startAuthority, type TestAuthority } from '../../support/authority/startAuthority.ts';
import { endableCall, testCall } from '../../support/graphClients.ts';
import {
  callOf,
  claimsOf,
  createTestCredentials,
  type TestCredentials,
} from './outboundHarness.ts';

let authority: TestAuthority;
let closing: TestCredentials[] = [];

beforeAll(async () => {
  authority = await startAuthority();
});
afterEach(async () => {
  authority.faults.clear();
  await Promise.all(closing.map(({ credentials }) => credentials.close()));
  closing = [];
});
afterAll(() => authority.close());

function create(options: Partial<OnBehalfOfOptions> = {}): TestCredentials {
  const world = createTestCredentials(authority, options);
  closing.push(world);
  return world;
}

/** How many token requests something makes. */
async function requestsOf(action: () => Promise<unknown>): Promise<number> {
  const before = authority.requests.length;
  await action();
  return authority.requests.length - before;
}

const minuteMs = 60_000;

describe('credentials on behalf of users', () => {
  it("exchange the caller's token for one that Graph takes for the same user", async () => {
    const { ask, measured } = create();
    const assertion = authority.mint({ user: grace });
    const token = await ask(assertion);
    expect(claimsOf(token)).toMatchObject({
      aud: 'https://graph.microsoft.com',
      azp: gatewayClient.clientId,
      oid: grace.objectId,
      tid: contoso.id,
      scp: 'DeviceManagementServiceConfig.ReadWrite.All',
    });
    const request = authority.requests.at(-1);
    expect(request?.path.split('?')[0]).toBe(`/${contoso.id}/oauth2/v2.0/token`);
    expect(request?.form).toMatchObject({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      requested_token_use: 'on_behalf_of',
      scope: expect.stringMatching(/^https:\/\/graph\.microsoft\.com\/\.default /),
      client_id: gatewayClient.clientId,
      client_secret: gatewayClient.secret,
      assertion,
    });
    // Nothing is declared that is not handled: Graph would else challenge tokens that it gives a day's life.
    expect(request?.form).not.toHaveProperty('claims');
    expect(measured).toEqual([
      { flow: 'on-behalf-of', outcome: 'token', durationMs: expect.any(Number) },
    ]);
  });

  it('make one request for fifty operations at the same time, and none to discover anything', async () => {
    const { ask, lookups } = create();
    const assertion = authority.mint();
    const tokens = new Set<string>();
    const requests = await requestsOf(async () => {
      const all = await Promise.all(Array.from({ length: 50 }, () => ask(assertion)));
      for (const token of all) {
        tokens.add(token);
      }
    });
    expect([requests, tokens.size]).toEqual([1, 1]);
    expect(await requestsOf(() => ask(assertion))).toBe(0);
    expect([lookups.filter((lookup) => lookup === 'miss').length, lookups.at(-1)]).toEqual([
      1,
      'hit',
    ]);
  });

  it('never give one caller the token of another, whatever user or tenant', async () => {
    const { ask } = create({ maximumTokens: 3 });
    const callers = [ada, grace].flatMap((user) =>
      [contoso, fabrikam].map((tenant) => ({
        assertion: authority.mint({ user, tenant }),
        whose: { oid: user.objectId, tid: tenant.id },
      })),
    );
    const answers = await Promise.all(
      Array.from({ length: 400 }, async (_, index) => {
        const caller = callers[(index * 7 + (index >> 3)) % callers.length] ?? callers[0];
        const { oid, tid } = claimsOf(await ask(caller?.assertion ?? ''));
        return { got: { oid, tid }, due: caller?.whose };
      }),
    );
    expect(answers.filter(({ got, due }) => got.oid !== due?.oid || got.tid !== due?.tid)).toEqual(
      [],
    );
    expect(answers).toHaveLength(400);
  });

  it('take two tokens of one user for two callers', async () => {
    const { ask } = create();
    const [first, second] = [authority.mint(), authority.mint()];
    expect(await requestsOf(() => Promise.all([ask(first), ask(second)]))).toBe(2);
    expect(await ask(first)).not.toBe(await ask(second));
  });

  it('get a new token before the old one ends', async () => {
    const { ask, clock } = create();
    const assertion = authority.mint();
    await ask(assertion);
    await clock.advance(55 * minuteMs - 1);
    expect(await requestsOf(() => ask(assertion))).toBe(0);
    await clock.advance(1);
    expect(await requestsOf(() => ask(assertion))).toBe(1);
  });

  it('get one new token for all operations whose token Graph refused', async () => {
    const { ask } = create();
    const assertion = authority.mint();
    const calls = Array.from({ length: 20 }, () => callOf(assertion));
    const [refused] = await Promise.all(calls.map((call) => ask(assertion, { call })));
    const tokens = new Set<string>();
    const requests = await requestsOf(async () => {
      const all = calls.map((call) => ask(assertion, { call, withFreshToken: true }));
      for (const token of await Promise.all(all)) {
        tokens.add(token);
      }
    });
    expect([requests, tokens.size, tokens.has(refused ?? '')]).toEqual([1, 1, false]);
  });

  it('remember no more callers than they may', async () => {
    const { ask } = create({ maximumTokens: 2 });
    const [first, second, third] = [authority.mint(), authority.mint(), authority.mint()];
    await ask(first);
    await ask(second);
    await ask(third);
    expect(await requestsOf(() => ask(third))).toBe(0);
    expect(await requestsOf(() => ask(first))).toBe(1);
  });

  it('let a caller go in the moment in which it leaves', async () => {
    const { ask, clock } = create();
    authority.faults.set({ kind: 'hang' });
    const assertion = authority.mint();
    const { call, end } = endableCall({ callerToken: new Secret(assertion) });
    const asked = ask(assertion, { call });
    await clock.whenPending();
    end('callerLeft');
    const turn = new Promise((resolve) => setImmediate(resolve, 'a turn later'));
    const first = await Promise.race([asked.catch((error: unknown) => error), turn]);
    expect(first).toBeInstanceOf(GraphDeadlineError);
  });

  it('ask a caller without a token for one', async () => {
    const { credentials } = create();
    const asked = credentials.tokenFor(testCall({ callerToken: undefined }), {
      withFreshToken: false,
    });
    await expect(asked).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(asked).rejects.toBeInstanceOf(GraphCredentialError);
  });

  it("ask the configured tenant where the caller's token names none that could be one", async () => {
    const { ask } = create({ tenantId: 'contoso.example' });
    const claims = { tid: '../../elsewhere' };
    await expect(ask(authority.mint({ claims }))).rejects.toThrow();
    expect(authority.requests.at(-1)?.tenant).toBe('contoso.example');
  });

  it("name the operation to Entra's logs", async () => {
    const { ask } = create();
    const assertion = authority.mint();
    const requestId = '0b8e6c1e-9f3d-4d0e-8d5c-6a7b8c9d0e1f';
    await ask(assertion, { call: { ...callOf(assertion), requestId } });
    expect(authority.requests.at(-1)?.form).toMatchObject({ 'client-request-id': requestId });
  });
});
