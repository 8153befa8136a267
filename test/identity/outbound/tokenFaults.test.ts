import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { isGraphError } from '../../../src/graph/errors.ts';
import type { OnBehalfOfOptions } from '../../../src/identity/outbound/onBehalfOfCredentials.ts';
import { OutboundIdentityError } from '../../../src/identity/outbound/tokenFacts.ts';
import { Secret } from '../../../src/secret.ts';
import type { AuthorityFault } from '../../support/authority/faults.ts';
import { ada, fabrikam, gatewayClient, grace } from '../../support/authority/people.ts';
import { startAuthority, type TestAuthority } from '../../support/authority/startAuthority.ts';
import { claimsOf, createTestCredentials, type TestCredentials } from './outboundHarness.ts';

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

const claims = '{"access_token":{"capolids":{"essential":true,"values":["canary-free"]}}}';
const unavailable = { code: 'unavailable', details: { fault: 'not-connected' } };
const failure = async (asked: Promise<unknown>): Promise<unknown> => {
  try {
    await asked;
  } catch (error) {
    return error;
  }
  return undefined;
};

const faults: readonly [string, AuthorityFault, object, string][] = [
  ['a 500', { kind: 'status', status: 500 }, unavailable, 'unavailable'],
  ['a 503', { kind: 'status', status: 503, retryAfter: '3' }, unavailable, 'unavailable'],
  [
    'a 429',
    { kind: 'status', status: 429, retryAfter: '7' },
    { code: 'throttled', details: { retryAfterMs: 7_000 } },
    'throttled',
  ],
  ['a cut connection', { kind: 'reset' }, unavailable, 'unavailable'],
  ['rubbish', { kind: 'rubbish' }, { code: 'unavailable' }, 'unavailable'],
  [
    'a grant without a token',
    { kind: 'rubbish', body: '{"token_type":"Bearer","expires_in":3600}' },
    { code: 'unavailable' },
    'unavailable',
  ],
  [
    'a redirect',
    { kind: 'redirect', location: 'https://127.0.0.1:1/' },
    unavailable,
    'unavailable',
  ],
  [
    'interaction_required',
    { kind: 'interaction-required', claims },
    { code: 'unauthenticated', details: { claims } },
    'refused',
  ],
];

describe('a fault of the token endpoint for one user', () => {
  it.each(faults)('that is %s touches no other user', async (_what, fault, error, outcome) => {
    const { ask, measured, clock } = create();
    const [ofAda, ofGrace] = [authority.mint({ user: ada }), authority.mint({ user: grace })];
    const heal = authority.faults.set(fault, { userObjectId: grace.objectId });
    const asked = [ofGrace, ofAda, ofGrace].map((assertion) => ask(assertion));
    const [first, second, third] = await Promise.allSettled(asked);
    expect(first).toMatchObject({ status: 'rejected', reason: error });
    expect(third).toMatchObject({ status: 'rejected', reason: error });
    expect(second?.status === 'fulfilled' && claimsOf(second.value)['oid']).toBe(ada.objectId);
    expect(measured.map((one) => one.outcome).sort()).toEqual([outcome, 'token'].sort());
    const late = claimsOf(await ask(authority.mint({ user: ada, tenant: fabrikam })));
    expect(late).toMatchObject({ oid: ada.objectId, tid: fabrikam.id });
    heal();
    await clock.advance(7_000);
    expect(claimsOf(await ask(ofGrace))['oid']).toBe(grace.objectId);
  });

  it('that comes again and again holds nobody else back', async () => {
    const { ask, breaker } = create();
    authority.faults.set({ kind: 'status', status: 503 }, { userObjectId: grace.objectId });
    const assertion = authority.mint({ user: grace });
    for (let count = 0; count < 20; count += 1) {
      expect(await failure(ask(assertion))).toMatchObject(unavailable);
    }
    expect(claimsOf(await ask(authority.mint()))['oid']).toBe(ada.objectId);
    expect(breaker).toEqual([]);
  });

  it('that is a silence ends after ten seconds and holds up nobody else', async () => {
    const { ask, clock } = create();
    authority.faults.set({ kind: 'hang' }, { userObjectId: grace.objectId });
    const hanging = failure(ask(authority.mint({ user: grace })));
    await clock.whenPending();
    expect(claimsOf(await ask(authority.mint()))['oid']).toBe(ada.objectId);
    await clock.advance(10_000);
    expect(await hanging).toMatchObject({ code: 'unavailable', mayHaveBeenApplied: false });
    authority.faults.clear();
    expect(claimsOf(await ask(authority.mint({ user: grace })))['oid']).toBe(grace.objectId);
  });

  it('that asks for more is asked about again, never remembered', async () => {
    const { ask } = create();
    const assertion = authority.mint({ user: grace });
    authority.faults.set({ kind: 'interaction-required', claims }, { times: 1 });
    expect(await failure(ask(assertion))).toMatchObject({ code: 'unauthenticated' });
    expect(claimsOf(await ask(assertion))['oid']).toBe(grace.objectId);
  });

  it('that throttles is heeded without asking, until its time is over', async () => {
    const { ask, clock } = create();
    const assertion = authority.mint({ user: grace });
    authority.faults.set({ kind: 'status', status: 429, retryAfter: '7' }, { times: 1 });
    await failure(ask(assertion));
    const before = authority.count('token');
    await clock.advance(6_999);
    expect(await failure(ask(assertion))).toMatchObject({ details: { retryAfterMs: 1 } });
    expect(authority.count('token')).toBe(before);
    await clock.advance(1);
    expect(claimsOf(await ask(assertion))['oid']).toBe(grace.objectId);
  });
});

describe('a token endpoint that breaks all connections', () => {
  it('is left alone after ten of them, and callers are told at once', async () => {
    const { ask, breaker, measured } = create();
    authority.faults.set({ kind: 'reset' });
    for (let count = 0; count < 10; count += 1) {
      await failure(ask(authority.mint()));
    }
    expect(breaker).toEqual(['open']);
    const before = authority.count('token');
    authority.faults.clear();
    expect(await failure(ask(authority.mint()))).toMatchObject({
      code: 'unavailable',
      mayHaveBeenApplied: false,
      message: expect.stringContaining('down as far as this gateway can see'),
    });
    expect(authority.count('token')).toBe(before);
    expect(measured.at(-1)).toMatchObject({ outcome: 'unavailable' });
  });
});

describe('a gateway that is set up wrongly', () => {
  it.each<[string, Partial<OnBehalfOfOptions>, RegExp, object]>([
    [
      'with a wrong secret',
      { credential: { kind: 'secret', secret: new Secret('canary-secret') } },
      /client secret is wrong/,
      { code: 'invalid_client', codes: ['AADSTS7000215'], status: 401 },
    ],
    [
      'as an app that is not there',
      { clientId: '00000000-0000-0000-0000-000000000099' },
      /not registered in this tenant/,
      { code: 'unauthorized_client', codes: ['AADSTS700016'], status: 400 },
    ],
    [
      'with an empty secret',
      { credential: { kind: 'secret', secret: new Secret('') } },
      /cannot be used/,
      {},
    ],
    [
      'with a file that is missing',
      { credential: { kind: 'certificate', path: '/nowhere/canary.pem' } },
      /certificate cannot be read/,
      { systemCode: 'ENOENT' },
    ],
  ])('%s tells its operator once and its callers nothing', async (_how, options, hint, facts) => {
    const { ask, lines } = create(options);
    const errors = [
      await failure(ask(authority.mint())),
      await failure(ask(authority.mint({ user: grace }))),
    ];
    expect(errors.map(isGraphError)).toEqual([false, false]);
    expect(errors.every((error) => error instanceof OutboundIdentityError)).toBe(true);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ message: expect.stringMatching(hint), ...facts });
  });
});

describe('secrets', () => {
  it('are in no error and no log line, whatever goes wrong', async () => {
    const shown: unknown[] = [];
    const secrets = [gatewayClient.secret, 'canary-secret'];
    const all: readonly AuthorityFault[] = faults.map(([, fault]) => fault);
    for (const secret of [gatewayClient.secret, 'canary-secret']) {
      const credential = { kind: 'secret', secret: new Secret(secret) } as const;
      const { ask, lines, clock } = create({ credential });
      for (const fault of [...all, undefined, { kind: 'hang' } as const]) {
        authority.faults.clear();
        if (fault !== undefined) {
          authority.faults.set(fault);
        }
        const assertion = authority.mint();
        secrets.push(...assertion.split('.').slice(1));
        const asked = failure(ask(assertion));
        await (fault?.kind === 'hang' ? clock.whenPending().then(() => clock.advance(10_000)) : 0);
        shown.push(await asked);
      }
      shown.push(lines);
    }
    secrets.push(...authority.issued.map(({ accessToken }) => accessToken));
    const text = shown
      .map((thing) => inspect(thing, { depth: 12, showHidden: true, maxStringLength: null }))
      .join('\n');
    expect(text.length).toBeGreaterThan(1_000);
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  });
});
