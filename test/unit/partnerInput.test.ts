import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { UserError } from '../../src/generated/graphql.ts';
import { GraphError, type GraphErrorCode, type GraphErrorDetails } from '../../src/graph/errors.ts';
import {
  findAssignmentChangeProblems,
  findKeyProblems,
  findPartnerProblems,
  refusedByGraph,
} from '../../src/partners/inputRules.ts';
import { newPartnerInputs } from '../support/arbitraryInputs.ts';
import { testCall } from '../support/graphClients.ts';

type Version = 'beta' | 'v1.0';

const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const filter = { id: groupId, type: 'INCLUDE' } as const;

const problemsOf = (input: object, version: Version) =>
  findPartnerProblems({ displayName: 'Fleet', ...input }, version);
const pathsIn = (problems: UserError[]): string[] =>
  problems.map(({ field }) => field?.join('.') ?? '');

describe('findPartnerProblems', () => {
  it('finds nothing in an input that beta can know when null stands only where it may', () => {
    fc.assert(fc.property(newPartnerInputs, (input) => problemsOf(input, 'beta').length === 0));
  });

  const nulls = ['displayName', 'partnerState', 'lastHeartbeatDateTime', 'iosOnboarded'];
  const ofV1 = {
    macOsOnboarded: true,
    windowsOnboarded: false,
    linuxOnboarded: null,
    windowsEnrollmentAssignments: [],
    linuxEnrollmentAssignments: null,
  };
  const unknownToV1 = [
    'windowsOnboarded',
    'windowsEnrollmentAssignments',
    'linuxOnboarded',
    'linuxEnrollmentAssignments',
  ];
  const withFilters = {
    iosEnrollmentAssignments: [
      { target: { allDevices: { filter: null } } },
      { target: { exclusionGroup: { groupId, filter } } },
      { target: { group: null } },
      { target: null },
    ],
  };
  it.each<[string, object, string[], string[]]>([
    ['an id of every character', { id: 'A_b.c~d=e-1' }, [], []],
    ['an id of null', { id: null }, [], []],
    ['null', Object.fromEntries(nulls.map((name) => [name, null])), nulls, nulls],
    ['what v1.0 does not have', ofV1, ['linuxOnboarded'], unknownToV1],
    ['filters', withFilters, [], ['iosEnrollmentAssignments.1.target.exclusionGroup.filter']],
    [
      'several at once',
      { id: '', iosOnboarded: null },
      ['id', 'iosOnboarded'],
      ['id', 'iosOnboarded'],
    ],
    ...['..', '../x', '%2e%2e', 'a b', "x')", 'a?b', 'a#b', 'ä', 'x'.repeat(257)].map(
      (id): [string, object, string[], string[]] => [`the id ${id}`, { id }, ['id'], ['id']],
    ),
  ])('finds the place of every problem with %s', (_what, input, onBeta, onV1) => {
    const placed = (names: string[]) => names.map((name) => `input.${name}`);
    expect([pathsIn(problemsOf(input, 'beta')), pathsIn(problemsOf(input, 'v1.0'))]).toEqual([
      placed(onBeta),
      placed(onV1),
    ]);
  });

  it.each<[object, Version, string]>([
    [
      { partnerState: 'UNKNOWN_FUTURE_VALUE' },
      'beta',
      'UNKNOWN_FUTURE_VALUE only ever comes as an answer; send one of UNKNOWN, UNAVAILABLE, ENABLED, TERMINATED, REJECTED, UNRESPONSIVE.',
    ],
    [
      { windowsOnboarded: true },
      'v1.0',
      'Microsoft Graph v1.0, as configured for this gateway, does not have windowsOnboarded. Leave it out, or have the gateway configured with GRAPH_API_VERSION=beta.',
    ],
    [
      { displayName: null },
      'beta',
      'displayName cannot be null. Send a value, or omit the field to keep the current one.',
    ],
    [
      { id: '..' },
      'beta',
      'An id is 1 to 256 of the characters A-Z a-z 0-9 _ . ~ = - that are not all dots, usually a UUID.',
    ],
  ])('says what is right instead of %j', (input, version, message) => {
    const field = ['input', ...Object.keys(input)];
    expect(problemsOf(input, version)).toEqual([{ code: 'BAD_USER_INPUT', field, message }]);
  });
});

describe('findAssignmentChangeProblems', () => {
  it('finds all problems at once', () => {
    const input = { id: '..', platform: 'LINUX', target: { allDevices: { filter } } } as const;
    expect(pathsIn(findAssignmentChangeProblems(input, 'beta'))).toEqual(['input.id']);
    const problems = findAssignmentChangeProblems(input, 'v1.0');
    expect(pathsIn(problems)).toEqual([
      'input.id',
      'input.platform',
      'input.target.allDevices.filter',
    ]);
    expect(problems[1]?.message).toBe(
      'Microsoft Graph v1.0, which this gateway is configured for, has no assignments for LINUX.',
    );
    expect(problems[2]?.message).toContain('does not have filter.');
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
    [`${'\u{1f511}'.repeat(127)}kk`, 1],
    [`${'\u{1f511}'.repeat(128)}k`, 1],
  ])('counts characters: %#', (key, count) => {
    const message = 'An idempotencyKey has 1 to 128 characters. Send a new UUID for each change.';
    const problem = { code: 'BAD_USER_INPUT', message, field: ['input', 'idempotencyKey'] };
    expect(findKeyProblems(key)).toEqual(count === 1 ? [problem] : []);
  });
});

describe('refusedByGraph', () => {
  const target = (kind: string, more = {}) => ({
    target: { '@odata.type': `#microsoft.graph.${kind}AssignmentTarget`, ...more },
  });
  const sent = {
    '@odata.type': '#microsoft.graph.complianceManagementPartner',
    displayName: 'Fleet',
    lastHeartbeatDateTime: null,
    windowsOnboarded: true,
    iosEnrollmentAssignments: [
      target('allDevices'),
      target('group', { groupId: 'g', deviceAndAppManagementAssignmentFilterId: 'f' }),
    ],
  };
  const context = { graph: { get: async () => undefined }, call: testCall() };
  const refuse = (error: unknown, field?: string[]) =>
    refusedByGraph(error, { sent, id: 'a', context: context as never, field });

  const second = ['input', 'iosEnrollmentAssignments', '1', 'target'];
  it.each<[string, string[], string[]]>([
    ['a property of the partner', ['windowsOnboarded', 'x'], ['input', 'windowsOnboarded']],
    ['the target of a property', ['deviceAndAppManagementAssignmentFilterId'], second],
    ['a value', ['x', 'Fleet'], ['input', 'displayName']],
    ['a type name', ['#microsoft.graph.groupAssignmentTarget'], second],
    ['the given field for a name that is not there', ['macOsOnboarded'], ['input', 'x']],
    ['the given field for a name in several places', ['target', 'Fleet'], ['input', 'x']],
    ['the given field without names', [], ['input', 'x']],
  ])('finds %s', async (_what, quotedNames, field) => {
    const error = new GraphError('invalidRequest', 'No.', { quotedNames });
    const userErrors = [{ code: 'BAD_USER_INPUT', message: 'No.', field }];
    expect(await refuse(error, ['input', 'x'])).toMatchObject({ changed: false, userErrors });
  });

  const missing = 'Microsoft Graph has no partner with this id.';
  it.each<[GraphErrorCode, GraphErrorDetails, UserError]>([
    [
      'notFound',
      { quotedNames: ['displayName'] },
      { code: 'NOT_FOUND', message: missing, field: ['input', 'id'] },
    ],
    ['conflict', {}, { code: 'CONFLICT', message: 'No.', field: null }],
  ])('makes of %s what the user can fix', async (code, details, userError) => {
    const { userErrors } = await refuse(new GraphError(code, 'No.', details));
    expect(userErrors).toEqual([userError]);
  });

  it.each<[string, unknown, object]>([
    [
      'a write in doubt',
      new GraphError('conflict', 'No.', { mayHaveBeenApplied: true }),
      { extensions: { code: 'OUTCOME_UNKNOWN' } },
    ],
    ['the rest', new GraphError('throttled', 'No.'), { extensions: { code: 'THROTTLED' } }],
    ['a fault of the gateway', new TypeError('x'), { message: 'x' }],
  ])('throws %s', async (_what, error, expected) => {
    await expect(refuse(error)).rejects.toMatchObject(expected);
  });
});
