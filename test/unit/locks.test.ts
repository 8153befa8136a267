import { describe, expect, it } from '@jest/globals';
import type { GraphQLResolveInfo } from 'graphql';
import { createTenantKeys } from '../../src/graph/credentials.ts';
import type { GraphCall } from '../../src/graph/request.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import type { RequestContext } from '../../src/partners/context.ts';
import {
  type HandOver,
  handOverOf,
  isFromBefore,
  lagMs,
  readHandOver,
  viewOf,
  writeHandOver,
} from '../../src/partners/handOver.ts';
import { createPartnerLocks, type PartnerLocks } from '../../src/partners/locks.ts';
import type { Payload } from '../../src/partners/model.ts';
import { Mutation } from '../../src/partners/mutations.ts';
import { partnerFromWire } from '../../src/partners/partnerMapping.ts';
import { Secret } from '../../src/shared/secret.ts';
import { endableCall, testCall } from '../support/graphClients.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

type Turn = Parameters<Parameters<PartnerLocks['run']>[0]['change']>[0];

const run = <Result>(
  locks: PartnerLocks,
  id: string,
  call: GraphCall,
  change: (turn: Turn) => Promise<Result>,
) => locks.run({ id, call, read: async () => undefined, change });

/** A change that ends when the test lets it, and notes when it begins and ends. */
function heldChange(events: string[], name: string) {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const change = async () => {
    events.push(`${name} begins`);
    await ended;
    events.push(`${name} ends`);
  };
  return { change, end: () => end() };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const locksOf = (clock = createVirtualClock()) =>
  createPartnerLocks({ tenantKeys: createTenantKeys(), clock, leases: undefined });

describe('a change', () => {
  it('does not wait for one of another partner', async () => {
    const locks = locksOf();
    const first = heldChange([], 'first');
    const running = run(locks, 'a', testCall(), first.change);
    await expect(run(locks, 'b', testCall(), async () => 'done')).resolves.toBe('done');
    first.end();
    await running;
  });

  it('gives up when its time ends, without letting those behind overtake', async () => {
    const locks = locksOf();
    const events: string[] = [];
    const [first, third] = [heldChange(events, 'first'), heldChange(events, 'third')];
    const { call, end } = endableCall();
    const running = run(locks, 'a', testCall(), first.change);
    const waiting = run(locks, 'a', call, async () => 'no');
    const behind = run(locks, 'a', testCall(), third.change);
    end('deadline');
    await expect(waiting).rejects.toMatchObject({
      code: 'timeout',
      mayHaveBeenApplied: false,
    });
    const last = run(locks, 'a', testCall(), async () => void events.push('last'));
    third.end();
    await nextTurn();
    expect(events).toEqual(['first begins']);
    first.end();
    await Promise.all([running, behind, last]);
    expect(events).toEqual(['first begins', 'first ends', 'third begins', 'third ends', 'last']);
  });

  it('waits for those of any token of the tenant once Graph has accepted its own', async () => {
    const accepted = new Set<GraphCall>();
    const tenantKeys = {
      tenantOf: (call: GraphCall) => ({ id: 'tenant', isProven: accepted.has(call) }),
    };
    const clock = createVirtualClock();
    const locks = createPartnerLocks({ tenantKeys, clock, leases: undefined });
    const [one, other] = [testCall(), testCall({ callerToken: new Secret('another') })];
    const events: string[] = [];
    const [first, second] = [heldChange(events, 'first'), heldChange(events, 'second')];
    accepted.add(one);
    const accept = async () => void accepted.add(other);
    const running = [
      run(locks, 'a', one, first.change),
      locks.run({ id: 'a', call: other, read: accept, change: second.change }),
      // Waits for one with the same token, which Graph accepts meanwhile.
      locks.run({
        id: 'a',
        call: other,
        read: async () => void events.push('third reads'),
        change: async () => void events.push('third'),
      }),
    ];
    await nextTurn();
    expect(events).toEqual(['first begins']);
    second.end();
    first.end();
    await Promise.all(running);
    const rest = ['first ends', 'second begins', 'second ends', 'third reads', 'third'];
    expect(events.slice(1)).toEqual(rest);
  });

  it.each([true, false])('writes while it holds the lease of all replicas: %j', async (isHeld) => {
    const written: HandOver = { displayName: { text: '"New"', atMs: 4_000, older: [] } };
    const released: unknown[] = [];
    const lease = {
      handed: { text: writeHandOver(written, 5_000), leftMs: lagMs - 2_000 },
      renew: async () => isHeld,
      release: async (handed: unknown) => void released.push(handed),
    };
    const locks = createPartnerLocks({
      tenantKeys: createTenantKeys(),
      clock: createVirtualClock(5_000),
      leases: { acquire: async () => lease },
    });
    const given = await run(locks, 'a', testCall(), async ({ handOver }) => handOver);
    expect(given.displayName?.atMs).toBe(2_000);
    const confirming = run(locks, 'a', testCall(), async ({ confirm, handOn }) => {
      handOn(written);
      await confirm();
    });
    const message =
      'The change lost its place among changes to this partner, so nothing was sent. Try again.';
    await (isHeld
      ? confirming
      : expect(confirming).rejects.toMatchObject({ code: 'unavailable', message }));
    expect(released).toEqual([undefined, { text: lease.handed.text, leftMs: lagMs }]);
  });
});

describe('what a change hands on', () => {
  const written: HandOver = { displayName: { text: '"New"', atMs: 0, older: [] } };

  function start() {
    const clock = createVirtualClock();
    const locks = locksOf(clock);
    const call = testCall();
    return {
      clock,
      handOn: (handOver: HandOver, id = 'a') =>
        run(locks, id, call, async (turn) => turn.handOn(handOver)),
      fail: () => run(locks, 'a', call, () => Promise.reject(new Error('no'))),
      given: (id = 'a', by = call) => run(locks, id, by, async ({ handOver }) => handOver),
    };
  }

  it('reaches the next change to the same partner in any case of its id, and no other', async () => {
    const { handOn, given } = start();
    await handOn(written);
    for (let index = 0; index < 1_000; index += 1) {
      await handOn({}, `other ${index}`);
    }
    const stranger = testCall({ callerToken: new Secret('another') });
    const all = [await given('A'), await given('b'), await given('a', stranger)];
    expect(all).toEqual([written, {}, {}]);
  });

  it('stays when the next change fails, and goes when one has nothing to hand on', async () => {
    const { handOn, fail, given } = start();
    await handOn(written);
    await expect(fail()).rejects.toThrow('no');
    expect(await given()).toEqual(written);
    await handOn({});
    expect(await given()).toEqual({});
  });

  it('is forgotten when no read can lag so far behind', async () => {
    const { clock, handOn, given } = start();
    await handOn(written);
    await clock.advance(lagMs - 1);
    expect(await given()).toEqual(written);
    await clock.advance(1);
    expect(await given()).toEqual({});
  });
});

const nowMs = 1_000_000;
const property = 'iosEnrollmentAssignments';
const groupOf = (id: string) =>
  `{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"${id}"}}`;
const listOf = (...ids: string[]): string => `[${ids.map(groupOf).join()}]`;
const partnerOf = (...ids: string[]): PartnerResource => ({
  id: 'a',
  displayName: 'Fleet',
  [property]: JSON.parse(listOf(...ids)),
});
const sourceOf = (wire: PartnerResource, body: object | string = wire) => ({
  partner: partnerFromWire(wire),
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
const wrote = (ids: string[], before: HandOver, read: PartnerResource | undefined, atMs = nowMs) =>
  handOverOf({ [property]: listOf(...ids) }, { pending: before, read }, atMs);
/** Lists of one, two and three groups, written one after the other while reads showed none. */
const chain = ['a', 'b', 'c'].reduce<HandOver>(
  (before, _id, index) => wrote(['a', 'b', 'c'].slice(0, index + 1), before, partnerOf()),
  {},
);
/** One group, written without a read. */
const blind = wrote(['a'], {}, undefined);
const again = wrote([], chain, partnerOf('a'));
const later = wrote(['a', 'b', 'c', 'd'], chain, partnerOf('a'), nowMs + lagMs - 1);
const textsOf = (view: ReturnType<typeof viewOf>) =>
  view.assignments('ios').map(({ text }) => text);

describe('a read of the next change', () => {
  const all = ['a', 'b', 'c'];
  it.each<[string, HandOver, string[], number, string[], 'behind' | 'unclear' | 'pending' | '']>([
    ['no write yet', chain, [], 3_000, all, 'behind'],
    ['the first write', chain, ['a'], 3_000, all, 'behind'],
    ['the last write but one', chain, ['b', 'a'], 3_000, all, 'behind'],
    ['the last write', chain, ['c', 'b', 'a'], 3_000, ['c', 'b', 'a'], ''],
    ['a third value', chain, ['x'], 3_000, ['x'], ''],
    ['what was there before, just in time', chain, [], lagMs - 1, all, 'behind'],
    ['what was there before, too late', chain, [], lagMs, [], ''],
    ['what was there long before, too late for that', later, [], lagMs, [], ''],
    ['what was there before and was written again', again, [], 0, [], 'pending'],
    ['another value, and none from before is known', blind, ['x'], 0, ['x'], 'unclear'],
    ['the same too late', blind, ['x'], lagMs, ['x'], ''],
    ['what was written, and none from before is known', blind, ['a'], 0, ['a'], ''],
  ])('that shows %s', (_what, handOver, read, ageMs, expected, state) => {
    const view = viewOf(sourceOf(partnerOf(...read)), handOver, nowMs + ageMs);
    expect([view.partner.wire, view.read.wire]).toEqual([
      partnerOf(...expected),
      partnerOf(...read),
    ]);
    expect(textsOf(view)).toEqual(expected.map(groupOf));
    expect(view.behind).toEqual(state === 'behind' ? [property] : []);
    expect(view.unclear).toEqual(state === 'unclear' ? [property] : []);
    expect(Object.keys(view.pending)).toEqual(state === '' ? [] : [property]);
  });

  it('is completed property by property', () => {
    const both = handOverOf({ displayName: '"New"' }, { pending: chain, read: partnerOf() }, nowMs);
    expect(both[property]).toBe(chain[property]);
    const view = viewOf(sourceOf(partnerOf('x')), both, nowMs);
    expect(view.partner.wire).toEqual({ ...partnerOf('x'), displayName: 'New' });
    expect(view.behind).toEqual(['displayName']);
  });

  it('keeps the bytes and the numbers of what was written', () => {
    const entry = '{"target": {"@odata.type":"#microsoft.graph.x", "n": 12345678901234567890}}';
    const before = { pending: {}, read: partnerOf() };
    const handOver = handOverOf({ [property]: `[${entry}]` }, before, nowMs);
    const view = viewOf(sourceOf(partnerOf()), handOver, nowMs);
    expect(textsOf(view)).toEqual([entry]);
    expect(view.partner.wire[property]?.[0]?.target).toHaveProperty('n', '12345678901234567890');
  });

  const entry = '{"target": {"@odata.type":"#microsoft.graph.x"} }';
  it.each([
    ['as its bytes are', `{"id":"a","${property}":[${entry}]}`, entry],
    ['as its bytes are in a wrapper', `{"value":{"id":"a","${property}":[${entry}]}}`, entry],
    ['anew if the body has none', '{}', JSON.stringify(JSON.parse(entry))],
    ['anew if the body is no JSON', 'no JSON', JSON.stringify(JSON.parse(entry))],
  ])('gives an entry %s', (_how, body, text) => {
    const wire = { id: 'a', [property]: [JSON.parse(entry)] };
    expect(textsOf(viewOf(sourceOf(wire, body), {}, nowMs))).toEqual([text]);
    expect(textsOf(viewOf(sourceOf({ id: 'a' }, body), {}, nowMs))).toEqual([]);
  });
});

describe('a hand-over', () => {
  it('has no value that is too large, and none from before it', () => {
    const before = {
      pending: { displayName: { text: '""', atMs: 0, older: [] } },
      read: undefined,
    };
    const sizes = [1024 * 1024, 1024 * 1024 + 1].map((length) =>
      Object.keys(handOverOf({ displayName: `"${'x'.repeat(length - 2)}"` }, before, nowMs)),
    );
    expect(sizes).toEqual([['displayName'], []]);
  });

  it('remembers the last 256 earlier values', () => {
    let handOver: HandOver = {};
    for (let index = 0; index < 300; index += 1) {
      handOver = wrote([String(index)], handOver, undefined);
    }
    const isBefore = (id: string) =>
      isFromBefore(property, partnerOf(id), { handOver, first: partnerOf() });
    expect(['42', '43', '298', '299'].map(isBefore)).toEqual([false, true, true, false]);
  });

  it('takes what Graph showed first for what was there if nothing else is known', () => {
    const before = { handOver: blind, first: partnerOf('x') };
    expect(isFromBefore(property, partnerOf('x'), before)).toBe(true);
    expect(isFromBefore(property, partnerOf('a'), before)).toBe(false);
  });

  it('goes to other replicas with ages, because their clocks differ', () => {
    const elsewhereMs = 5_000;
    const read = readHandOver(writeHandOver(chain, nowMs + 1_000), 2_000, elsewhereMs);
    expect(read[property]).toMatchObject({ text: listOf('a', 'b', 'c'), atMs: 2_000 });
    expect(read[property]?.older.map(([, untilMs]) => untilMs)).toEqual([12_000, 12_000, 12_000]);
    expect(viewOf(sourceOf(partnerOf('a')), read, elsewhereMs).behind).toEqual([property]);
    expect(viewOf(sourceOf(partnerOf('a')), read, elsewhereMs + 7_000).behind).toEqual([]);
  });

  it.each([
    'no JSON',
    '[]',
    '{"displayName":null}',
    '{"displayName":{"text":7,"ageMs":0,"older":[]}}',
    '{"displayName":{"text":"no JSON","ageMs":0,"older":[]}}',
    '{"displayName":{"text":"7","ageMs":0,"older":[]}}',
    '{"displayName":{"text":"\\"x\\"","older":[]}}',
    '{"displayName":{"text":"\\"x\\"","ageMs":0}}',
    '{"displayName":{"text":"\\"x\\"","ageMs":0,"older":[["a",1],["a"]]}}',
    '{"displayName":{"text":"\\"x\\"","ageMs":0,"older":[[1,1]]}}',
    '{"displayName":{"text":"\\"x\\"","ageMs":0,"older":["ab"]}}',
    '{"id":{"text":"\\"x\\"","ageMs":0,"older":[]}}',
  ])('is ignored if another replica wrote it in another form: %s', (text) => {
    expect(readHandOver(text, 0, nowMs)).toEqual({});
  });
});

describe('a change after one that read nothing', () => {
  const handOver = handOverOf(
    { [property]: listOf('a'), displayName: '"New"' },
    { pending: {}, read: undefined },
    nowMs,
  );

  /** A Graph that shows the group x first, and `later` in all reads after it. */
  function start(later: PartnerResource | undefined, timeMs: number) {
    const clock = createVirtualClock(nowMs);
    const readsMs: number[] = [];
    const written: string[] = [];
    const handedOn: HandOver[] = [];
    const turn: Turn = {
      handOver,
      confirm: async () => undefined,
      handOn: (next) => handedOn.push(next),
    };
    const context = {
      graph: {
        async getSource() {
          readsMs.push(clock.now() - nowMs);
          const wire = readsMs.length === 1 ? partnerOf('x') : later;
          return wire && sourceOf(wire);
        },
        async replaceAssignments(_id: string, _platform: string, entries: string[]) {
          written.push(...entries);
          return partnerFromWire({ id: 'a', [property]: JSON.parse(`[${entries.join()}]`) });
        },
      },
      call: testCall({ deadlineMs: nowMs + timeMs }),
      locks: {
        run: async ({ read, change }: Parameters<PartnerLocks['run']>[0]) =>
          change(turn, await read(false)),
      },
      clock,
      apiVersion: 'beta',
      notices: [],
    } as unknown as RequestContext;
    const mutate = (name: keyof typeof Mutation, input: object) =>
      (Mutation[name] as unknown as (...args: unknown[]) => Promise<Payload>)(
        undefined,
        { input: { id: 'a', ...input } },
        context,
        {} as GraphQLResolveInfo,
      );
    return {
      ...{ clock, readsMs, written, handedOn, mutate },
      add: () =>
        mutate('addEnrollmentAssignment', { platform: 'IOS', target: { group: { groupId: 'b' } } }),
    };
  }

  it.each<[string, string, number, number[], string]>([
    ['until a read shows what was written', 'a', 20_000, [0, 250], 'a'],
    ['four times, and then takes what is shown', 'x', 20_000, [0, 250, 750, 1_750, 3_750], 'x'],
    ['while there is time for a read behind the pause', 'x', 750, [0, 250], 'x'],
    ['not at all if there is none', 'x', 749, [0], 'x'],
  ])('reads again %s', async (_what, shown, timeMs, readsMs, kept) => {
    const stage = start(partnerOf(shown), timeMs);
    const adding = stage.add();
    await stage.clock.advance(9_000);
    expect(await adding).toMatchObject({ changed: true, userErrors: [] });
    expect(stage.readsMs).toEqual(readsMs);
    expect(stage.written.map((entry) => JSON.parse(entry).target.groupId)).toEqual([kept, 'b']);
    expect(Object.keys(stage.handedOn[0] ?? {})).toEqual(['displayName']);
  });

  it('finds nothing if the partner is gone by then', async () => {
    const { clock, add, written } = start(undefined, 20_000);
    const adding = add();
    await clock.advance(250);
    expect((await adding).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect(written).toEqual([]);
  });

  it('leaves it to the next one if it is a delete that is rejected, because a read may lag again', async () => {
    const { clock, mutate, handedOn } = start(partnerOf('a'), 20_000);
    const deleting = mutate('deleteComplianceManagementPartner', { ifRevision: 'another' });
    await clock.advance(9_000);
    expect((await deleting).userErrors).toMatchObject([{ code: 'CONFLICT' }]);
    expect(handedOn).toEqual([]);
  });
});
