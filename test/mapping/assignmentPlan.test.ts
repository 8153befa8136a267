import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AssignmentResource, NewAssignmentTargetResource } from '../../src/graph/resource.ts';
import { planAddition, planRemoval } from '../../src/mapping/assignmentPlan.ts';
import { assignmentTargetToWire } from '../../src/mapping/assignmentTarget.ts';
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

  it('asks where the target is there with another filter', () => {
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
