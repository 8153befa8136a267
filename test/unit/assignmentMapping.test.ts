import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { partnerSourceOf } from '../../src/graph/readAnswer.ts';
import type {
  AssignmentResource,
  NewAssignmentTargetResource,
  PartnerResource,
} from '../../src/graph/types.ts';
import {
  assignmentTargetFromWire,
  assignmentTargetToWire,
} from '../../src/partners/assignmentMapping.ts';
import { planAddition, planRemoval } from '../../src/partners/assignmentPlan.ts';
import {
  decideVerdict,
  type HandOver,
  handOverOf,
  isOlder,
  lagMs,
  readHandOver,
  type VerdictQuestion,
  viewOf,
  writeHandOver,
} from '../../src/partners/handOver.ts';
import { targetInputs } from '../support/arbitraryInputs.ts';

const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const group: NewAssignmentTargetResource = {
  '@odata.type': '#microsoft.graph.groupAssignmentTarget',
  groupId,
};
const filter = {
  deviceAndAppManagementAssignmentFilterId: '3c4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c22',
  deviceAndAppManagementAssignmentFilterType: 'include',
} as const;

const sources = (...assignments: (AssignmentResource | null)[]) =>
  assignments.map((assignment, index) => ({ assignment, text: `text ${index}` }));

describe('planAddition', () => {
  it('appends to what is there', () => {
    const entries = sources(null, {}, { target: null }, { target: { '@odata.type': '#x' } });
    expect(planAddition(entries, group, 'new')).toEqual({
      kind: 'write',
      entries: ['text 0', 'text 1', 'text 2', 'text 3', 'new'],
    });
  });

  it.each<[string, AssignmentResource]>([
    ['as it is sent', { target: { ...group } }],
    ['without #', { target: { ...group, '@odata.type': 'microsoft.graph.groupAssignmentTarget' } }],
    ['in upper case', { target: { ...group, groupId: groupId.toUpperCase() } }],
    [
      'with a filter of none',
      { target: { ...group, deviceAndAppManagementAssignmentFilterType: 'none' } },
    ],
    ['with more properties', { target: { ...group, colour: 'red' }, note: 1 }],
  ])('has nothing to do where the target is there %s', (_what, entry) => {
    expect(planAddition(sources(entry), group, 'new')).toEqual({ kind: 'done' });
  });

  it.each<[string, AssignmentResource]>([
    ['another group', { target: { ...group, groupId: '00000000-0000-4000-8000-000000000000' } }],
    [
      'an exclusion of the group',
      { target: { ...group, '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget' } },
    ],
    ['a group without an id', { target: { ...group, groupId: null } }],
  ])('does not take %s for the target', (_what, entry) => {
    expect(planAddition(sources(entry), group, 'new')).toMatchObject({ kind: 'write' });
  });

  it('takes a collection for the same in any case of its id', () => {
    const collection = (collectionId: string): NewAssignmentTargetResource => ({
      '@odata.type': '#microsoft.graph.configurationManagerCollectionAssignmentTarget',
      collectionId,
    });
    const entries = sources({ target: { ...collection('SMS0001a') } });
    expect(planAddition(entries, collection('sms0001A'), 'new')).toEqual({ kind: 'done' });
    expect(planRemoval(entries, collection('sms0001A'), false)).toMatchObject({ entries: [] });
    expect(planRemoval(entries, collection('SMS0001b'), false)).toEqual({ kind: 'done' });
  });

  it('asks where the target already has another filter', () => {
    expect(planAddition(sources({ target: { ...group, ...filter } }), group, 'new')).toEqual({
      kind: 'otherFilter',
    });
    expect(planAddition(sources({ target: { ...group } }), { ...group, ...filter }, 'new')).toEqual(
      {
        kind: 'otherFilter',
      },
    );
  });

  it('is done once it was done, for every target', () => {
    fc.assert(
      fc.property(targetInputs, (input) => {
        const target = assignmentTargetToWire(input);
        const entries = sources({ target: { ...target } });
        expect(planAddition([], target, 'new')).toEqual({ kind: 'write', entries: ['new'] });
        expect(planAddition(entries, target, 'new')).toEqual({ kind: 'done' });
        expect(planRemoval(entries, target, true)).toEqual({ kind: 'write', entries: [] });
      }),
    );
  });
});

describe('planRemoval', () => {
  it('leaves all others as they are', () => {
    const entries = sources(null, { target: { ...group } }, { target: { '@odata.type': '#x' } });
    expect(planRemoval(entries, group, false)).toEqual({
      kind: 'write',
      entries: ['text 0', 'text 2'],
    });
  });

  it('has nothing to do where the target is not there', () => {
    expect(planRemoval(sources(null, {}), group, false)).toEqual({ kind: 'done' });
  });

  it('removes what is there twice, because Graph sees one target in both', () => {
    const entries = sources(
      { target: { ...group } },
      { target: { ...group, groupId: groupId.toUpperCase() } },
    );
    expect(planRemoval(entries, group, false)).toEqual({ kind: 'write', entries: [] });
  });

  it('looks at the filter only where one was given', () => {
    const entries = sources({ target: { ...group, ...filter } });
    expect(planRemoval(entries, group, false)).toEqual({ kind: 'write', entries: [] });
    expect(planRemoval(entries, group, true)).toEqual({ kind: 'done' });
    expect(planRemoval(entries, { ...group, ...filter }, true)).toMatchObject({ kind: 'write' });
  });
});

describe('assignment target', () => {
  const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
  const filterId = '7c0e3c55-8e3d-4a43-9f57-3b6a3a0a9a01';

  describe('assignmentTargetFromWire', () => {
    it.each([
      ['allLicensedUsersAssignmentTarget', {}, 'AllLicensedUsersAssignmentTarget', {}],
      ['allDevicesAssignmentTarget', {}, 'AllDevicesAssignmentTarget', {}],
      ['groupAssignmentTarget', { groupId }, 'GroupAssignmentTarget', { groupId }],
      [
        'exclusionGroupAssignmentTarget',
        { groupId },
        'ExclusionGroupAssignmentTarget',
        { groupId },
      ],
      [
        'configurationManagerCollectionAssignmentTarget',
        { collectionId: 'SMS00001' },
        'ConfigurationManagerCollectionAssignmentTarget',
        { collectionId: 'SMS00001' },
      ],
    ])('reads %s with and without #, in any case', (name, properties, __typename, fields) => {
      const spellings = [
        `#microsoft.graph.${name}`,
        `microsoft.graph.${name}`,
        `#Microsoft.Graph.${name.toUpperCase()}`,
      ];
      for (const odataType of spellings) {
        const target = assignmentTargetFromWire({ '@odata.type': odataType, ...properties });
        expect(target).toEqual({ __typename, filter: null, ...fields });
      }
    });

    it('reads a missing group or collection id as null', () => {
      const read = (name: string) =>
        assignmentTargetFromWire({ '@odata.type': `#microsoft.graph.${name}` });
      expect(read('groupAssignmentTarget')).toMatchObject({ groupId: null });
      expect(read('configurationManagerCollectionAssignmentTarget')).toMatchObject({
        collectionId: null,
      });
    });

    it('keeps the name and all members of a type that the schema does not list', () => {
      const target = assignmentTargetFromWire({
        '@odata.type': '#microsoft.graph.scopeTagGroupAssignmentTarget',
        targetType: 'user',
        entraObjectId: groupId,
        nested: { deep: [1, null, { x: true }] },
      });
      expect(target).toEqual({
        __typename: 'UnrecognizedAssignmentTarget',
        odataType: '#microsoft.graph.scopeTagGroupAssignmentTarget',
        filter: null,
        properties: {
          targetType: 'user',
          entraObjectId: groupId,
          nested: { deep: [1, null, { x: true }] },
        },
      });
    });

    it('names the declared type where a target comes without one', () => {
      expect(assignmentTargetFromWire({ groupId })).toEqual({
        __typename: 'UnrecognizedAssignmentTarget',
        odataType: '#microsoft.graph.deviceAndAppManagementAssignmentTarget',
        filter: null,
        properties: { groupId },
      });
    });

    it('keeps a target whole whose id is no text', () => {
      const wire = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: 7 };
      expect(assignmentTargetFromWire(wire as never)).toEqual({
        __typename: 'UnrecognizedAssignmentTarget',
        odataType: '#microsoft.graph.groupAssignmentTarget',
        filter: null,
        properties: { groupId: 7 },
      });
    });

    it.each([
      ['include', 'INCLUDE'],
      ['exclude', 'EXCLUDE'],
      ['Include', 'INCLUDE'],
      ['EXCLUDE', 'EXCLUDE'],
    ])('reads a filter of kind %s', (wire, type) => {
      const target = assignmentTargetFromWire({
        '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget',
        deviceAndAppManagementAssignmentFilterId: filterId,
        deviceAndAppManagementAssignmentFilterType: wire,
      });
      expect(target.filter).toEqual({ id: filterId, type });
    });

    it.each([
      [null, 'none'],
      [filterId, 'none'],
      [filterId, 'None'],
      [filterId, ''],
      [filterId, null],
      [null, 'include'],
      ['', 'include'],
    ])('reads filter id %j of kind %j as no filter', (id, type) => {
      const target = assignmentTargetFromWire({
        '@odata.type': '#microsoft.graph.groupAssignmentTarget',
        groupId,
        deviceAndAppManagementAssignmentFilterId: id,
        deviceAndAppManagementAssignmentFilterType: type,
      });
      expect(target).toEqual({ __typename: 'GroupAssignmentTarget', groupId, filter: null });
    });

    it.each([
      [filterId, 'includeAny'],
      [filterId, 'unknownFutureValue'],
      [null, 'dynamic'],
      [filterId, { kind: 'include' }],
    ])('recognises no target with filter id %j of kind %j, and loses nothing of it', (id, kind) => {
      const properties = {
        groupId,
        deviceAndAppManagementAssignmentFilterId: id,
        deviceAndAppManagementAssignmentFilterType: kind as string,
      };
      const odataType = '#microsoft.graph.groupAssignmentTarget';
      expect(assignmentTargetFromWire({ '@odata.type': odataType, ...properties })).toEqual({
        __typename: 'UnrecognizedAssignmentTarget',
        odataType,
        filter: null,
        properties,
      });
    });
  });

  describe('assignmentTargetToWire', () => {
    it.each([
      [
        { allLicensedUsers: {} },
        { '@odata.type': '#microsoft.graph.allLicensedUsersAssignmentTarget' },
      ],
      [{ allDevices: {} }, { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' }],
      [
        { group: { groupId } },
        { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId },
      ],
      [
        { exclusionGroup: { groupId } },
        { '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget', groupId },
      ],
      [
        { configurationManagerCollection: { collectionId: 'SMS00001' } },
        {
          '@odata.type': '#microsoft.graph.configurationManagerCollectionAssignmentTarget',
          collectionId: 'SMS00001',
        },
      ],
    ])('writes %j with its type and #', (input, wire) => {
      expect(assignmentTargetToWire(input)).toEqual(wire);
    });

    it('writes a filter in the two properties of the base type', () => {
      expect(
        assignmentTargetToWire({ allDevices: { filter: { id: filterId, type: 'EXCLUDE' } } }),
      ).toEqual({
        '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget',
        deviceAndAppManagementAssignmentFilterId: filterId,
        deviceAndAppManagementAssignmentFilterType: 'exclude',
      });
    });

    it('never sends "no filter", neither as none nor as null', () => {
      const wire = assignmentTargetToWire({ group: { groupId, filter: null } });
      expect(Object.keys(wire)).toEqual(['@odata.type', 'groupId']);
    });
  });
});

const nowMs = 1_000_000;
const property = 'iosEnrollmentAssignments';
const groupOf = (groupId: string) =>
  `{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"${groupId}"}}`;
const listOf = (...ids: string[]): string => `[${ids.map(groupOf).join()}]`;
const partnerOf = (...ids: string[]): PartnerResource => ({
  id: 'a',
  displayName: 'Fleet',
  [property]: JSON.parse(listOf(...ids)),
});
const sourceOf = (partner: PartnerResource) => partnerSourceOf(partner, JSON.stringify(partner));
const wrote = (ids: string[], before: HandOver, read: PartnerResource | undefined, atMs: number) =>
  handOverOf({ [property]: listOf(...ids) }, { pending: before, read }, atMs);
/** Lists of one, two and three groups, written one after the other while reads showed none. */
const chain = ['a', 'b', 'c'].reduce<HandOver>(
  (before, _id, index) => wrote(['a', 'b', 'c'].slice(0, index + 1), before, partnerOf(), nowMs),
  {},
);

describe('decideVerdict', () => {
  it.each<[string, Partial<VerdictQuestion>, string]>([
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
    expect(decideVerdict({ ...question, ...change })).toBe(verdict);
  });
});

describe('viewOf', () => {
  it.each<[string, string[], string[]]>([
    ['no write yet', [], ['a', 'b', 'c']],
    ['the first write', ['a'], ['a', 'b', 'c']],
    ['the last write but one', ['b', 'a'], ['a', 'b', 'c']],
    ['the last write', ['c', 'b', 'a'], ['c', 'b', 'a']],
    ['a third value', ['x'], ['x']],
  ])('gives the list to work on when a read shows %s', (_what, read, expected) => {
    const view = viewOf(sourceOf(partnerOf(...read)), chain, nowMs + 3_000);
    expect(view.partner).toEqual(partnerOf(...expected));
    expect(view.assignments('ios').map(({ text }) => text)).toEqual(expected.map(groupOf));
    expect(view.read.partner).toEqual(partnerOf(...read));
  });

  it('keeps the bytes and the numbers of what was written', () => {
    const entry = '{"target": {"@odata.type":"#microsoft.graph.x", "n": 12345678901234567890}}';
    const handOver = handOverOf(
      { [property]: `[${entry}]` },
      { pending: {}, read: partnerOf() },
      nowMs,
    );
    const view = viewOf(sourceOf(partnerOf()), handOver, nowMs);
    expect(view.assignments('ios').map(({ text }) => text)).toEqual([entry]);
    expect(view.partner[property]?.[0]?.target).toHaveProperty('n', '12345678901234567890');
  });

  it('forgets each earlier value when no read can lag so far behind', () => {
    const later = wrote(['a', 'b', 'c', 'd'], chain, partnerOf('a'), nowMs + lagMs - 1);
    const view = viewOf(sourceOf(partnerOf()), later, nowMs + lagMs);
    expect(view.partner).toEqual(partnerOf());
    expect(isOlder(view.pending, property, partnerOf('a')[property])).toBe(false);
  });

  it('goes by each property alone', () => {
    const both = handOverOf({ displayName: '"New"' }, { pending: chain, read: partnerOf() }, nowMs);
    const view = viewOf(sourceOf(partnerOf('x')), both, nowMs);
    expect(view.partner).toEqual({ ...partnerOf('x'), displayName: 'New' });
    expect(view.behind).toEqual(['displayName']);
  });

  it('does not hand on a value that is too large', () => {
    const text = JSON.stringify('x'.repeat(1024 * 1024));
    expect(handOverOf({ displayName: text }, { pending: {}, read: partnerOf() }, nowMs)).toEqual(
      {},
    );
  });

  it('bounds how many earlier values it remembers', () => {
    let handOver: HandOver = {};
    for (let index = 0; index < 300; index += 1) {
      handOver = wrote([String(index)], handOver, undefined, nowMs);
    }
    expect(handOver[property]?.older).toHaveLength(256);
  });
});

describe('a hand-over between replicas', () => {
  it('keeps ages, because their clocks differ', () => {
    const elsewhereMs = 5_000;
    const text = writeHandOver(chain, nowMs + 1_000);
    const read = readHandOver(text, 2_000, elsewhereMs);
    expect(read[property]).toMatchObject({
      text: listOf('a', 'b', 'c'),
      atMs: elsewhereMs - 3_000,
    });
    const view = viewOf(sourceOf(partnerOf('a')), read, elsewhereMs);
    expect(view.partner).toEqual(partnerOf('a', 'b', 'c'));
    expect(viewOf(sourceOf(partnerOf('a')), read, elsewhereMs + 7_000).behind).toEqual([]);
  });

  it.each([
    'no JSON',
    'null',
    '[]',
    '{"displayName":null}',
    '{"displayName":{"text":"no JSON","ageMs":0,"older":[]}}',
    '{"displayName":{"text":"7","ageMs":0,"older":[]}}',
    '{"displayName":{"text":"\\"x\\"","older":[]}}',
    '{"displayName":{"text":"\\"x\\"","ageMs":0,"older":[["a"]]}}',
    '{"iosEnrollmentAssignments":{"text":"[7]","ageMs":0,"older":[]}}',
    '{"id":{"text":"\\"x\\"","ageMs":0,"older":[]}}',
  ])('is ignored when it has another form: %s', (text) => {
    expect(readHandOver(text, 0, nowMs)).toEqual({});
  });
});
