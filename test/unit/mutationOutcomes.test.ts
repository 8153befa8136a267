import { describe, expect, it } from '@jest/globals';
import type { UserError } from '../../src/generated/graphql.ts';
import { GraphError, type GraphErrorCode, type GraphErrorDetails } from '../../src/graph/errors.ts';
import type { KeyedMutation } from '../../src/partners/context.ts';
import {
  GatewayError,
  refused,
  refusedByGraph,
  toGatewayError,
} from '../../src/partners/errors.ts';
import {
  createIdempotency,
  type Ending,
  inputDigestOf,
  isKeyFree,
  outcomeOf,
  readOutcome,
  unknownOutcome,
  writeOutcome,
} from '../../src/partners/idempotency.ts';
import {
  createMemoryOutcomes,
  entryBytes,
  keptForMs,
  reservedBytes,
  type Taken,
} from '../../src/partners/outcomeStore.ts';
import { partnerFromWire } from '../../src/partners/partnerMapping.ts';
import { endableCall, testCall, testIdempotency } from '../support/graphClients.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const userErrors: UserError[] = [{ code: 'CONFLICT', message: 'No.', field: null }];
const answered: Ending = { payload: refused([]) };
const rejected: Ending = { payload: refused(userErrors) };
const failed: Ending = { error: new GatewayError('THROTTLED', 'Later.') };
const inDoubt: Ending = {
  error: new GatewayError('OUTCOME_UNKNOWN', 'Look.', { mayHaveBeenApplied: true }),
};
const broken: Ending = { error: new TypeError('A fault of the gateway') };

describe('toGatewayError', () => {
  const errorOf = (code: GraphErrorCode, details: GraphErrorDetails = {}) =>
    new GraphError(code, 'No.', details);
  const answer = { status: 500, code: 'Code', requestId: 'r', clientRequestId: 'c', date: 'd' };
  const bare = { code: null, requestId: null, clientRequestId: null, date: null };

  it.each<[GraphErrorCode, string]>([
    ['unauthenticated', 'UNAUTHENTICATED'],
    ['forbidden', 'FORBIDDEN'],
    ['approvalRequired', 'APPROVAL_REQUIRED'],
    ['tenantNotLicensed', 'TENANT_NOT_LICENSED'],
    ['throttled', 'THROTTLED'],
    ['overloaded', 'OVERLOADED'],
    ['timeout', 'UPSTREAM_TIMEOUT'],
    ['callerLeft', 'CALLER_LEFT'],
    ['unavailable', 'UPSTREAM_UNAVAILABLE'],
    ['invalidRequest', 'BAD_USER_INPUT'],
    ['notFound', 'UPSTREAM_BAD_RESPONSE'],
    ['conflict', 'UPSTREAM_BAD_RESPONSE'],
    ['badResponse', 'UPSTREAM_BAD_RESPONSE'],
  ])('makes of %s %s', (given, code) => {
    const cause = errorOf(given);
    expect(toGatewayError(cause)).toMatchObject({
      name: 'GatewayError',
      message: 'No.',
      extensions: { code },
      cause,
    });
  });

  it.each<[GraphErrorDetails, object]>([
    [{}, {}],
    [{ claims: '{}' }, { claims: '{}' }],
    [{ requiredScopes: ['Read'] }, { requiredScopes: ['Read'] }],
    [{ lacking: 'PERMISSION' }, { lacking: 'PERMISSION' }],
    [{ retryAfterMs: 1_001 }, { retryAfterSeconds: 2 }],
    [{ answer }, { graph: answer }],
    [{ answer: { status: 500 } }, { graph: { status: 500, ...bare } }],
  ])('tells of %j the extensions %j', (details, extensions) => {
    const error = toGatewayError(errorOf('forbidden', details)) as GatewayError;
    expect(error.extensions).toStrictEqual({ code: 'FORBIDDEN', ...extensions });
  });

  it.each<[GraphErrorDetails, object]>([
    [{}, {}],
    [
      { answeredId: 'a', answer, claims: '{}' },
      { answeredId: 'a', graph: answer },
    ],
  ])('tells of a write in doubt with %j that it may have been made', (details, extensions) => {
    const error = errorOf('timeout', { mayHaveBeenApplied: true, ...details });
    const made = toGatewayError(error) as GatewayError;
    expect(made.message).toBe(
      'No. The change may have been made. Read the partner before you retry.',
    );
    const code = 'OUTCOME_UNKNOWN';
    expect(made.extensions).toStrictEqual({ code, mayHaveBeenApplied: true, ...extensions });
    expect(made.cause).toBe(error);
  });

  it('gives anything else back, and no cause if there is none', () => {
    const error = new TypeError('No.');
    expect(toGatewayError(error)).toBe(error);
    expect(new GatewayError('THROTTLED', 'Later.')).not.toHaveProperty('cause');
  });
});

describe('refusedByGraph', () => {
  const sent = { displayName: 'Fleet' };
  const context = { graph: { get: async () => undefined }, call: testCall() };
  const change = { sent, id: undefined, context };
  const quotedNames = ['displayName'];

  it.each<[GraphErrorCode, GraphErrorDetails, UserError]>([
    [
      'notFound',
      { quotedNames },
      {
        code: 'NOT_FOUND',
        message: 'Microsoft Graph has no partner with this id.',
        field: ['input', 'id'],
      },
    ],
    ['conflict', {}, { code: 'CONFLICT', message: 'No.', field: ['input', 'x'] }],
    [
      'invalidRequest',
      { quotedNames },
      { code: 'BAD_USER_INPUT', message: 'No.', field: ['input', 'displayName'] },
    ],
  ])('makes of %s with %j what the user can fix', async (code, details, userError) => {
    const error = new GraphError(code, 'No.', details);
    const payload = await refusedByGraph(error, { ...change, field: ['input', 'x'] });
    expect(payload.userErrors).toEqual([userError]);
  });

  it('names no field if nothing does', async () => {
    const payload = await refusedByGraph(new GraphError('conflict', 'No.'), change);
    expect(payload.userErrors).toMatchObject([{ field: null }]);
  });

  it.each<[string, unknown, object]>([
    [
      'a write in doubt',
      new GraphError('conflict', 'No.', { mayHaveBeenApplied: true }),
      { extensions: expect.objectContaining({ code: 'OUTCOME_UNKNOWN' }) },
    ],
    [
      'what the user cannot fix',
      new GraphError('throttled', 'No.'),
      { extensions: { code: 'THROTTLED' } },
    ],
    ['what is none of Graph', new TypeError('x'), { message: 'x' }],
  ])('throws %s', async (_what, error, expected) => {
    await expect(refusedByGraph(error, change)).rejects.toMatchObject(expected);
  });
});

describe('isKeyFree', () => {
  it.each([
    ['a success without a write', answered, 'none', false],
    ['a success', answered, 'done', false],
    ['user errors of the gateway', rejected, 'none', true],
    ["Graph's rejection of the write", rejected, 'begun', false],
    ['a write that another one replaced', rejected, 'done', false],
    ['a failure before the write', failed, 'none', true],
    ['a write that was surely not executed', failed, 'begun', true],
    ['a failure after the write', failed, 'done', false],
    ['a write in doubt', inDoubt, 'begun', false],
    ['a fault of the gateway before the write', broken, 'none', true],
    ['a fault of the gateway in the write', broken, 'begun', false],
    ['a fault of the gateway after the write', broken, 'done', false],
  ] as const)('decides about %s', (_what, ending, write, isFree) => {
    expect(isKeyFree(ending, write)).toBe(isFree);
  });
});

describe('inputDigestOf', () => {
  it('is the same whatever the key and the order of fields, and different for anything else', () => {
    const one = inputDigestOf('add', { a: { b: 1, c: [1, 2] }, d: null, idempotencyKey: 'k' });
    expect(inputDigestOf('add', { d: null, a: { c: [1, 2], b: 1 } })).toBe(one);
    const others = [
      inputDigestOf('delete', { a: { b: 1, c: [1, 2] }, d: null }),
      inputDigestOf('add', { a: { b: 1, c: [2, 1] }, d: null }),
      inputDigestOf('add', { a: { b: 1, c: [1, 2] } }),
      inputDigestOf('add', { a: '\ud800' }),
      inputDigestOf('add', { a: '\ufffd' }),
    ];
    expect(new Set([one, ...others]).size).toBe(6);
  });
});

describe('an outcome', () => {
  const wire = { id: 'a', iosEnrollmentAssignments: [null], later: '12345678901234567890' };
  const outcome = outcomeOf({ payload: refused(userErrors, partnerFromWire(wire)) }, [
    { code: 'ID_ASSIGNED_BY_GRAPH', message: 'Other.', path: ['x'] },
  ]);

  it('is read as it was written, with the row or with its id', () => {
    const { text, short, isFinal } = writeOutcome(outcome);
    expect(isFinal).toBe(true);
    expect(readOutcome(text)).toEqual({
      kind: 'answered',
      rest: { changed: false, deletedComplianceManagementPartnerId: null, userErrors },
      partner: wire,
      notices: [{ code: 'ID_ASSIGNED_BY_GRAPH', message: 'Other.' }],
    });
    expect(readOutcome(short)).toEqual({ ...outcome, partner: 'a' });
  });

  it.each([
    ['without a partner', outcomeOf(answered, [])],
    ['in doubt', outcomeOf(inDoubt, [])],
    ['unknown', unknownOutcome],
  ])('is the same in both forms %s', (_what, one) => {
    const { text, short, isFinal } = writeOutcome(one);
    expect([short, isFinal]).toEqual([text, one.kind === 'answered']);
    expect(readOutcome(text)).toEqual(JSON.parse(text));
    expect(readOutcome(text)).toEqual(one);
  });

  it('of an error is what the error says, and unknown if it says nothing of the write', () => {
    const extensions = { mayHaveBeenApplied: true };
    expect(outcomeOf(inDoubt, [])).toEqual({ kind: 'doubt', message: 'Look.', extensions });
    expect([failed, broken].map((ending) => outcomeOf(ending, []))).toEqual([
      unknownOutcome,
      unknownOutcome,
    ]);
  });

  it('that is unknown says what to do', () => {
    expect(unknownOutcome).toEqual({
      kind: 'doubt',
      message:
        'The first request with this idempotencyKey ended without a known outcome. ' +
        'The change may have been made. Read the partner before you send it under another key.',
      extensions: { mayHaveBeenApplied: true },
    });
  });

  it.each([
    undefined,
    '',
    'null',
    '{"kind":"later","message":"","extensions":{}}',
    '{"kind":"answered"}',
    '{"kind":"doubt","message":1,"extensions":{}}',
    '{"kind":"doubt","message":"","extensions":[]}',
    '{"kind":"answered","rest":{},"notices":[]}',
    '{"kind":"answered","rest":{"userErrors":[]}}',
    '{"kind":"answered","rest":{"userErrors":[]},"notices":[],"partner":{"id":1}}',
    '{"kind":"later","rest":{"userErrors":[]},"notices":[]}',
  ])('of a form that is not known is unknown: %s', (text) => {
    expect(readOutcome(text)).toBe(unknownOutcome);
  });
});

describe('the store in memory', () => {
  const use = (caller: string, id = 'one', input = 'input') => ({
    id: `${caller} ${id}`,
    caller,
    input,
  });
  const { signal } = new AbortController();
  const holdOf = (taken: Taken) => {
    if (!('hold' in taken)) {
      throw new TypeError(`There is no hold: ${taken.kind}`);
    }
    return taken.hold;
  };
  const outcome = (text: string, isFinal = true) => ({ text, short: 'short', isFinal });
  const start = (storeBytes = reservedBytes * 100) => {
    const clock = createVirtualClock();
    const store = createMemoryOutcomes(storeBytes, clock);
    const take = (...of: Parameters<typeof use>) => store.take(use(...of), signal);
    return { clock, store, take };
  };

  it('counts bytes, rejects keys beyond them, and has room again when outcomes end', async () => {
    const { clock, take } = start();
    const callers = Array.from({ length: 100 }, (_value, index) => `caller ${index}`);
    const taken: Taken[] = [];
    for (const caller of callers) {
      taken.push(await take(caller));
    }
    expect(taken.map(({ kind }) => kind)).toEqual(callers.map(() => 'first'));
    const full = { kind: 'full', retryAfterMs: 60_000 };
    expect(await take('another')).toEqual(full);
    for (const one of taken) {
      await holdOf(one).settle(outcome('x'.repeat(2_000)));
    }
    expect(await take('caller 0', 'two')).toEqual(full);
    await holdOf(await take('another')).settle(undefined);
    expect((await take('another')).kind).toBe('first');
    await clock.advance(keptForMs - 1);
    expect((await take('caller 0')).kind).toBe('kept');
    expect(await take('caller 0', 'two')).toEqual({ kind: 'full', retryAfterMs: 1_000 });
    await clock.advance(1);
    for (const caller of callers) {
      expect((await take(caller, 'two')).kind).toBe('first');
    }
  });

  it.each([
    [reservedBytes - entryBytes, 'x'],
    [reservedBytes - entryBytes + 1, 'short'],
  ])('keeps a text of %i bytes in the form that fits', async (bytes, kept) => {
    const { take } = start();
    await holdOf(await take('a')).settle(outcome('x'.repeat(bytes)));
    const text = kept === 'x' ? 'x'.repeat(bytes) : kept;
    expect(await take('a')).toEqual({ kind: 'kept', text });
    expect(await take('a', 'one', 'other')).toEqual({ kind: 'reused' });
  });

  it('gives one that waits the outcome of the one that holds the key, or else the key', async () => {
    const { take } = start(reservedBytes * 1_000);
    const first = holdOf(await take('a'));
    expect(await take('a', 'one', 'other')).toEqual({ kind: 'reused' });
    const waiting = [take('a'), take('a')];
    await first.settle(undefined);
    const second = await waiting[0];
    expect(second?.kind).toBe('first');
    await holdOf(second as Taken).settle(outcome('doubt', false));
    const third = await waiting[1];
    expect(third).toMatchObject({ kind: 'doubt', text: 'doubt' });
    await holdOf(third as Taken).settle(outcome('known'));
    expect(await take('a')).toEqual({ kind: 'kept', text: 'known' });
  });

  it('keeps nothing that ends after its time', async () => {
    const { clock, take } = start();
    const late = holdOf(await take('a'));
    await clock.advance(keptForMs);
    await take('b');
    await late.settle(outcome('late'));
    expect((await take('a')).kind).toBe('first');
  });

  it('takes nothing without any room', async () => {
    expect(await start(0).take('a')).toEqual({ kind: 'full', retryAfterMs: 1_000 });
  });

  it('waits no longer than the operation lasts', async () => {
    const { store, take } = start();
    await take('a');
    const { call, end } = endableCall();
    const waiting = store.take(use('a'), call.signal);
    end('deadline');
    await expect(waiting).rejects.toMatchObject({ code: 'timeout' });
  });
});

describe('a mutation with a key', () => {
  /** Answers with what the store says. */
  function start(take: () => Promise<unknown>) {
    const used: string[] = [];
    const settled: unknown[] = [];
    const notices: unknown[] = [];
    const hold = {
      confirm: async () => undefined,
      settle: async (kept: unknown) => settled.push(kept),
    };
    const idempotency = createIdempotency({
      store: { take: async () => ({ hold, ...((await take()) as object) }) as unknown as Taken },
      graphRoot: '',
      measurements: { keyUsed: (what) => used.push(what) },
      callerOf: () => 'caller',
    });
    const mutation = (look?: () => unknown) =>
      ({
        key: 'key',
        input: {},
        context: { call: testCall(), graph: {}, notices },
        info: { fieldName: 'add', path: { key: 'add' } },
        look,
      }) as unknown as KeyedMutation;
    return {
      used,
      settled,
      notices,
      run: (look?: () => unknown) => idempotency.run(mutation(look)),
    };
  }

  it('is rejected if its key was used for another input', async () => {
    const { used, run } = start(async () => ({ kind: 'reused' }));
    expect((await run()).userErrors).toEqual([
      {
        code: 'IDEMPOTENCY_KEY_REUSED',
        message:
          'This idempotencyKey was used with another input or mutation in the last 24 hours. Send a new key, or the first input.',
        field: ['input', 'idempotencyKey'],
      },
    ]);
    expect(used).toEqual(['reused']);
  });

  it.each<[string, () => Promise<unknown>, string, object, string[]]>([
    [
      'there is no room',
      async () => ({ kind: 'full', retryAfterMs: 1_001 }),
      'The gateway cannot store more outcomes of idempotency keys, so nothing was sent. Retry later.',
      { code: 'OVERLOADED', retryAfterSeconds: 2 },
      ['full'],
    ],
    [
      'its time is up',
      () => Promise.reject(new GraphError('timeout', 'Late.')),
      'The first request with this idempotencyKey did not end in the time of this one. The change may have been made. Retry with the same key.',
      { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true },
      [],
    ],
    [
      'the store is away',
      () => Promise.reject(new GatewayError('UPSTREAM_UNAVAILABLE', 'Away.')),
      'Away.',
      { code: 'UPSTREAM_UNAVAILABLE' },
      ['unavailable'],
    ],
    [
      'its outcome is not known',
      async () => ({ kind: 'doubt', text: undefined }),
      unknownOutcome.kind === 'doubt' ? unknownOutcome.message : '',
      { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true },
      ['repeat'],
    ],
  ])('throws if %s', async (_what, take, message, extensions, expected) => {
    const { used, run } = start(take);
    await expect(run()).rejects.toMatchObject({ message, extensions });
    expect(used).toEqual(expected);
  });

  it.each([
    [{ mayHaveBeenApplied: true }, {}],
    [{ graph: { status: 500 } }, { graph: { status: 500 } }],
  ])('finds later what was in doubt with %j', async (extensions, more) => {
    const text = JSON.stringify({ kind: 'doubt', message: 'Look.', extensions });
    const { settled, notices, run } = start(async () => ({ kind: 'doubt', text }));
    const { complianceManagementPartner: found } = await run(async () =>
      partnerFromWire({ id: 'a' }),
    );
    expect([found?.id, settled]).toMatchObject(['a', [{ isFinal: true }]]);
    expect(notices).toEqual([
      {
        code: 'FOUND_AFTER_UNCLEAR_ANSWER',
        message:
          'The first request with this idempotencyKey had an unknown outcome. The gateway then looked again and found exactly ' +
          'one partner with everything that was sent, which it had not seen before: this one. It was found, not answered, and ' +
          'nothing was sent again.',
        path: ['add'],
        ...more,
      },
    ]);
  });

  it('leaves the key free when it fails before its first step', async () => {
    const idempotency = testIdempotency();
    let runs = 0;
    const mutation = {
      key: 'key',
      input: {},
      context: { call: testCall(), graph: {}, notices: [] },
      info: { fieldName: 'add' },
      run: () => {
        runs += 1;
        throw new TypeError('A fault of the gateway');
      },
    } as unknown as KeyedMutation;
    await expect(idempotency.run(mutation)).rejects.toThrow('A fault of the gateway');
    await expect(idempotency.run(mutation)).rejects.toThrow('A fault of the gateway');
    expect(runs).toBe(2);
  });
});
