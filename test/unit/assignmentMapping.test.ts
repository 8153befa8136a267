import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { GraphQLResolveInfo } from 'graphql';
import type {
  AssignmentResource,
  AssignmentTargetResource,
  NewAssignmentTargetResource,
  PartnerResource,
} from '../../src/graph/types.ts';
import { changePartner, readView } from '../../src/partners/changePartner.ts';
import type { RequestContext } from '../../src/partners/context.ts';
import {
  decideVerdict,
  type HandOver,
  handOverOf,
  isFromBefore,
  lagMs,
  readHandOver,
  viewOf,
  writeHandOver,
} from '../../src/partners/handOver.ts';
import { revisedProperties } from '../../src/partners/meaning.ts';
import type { Payload } from '../../src/partners/model.ts';
import { Mutation, planAddition, planRemoval } from '../../src/partners/mutations.ts';
import {
  partnerFromWire,
  targetFromWire,
  targetToWire,
} from '../../src/partners/partnerMapping.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { targetInputs } from '../support/arbitraryInputs.ts';
import { testCall, testLocks } from '../support/graphClients.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const typeOf = (kind: string) => `#microsoft.graph.${kind}AssignmentTarget` as const;
const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const filterId = '3c4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c22';
const group: NewAssignmentTargetResource = { '@odata.type': typeOf('group'), groupId };
const filterOf = <Kind>(kind: Kind, id: string | null = filterId) => ({
  deviceAndAppManagementAssignmentFilterId: id,
  deviceAndAppManagementAssignmentFilterType: kind,
});
const filtered = { ...group, ...filterOf('include' as const, filterId) } as typeof group;
const collection = (collectionId: string): NewAssignmentTargetResource => ({
  '@odata.type': typeOf('configurationManagerCollection'),
  collectionId,
});

const sources = (...assignments: (AssignmentResource | null)[]) =>
  assignments.map((assignment, index) => ({ assignment, text: `text ${index}` }));
const to = (...targets: object[]) =>
  sources(...targets.map((target) => ({ target: { ...target } })));
const done = { kind: 'done' };
const write = (...entries: string[]) => ({ kind: 'write', entries });

describe('planAddition', () => {
  it.each<[string, ReturnType<typeof sources>, object, NewAssignmentTargetResource?]>([
    [
      'appends to entries without the target',
      sources(null, {}, { target: null }, { target: { '@odata.type': '#x' } }),
      write('text 0', 'text 1', 'text 2', 'text 3', 'new'),
    ],
    ['has nothing to do if the target is there', to(group), done],
    ['... without #', to({ ...group, '@odata.type': typeOf('group').slice(1) }), done],
    ['... in upper case', to({ ...group, groupId: groupId.toUpperCase() }), done],
    ['... with a filter of none', to({ ...group, ...filterOf('none', null) }), done],
    ['... with more properties', sources({ target: { ...group, colour: 'red' }, note: 1 }), done],
    ['... behind others', sources(null, { target: { ...group } }), done],
    [
      '... with a collection id in another case',
      to(collection('SMS1a')),
      done,
      collection('sms1A'),
    ],
    ['keeps another group', to({ ...group, groupId: filterId }), write('text 0', 'new')],
    [
      'keeps an exclusion',
      to({ ...group, '@odata.type': typeOf('exclusionGroup') }),
      write('text 0', 'new'),
    ],
    ['keeps a group without an id', to({ ...group, groupId: null }), write('text 0', 'new')],
    ['asks if the target has a filter', to(filtered), { kind: 'otherFilter' }],
    ['asks if the target has no filter', to(group), { kind: 'otherFilter' }, filtered],
  ])('%s', (_what, entries, plan, target = group) => {
    expect(planAddition(entries, target, 'new')).toEqual(plan);
  });

  it('is done once it was done, for every target', () => {
    fc.assert(
      fc.property(targetInputs, (input) => {
        const target = targetToWire(input);
        expect(planAddition([], target, 'new')).toEqual(write('new'));
        expect(planAddition(to(target), target, 'new')).toEqual(done);
        expect(planRemoval(to(target), target, true)).toEqual(write());
      }),
    );
  });
});

describe('planRemoval', () => {
  it.each<[string, ReturnType<typeof sources>, boolean, object, NewAssignmentTargetResource?]>([
    [
      'keeps all others',
      sources(null, { target: { ...group } }, { target: { '@odata.type': '#x' } }),
      false,
      write('text 0', 'text 2'),
    ],
    ['has nothing to do if the target is not there', sources(null, {}), false, done],
    [
      'removes what is there twice',
      to(group, { ...group, groupId: groupId.toUpperCase() }),
      false,
      write(),
    ],
    ['removes a filtered target if no filter is given', to(filtered), false, write()],
    ['keeps a filtered target if another filter is given', to(filtered), true, done],
    ['removes a filtered target if its filter is given', to(filtered), true, write(), filtered],
    [
      'removes a collection in another case',
      to(collection('SMS1a')),
      false,
      write(),
      collection('sms1A'),
    ],
    ['keeps another collection', to(collection('SMS1a')), false, done, collection('SMS1b')],
  ])('%s', (_what, entries, isFilterCounted, plan, target = group) => {
    expect(planRemoval(entries, target, isFilterCounted)).toEqual(plan);
  });
});

const targets = [
  ['allLicensedUsers', 'AllLicensedUsersAssignmentTarget', {}],
  ['allDevices', 'AllDevicesAssignmentTarget', {}],
  ['group', 'GroupAssignmentTarget', { groupId }],
  ['exclusionGroup', 'ExclusionGroupAssignmentTarget', { groupId }],
  [
    'configurationManagerCollection',
    'ConfigurationManagerCollectionAssignmentTarget',
    { collectionId: 'SMS00001' },
  ],
] as const;

describe('an assignment target', () => {
  it.each(targets)(
    'of kind %s is read in each spelling, and written with #',
    (kind, __typename, ids) => {
      const type = typeOf(kind);
      for (const odataType of [type, type.slice(1), type.toUpperCase()]) {
        const target = targetFromWire({ '@odata.type': odataType, ...ids });
        expect(target).toEqual({ __typename, filter: null, ...ids });
      }
      const write = (filter?: object | null) =>
        targetToWire({ [kind]: { ...ids, ...(filter !== undefined && { filter }) } } as never);
      expect(write()).toEqual({ '@odata.type': type, ...ids });
      expect(Object.keys(write(null))).toEqual(['@odata.type', ...Object.keys(ids)]);
      for (const kind of ['include', 'exclude']) {
        expect(write({ id: filterId, type: kind.toUpperCase() })).toEqual({
          '@odata.type': type,
          ...ids,
          ...filterOf(kind),
        });
      }
    },
  );

  it.each<[string, AssignmentTargetResource, object]>([
    ['a missing group id', { '@odata.type': typeOf('group') }, { groupId: null }],
    [
      'a missing collection id',
      { '@odata.type': typeOf('configurationManagerCollection') },
      { collectionId: null },
    ],
  ])('reads %s as null', (_what, wire, expected) => {
    expect(targetFromWire(wire)).toMatchObject(expected);
  });

  const nested = { targetType: 'user', nested: { deep: [1, null, { x: true }] } };
  it.each<[string, AssignmentTargetResource, string, object?]>([
    ['an unlisted type', { '@odata.type': typeOf('scopeTag'), ...nested }, typeOf('scopeTag')],
    ['a missing type, as the declared one', { groupId }, typeOf('deviceAndAppManagement')],
    ['a group id that is no text', { ...group, groupId: 7 as never }, typeOf('group')],
    [
      'a collection id that is no text',
      { ...collection(''), collectionId: {} as never },
      typeOf('configurationManagerCollection'),
    ],
    ['a filter of an unlisted kind', { ...group, ...filterOf('includeAny') }, typeOf('group')],
    ['such a kind without an id', { ...group, ...filterOf('dynamic', null) }, typeOf('group')],
    ['a kind that is no text', { ...group, ...filterOf({} as never) }, typeOf('group')],
    [
      'the known filter of an unlisted type',
      { '@odata.type': typeOf('scopeTag'), ...filterOf('include') },
      typeOf('scopeTag'),
      { id: filterId, type: 'INCLUDE' },
    ],
  ])(
    'keeps its name and all members with %s',
    (_what, wire, odataType, filter: object | null = null) => {
      const { '@odata.type': _type, ...properties } = wire;
      const __typename = 'UnrecognizedAssignmentTarget';
      expect(targetFromWire(wire)).toEqual({
        __typename,
        odataType,
        filter,
        properties,
      });
    },
  );

  it.each<[string | null, string | null, string | null]>([
    [filterId, 'include', 'INCLUDE'],
    [filterId, 'Include', 'INCLUDE'],
    [filterId, 'EXCLUDE', 'EXCLUDE'],
    [null, 'none', null],
    [filterId, 'None', null],
    [filterId, '', null],
    [filterId, null, null],
    [null, 'include', null],
    ['', 'exclude', null],
  ])('with filter id %j of kind %j reads the filter %j', (id, kind, type) => {
    expect(targetFromWire({ ...group, ...filterOf(kind, id) })).toEqual({
      __typename: 'GroupAssignmentTarget',
      groupId,
      filter: type && { id, type },
    });
  });
});

describe('the revision', () => {
  it.each<[string, object]>([
    ['an id and', { ...filterOf({ toString: 1, valueOf: 1 }) }],
    ['no id and', { ...filterOf({ toString: 1, valueOf: 1 }, null) }],
    ['a kind and', { ...filterOf('include', { toString: 1, valueOf: 1 } as never) }],
  ])('can be told of a target whose filter has %s an object for a text', (_what, filter) => {
    const revisionOf = (target: object) =>
      partnerFromWire({ id: 'a', iosEnrollmentAssignments: [{ target }] }).revision();
    const revision = revisionOf({ ...group, ...filter });
    expect(revision).toMatch(/^[\w-]{43}$/);
    expect(revisionOf({ ...filter, ...group })).toBe(revision);
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
const sourceOf = (wire: PartnerResource, body: object = wire) => ({
  partner: partnerFromWire(wire),
  body: Buffer.from(JSON.stringify(body)),
});
const wrote = (ids: string[], before: HandOver, read: PartnerResource | undefined, atMs: number) =>
  handOverOf({ [property]: listOf(...ids) }, { pending: before, read }, atMs);
/** Lists of one, two and three groups, written one after the other while reads showed none. */
const chain = ['a', 'b', 'c'].reduce<HandOver>(
  (before, _id, index) => wrote(['a', 'b', 'c'].slice(0, index + 1), before, partnerOf(), nowMs),
  {},
);
const textsOf = (view: ReturnType<typeof viewOf>) =>
  view.assignments('ios').map(({ text }) => text);

describe('decideVerdict', () => {
  it.each<[string, object, string]>([
    ['what was written', { read: 'written' }, 'shown'],
    ['what was there before', { read: 'before' }, 'behind'],
    ['what was there long before', { read: 'first' }, 'behind'],
    ['a third value', { read: 'third' }, 'foreign'],
    ['what was written and was there before, too', { read: 'first', written: 'first' }, 'behind'],
    ['another value, and none from before is known', { read: 'third', older: [] }, 'unclear'],
    ['what was written, and none from before is known', { read: 'written', older: [] }, 'shown'],
    ['what was there before, but too late', { read: 'before', ageMs: lagMs }, 'expired'],
    ['what was there before, just in time', { read: 'before', ageMs: lagMs - 1 }, 'behind'],
    ['another value too late', { read: 'third', older: [], ageMs: lagMs }, 'expired'],
  ])('decides about a read of %s', (_what, change, verdict) => {
    const question = { read: '', written: 'written', older: ['first', 'before'], ageMs: 0 };
    const { read, ...others } = { ...question, ...change };
    expect(decideVerdict(read, others)).toBe(verdict);
  });
});

describe('viewOf', () => {
  it.each<[string, string[], string[], string[]]>([
    ['no write yet', [], ['a', 'b', 'c'], [property]],
    ['the first write', ['a'], ['a', 'b', 'c'], [property]],
    ['the last write but one', ['b', 'a'], ['a', 'b', 'c'], [property]],
    ['the last write', ['c', 'b', 'a'], ['c', 'b', 'a'], []],
    ['a third value', ['x'], ['x'], []],
  ])('gives the list to work on when a read shows %s', (_what, read, expected, behind) => {
    const view = viewOf(sourceOf(partnerOf(...read)), chain, nowMs + 3_000);
    expect(view.partner.wire).toEqual(partnerOf(...expected));
    expect(textsOf(view)).toEqual(expected.map(groupOf));
    expect(view.read.wire).toEqual(partnerOf(...read));
    expect(view).toMatchObject({ behind, unclear: [] });
  });

  it('keeps the bytes and the numbers of what was written', () => {
    const entry = '{"target": {"@odata.type":"#microsoft.graph.x", "n": 12345678901234567890}}';
    const before = { pending: {}, read: partnerOf() };
    const handOver = handOverOf({ [property]: `[${entry}]` }, before, nowMs);
    const view = viewOf(sourceOf(partnerOf()), handOver, nowMs);
    expect(textsOf(view)).toEqual([entry]);
    expect(view.partner.wire[property]?.[0]?.target).toHaveProperty('n', '12345678901234567890');
  });

  it('reads entries from a body in either form, and writes them anew if it has none', () => {
    const wire = partnerOf('a');
    for (const body of [wire, { value: wire }, {}]) {
      expect(textsOf(viewOf(sourceOf(wire, body), {}, nowMs))).toEqual([groupOf('a')]);
    }
    expect(textsOf(viewOf(sourceOf({ id: 'a' }), {}, nowMs))).toEqual([]);
  });

  it('reads entries as their bytes are', () => {
    const entry = '{"target": {"@odata.type":"#microsoft.graph.x"} }';
    const partner = partnerFromWire({ id: 'a', [property]: [JSON.parse(entry)] });
    for (const body of [
      `{"id":"a","${property}":[${entry}]}`,
      `{"value":{"id":"a","${property}":[${entry}]}}`,
    ]) {
      expect(textsOf(viewOf({ partner, body: Buffer.from(body) }, {}, nowMs))).toEqual([entry]);
    }
    const body = Buffer.from('no JSON');
    expect(textsOf(viewOf({ partner, body }, {}, nowMs))).toEqual([
      JSON.stringify(JSON.parse(entry)),
    ]);
  });

  it('has nothing behind if what was there before was written again', () => {
    const again = wrote([], chain, partnerOf('a'), nowMs);
    expect(viewOf(sourceOf(partnerOf()), again, nowMs)).toMatchObject({ behind: [], unclear: [] });
  });

  it('forgets each earlier value when no read can lag so far behind', () => {
    const later = wrote(['a', 'b', 'c', 'd'], chain, partnerOf('a'), nowMs + lagMs - 1);
    const view = viewOf(sourceOf(partnerOf()), later, nowMs + lagMs);
    expect(view.partner.wire).toEqual(partnerOf());
    expect(view.pending).toEqual({});
  });

  it('goes by each property alone', () => {
    const both = handOverOf({ displayName: '"New"' }, { pending: chain, read: partnerOf() }, nowMs);
    expect(both[property]).toBe(chain[property]);
    const view = viewOf(sourceOf(partnerOf('x')), both, nowMs);
    expect(view.partner.wire).toEqual({ ...partnerOf('x'), displayName: 'New' });
    expect(view.behind).toEqual(['displayName']);
  });

  it('leaves open what only another read can tell', () => {
    const view = viewOf(sourceOf(partnerOf('x')), wrote(['a'], {}, undefined, nowMs), nowMs);
    expect(view).toMatchObject({ unclear: [property], behind: [], read: view.partner });
    expect(Object.keys(view.pending)).toEqual([property]);
  });
});

describe('handOverOf', () => {
  it('does not hand on a value that is too large, and drops the one before it', () => {
    const before = {
      pending: { displayName: { text: '""', atMs: 0, older: [] } },
      read: undefined,
    };
    const sizes = [1024 * 1024, 1024 * 1024 + 1].map((length) =>
      Object.keys(handOverOf({ displayName: `"${'x'.repeat(length - 2)}"` }, before, nowMs)),
    );
    expect(sizes).toEqual([['displayName'], []]);
  });

  it('bounds how many earlier values it remembers, the last ones', () => {
    let handOver: HandOver = {};
    for (let index = 0; index < 300; index += 1) {
      handOver = wrote([String(index)], handOver, undefined, nowMs);
    }
    expect(handOver[property]?.older).toHaveLength(256);
    const isBefore = (id: string) =>
      isFromBefore(property, partnerOf(id), { handOver, first: partnerOf() });
    expect(['42', '43', '298', '299'].map(isBefore)).toEqual([false, true, true, false]);
  });

  it('takes what Graph showed first for what was there if nothing else is known', () => {
    const before = { handOver: wrote(['a'], {}, undefined, nowMs), first: partnerOf('x') };
    expect(isFromBefore(property, partnerOf('x'), before)).toBe(true);
    expect(isFromBefore(property, partnerOf('a'), before)).toBe(false);
  });
});

describe('a hand-over between replicas', () => {
  it('keeps ages, because their clocks differ', () => {
    const elsewhereMs = 5_000;
    const text = writeHandOver(chain, nowMs + 1_000);
    const read = readHandOver(text, 2_000, elsewhereMs);
    expect(read[property]).toMatchObject({ text: listOf('a', 'b', 'c'), atMs: 2_000 });
    expect(read[property]?.older.map(([, untilMs]) => untilMs)).toEqual([12_000, 12_000, 12_000]);
    const view = viewOf(sourceOf(partnerOf('a')), read, elsewhereMs);
    expect(view.partner.wire).toEqual(partnerOf('a', 'b', 'c'));
    expect(viewOf(sourceOf(partnerOf('a')), read, elsewhereMs + 7_000).behind).toEqual([]);
  });

  it.each([
    'no JSON',
    'null',
    '[]',
    '{"displayName":null}',
    '{"displayName":{"text":7,"ageMs":0,"older":[]}}',
    '{"displayName":{"text":"no JSON","ageMs":0,"older":[]}}',
    '{"displayName":{"text":"7","ageMs":0,"older":[]}}',
    '{"displayName":{"text":"\\"x\\"","older":[]}}',
    '{"displayName":{"text":"\\"x\\"","ageMs":0}}',
    '{"displayName":{"text":"\\"x\\"","ageMs":0,"older":[["a"]]}}',
    '{"displayName":{"text":"\\"x\\"","ageMs":0,"older":[["a",1],["a"]]}}',
    '{"displayName":{"text":"\\"x\\"","ageMs":0,"older":[[1,1]]}}',
    '{"displayName":{"text":"\\"x\\"","ageMs":0,"older":["ab"]}}',
    '{"iosEnrollmentAssignments":{"text":"[7]","ageMs":0,"older":[]}}',
    '{"id":{"text":"\\"x\\"","ageMs":0,"older":[]}}',
  ])('is ignored when it has another form: %s', (text) => {
    expect(readHandOver(text, 0, nowMs)).toEqual({});
  });
});

describe('one assignment', () => {
  const otherFilter = { id: groupId, type: 'INCLUDE' };
  const sameFilter = { id: filterId, type: 'INCLUDE' };
  const held: PartnerResource = { id: 'a', [property]: [{ target: { ...filtered } }] };

  async function run(
    change: 'addEnrollmentAssignment' | 'removeEnrollmentAssignment',
    filter: object | null | undefined,
  ) {
    const sent: unknown[] = [];
    const context = {
      graph: {
        getSource: async () => sourceOf(held),
        async replaceAssignments(_id: string, platform: string, entries: readonly string[]) {
          sent.push(
            platform,
            entries.map((entry) => JSON.parse(entry) as unknown),
          );
          return partnerFromWire({ id: 'a', [property]: sent[1] });
        },
      },
      call: testCall(),
      locks: testLocks(),
      clock: systemClock,
      apiVersion: 'beta',
      notices: [],
    } as unknown as RequestContext;
    const target = { group: { groupId, ...(filter !== undefined && { filter }) } };
    const input = { id: 'a', platform: 'IOS', target };
    const resolve = Mutation[change] as (...args: unknown[]) => Promise<Payload>;
    const { changed, userErrors } = await resolve(undefined, { input }, context, {});
    return { changed, userErrors, sent };
  }

  it.each<[string, object | null | undefined, unknown[]]>([
    ['without a filter', undefined, ['ios', []]],
    ['with a filter of null', null, ['ios', []]],
    ['with its filter', sameFilter, ['ios', []]],
    ['with another filter', otherFilter, []],
  ])('is removed if it is given %s: %#', async (_what, filter, sent) => {
    const changed = sent.length > 0;
    expect(await run('removeEnrollmentAssignment', filter)).toEqual({
      changed,
      userErrors: [],
      sent,
    });
  });

  it('is not added beside one with another filter', async () => {
    expect(await run('addEnrollmentAssignment', sameFilter)).toMatchObject({
      userErrors: [],
      sent: [],
    });
    const message =
      'The target already has another filter, so nothing was written. Remove it first, then add it with this one.';
    const field = ['input', 'target', 'group', 'filter'];
    const userErrors = [{ code: 'CONFLICT', message, field }];
    expect(await run('addEnrollmentAssignment', undefined)).toEqual({
      changed: false,
      userErrors,
      sent: [],
    });
  });
});

describe('readView', () => {
  const handOver = handOverOf(
    { [property]: listOf('a'), displayName: '"New"' },
    { pending: {}, read: undefined },
    nowMs,
  );

  function start(again: PartnerResource | undefined, timeMs = 20_000) {
    const clock = createVirtualClock(nowMs);
    const reads: number[] = [];
    const context = {
      graph: {
        getSource: async () => {
          reads.push(clock.now() - nowMs);
          return again && sourceOf(again);
        },
      },
      call: testCall({ deadlineMs: nowMs + timeMs }),
      clock,
    } as unknown as RequestContext;
    const reading = readView(context, sourceOf(partnerOf('x')), handOver, [property]);
    return { clock, reads, reading };
  }

  it('reads again until it can be told whose value counts', async () => {
    const { clock, reads, reading } = start(partnerOf('a'));
    await clock.advance(10_000);
    const view = await reading;
    expect(view?.partner.wire).toEqual(partnerOf('a'));
    expect([reads, Object.keys(view?.pending ?? {})]).toEqual([[250], ['displayName']]);
  });

  it.each([
    [20_000, [250, 750, 1_750, 3_750]],
    [750, [250]],
    [749, []],
  ])('takes what is shown after %i ms at most', async (timeMs, expected) => {
    const { clock, reads, reading } = start(partnerOf('x'), timeMs);
    await clock.advance(9_000);
    const view = await reading;
    expect(view?.partner.wire).toEqual(partnerOf('x'));
    expect([reads, Object.keys(view?.pending ?? {})]).toEqual([expected, ['displayName']]);
  });

  it('finds nothing if the partner is gone by then', async () => {
    const { clock, reading } = start(undefined);
    await clock.advance(250);
    expect(await reading).toBeUndefined();
  });
});

describe('the locks of one replica', () => {
  it('keep what was handed on, however many changes hand on nothing', async () => {
    const locks = testLocks();
    const handOver = wrote(['a'], {}, undefined, Date.now());
    const change = (id: string, next: HandOver) =>
      locks.run({
        id,
        call: testCall(),
        read: async () => undefined,
        change: async (turn) => {
          turn.handOn(next);
          return turn.handOver;
        },
      });
    await change('a', handOver);
    for (let index = 0; index < 1_000; index += 1) {
      await change(`other ${index}`, {});
    }
    expect(await change('a', {})).toEqual(handOver);
    expect(await change('a', {})).toEqual({});
  });

  it('keep what was handed on when a delete is rejected, because the next read may lag again', async () => {
    const locks = testLocks();
    const handOver = wrote(['a'], {}, partnerOf(), Date.now());
    const peek = (next?: HandOver) =>
      locks.run({
        id: 'a',
        call: testCall(),
        read: async () => undefined,
        async change(turn) {
          turn.handOn(next ?? turn.handOver);
          return turn.handOver;
        },
      });
    await peek(handOver);
    const context = {
      graph: { getSource: async () => sourceOf(partnerOf('a')) },
      call: testCall(),
      locks,
      clock: systemClock,
      apiVersion: 'beta',
      notices: [],
    } as unknown as RequestContext;
    const change = {
      id: 'a',
      ifRevision: 'another',
      dependsOn: revisedProperties,
      deletes: true,
      plan: () => ({ userErrors: [] }),
      sent: {},
    };
    const { userErrors } = await changePartner(change, context, {} as GraphQLResolveInfo);
    expect(userErrors).toMatchObject([{ code: 'CONFLICT' }]);
    expect(await peek()).toEqual(handOver);
  });
});
