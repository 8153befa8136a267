import { describe, expect, it } from '@jest/globals';
import type { GraphQLResolveInfo } from 'graphql';
import { GraphError, type GraphErrorCode, type GraphErrorDetails } from '../../src/graph/errors.ts';
import type { KeyedMutation, Notice, RequestContext } from '../../src/partners/context.ts';
import { GatewayError, toGatewayError } from '../../src/partners/errors.ts';
import { createIdempotency } from '../../src/partners/idempotency.ts';
import { payloadOf } from '../../src/partners/inputRules.ts';
import type { Payload } from '../../src/partners/model.ts';
import { createMemoryOutcomes, type KeyUse, type Taken } from '../../src/partners/outcomeStore.ts';
import { partnerFromWire } from '../../src/partners/partnerMapping.ts';
import { endableCall, testCall } from '../support/graphClients.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

describe('toGatewayError', () => {
  const answer = { status: 500, code: 'Code', requestId: 'r', clientRequestId: 'c', date: 'd' };
  const bare = { code: null, requestId: null, clientRequestId: null, date: null };
  const inDoubt = { mayHaveBeenApplied: true };

  it.each<[GraphErrorCode, GraphErrorDetails, string, object]>([
    ['unauthenticated', { claims: '{}' }, 'UNAUTHENTICATED', { claims: '{}' }],
    ['forbidden', { requiredScopes: ['Read'] }, 'FORBIDDEN', { requiredScopes: ['Read'] }],
    ['forbidden', { lacking: 'PERMISSION' }, 'FORBIDDEN', { lacking: 'PERMISSION' }],
    ['approvalRequired', {}, 'APPROVAL_REQUIRED', {}],
    ['tenantNotLicensed', {}, 'TENANT_NOT_LICENSED', {}],
    ['throttled', { retryAfterMs: 1_001 }, 'THROTTLED', { retryAfterSeconds: 2 }],
    ['overloaded', {}, 'OVERLOADED', {}],
    ['timeout', {}, 'UPSTREAM_TIMEOUT', {}],
    ['callerLeft', {}, 'CALLER_LEFT', {}],
    ['unavailable', { answer }, 'UPSTREAM_UNAVAILABLE', { graph: answer }],
    ['invalidRequest', {}, 'BAD_USER_INPUT', {}],
    ['notFound', {}, 'UPSTREAM_BAD_RESPONSE', {}],
    ['conflict', {}, 'UPSTREAM_BAD_RESPONSE', {}],
    [
      'badResponse',
      { answer: { status: 500 } },
      'UPSTREAM_BAD_RESPONSE',
      { graph: { status: 500, ...bare } },
    ],
    [
      'forbidden',
      { ...inDoubt, answeredId: 'a', answer, claims: '{}' },
      'OUTCOME_UNKNOWN',
      { ...inDoubt, answeredId: 'a', graph: answer },
    ],
  ])('makes of %s with %j %s with %j', (given, details, code, extensions) => {
    const cause = new GraphError(given, 'No.', details);
    const made = toGatewayError(cause) as GatewayError;
    const isInDoubt = code === 'OUTCOME_UNKNOWN';
    const doubt = isInDoubt
      ? ' The change may have been made. Read the partner before you retry.'
      : '';
    expect(made).toMatchObject({ name: 'GatewayError', message: `No.${doubt}`, cause });
    expect(made.extensions).toStrictEqual({ code, ...extensions });
  });

  it('gives anything else back, and no cause if there is none', () => {
    const error = new TypeError('No.');
    expect(toGatewayError(error)).toBe(error);
    expect(new GatewayError('THROTTLED', 'Later.')).not.toHaveProperty('cause');
  });
});

describe('the store in memory', () => {
  const keptForMs = 24 * 60 * 60 * 1000;
  const { signal } = new AbortController();
  const outcome = (text: string, isFinal = true) => ({ text, short: 'short', isFinal });
  const start = (storeBytes = 4096 * 100) => {
    const clock = createVirtualClock();
    const store = createMemoryOutcomes(storeBytes, clock);
    const take = (caller: string, id = 'one', input = 'input', end = signal) =>
      store.take({ id: `${caller} ${id}`, caller, input }, end);
    return { clock, take };
  };
  const settle = async (taking: Promise<Taken>, kept: ReturnType<typeof outcome> | undefined) => {
    const taken = await taking;
    await ('hold' in taken ? taken.hold.settle(kept) : Promise.reject(new Error(taken.kind)));
    return taken;
  };

  it('counts bytes, rejects keys beyond them, and has room again when outcomes end', async () => {
    const { clock, take } = start();
    const callers = Array.from({ length: 100 }, (_value, index) => `caller ${index}`);
    const taken: Taken[] = [];
    for (const caller of callers) {
      taken.push(await take(caller));
    }
    expect(new Set(taken.map(({ kind }) => kind))).toEqual(new Set(['first']));
    const full = { kind: 'full', retryAfterMs: 60_000 };
    expect(await take('another')).toEqual(full);
    for (const one of taken) {
      await settle(Promise.resolve(one), outcome('x'.repeat(2_000)));
    }
    expect(await take('caller 0', 'two')).toEqual(full);
    await settle(take('another'), undefined);
    expect((await take('another')).kind).toBe('first');
    await clock.advance(keptForMs - 1);
    expect((await take('caller 0')).kind).toBe('kept');
    expect(await take('caller 0', 'two')).toEqual({ kind: 'full', retryAfterMs: 1_000 });
    await clock.advance(1);
    for (const caller of callers) {
      expect((await take(caller, 'two')).kind).toBe('first');
    }
    expect(await start(0).take('a')).toEqual({ kind: 'full', retryAfterMs: 1_000 });
  });

  it.each([
    ['x'.repeat(3584), 'x'.repeat(3584)],
    ['x'.repeat(3585), 'short'],
  ])('keeps a text in the form that fits: %#', async (text, kept) => {
    const { take } = start();
    await settle(take('a'), outcome(text));
    expect(await take('a')).toEqual({ kind: 'kept', text: kept });
    expect(await take('a', 'one', 'other')).toEqual({ kind: 'reused' });
  });

  it('gives one that waits the outcome of the one that holds the key, or else the key', async () => {
    const { clock, take } = start(4_096_000);
    const first = take('a');
    const { call, end } = endableCall();
    const leaving = take('a', 'one', 'input', call.signal as AbortSignal);
    const waiting = [take('a'), take('a')] as const;
    expect(await take('a', 'one', 'other')).toEqual({ kind: 'reused' });
    end('deadline');
    await expect(leaving).rejects.toMatchObject({ code: 'timeout' });
    await settle(first, undefined);
    expect((await settle(waiting[0], outcome('doubt', false))).kind).toBe('first');
    const third = await settle(waiting[1], outcome('known'));
    expect(third).toMatchObject({ kind: 'doubt', text: 'doubt' });
    expect(await take('a')).toEqual({ kind: 'kept', text: 'known' });
    // What ends after its time changes nothing.
    const late = take('b');
    await late;
    await clock.advance(keptForMs);
    expect((await take('b')).kind).toBe('first');
    await settle(late, undefined);
    expect(await take('b', 'one', 'other')).toEqual({ kind: 'reused' });
  });
});

describe('a mutation with a key', () => {
  const row = { id: 'a', iosEnrollmentAssignments: [null], later: '12345678901234567890' };
  const code = 'OUTCOME_UNKNOWN';
  const mayHaveBeenApplied = true;
  const unknown = {
    message:
      'The first request with this idempotencyKey ended without a known outcome. ' +
      'The change may have been made. Read the partner before you send it under another key.',
    extensions: { code, mayHaveBeenApplied },
  };

  /** A store that answers like this, and a mutation under a key. */
  function start(answer: () => object | Promise<object>, graphRoot = '') {
    const [used, settled, uses]: [string[], unknown[], KeyUse[]] = [[], [], []];
    const notices: Notice[] = [];
    const hold = {
      confirm: async () => undefined,
      settle: async (kept: unknown) => void settled.push(kept),
    };
    const idempotency = createIdempotency({
      store: {
        async take(use) {
          uses.push(use);
          return { hold, ...(await answer()) } as Taken;
        },
      },
      graphRoot,
      measurements: { keyUsed: (what) => used.push(what) },
      callerOf: () => 'caller',
    });
    const graph = {
      add: async (answered: () => object) => answered(),
      get: async () => partnerFromWire(row),
    };
    const mutation = {
      key: 'key',
      input: {},
      context: { call: testCall(), graph, notices },
      info: { fieldName: 'add', path: { key: 'add' } },
      look: undefined,
    };
    const run = (change: Partial<KeyedMutation> = {}) =>
      idempotency.run({ ...mutation, ...change } as unknown as KeyedMutation);
    return { used, settled, uses, notices, run };
  }

  it('is rejected if its key was used before, for the same thing whatever the order of fields is', async () => {
    const { used, uses, run } = start(() => ({ kind: 'reused' }));
    const message =
      'This idempotencyKey was used with another input or mutation in the last 24 hours. Send a new key, or the first input.';
    const error = { code: 'IDEMPOTENCY_KEY_REUSED', message, field: ['input', 'idempotencyKey'] };
    expect([(await run()).userErrors, used]).toEqual([[error], ['reused']]);
    uses.length = 0;
    const input = { a: { b: 1, c: [1, 2] }, d: null };
    await run({ input: { ...input, idempotencyKey: 'k' } });
    await run({ input: { d: null, a: { c: [1, 2], b: 1 } } });
    await run({ input, info: { fieldName: 'delete' } as GraphQLResolveInfo });
    for (const a of [{ b: 1, c: [2, 1] }, '\ud800', '\ufffd']) {
      await run({ input: { ...input, a } });
    }
    await run({ input: { a: input.a } });
    const [first, second, ...others] = uses.map((use) => use.input);
    expect(second).toBe(first);
    expect(new Set([first, ...others]).size).toBe(6);
    await run({ key: 'other' });
    const elsewhere = start(() => ({ kind: 'reused' }), 'https://graph.example/');
    await elsewhere.run({ key: 'other' });
    expect(new Set([...uses, ...elsewhere.uses].map(({ id }) => id)).size).toBe(3);
  });

  const stillRunning =
    'The first request with this idempotencyKey did not end in the time of this one. The change may have been made. Retry with the same key.';
  const noRoom =
    'The gateway cannot store more outcomes of idempotency keys, so nothing was sent. Retry later.';
  const of = (code: string, more = {}) => ({ extensions: { code, ...more } });
  const full = { kind: 'full', retryAfterMs: 1_001 };
  const overloaded = of('OVERLOADED', { retryAfterSeconds: 2 });
  const late = new GraphError('timeout', 'Late.');
  const away = new GatewayError('UPSTREAM_UNAVAILABLE', 'Away.');
  const kept = (text: string): [object, object, string[]] => [
    { kind: 'kept', text },
    unknown,
    ['repeat'],
  ];
  it.each<[object, object, string[]]>([
    [full, { message: noRoom, ...overloaded }, ['full']],
    [late, { message: stillRunning, ...of(code, { mayHaveBeenApplied }) }, []],
    [away, { message: 'Away.', ...of('UPSTREAM_UNAVAILABLE') }, ['unavailable']],
    [{ kind: 'doubt', text: undefined }, unknown, ['repeat']],
    // What was kept has a form that is not known.
    kept(''),
    kept('{"kind":"doubt","message":1,"extensions":{}}'),
    kept('{"kind":"doubt","message":"","extensions":[]}'),
    kept('{"kind":"answered","rest":{},"notices":[]}'),
    kept('{"kind":"answered","rest":{"userErrors":[]}}'),
    kept('{"kind":"answered","rest":{"userErrors":[]},"notices":[],"partner":{"id":1}}'),
    kept('{"kind":"later","rest":{"userErrors":[]},"notices":[]}'),
  ])('throws if the store answers %p', async (answer, error, expected) => {
    const { used, run } = start(() => (answer instanceof Error ? Promise.reject(answer) : answer));
    await expect(run()).rejects.toMatchObject(error);
    expect(used).toEqual(expected);
  });

  const rejected = payloadOf([{ code: 'CONFLICT', message: 'No.', field: null }]);
  const throttled = new GatewayError('THROTTLED', 'Later.');
  const inDoubt = new GatewayError(code, 'Look.', { mayHaveBeenApplied });
  const broken = new TypeError('A fault of the gateway');
  const none = undefined;
  /** Ends like this after a write that fails (`begun`) or succeeds (`done`). */
  it.each<[string, Payload | Error, 'none' | 'begun' | 'done', object | undefined]>([
    ['a success without a write', payloadOf([]), 'none', { kind: 'answered' }],
    ['a success', payloadOf([]), 'done', { kind: 'answered' }],
    ['user errors of the gateway', rejected, 'none', none],
    ["Graph's rejection of the write", rejected, 'begun', { kind: 'answered' }],
    ['a write that another one replaced', rejected, 'done', { kind: 'answered' }],
    ['a failure before the write', throttled, 'none', none],
    ['a write that was surely not executed', throttled, 'begun', none],
    ['a failure after the write', throttled, 'done', { kind: 'doubt', ...unknown }],
    ['a write in doubt', inDoubt, 'begun', { kind: 'doubt', message: 'Look.' }],
    ['a fault of the gateway before the write', broken, 'none', none],
    ['a fault of the gateway in the write', broken, 'begun', { kind: 'doubt', ...unknown }],
    ['a fault of the gateway after the write', broken, 'done', { kind: 'doubt', ...unknown }],
  ])('frees its key or keeps the outcome after %s', async (_what, ending, write, kept) => {
    const { settled, run } = start(() => ({ kind: 'first' }));
    const running = run({
      async run({ graph }: RequestContext) {
        const answer = () => (write === 'begun' ? Promise.reject(broken) : {});
        if (write !== 'none') {
          await graph.add(answer as never, testCall()).catch(() => undefined);
        }
        if (ending instanceof Error) {
          throw ending;
        }
        return ending;
      },
    });
    await (ending instanceof Error
      ? expect(running).rejects.toBe(ending)
      : expect(running).resolves.toBe(ending));
    const [outcome] = settled as [{ text: string; short: string; isFinal: boolean } | undefined];
    const extensions = kept && 'extensions' in kept && { extensions: { mayHaveBeenApplied } };
    expect(outcome && JSON.parse(outcome.text)).toEqual(
      kept && expect.objectContaining({ ...kept, ...extensions }),
    );
    expect(outcome?.short).toBe(outcome?.text);
    expect(outcome?.isFinal).toBe(kept && !(ending instanceof Error));
  });

  it('gives a repeat the first outcome, from its row or from its id', async () => {
    const first = start(() => ({ kind: 'first' }));
    const payload = { ...rejected, complianceManagementPartner: partnerFromWire(row) };
    const notice = { code: 'ID_ASSIGNED_BY_GRAPH', message: 'Other.' } as const;
    await first.run({
      async run({ notices, graph }: RequestContext) {
        notices.push({ ...notice, path: ['x'] });
        await graph.add((() => row) as never, testCall());
        return payload;
      },
    });
    const [kept] = first.settled as [{ text: string; short: string }];
    const { later: _later, ...withoutRow } = { ...JSON.parse(kept.text), partner: 'a' };
    expect(JSON.parse(kept.short)).toEqual(withoutRow);
    for (const text of [kept.text, kept.short]) {
      const { notices, run } = start(() => ({ kind: 'kept', text }));
      const { complianceManagementPartner: partner, ...rest } = await run();
      const { complianceManagementPartner: _partner, ...expected } = payload;
      expect([partner?.wire, rest]).toEqual([row, expected]);
      expect(notices).toEqual([{ ...notice, path: ['add'] }]);
    }
  });

  it.each([
    [{ mayHaveBeenApplied }, {}],
    [{ graph: { status: 500 } }, { graph: { status: 500 } }],
  ])('finds later what was in doubt with %j', async (extensions, more) => {
    const text = JSON.stringify({ kind: 'doubt', message: 'Look.', extensions });
    const { settled, notices, run } = start(() => ({ kind: 'doubt', text }));
    const { complianceManagementPartner: found } = await run({
      look: async () => partnerFromWire({ id: 'a' }),
    });
    expect([found?.id, settled]).toMatchObject(['a', [{ isFinal: true }]]);
    const message =
      'The first request with this idempotencyKey had an unknown outcome. The gateway then looked again and found exactly ' +
      'one partner with everything that was sent, which it had not seen before: this one. It was found, not answered, and ' +
      'nothing was sent again.';
    expect(notices).toEqual([
      { code: 'FOUND_AFTER_UNCLEAR_ANSWER', message, path: ['add'], ...more },
    ]);
  });
});
