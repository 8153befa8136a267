import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AssignmentResource, NewAssignmentTargetResource } from '../../src/graph/types.ts';
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
const filterOf = <Kind>(kind: Kind, id: string | null = filterId) => ({
  deviceAndAppManagementAssignmentFilterId: id,
  deviceAndAppManagementAssignmentFilterType: kind,
});
const sccm = 'configurationManagerCollection';
const collection = (collectionId: string): NewAssignmentTargetResource => ({
  '@odata.type': typeOf(sccm),
  collectionId,
});

describe('a partner', () => {
  const flags = wirePlatforms.map((platform) => `${platform}Onboarded`);
  const lists = wirePlatforms.map((platform) => `${platform}EnrollmentAssignments`);
  const names = ['displayName', 'partnerState', 'lastHeartbeatDateTime', ...flags, ...lists];
  const nothing = { id: 'a', ...Object.fromEntries(names.map((name) => [name, null])) };
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

  const ios = { iosEnrollmentAssignments: [] };
  const listed = (...entries: unknown[]) => ({ linuxEnrollmentAssignments: entries });
  const unaimed = { target: null };
  const unlisted = { partnerState: 'UNKNOWN_FUTURE_VALUE' };
  it.each<[string, object, object]>([
    ['absent properties as null', { more: [{}] }, {}],
    ['null properties as null', nothing, {}],
    ['an empty list as one', ios, ios],
    ['entries without target', listed(null, {}, unaimed), listed(unaimed, unaimed, unaimed)],
    ...['Enabled', '', 'toString', '__proto__', 'unknownFutureValue'].map(
      (state): [string, object, object] => [`state ${state}`, { partnerState: state }, unlisted],
    ),
  ])('is read with %s', (_what, members, fields) => {
    const wire = { id: 'a', ...members };
    expect(fieldsOf(wire)).toEqual({ ...nothing, ...fields });
    expect(readPartner(wire)).toMatchObject({ id: 'a', wire });
  });

  const wrong = (names: string[], value: unknown, problem: string): [unknown, string][] =>
    names.map((name) => [{ id: 'a', [name]: value }, `${name} of a partner is ${problem}`]);
  const [noFlag, noList] = ['neither true nor false', 'not a list of assignments'];
  it.each<[unknown, string]>([
    [null, 'a partner is not a JSON object'],
    [[], 'a partner is not a JSON object'],
    [{}, 'a partner has no id'],
    [{ id: '' }, 'a partner has no id'],
    [{ id: 1 }, 'a partner has no id'],
    ...wrong(['@odata.type', ...names.slice(0, 3)], 1, 'not a string'),
    ...wrong(flags, 'true', noFlag),
    ...wrong(lists, {}, noList),
    ...[[null, 5], [[]], [{ target: 'x' }], [{ target: { '@odata.type': 1 } }]].flatMap((list) =>
      wrong(lists.slice(0, 1), list, noList),
    ),
    [{ id: 'a', ...listed(1), iosOnboarded: 1 }, `iosOnboarded of a partner is ${noFlag}`],
  ])('is not %j: %s', (value, problem) => {
    expect(readPartner(value)).toBe(problem);
  });

  it.each(Object.entries(wireByState))('reads and writes the state %s as %s', (state, wire) => {
    expect(partnerFromWire({ id: 'a', partnerState: wire }).partnerState).toBe(state);
    const partnerState = state as keyof typeof wireByState;
    const written = newPartnerToWire({ displayName: 'Fleet', partnerState });
    expect(written).toMatchObject({ partnerState: wire });
  });

  it('gives platforms as they are asked for, each once', () => {
    const partner = partnerFromWire({ id: 'a', iosOnboarded: true, iosEnrollmentAssignments: [] });
    const ios = { platform: 'IOS', onboarded: true, enrollmentAssignments: [] };
    const linux = { platform: 'LINUX', onboarded: null, enrollmentAssignments: null };
    expect(partner.platforms({ in: ['LINUX', 'IOS', 'LINUX'] })).toEqual([linux, ios]);
    expect(partner.platforms({ in: [] })).toEqual([]);
    for (const all of [partner.platforms({}), partner.platforms({ in: null })]) {
      expect(all.map(({ platform }) => platform).join()).toBe('MAC_OS,WINDOWS,ANDROID,IOS,LINUX');
    }
  });

  const readBack = ({ target }: { readonly target?: object | null }) => {
    const [[key, value] = ['', {}]] = Object.entries(target ?? {});
    const __typename = `${key.replace(/^./, (first) => first.toUpperCase())}AssignmentTarget`;
    return { target: target ? { filter: null, ...value, __typename } : null };
  };

  it('that goes out and comes back loses nothing, and is sent without a null', () => {
    fc.assert(
      fc.property(newPartnerInputs, (input) => {
        const text = JSON.stringify(newPartnerToWire(input));
        const { '@odata.type': type, ...sent } = JSON.parse(text) as Record<string, unknown>;
        expect(type).toBe('#microsoft.graph.complianceManagementPartner');
        expect(Object.keys(sent).sort()).toEqual(Object.keys(input).sort());
        expect(text).not.toMatch(/:null[,}]/);
        const expected = Object.entries(input).map(([name, value]) => [
          name,
          Array.isArray(value) ? value.map(readBack) : (value ?? []),
        ]);
        const fields = { ...nothing, ...Object.fromEntries(expected), id: 'given' };
        expect(fieldsOf({ ...sent, id: 'given' })).toEqual(fields);
      }),
      { numRuns: 150 },
    );
  });

  it.each<object>([
    { partnerState: 'UNKNOWN_FUTURE_VALUE' },
    { partnerState: null },
    { iosOnboarded: null },
  ])('is not sent with %j, which has no wire form', (input) => {
    const write = () => newPartnerToWire({ displayName: 'Fleet', ...input });
    expect(write).toThrow(/^(UNKNOWN_FUTURE_VALUE|Null) has no wire form/);
  });

  it('is sent without an id of null, with an empty list for null, and with entries without a target', () => {
    const input = { id: null, macOsEnrollmentAssignments: null };
    const ios = { iosEnrollmentAssignments: [{}, { target: null }] };
    const entry = { '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment' };
    expect(newPartnerToWire({ displayName: 'Fleet', ...input, ...ios })).toStrictEqual({
      '@odata.type': '#microsoft.graph.complianceManagementPartner',
      displayName: 'Fleet',
      macOsEnrollmentAssignments: [],
      iosEnrollmentAssignments: [entry, entry],
    });
  });
});

describe('an assignment target', () => {
  it.each<[string, string, object]>([
    ['allLicensedUsers', 'AllLicensedUsers', {}],
    ['allDevices', 'AllDevices', {}],
    ['group', 'Group', { groupId }],
    ['exclusionGroup', 'ExclusionGroup', { groupId }],
    [sccm, 'ConfigurationManagerCollection', { collectionId: 'SMS00001' }],
  ])('of kind %s is read in each spelling, and written with #', (kind, name, ids) => {
    const [type, __typename] = [typeOf(kind), `${name}AssignmentTarget`];
    for (const odataType of [type, type.slice(1), type.toUpperCase()]) {
      const target = targetFromWire({ '@odata.type': odataType, ...ids });
      expect(target).toEqual({ __typename, filter: null, ...ids });
    }
    for (const name of Object.keys(ids)) {
      expect(targetFromWire({ '@odata.type': type })).toMatchObject({ __typename, [name]: null });
    }
    const write = (more: object) => targetToWire({ [kind]: { ...ids, ...more } } as never);
    const plain = { '@odata.type': type, ...ids };
    expect([write({}), write({ filter: null })]).toStrictEqual([plain, plain]);
    for (const filter of ['include', 'exclude']) {
      const written = write({ filter: { id: filterId, type: filter.toUpperCase() } });
      expect(written).toStrictEqual({ ...plain, ...filterOf(filter) });
    }
  });

  const scopeTag = { '@odata.type': typeOf('scopeTag') };
  const nested = { targetType: 'user', nested: { deep: [1, null, { x: true }] } };
  const known = { id: filterId, type: 'INCLUDE' };
  it.each<[string, string, object, object?]>([
    ['an unlisted type', 'scopeTag', { ...scopeTag, ...nested }],
    ['a missing type, as the declared one', 'deviceAndAppManagement', { groupId }],
    ['a group id that is no text', 'group', { ...group, groupId: 7 }],
    ['a collection id that is no text', sccm, { ...collection(''), collectionId: {} }],
    ['a filter of an unlisted kind', 'group', { ...group, ...filterOf('includeAny') }],
    ['such a kind without an id', 'group', { ...group, ...filterOf('dynamic', null) }],
    ['a kind that is no text', 'group', { ...group, ...filterOf({}) }],
    ['the filter of an unlisted type', 'scopeTag', { ...scopeTag, ...filterOf('include') }, known],
  ])('keeps its name and all members with %s', (_what, kind, wire, filter = undefined) => {
    const { '@odata.type': _type, ...properties } = wire as typeof scopeTag;
    expect(targetFromWire({ ...wire })).toEqual({
      __typename: 'UnrecognizedAssignmentTarget',
      odataType: typeOf(kind),
      filter: filter ?? null,
      properties,
    });
  });

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
    const filter = type && { id, type };
    const target = { __typename: 'GroupAssignmentTarget', groupId, filter };
    expect(targetFromWire({ ...group, ...filterOf(kind, id) })).toEqual(target);
  });
});

describe('a change of one entry', () => {
  const list = (...assignments: (AssignmentResource | null)[]) =>
    assignments.map((assignment, index) => ({ assignment, text: `${index}` }));
  const to = (...targets: object[]) =>
    list(...targets.map((target) => ({ target: { ...target } })));
  const others = list(null, {}, { target: null }, { target: { '@odata.type': '#x' } });
  /** The texts of the entries that are written, or why none are. */
  const plansOf = (entries: typeof others, target: NewAssignmentTargetResource) =>
    [planAddition(entries, target, 'new'), planRemoval(entries, target)].map((plan) =>
      plan.kind === 'write' ? plan.entries.join(' ') : plan.kind,
    );

  const upper = { ...group, groupId: groupId.toUpperCase() };
  const filtered = { ...group, ...filterOf('include') } as typeof group;
  const excluded = { ...group, '@odata.type': typeOf('exclusionGroup') };
  it.each<[string, typeof others, string, string, NewAssignmentTargetResource?]>([
    ['others', others, '0 1 2 3 new', 'done'],
    ['the target behind another', list(null, { target: { ...group } }), 'done', '0'],
    ['it without #', to({ ...group, '@odata.type': typeOf('group').slice(1) }), 'done', ''],
    ['it twice, in upper case too', to(group, upper), 'done', ''],
    ['it with a filter of none', to({ ...group, ...filterOf('none', null) }), 'done', ''],
    ['it with more', list({ target: { ...group, x: 1 }, note: 1 }), 'done', ''],
    ['a collection in another case', to(collection('SMS1a')), 'done', '', collection('sms1A')],
    ['another collection', to(collection('SMS1a')), '0 new', 'done', collection('SMS1b')],
    ['another group', to({ ...group, groupId: filterId }), '0 new', 'done'],
    ['an exclusion of the group', to(excluded), '0 new', 'done'],
    ['a group without an id', to({ ...group, groupId: null }), '0 new', 'done'],
    ['it with a filter, and none is given', to(filtered), 'otherFilter', ''],
    ['it without a filter, and one is given', to(group), 'otherFilter', 'done', filtered],
    ['it with the filter that is given', to(group, filtered), 'done', '0', filtered],
  ])('is planned in a list with %s', (_what, entries, addition, removal, target = group) => {
    expect(plansOf(entries, target)).toEqual([addition, removal]);
  });

  it('is done once it was done, for every target', () => {
    fc.assert(
      fc.property(targetInputs, (input) => {
        const target = targetToWire(input);
        expect(plansOf(others, target)).toEqual(['0 1 2 3 new', 'done']);
        expect(plansOf(to(target), target)).toEqual(['done', '']);
      }),
    );
  });
});
