import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { collectionPath, startTestEmulator, type TestEmulator } from './emulatorHarness.ts';

let today: TestEmulator;

beforeAll(async () => {
  today = await startTestEmulator({ seed: [{ id: 'row' }] });
});

afterAll(() => today.close());

const api = 'microsoft.management.services.api.';
const group = '#microsoft.graph.groupAssignmentTarget';
const filters = {
  deviceAndAppManagementAssignmentFilterId: 'f',
  deviceAndAppManagementAssignmentFilterType: 'include',
};
const to = (target: unknown) => ({ macOsEnrollmentAssignments: [{ target }] });
const missing = (property: string, type: string) =>
  `The property '${property}' does not exist on type '${api}${type}'. Make sure to only use property names that are defined by the type.`;
const noNull = (property: string, type: string) =>
  `A null value was found for the property named '${property}', which has the expected type '${type}[Nullable=False]'. The expected type '${type}[Nullable=False]' does not allow null values.`;
const notLiteral = (literal: unknown, type: string) =>
  `Cannot convert the literal '${literal}' to the expected type '${type}'.`;
const node = (found: string, expected: string) =>
  `An unexpected '${found}' node was found when reading from the JSON reader. A '${expected}' node was expected.`;
const unresolved = (name: string) =>
  `A type named '${name}' could not be resolved by the model. When a model is available, each type name must resolve to a valid type.`;
const misfit = (name: string, expected: string) =>
  `A value with type name 'microsoft.graph.${name}' was found, which is not assignable to the expected type 'microsoft.graph.${expected}'.`;

const partner = 'complianceManagementPartner';
const abstractTarget = 'deviceAndAppManagementAssignmentTarget';
const state = `${api}deviceManagementPartnerTenantState`;

describe('a body that does not fit the model', () => {
  it.each<[string, unknown, string]>([
    ['an array', [], node('StartArray', 'StartObject')],
    ['null', 'null', node('PrimitiveValue', 'StartObject')],
    ['a text', '"text"', node('PrimitiveValue', 'StartObject')],
    ['a number', '5', node('PrimitiveValue', 'StartObject')],
    ['an unknown property', { blackberryOnboarded: true }, missing('blackberryOnboarded', partner)],
    ['a property in another case', { DisplayName: 'x' }, missing('DisplayName', partner)],
    ['a name from the prototype', { toString: 'x' }, missing('toString', partner)],
    ['the prototype itself', '{"__proto__":{}}', missing('__proto__', partner)],
    [
      'an unknown type',
      { '@odata.type': '#microsoft.graph.nobody' },
      unresolved('microsoft.graph.nobody'),
    ],
    [
      'a type from the prototype',
      { '@odata.type': '#microsoft.graph.constructor' },
      unresolved('microsoft.graph.constructor'),
    ],
    ['a type without namespace', { '@odata.type': partner }, unresolved(partner)],
    ['a type that is null', { '@odata.type': null }, unresolved('null')],
    [
      'a type of another branch',
      { '@odata.type': group },
      misfit('groupAssignmentTarget', partner),
    ],
    ['a flag as text', { iosOnboarded: 'true' }, notLiteral('true', 'Edm.Boolean')],
    ['a flag as number', { iosOnboarded: 1 }, notLiteral(1, 'Edm.Boolean')],
    ['a flag of null', { iosOnboarded: null }, noNull('iosOnboarded', 'Edm.Boolean')],
    ['a flag as object', { iosOnboarded: {} }, node('StartObject', 'PrimitiveValue')],
    ['a name as number', { displayName: 5 }, notLiteral(5, 'Edm.String')],
    ['a name as list', { displayName: ['x'] }, node('StartArray', 'PrimitiveValue')],
    ['an id of null', { id: null }, noNull('id', 'Edm.String')],
    ["the reference page's state", { partnerState: 'String' }, notLiteral('String', state)],
    ['a state in another case', { partnerState: 'Enabled' }, notLiteral('Enabled', state)],
    ['a state by its number', { partnerState: 2 }, notLiteral(2, state)],
    ['a state by its number as text', { partnerState: '2' }, notLiteral('2', state)],
    ['a state from the prototype', { partnerState: 'length' }, notLiteral('length', state)],
    ['a state of null', { partnerState: null }, noNull('partnerState', state)],
    [
      'a time of null',
      { lastHeartbeatDateTime: null },
      noNull('lastHeartbeatDateTime', 'Edm.DateTimeOffset'),
    ],
    ['a time as number', { lastHeartbeatDateTime: 0 }, notLiteral(0, 'Edm.DateTimeOffset')],
    [
      'a time without offset',
      { lastHeartbeatDateTime: '2026-01-01T00:00:00' },
      notLiteral('2026-01-01T00:00:00', 'Edm.DateTimeOffset'),
    ],
    ['a list as object', { macOsEnrollmentAssignments: {} }, node('StartObject', 'StartArray')],
    [
      'a list of null',
      { macOsEnrollmentAssignments: null },
      `A null value was found for the property named 'macOsEnrollmentAssignments', which has the expected type 'Collection(${api}${partner}Assignment)[Nullable=True]'. The expected type 'Collection(${api}${partner}Assignment)[Nullable=True]' cannot be null but it can have null values.`,
    ],
    ['a list as text', { macOsEnrollmentAssignments: 'x' }, node('PrimitiveValue', 'StartArray')],
    [
      'an assignment of null',
      { iosEnrollmentAssignments: [{}, null] },
      node('PrimitiveValue', 'StartObject'),
    ],
    [
      'an assignment of another type',
      { iosEnrollmentAssignments: [{ '@odata.type': group }] },
      misfit('groupAssignmentTarget', `${partner}Assignment`),
    ],
    [
      'a stray property in an assignment',
      { iosEnrollmentAssignments: [{ id: 'x' }] },
      missing('id', `${partner}Assignment`),
    ],
    ['a target as text', to('everyone'), node('PrimitiveValue', 'StartObject')],
    ['a target without its type', to({ groupId: 'g' }), 'Cannot create an abstract class.'],
    [
      'a target of the abstract type',
      to({ '@odata.type': `#microsoft.graph.${abstractTarget}` }),
      'Cannot create an abstract class.',
    ],
    [
      'a target of an unknown type',
      to({ '@odata.type': '#microsoft.graph.everyoneTarget' }),
      unresolved('microsoft.graph.everyoneTarget'),
    ],
    [
      'a target that is a partner',
      to({ '@odata.type': `#microsoft.graph.${partner}` }),
      misfit(partner, abstractTarget),
    ],
    [
      'a group on all users',
      to({ '@odata.type': '#microsoft.graph.allLicensedUsersAssignmentTarget', groupId: 'g' }),
      missing('groupId', 'allLicensedUsersAssignmentTarget'),
    ],
    ['a group id as number', to({ '@odata.type': group, groupId: 5 }), notLiteral(5, 'Edm.String')],
    [
      'a filter type that is none of the enum',
      to({ '@odata.type': group, deviceAndAppManagementAssignmentFilterType: 'all' }),
      notLiteral('all', `${api}deviceAndAppManagementAssignmentFilterType`),
    ],
  ])('is refused for %s, on add and update alike', async (_what, body, message) => {
    const add = await today.ask('POST', collectionPath, body);
    const update = await today.ask('PATCH', `${collectionPath}/row`, body);
    for (const { status, json } of [add, update]) {
      expect(status).toBe(400);
      expect(json).toMatchObject({
        error: { code: 'ModelValidationFailure', message, innerError: { message } },
      });
    }
    expect(today.partners()).toEqual([{ id: 'row' }]);
  });

  it.each<[string, string | Buffer]>([
    ['empty', ''],
    ['cut off', '{"displayName":'],
    ['no UTF-8', Buffer.from('7b2261223a22ff227d', 'hex')],
  ])('is refused before the model where it is %s', async (_what, body) => {
    const { status, json } = await today.ask('POST', collectionPath, body);
    expect(status).toBe(400);
    expect(json).toMatchObject({
      error: { code: 'BadRequest', message: expect.stringMatching(/^Unable to read JSON request/) },
    });
  });
});

describe('what is accepted', () => {
  it.each<[string, object]>([
    ['a type without #', { '@odata.type': `microsoft.graph.${partner}` }],
    ['a target without #', to({ '@odata.type': 'microsoft.graph.allDevicesAssignmentTarget' })],
    [
      'an exclusion group',
      to({ '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget', groupId: 'g' }),
    ],
    ['a group id of null', to({ '@odata.type': group, groupId: null })],
    [
      'a collection',
      to({
        '@odata.type': '#microsoft.graph.configurationManagerCollectionAssignmentTarget',
        collectionId: 'c',
      }),
    ],
    [
      'a filter on everybody',
      to({ '@odata.type': '#microsoft.graph.allLicensedUsersAssignmentTarget', ...filters }),
    ],
    ...['unknown', 'unavailable', 'enabled', 'terminated', 'rejected', 'unresponsive'].map(
      (partnerState): [string, object] => [`the state ${partnerState}`, { partnerState }],
    ),
  ])('are %s', async (_what, body) => {
    expect((await today.ask('POST', collectionPath, body)).status).toBe(201);
  });
});
