import { describe, expect, it } from '@jest/globals';
import type { Emulator, EmulatorOptions } from '../../src/emulator/server.ts';
import { embeddedGraphToken } from '../../src/shared/secret.ts';
import { ada, grace } from '../support/authority/people.ts';
import { bearerOf, isGenuine } from '../support/bearerTokens.ts';
import { startIdentityStage } from '../support/identityStage.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import { mutations, useStages } from '../support/stages.ts';
import type { Reply, TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const { embedded, closeLater } = useStages();

async function start(options: Partial<EmulatorOptions> = {}, environment = {}) {
  const clock = createVirtualClock();
  const seed = [{ id: 'fleet', iosEnrollmentAssignments: [] }];
  const acceptToken = (token: string) => token === embeddedGraphToken || isGenuine(token);
  const stage = await embedded({ seed, acceptToken, clock, ...options }, environment, { clock });
  return { ...stage, clock };
}

const tenant = '6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001';
const target = { allDevices: {} };
const newPartner = { displayName: 'Fleet', iosOnboarded: true };

const callsOf = ({ requests }: Emulator, method: string): number =>
  requests.filter((request) => request.method === method).length;
const add = (
  { gateway }: { readonly gateway: Pick<TestGateway, 'run'> },
  idempotencyKey: string | null | undefined,
  change: object = {},
  headers: Record<string, string> = {},
) => gateway.run(mutations.add, { input: { ...newPartner, ...change, idempotencyKey } }, headers);
const as = (token: string) => ({ authorization: `Bearer ${token}` });

const payloadOf = ({ root }: Reply) =>
  root as {
    readonly complianceManagementPartner?: { readonly id: string } | null;
    readonly userErrors: readonly { readonly code: string }[];
  } | null;
const idOf = (answer: Reply) => payloadOf(answer)?.complianceManagementPartner?.id;
/** The code of the error or of the first user error. */
const codeOf = (answer: Reply): unknown =>
  answer.codes[0] ?? payloadOf(answer)?.userErrors[0]?.code;

describe('a mutation with an idempotencyKey', () => {
  const named = { id: 'fleet', ...newPartner };
  const ofIos = { id: 'fleet', platform: 'IOS', target };
  const ofMac = { ...ofIos, platform: 'MAC_OS' };
  it.each<[string, string, object, object, string]>([
    ['add', mutations.add, named, { ...named, iosOnboarded: false }, mutations.update],
    ['update', mutations.update, named, { ...named, iosOnboarded: false }, mutations.add],
    ['delete', mutations.delete, { id: 'fleet' }, { id: 'other' }, mutations.update],
    ['new assignment', mutations.assign, ofIos, ofMac, mutations.unassign],
    ['assignment less', mutations.unassign, ofIos, ofMac, mutations.assign],
  ])(
    'answers a repeated %s as the first time, and rejects another input and mutation',
    async (_what, document, input, otherInput, otherMutation) => {
      const stage = await start();
      const run = (query: string, one: object) =>
        stage.gateway.run(query, { input: { ...one, idempotencyKey: 'key' } });
      const first = await run(document, input);
      expect(first.result.errors).toBeUndefined();
      const { length } = stage.graph.requests;
      expect((await run(document, input)).result).toEqual(first.result);
      for (const answer of [await run(document, otherInput), await run(otherMutation, input)]) {
        expect(payloadOf(answer)).toMatchObject({
          userErrors: [{ code: 'IDEMPOTENCY_KEY_REUSED', field: ['input', 'idempotencyKey'] }],
        });
      }
      expect(stage.graph.requests).toHaveLength(length);
    },
  );

  it('rejects a key of a wrong length together with all else, after a missing token', async () => {
    const stage = await start();
    const answer = await add(stage, 'k'.repeat(129), { id: '../users' });
    expect(payloadOf(answer)?.userErrors).toMatchObject([
      { code: 'BAD_USER_INPUT', field: ['input', 'id'] },
      { code: 'BAD_USER_INPUT', field: ['input', 'idempotencyKey'] },
    ]);
    const withoutToken = await add(stage, '', {}, { authorization: '' });
    expect(codeOf(withoutToken)).toBe('UNAUTHENTICATED');
    expect(stage.graph.requests).toHaveLength(0);
  });

  it('takes null for absent, and every other text as it is', async () => {
    const stage = await start();
    const texts = [' ', '\u0000', '\ud800', '\ufffd', 'é', 'e\u0301', '🔑'.repeat(128)];
    const keys = [null, null, undefined, ...texts];
    const ids = await Promise.all(keys.map(async (key) => idOf(await add(stage, key))));
    expect(new Set(ids).size).toBe(keys.length);
    const again = await Promise.all(texts.map(async (key) => idOf(await add(stage, key))));
    expect(again).toEqual(ids.slice(3));
    expect(callsOf(stage.graph, 'POST')).toBe(keys.length);
  });

  it('is carried out once however many come at the same time', async () => {
    const stage = await start();
    const answers = await Promise.all(Array.from({ length: 40 }, () => add(stage, 'key')));
    expect(new Set(answers.map(idOf)).size).toBe(1);
    expect(callsOf(stage.graph, 'POST')).toBe(1);
    const { events } = stage.gateway.measurements;
    expect(events.toSorted()).toEqual(['key first', ...Array(39).fill('key repeat')]);
  });
});

describe('the outcome that is kept', () => {
  const refusal = (status: number, headers = {}) => ({
    respond: { status, headers, body: intuneErrors.plainWithTail('Word', 'No.') },
  });
  const away = refusal(503, { 'retry-after': '90' });
  it.each([
    ['keeps', "Graph's rejection of the input", refusal(400), 'BAD_USER_INPUT', 'BAD_USER_INPUT'],
    ['keeps', 'a doubt', { kill: 'reset' }, 'OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN'],
    ['frees', 'a missing permission', refusal(403), 'FORBIDDEN', undefined],
    ['frees', 'an outage', away, 'UPSTREAM_UNAVAILABLE', undefined],
  ] as const)('%s the key after %s', async (what, _why, fault, first, second) => {
    const stage = await start();
    stage.graph.faults.add({ when: { method: 'POST' }, ...fault });
    expect(codeOf(await add(stage, 'key'))).toBe(first);
    const posts = callsOf(stage.graph, 'POST');
    expect(codeOf(await add(stage, 'key'))).toBe(second);
    expect(callsOf(stage.graph, 'POST')).toBe(what === 'keeps' ? posts : posts + 1);
  });

  it('of an add in doubt is looked for by a repeat, which never posts', async () => {
    const stage = await start({ seed: [] });
    stage.graph.faults.add({ when: { method: 'POST' }, kill: 'reset', execute: true });
    stage.graph.faults.add({ when: { method: 'GET' }, respond: { status: 501 } });
    expect(codeOf(await add(stage, 'key'))).toBe('OUTCOME_UNKNOWN');
    const found = await add(stage, 'key');
    expect(idOf(found)).toBe(stage.graph.partners()[0]?.id);
    expect(found.result).toMatchObject({
      extensions: { notices: [{ code: 'FOUND_AFTER_UNCLEAR_ANSWER' }] },
    });
    const { length } = stage.graph.requests;
    expect((await add(stage, 'key')).result).toEqual(found.result);
    expect(stage.graph.requests).toHaveLength(length);
    expect(callsOf(stage.graph, 'POST')).toBe(1);
  });
});

describe('a request that waits for the first one with its key', () => {
  it('waits no longer than its own time, and takes its place if the first one wrote nothing', async () => {
    const stage = await start();
    const { clock, graph } = stage;
    graph.faults.add({ when: { method: 'POST' }, delayMs: 5_000, respond: { status: 403 } });
    const first = add(stage, 'key');
    await until(() => callsOf(graph, 'POST') === 1);
    const other = await add(stage, 'key', { displayName: 'Other' });
    expect(codeOf(other)).toBe('IDEMPOTENCY_KEY_REUSED');
    const timers = clock.pendingTimers;
    const hasty = add(stage, 'key', {}, { prefer: 'wait=1' });
    const patient = [add(stage, 'key'), add(stage, 'key')];
    await clock.whenPending(timers + 3);
    await clock.advance(1_000);
    expect((await hasty).result.errors).toMatchObject([
      { message: expect.stringContaining('same key'), extensions: { code: 'OUTCOME_UNKNOWN' } },
    ]);
    await clock.advance(4_000);
    expect(codeOf(await first)).toBe('FORBIDDEN');
    const ids = (await Promise.all(patient)).map(idOf);
    expect(new Set(ids)).toEqual(new Set([graph.partners().at(-1)?.id]));
    expect(callsOf(graph, 'POST')).toBe(2);
  });
});

describe('the caller of a key', () => {
  it('is tenant and subject once Graph has accepted the very token, until it expires', async () => {
    const stage = await start();
    const { clock, graph } = stage;
    const exp = clock.now() / 1000 + 60;
    const user = bearerOf(tenant, 'ada', 'genuine', { exp });
    const first = idOf(await add(stage, 'key', {}, as(user)));
    expect(graph.requests.map(({ method }) => method)).toEqual(['GET', 'POST']);
    expect(idOf(await add(stage, 'key', {}, as(user)))).toBe(first);
    expect(graph.requests).toHaveLength(2);
    const refreshed = bearerOf(tenant, 'ada', 'genuine', { exp: exp + 60 });
    expect(idOf(await add(stage, 'key', {}, as(refreshed)))).toBe(first);
    expect(callsOf(graph, 'GET')).toBe(2);
    const forged = await add(stage, 'key', {}, as(bearerOf(tenant, 'ada', 'forged', { exp })));
    expect(forged.result.data).toEqual({ addComplianceManagementPartner: null });
    expect(codeOf(forged)).toBe('UNAUTHENTICATED');
    expect([callsOf(graph, 'GET'), callsOf(graph, 'POST')]).toEqual([3, 1]);
    for (const token of [bearerOf(tenant, 'grace'), bearerOf('other-tenant', 'ada')]) {
      expect(idOf(await add(stage, 'key', {}, as(token)))).not.toBe(first);
    }
    expect(callsOf(graph, 'POST')).toBe(3);
    await clock.advance(60_000);
    graph.faults.add({ when: { method: 'GET' }, respond: { status: 401 } });
    expect(codeOf(await add(stage, 'key', {}, as(user)))).toBe('UNAUTHENTICATED');
    expect(callsOf(graph, 'POST')).toBe(3);
  });

  it.each(['on-behalf-of', 'app-only'] as const)('is the verified user with %s', async (mode) => {
    const stage = await startIdentityStage(mode);
    closeLater(() => stage.close());
    const mint = (wish: object) =>
      as(stage.authority.mint({ scope: 'Partners.ReadWrite', ...wish }));
    const wishes = [{ user: ada }, { user: ada, lifetimeSeconds: 1_000 }, { user: grace }];
    const [first, second, third] = await Promise.all(
      wishes.map(async (wish) => idOf(await add(stage, 'key', {}, mint(wish)))),
    );
    expect([typeof first, second === first, third === first]).toEqual(['string', true, false]);
    expect(codeOf(await add(stage, 'key', {}, mint({ scope: 'Partners.Read' })))).toBe('FORBIDDEN');
    expect(stage.graph.requests.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });
});

describe('a store of 1 MiB', () => {
  it('takes no more keys of a caller that fills 1 % of it, and forgets none', async () => {
    const stage = await start({}, { IDEMPOTENCY_STORE_BYTES: '1048576' });
    const answers: Reply[] = [];
    while (answers.at(-1)?.result.errors === undefined && answers.length < 40) {
      answers.push(await add(stage, `key ${answers.length}`));
    }
    const full = { code: 'OVERLOADED', retryAfterSeconds: 60 };
    expect(answers.pop()?.extensions).toEqual(full);
    expect(answers.length).toBeGreaterThan(4);
    expect(callsOf(stage.graph, 'POST')).toBe(answers.length);
    const again = await Promise.all(answers.map((_answer, key) => add(stage, `key ${key}`)));
    expect(again.map(idOf)).toEqual(answers.map(idOf));
    expect(idOf(await add(stage, undefined))).toBeDefined();
    expect(idOf(await add(stage, 'key', {}, as(bearerOf(tenant, 'grace'))))).toBeDefined();
  });
});
