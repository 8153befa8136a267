import { describe, expect, it } from '@jest/globals';
import type { UserError } from '../../src/generated/graphql.ts';
import { GatewayError } from '../../src/partners/errors.ts';
import {
  createMemoryOutcomes,
  keptForMs,
  reservedBytes,
  type Taken,
} from '../../src/partners/outcomeStore.ts';
import {
  answeredOutcome,
  decideOutcome,
  doubtOf,
  type Ending,
  findKeyProblems,
  inputDigestOf,
  readOutcome,
  unknownOutcome,
  writeOutcome,
} from '../../src/partners/outcomes.ts';
import { partnerFromWire } from '../../src/partners/partnerMapping.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const userErrors: UserError[] = [{ code: 'CONFLICT', message: 'No.', field: null }];
const answered: Ending = { payload: { userErrors: [] } };
const refused: Ending = { payload: { userErrors } };
const failed: Ending = { error: new GatewayError('THROTTLED', 'Later.') };
const inDoubt: Ending = {
  error: new GatewayError('OUTCOME_UNKNOWN', 'Look.', { mayHaveBeenApplied: true }),
};
const broken: Ending = { error: new TypeError('A fault of the gateway') };

describe('decideOutcome', () => {
  it.each([
    ['a success without a write', answered, 'none', 'keep'],
    ['a success', answered, 'done', 'keep'],
    ['user errors of the gateway', refused, 'none', 'free'],
    ["Graph's rejection of the write", refused, 'begun', 'keep'],
    ['a write that another one replaced', refused, 'done', 'keep'],
    ['a failure before the write', failed, 'none', 'free'],
    ['a write that was surely not executed', failed, 'begun', 'free'],
    ['a failure after the write', failed, 'done', 'doubt'],
    ['a write in doubt', inDoubt, 'begun', 'doubt'],
    ['a fault of the gateway before the write', broken, 'none', 'free'],
    ['a fault of the gateway in the write', broken, 'begun', 'doubt'],
    ['a fault of the gateway after the write', broken, 'done', 'doubt'],
  ] as const)('decides about %s', (_what, ending, write, decision) => {
    expect(decideOutcome(ending, write)).toBe(decision);
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

describe('findKeyProblems', () => {
  it.each([
    [undefined, 0],
    [null, 0],
    ['', 1],
    ['k', 0],
    ['k'.repeat(128), 0],
    ['k'.repeat(129), 1],
    ['\u{1f511}'.repeat(128), 0],
    [`${'\u{1f511}'.repeat(128)}k`, 1],
  ])('counts characters: %#', (key, count) => {
    expect(findKeyProblems(key)).toHaveLength(count);
  });
});

describe('an outcome', () => {
  const wire = { id: 'a', iosEnrollmentAssignments: [null], later: '12345678901234567890' };
  const outcome = answeredOutcome(
    { complianceManagementPartner: partnerFromWire(wire), userErrors },
    [{ code: 'ID_ASSIGNED_BY_GRAPH', message: 'Other.', path: ['x'] }],
  );

  it('is read as it was written, with the row or with its id', () => {
    const { text, short } = writeOutcome(outcome);
    expect(readOutcome(text)).toEqual({ ...outcome, partner: wire });
    expect(readOutcome(short)).toEqual({ ...outcome, partner: 'a' });
    const doubt = doubtOf(inDoubt.error);
    expect(readOutcome(writeOutcome(doubt).text)).toEqual(doubt);
    expect(doubt).toMatchObject({ message: 'Look.', extensions: { mayHaveBeenApplied: true } });
    expect(doubtOf(failed.error)).toBe(unknownOutcome);
  });

  it.each([
    undefined,
    '',
    'null',
    '{"kind":"answered"}',
    '{"kind":"doubt","message":1,"extensions":{}}',
    '{"kind":"answered","rest":{"userErrors":[]},"notices":[],"partner":{"id":1}}',
    '{"kind":"later"}',
  ])('of a form that is not known is unknown: %s', (text) => {
    expect(readOutcome(text)).toBe(unknownOutcome);
  });
});

describe('the store in memory', () => {
  const use = (caller: string, id: string) => ({ id: `${caller} ${id}`, caller, input: 'input' });
  const { signal } = new AbortController();
  const holdOf = (taken: Taken) => {
    if (!('hold' in taken)) {
      throw new TypeError(`There is no hold: ${taken.kind}`);
    }
    return taken.hold;
  };
  const outcome = (text: string) => ({ text, short: 'short', isFinal: true });

  it('counts bytes, refuses beyond them, and has room again when outcomes end', async () => {
    const clock = createVirtualClock();
    const storeBytes = reservedBytes * 100;
    const store = createMemoryOutcomes(storeBytes, clock);
    const callers = Array.from({ length: 100 }, (_value, index) => `caller ${index}`);
    const taken: Taken[] = [];
    for (const caller of callers) {
      taken.push(await store.take(use(caller, 'one'), signal));
    }
    expect(taken.map(({ kind }) => kind)).toEqual(callers.map(() => 'first'));
    const full = { kind: 'full', retryAfterMs: 60_000 };
    expect(await store.take(use('another', 'one'), signal)).toEqual(full);
    for (const one of taken) {
      await holdOf(one).settle(outcome('x'.repeat(2_000)));
    }
    expect(await store.take(use('caller 0', 'two'), signal)).toEqual(full);
    const another = await store.take(use('another', 'one'), signal);
    await holdOf(another).settle(undefined);
    expect((await store.take(use('another', 'one'), signal)).kind).toBe('first');
    await clock.advance(keptForMs - 1);
    expect((await store.take(use('caller 0', 'one'), signal)).kind).toBe('kept');
    await clock.advance(1);
    for (const caller of callers) {
      expect((await store.take(use(caller, 'two'), signal)).kind).toBe('first');
    }
  });

  it('keeps the short form of what does not fit', async () => {
    const store = createMemoryOutcomes(reservedBytes * 100, createVirtualClock());
    await holdOf(await store.take(use('a', 'one'), signal)).settle(
      outcome('x'.repeat(reservedBytes)),
    );
    expect(await store.take(use('a', 'one'), signal)).toEqual({ kind: 'kept', text: 'short' });
    expect(await store.take({ ...use('a', 'one'), input: 'other' }, signal)).toEqual({
      kind: 'reused',
    });
  });
});
