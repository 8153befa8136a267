import { describe, expect, it } from '@jest/globals';
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

const read = async () => undefined;
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const written: HandOver = { displayName: { text: '"New"', atMs: 4_000, older: [] } };

function startLocks(parts: Partial<Parameters<typeof createPartnerLocks>[0]> = {}) {
  const clock = createVirtualClock(5_000);
  const usual = { tenantKeys: createTenantKeys(), clock, leases: undefined };
  const locks = createPartnerLocks({ ...usual, ...parts });
  const call = testCall();
  const events: string[] = [];
  const goOn = new Map<string, () => void>();
  const run = <Result>(change: (turn: Turn) => Promise<Result>, id = 'a', by = call) =>
    locks.run({ id, call: by, read, change });
  return {
    clock,
    events,
    run,
    /** Starts a change that notes when it begins, and when it ends because the test lets it. */
    begin(name: string, by = call, { id = 'a', reads = read } = {}) {
      const gate = new Promise<void>((resolve) => goOn.set(name, resolve));
      const change = async () => {
        events.push(`${name} begins`);
        await gate;
        events.push(`${name} ends`);
      };
      return locks.run({ id, call: by, read: reads, change });
    },
    end: (...names: string[]) => names.forEach((name) => void goOn.get(name)?.()),
    handOn: (handOver: HandOver, id?: string) => run(async (turn) => turn.handOn(handOver), id),
    given: (id?: string, by?: GraphCall) => run(async ({ handOver }) => handOver, id, by),
  };
}

describe('a change', () => {
  it('waits for one of its partner only, and lets none overtake if its own time ends', async () => {
    const { begin, end, events } = startLocks();
    const leaving = endableCall();
    const first = begin('first');
    const waiting = begin('second', leaving.call);
    const others = [begin('third'), begin('other', undefined, { id: 'b' })];
    leaving.end('deadline');
    await expect(waiting).rejects.toMatchObject({ code: 'timeout', mayHaveBeenApplied: false });
    others.push(begin('last'));
    end('other', 'third', 'last');
    await nextTurn();
    expect(events.splice(0)).toEqual(['first begins', 'other begins', 'other ends']);
    end('first');
    await Promise.all([first, ...others]);
    const rest = ['third begins', 'third ends', 'last begins', 'last ends'];
    expect(events).toEqual(['first ends', ...rest]);
  });

  it('waits for those of any token of the tenant once Graph has accepted its own', async () => {
    const [one, other] = [testCall(), testCall({ callerToken: new Secret('another') })];
    const accepted = new Set([one]);
    const tenantOf = (call: GraphCall) => ({ id: 'tenant', isProven: accepted.has(call) });
    const { begin, end, events } = startLocks({ tenantKeys: { tenantOf } });
    const accept = async () => void accepted.add(other);
    const note = async () => void events.push('third reads');
    const running = [
      begin('first', one),
      begin('second', other, { reads: accept }),
      // Waits for one with the same token, which Graph accepts meanwhile.
      begin('third', other, { reads: note }),
    ];
    await nextTurn();
    expect(events).toEqual(['first begins']);
    end('third', 'second', 'first');
    await Promise.all(running);
    const rest = ['second begins', 'second ends', 'third reads', 'third begins', 'third ends'];
    expect(events).toEqual(['first begins', 'first ends', ...rest]);
  });

  it.each([true, false])('writes while it holds the lease of all replicas: %j', async (isHeld) => {
    const released: unknown[] = [];
    const lease = {
      handed: { text: writeHandOver(written, 5_000), leftMs: lagMs - 2_000 },
      renew: async () => isHeld,
      release: async (handed: unknown) => void released.push(handed),
    };
    const { given, run } = startLocks({ leases: { acquire: async () => lease } });
    expect((await given()).displayName?.atMs).toBe(2_000);
    const confirming = run(async ({ confirm, handOn }) => {
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

  it('hands on to the next one to the same partner in any case of its id, and to no other', async () => {
    const { clock, given, handOn, run } = startLocks();
    await handOn(written);
    for (let index = 0; index < 1_000; index += 1) {
      await handOn({}, `other ${index}`);
    }
    const stranger = testCall({ callerToken: new Secret('another') });
    const all = [await given('A'), await given('b'), await given('a', stranger)];
    expect(all).toEqual([written, {}, {}]);
    // It stays when the next change fails, until no read can lag so far behind or one has nothing to hand on.
    await expect(run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await clock.advance(lagMs - 1);
    expect(await given()).toEqual(written);
    await clock.advance(1);
    expect(await given()).toEqual({});
    await handOn(written);
    await handOn({});
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

  it('is completed property by property, and keeps the bytes and numbers of what was written', () => {
    const both = handOverOf({ displayName: '"New"' }, { pending: chain, read: partnerOf() }, nowMs);
    expect(both[property]).toBe(chain[property]);
    const view = viewOf(sourceOf(partnerOf('x')), both, nowMs);
    expect(view.partner.wire).toEqual({ ...partnerOf('x'), displayName: 'New' });
    expect(view.behind).toEqual(['displayName']);
    const entry = '{"target": {"@odata.type":"#microsoft.graph.x", "n": 12345678901234567890}}';
    const exact = handOverOf(
      { [property]: `[${entry}]` },
      { pending: {}, read: partnerOf() },
      nowMs,
    );
    const shown = viewOf(sourceOf(partnerOf()), exact, nowMs);
    expect(textsOf(shown)).toEqual([entry]);
    expect(shown.partner.wire[property]?.[0]?.target).toHaveProperty('n', '12345678901234567890');
  });

  const entry = '{"target": {"@odata.type":"#microsoft.graph.x"} }';
  const anew = JSON.stringify(JSON.parse(entry));
  it.each([
    [entry, `{"id":"a","${property}":[${entry}]}`],
    [entry, `{"value":{"id":"a","${property}":[${entry}]}}`],
    [anew, '{}'],
    [anew, 'no JSON'],
  ])('gives the entry %s of the body %s', (text, body) => {
    const wire = { id: 'a', [property]: [JSON.parse(entry)] };
    expect(textsOf(viewOf(sourceOf(wire, body), {}, nowMs))).toEqual([text]);
    expect(textsOf(viewOf(sourceOf({ id: 'a' }, body), {}, nowMs))).toEqual([]);
  });
});

describe('a hand-over', () => {
  it('has no value that is too large, and remembers the last 256 earlier values', () => {
    const before = { pending: written, read: undefined };
    const sizes = [1024 * 1024, 1024 * 1024 + 1].map((length) =>
      Object.keys(handOverOf({ displayName: `"${'x'.repeat(length - 2)}"` }, before, nowMs)),
    );
    expect(sizes).toEqual([['displayName'], []]);
    let handOver: HandOver = {};
    for (let index = 0; index < 300; index += 1) {
      handOver = wrote([String(index)], handOver, undefined);
    }
    const isBefore = (id: string, by = handOver, first = 'none') =>
      isFromBefore(property, partnerOf(id), { handOver: by, first: partnerOf(first) });
    expect(['42', '43', '298', '299'].map((id) => isBefore(id))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    // What Graph showed first was there if nothing else is known.
    expect(['x', 'a'].map((id) => isBefore(id, blind, 'x'))).toEqual([true, false]);
  });

  it('goes to other replicas with ages, because their clocks differ', () => {
    const elsewhereMs = 5_000;
    const got = readHandOver(writeHandOver(chain, nowMs + 1_000), 2_000, elsewhereMs);
    expect(got[property]).toMatchObject({ text: listOf('a', 'b', 'c'), atMs: 2_000 });
    expect(got[property]?.older.map(([, untilMs]) => untilMs)).toEqual([12_000, 12_000, 12_000]);
    expect(viewOf(sourceOf(partnerOf('a')), got, elsewhereMs).behind).toEqual([property]);
    expect(viewOf(sourceOf(partnerOf('a')), got, elsewhereMs + 7_000).behind).toEqual([]);
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

  /** Adds the group b at a Graph that shows the group x first, and `later` in all reads after it. */
  async function change(later: PartnerResource | undefined, timeMs: number, isDelete = false) {
    const clock = createVirtualClock(nowMs);
    const readsMs: number[] = [];
    const entries: string[] = [];
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
        async replaceAssignments(_id: string, _platform: string, list: string[]) {
          entries.push(...list);
          return partnerFromWire({ id: 'a', [property]: JSON.parse(`[${list.join()}]`) });
        },
      },
      call: testCall({ deadlineMs: nowMs + timeMs }),
      locks: {
        run: async (wanted: Parameters<PartnerLocks['run']>[0]) =>
          wanted.change(turn, await wanted.read(false)),
      },
      clock,
      apiVersion: 'beta',
      notices: [],
    } as unknown as RequestContext;
    const changing = isDelete
      ? Mutation.deleteComplianceManagementPartner
      : Mutation.addEnrollmentAssignment;
    const input = { id: 'a', platform: 'IOS', target: { group: { groupId: 'b' } } };
    const run = changing as unknown as (...args: unknown[]) => Promise<Payload>;
    const given = { input: isDelete ? { id: 'a', ifRevision: 'another' } : input };
    const payload = run(undefined, given, context, {});
    await clock.advance(9_000);
    const groups = entries.map((entry) => JSON.parse(entry).target.groupId);
    return { ...(await payload), readsMs, groups, handedOn };
  }

  it.each<[string, string, number, number[], string]>([
    ['until a read shows what was written', 'a', 20_000, [0, 250], 'a'],
    ['four times, and then takes what is shown', 'x', 20_000, [0, 250, 750, 1_750, 3_750], 'x'],
    ['while there is time for a read behind the pause', 'x', 750, [0, 250], 'x'],
    ['not at all if there is none', 'x', 749, [0], 'x'],
  ])('reads again %s', async (_what, shown, timeMs, readsMs, kept) => {
    const { handedOn, ...changed } = await change(partnerOf(shown), timeMs);
    const expected = { changed: true, userErrors: [], readsMs, groups: [kept, 'b'] };
    expect(changed).toMatchObject(expected);
    expect(handedOn.map(Object.keys)).toEqual([['displayName'], ['displayName', property]]);
  });

  it('finds nothing if the partner is gone by then', async () => {
    const expected = { userErrors: [{ code: 'NOT_FOUND' }], groups: [] };
    expect(await change(undefined, 20_000)).toMatchObject(expected);
  });

  it('leaves it to the next one if it is a delete that is rejected, because a read may lag again', async () => {
    const expected = { userErrors: [{ code: 'CONFLICT' }], handedOn: [] };
    expect(await change(partnerOf('a'), 20_000, true)).toMatchObject(expected);
  });
});
