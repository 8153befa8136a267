import { describe, expect, it } from '@jest/globals';
import {
  assignmentTargetFromWire,
  assignmentTargetToWire,
} from '../../src/mapping/assignmentTarget.ts';

const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const filterId = '7c0e3c55-8e3d-4a43-9f57-3b6a3a0a9a01';

describe('assignmentTargetFromWire', () => {
  it.each([
    ['allLicensedUsersAssignmentTarget', {}, 'AllLicensedUsersAssignmentTarget', {}],
    ['allDevicesAssignmentTarget', {}, 'AllDevicesAssignmentTarget', {}],
    ['groupAssignmentTarget', { groupId }, 'GroupAssignmentTarget', { groupId }],
    ['exclusionGroupAssignmentTarget', { groupId }, 'ExclusionGroupAssignmentTarget', { groupId }],
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
    [{ group: { groupId } }, { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId }],
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
