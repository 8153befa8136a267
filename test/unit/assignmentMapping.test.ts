import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type {
  AddComplianceManagementPartnerInput,
  AssignmentTargetInput,
} from '../../src/generated/graphql.ts';
import type {
  AssignmentResource,
  AssignmentTargetResource,
  NewAssignmentTargetResource,
} from '../../src/graph/types.ts';
import { planAddition, planRemoval } from '../../src/partners/meaning.ts';
import { wireByState, wirePlatforms } from '../../src/partners/model.ts';
import {
  newPartnerToWire,
  partnerFromWire,
  readPartner,
  targetFromWire,
  targetToWire,
} from '../../src/partners/partnerMapping.ts';
import { newPartnerInputs, targetInputs } from '../support/arbitraryInputs.ts';

const typeOf = (kind: string) => `#microsoft.graph.${kind}AssignmentTarget` as const;
const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const filterId = '3c4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c22';
const group: NewAssignmentTargetResource = { '@odata.type': typeOf('group'), groupId };
const upperGroup = { ...group, groupId: groupId.toUpperCase() };
const filterOf = <Kind>(kind: Kind, id: string | null = filterId) => ({
  deviceAndAppManagementAssignmentFilterId: id,
  deviceAndAppManagementAssignmentFilterType: kind,
});
const filtered = { ...group, ...filterOf('include' as const, filterId) } as typeof group;
const collection = (collectionId: string): NewAssignmentTargetResource => ({
  '@odata.type': typeOf('configurationManagerCollection'),
  collectionId,
});

describe('a partner', () => {
  const nothing = {
    id: 'a',
    displayName: null,
    partnerState: null,
    lastHeartbeatDateTime: null,
    ...Object.fromEntries(
      wirePlatforms.flatMap((platform) => [
        [`${platform}Onboarded`, null],
        [`${platform}EnrollmentAssignments`, null],
      ]),
    ),
  };
  const fieldsOf = (wire: object) => {
    const { revision: _r, platforms: _p, wire: _w, ...fields } = partnerFromWire(wire);
    // Targets are made when they are asked for.
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.map(({ target }) => ({ target })) : value,
      ]),
    );
  };

  it.each<[string, object, object]>([
    ['absent properties as null', { id: 'a', more: [{}] }, {}],
    ['null properties as null', nothing, {}],
    [
      'an empty list as one',
      { id: 'a', iosEnrollmentAssignments: [] },
      { iosEnrollmentAssignments: [] },
    ],
    [
      'entries without a target',
      { id: 'a', linuxEnrollmentAssignments: [null, {}, { target: null }] },
      { linuxEnrollmentAssignments: Array(3).fill({ target: null }) },
    ],
  ])('is read with %s', (_what, wire, fields) => {
    expect(fieldsOf(wire)).toEqual({ ...nothing, ...fields });
    expect(readPartner(wire)).toMatchObject({ id: 'a', wire });
  });

  const flagProblem = (name: string) => `${name} of a partner is neither true nor false`;
  const listProblem = (name: string) => `${name} of a partner is not a list of assignments`;
  it.each<[unknown, string]>([
    [null, 'a partner is not a JSON object'],
    [[], 'a partner is not a JSON object'],
    [{}, 'a partner has no id'],
    [{ id: '' }, 'a partner has no id'],
    [{ id: 1 }, 'a partner has no id'],
    ...['@odata.type', 'displayName', 'partnerState', 'lastHeartbeatDateTime'].map(
      (name): [unknown, string] => [{ id: 'a', [name]: 1 }, `${name} of a partner is not a string`],
    ),
    ...wirePlatforms.flatMap((platform): [unknown, string][] => {
      const [flag, list] = [`${platform}Onboarded`, `${platform}EnrollmentAssignments`];
      return [
        [{ id: 'a', [flag]: 'true' }, flagProblem(flag)],
        [{ id: 'a', [list]: {} }, listProblem(list)],
      ];
    }),
    ...[[null, 5], [[]], [{ target: 'x' }], [{ target: { '@odata.type': 1 } }]].map(
      (list): [unknown, string] => [
        { id: 'a', iosEnrollmentAssignments: list },
        listProblem('iosEnrollmentAssignments'),
      ],
    ),
    [{ id: 'a', linuxEnrollmentAssignments: 1, macOsOnboarded: 1 }, flagProblem('macOsOnboarded')],
  ])('is not %j: %s', (value, problem) => {
    expect(readPartner(value)).toBe(problem);
  });

  it.each(Object.entries(wireByState))('reads and writes the state %s as %s', (state, wire) => {
    expect(partnerFromWire({ id: 'a', partnerState: wire }).partnerState).toBe(state);
    const partnerState = state as keyof typeof wireByState;
    expect(newPartnerToWire({ displayName: 'Fleet', partnerState })).toMatchObject({
      partnerState: wire,
    });
  });

  it.each(['Enabled', '', 'toString', '__proto__', 'unknownFutureValue'])(
    'reads the unlisted state %j as UNKNOWN_FUTURE_VALUE',
    (partnerState) => {
      expect(fieldsOf({ id: 'a', partnerState })).toMatchObject({
        partnerState: 'UNKNOWN_FUTURE_VALUE',
      });
    },
  );

  it('gives platforms as they are asked for, each once', () => {
    const partner = partnerFromWire({
      id: 'a',
      iosOnboarded: true,
      iosEnrollmentAssignments: [null],
    });
    const enrollmentAssignments = partner.iosEnrollmentAssignments;
    const ios = { platform: 'IOS', onboarded: true, enrollmentAssignments };
    const linux = { platform: 'LINUX', onboarded: null, enrollmentAssignments: null };
    expect(partner.platforms({ in: ['LINUX', 'IOS', 'LINUX'] })).toEqual([linux, ios]);
    expect(partner.platforms({ in: [] })).toEqual([]);
    for (const all of [partner.platforms({}), partner.platforms({ in: null })]) {
      expect(all.map(({ platform }) => platform).join()).toBe('MAC_OS,WINDOWS,ANDROID,IOS,LINUX');
    }
  });

  it('that goes out and comes back loses nothing, and is sent without a null', () => {
    fc.assert(
      fc.property(newPartnerInputs, (input) => {
        const text = JSON.stringify(newPartnerToWire(input));
        const { '@odata.type': type, ...sent } = JSON.parse(text) as Record<string, unknown>;
        expect(type).toBe('#microsoft.graph.complianceManagementPartner');
        expect(Object.keys(sent).sort()).toEqual(Object.keys(input).sort());
        expect(text).not.toMatch(/:null[,}]/);
        expect(fieldsOf({ ...sent, id: 'given' })).toEqual({
          ...nothing,
          ...expectedFields(input),
        });
      }),
      { numRuns: 150 },
    );
  });
});

function expectedFields(input: AddComplianceManagementPartnerInput): object {
  const fields = Object.entries(input).map(([name, value]) => [
    name,
    value === null ? [] : Array.isArray(value) ? value.map(expectedAssignment) : value,
  ]);
  return { ...Object.fromEntries(fields), id: 'given' };
}

function expectedAssignment({
  target,
}: {
  readonly target?: AssignmentTargetInput | null;
}): object {
  const [key = '', value] = Object.entries(target ?? {})[0] ?? [];
  const __typename = `${key.charAt(0).toUpperCase()}${key.slice(1)}AssignmentTarget`;
  return { target: target ? { filter: null, ...value, __typename } : null };
}

describe('a new partner', () => {
  it.each<object>([
    { partnerState: 'UNKNOWN_FUTURE_VALUE' },
    { partnerState: null },
    { iosOnboarded: null },
  ])('is not sent with %j, which has no wire form', (input) => {
    const write = () => newPartnerToWire({ displayName: 'Fleet', ...input });
    expect(write).toThrow(/^(UNKNOWN_FUTURE_VALUE|Null) has no wire form/);
  });

  it('is sent without an id of null, with an empty list for null, and with entries without a target', () => {
    const input = {
      ...{ displayName: 'Fleet', id: null, macOsEnrollmentAssignments: null },
      iosEnrollmentAssignments: [{}, { target: null }],
    };
    const entry = { '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment' };
    expect(newPartnerToWire(input)).toStrictEqual({
      '@odata.type': '#microsoft.graph.complianceManagementPartner',
      displayName: 'Fleet',
      macOsEnrollmentAssignments: [],
      iosEnrollmentAssignments: [entry, entry],
    });
  });
});

describe('an assignment target', () => {
  it.each([
    ['allLicensedUsers', 'AllLicensedUsersAssignmentTarget', {}],
    ['allDevices', 'AllDevicesAssignmentTarget', {}],
    ['group', 'GroupAssignmentTarget', { groupId }],
    ['exclusionGroup', 'ExclusionGroupAssignmentTarget', { groupId }],
    [
      'configurationManagerCollection',
      'ConfigurationManagerCollectionAssignmentTarget',
      { collectionId: 'SMS00001' },
    ],
  ] as const)(
    'of kind %s is read in each spelling, and written with #',
    (kind, __typename, ids) => {
      const type = typeOf(kind);
      for (const odataType of [type, type.slice(1), type.toUpperCase()]) {
        const target = targetFromWire({ '@odata.type': odataType, ...ids });
        expect(target).toEqual({ __typename, filter: null, ...ids });
      }
      for (const name of Object.keys(ids)) {
        expect(targetFromWire({ '@odata.type': type })).toMatchObject({ __typename, [name]: null });
      }
      const write = (more: object) => targetToWire({ [kind]: { ...ids, ...more } } as never);
      expect(write({})).toStrictEqual({ '@odata.type': type, ...ids });
      expect(write({ filter: null })).toStrictEqual({ '@odata.type': type, ...ids });
      for (const filter of ['include', 'exclude']) {
        expect(write({ filter: { id: filterId, type: filter.toUpperCase() } })).toStrictEqual({
          '@odata.type': type,
          ...ids,
          ...filterOf(filter),
        });
      }
    },
  );

  const scopeTag = { '@odata.type': typeOf('scopeTag') };
  it.each<[string, AssignmentTargetResource, string, object?]>([
    [
      'an unlisted type',
      { ...scopeTag, targetType: 'user', nested: { deep: [1, null, { x: true }] } },
      typeOf('scopeTag'),
    ],
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
      { ...scopeTag, ...filterOf('include') },
      typeOf('scopeTag'),
      { id: filterId, type: 'INCLUDE' },
    ],
  ])(
    'keeps its name and all members with %s',
    (_what, wire, odataType, filter: object | null = null) => {
      const { '@odata.type': _type, ...properties } = wire;
      const __typename = 'UnrecognizedAssignmentTarget';
      expect(targetFromWire(wire)).toEqual({ __typename, odataType, filter, properties });
    },
  );

  it.each<[string | null, string | null, string | null]>([
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

const sources = (...assignments: (AssignmentResource | null)[]) =>
  assignments.map((assignment, index) => ({ assignment, text: `text ${index}` }));
const to = (...targets: object[]) =>
  sources(...targets.map((target) => ({ target: { ...target } })));
const others = sources(null, {}, { target: null }, { target: { '@odata.type': '#x' } });
const done = { kind: 'done' };
const write = (...entries: string[]) => ({ kind: 'write', entries });

describe('a change of one entry', () => {
  it.each<[string, ReturnType<typeof sources>, object, object, NewAssignmentTargetResource?]>([
    ['others', others, write('text 0', 'text 1', 'text 2', 'text 3', 'new'), done],
    ['the target behind another', sources(null, { target: { ...group } }), done, write('text 0')],
    ['it without #', to({ ...group, '@odata.type': typeOf('group').slice(1) }), done, write()],
    ['it twice, in upper case too', to(group, upperGroup), done, write()],
    ['it with a filter of none', to({ ...group, ...filterOf('none', null) }), done, write()],
    ['it with more properties', sources({ target: { ...group, x: 1 }, note: 1 }), done, write()],
    ['a collection in another case', to(collection('SMS1a')), done, write(), collection('sms1A')],
    [
      'another collection',
      to(collection('SMS1a')),
      write('text 0', 'new'),
      done,
      collection('SMS1b'),
    ],
    ['another group', to({ ...group, groupId: filterId }), write('text 0', 'new'), done],
    [
      'an exclusion of the group',
      to({ ...group, '@odata.type': typeOf('exclusionGroup') }),
      write('text 0', 'new'),
      done,
    ],
    ['a group without an id', to({ ...group, groupId: null }), write('text 0', 'new'), done],
    ['it with a filter, and none is given', to(filtered), { kind: 'otherFilter' }, write()],
    ['it without a filter, and one is given', to(group), { kind: 'otherFilter' }, done, filtered],
    ['it with the filter that is given', to(group, filtered), done, write('text 0'), filtered],
  ])('is planned in a list with %s', (_what, entries, addition, removal, target = group) => {
    expect(planAddition(entries, target, 'new')).toEqual(addition);
    expect(planRemoval(entries, target)).toEqual(removal);
  });

  it('is done once it was done, for every target', () => {
    fc.assert(
      fc.property(targetInputs, (input) => {
        const target = targetToWire(input);
        expect(planAddition(others, target, 'new')).toHaveProperty('entries.4', 'new');
        expect(planAddition(to(target), target, 'new')).toEqual(done);
        expect(planRemoval(to(target), target)).toEqual(write());
      }),
    );
  });
});
