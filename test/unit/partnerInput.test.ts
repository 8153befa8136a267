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

const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const filter = { id: groupId, type: 'INCLUDE' } as const;
const code = 'BAD_USER_INPUT';

const problemsOf = (input: object, version: 'beta' | 'v1.0' = 'beta') =>
  findPartnerProblems({ displayName: 'Fleet', ...input }, version);
const pathsIn = (problems: UserError[]) => problems.map(({ field }) => field?.join('.'));

describe('findPartnerProblems', () => {
  it('finds nothing in an input that beta can know when null stands only where it may', () => {
    fc.assert(fc.property(newPartnerInputs, (input) => problemsOf(input).length === 0));
  });

  const nullNames = 'displayName partnerState lastHeartbeatDateTime iosOnboarded';
  const nulls = Object.fromEntries(nullNames.split(' ').map((name) => [name, null]));
  const flags = { macOsOnboarded: true, windowsOnboarded: false, linuxOnboarded: null };
  const lists = { windowsEnrollmentAssignments: [], linuxEnrollmentAssignments: null };
  const unknownToV1 = ['windows', 'linux'].flatMap((platform) =>
    ['Onboarded', 'EnrollmentAssignments'].map((suffix) => platform + suffix),
  );
  const withFilters = {
    iosEnrollmentAssignments: [
      { target: { allDevices: { filter: null } } },
      { target: { exclusionGroup: { groupId, filter } } },
      { target: { group: null } },
      { target: null },
    ],
  };
  const [several, oneFilter] = ['id iosOnboarded', 'iosEnrollmentAssignments.1.target'];
  it.each<[string, object, string, string]>([
    ['an id of every character', { id: 'A_b.c~d=e-1' }, '', ''],
    ['an id of null', { id: null }, '', ''],
    ['null', nulls, nullNames, nullNames],
    ['v1.0 without them', { ...flags, ...lists }, 'linuxOnboarded', unknownToV1.join(' ')],
    ['filters', withFilters, '', `${oneFilter}.exclusionGroup.filter`],
    ['several at once', { id: '', iosOnboarded: null }, several, several],
    ...['..', '../x', '%2e%2e', 'a b', "x')", 'a?b', 'a#b', 'ä', 'x'.repeat(257)].map(
      (id): [string, object, string, string] => [`the id ${id}`, { id }, 'id', 'id'],
    ),
  ])('finds the place of every problem with %s', (_what, input, onBeta, onV1) => {
    const found = (['beta', 'v1.0'] as const).map((version) => pathsIn(problemsOf(input, version)));
    expect(found).toEqual(
      [onBeta, onV1].map((names) => (names.match(/\S+/g) ?? []).map((name) => `input.${name}`)),
    );
  });

  const future = 'UNKNOWN_FUTURE_VALUE';
  const states = 'UNKNOWN, UNAVAILABLE, ENABLED, TERMINATED, REJECTED, UNRESPONSIVE';
  const form = '1 to 256 of the characters A-Z a-z 0-9 _ . ~ = - that are not all dots';
  const v1 = 'Microsoft Graph v1.0, as configured for this gateway,';
  const leaveOut = 'Leave it out, or have the gateway configured with GRAPH_API_VERSION=beta.';
  const omit = 'Send a value, or omit the field to keep the current one.';
  it.each([
    ['partnerState', future, `${future} only ever comes as an answer; send one of ${states}.`],
    ['windowsOnboarded', true, `${v1} does not have windowsOnboarded. ${leaveOut}`],
    ['displayName', null, `displayName cannot be null. ${omit}`],
    ['id', '..', `An id is ${form}, usually a UUID.`],
  ])('says what is right instead of %s %j', (name, value, words) => {
    const version = words.startsWith(v1) ? 'v1.0' : 'beta';
    const problem = { code, field: ['input', name], message: words };
    expect(problemsOf({ [name]: value }, version)).toEqual([problem]);
  });
});

it('findAssignmentChangeProblems finds all problems at once', () => {
  const input = { id: '..', platform: 'LINUX', target: { allDevices: { filter } } } as const;
  expect(pathsIn(findAssignmentChangeProblems(input, 'beta'))).toEqual(['input.id']);
  const problems = findAssignmentChangeProblems(input, 'v1.0');
  const place = 'input.target.allDevices.filter';
  expect(pathsIn(problems)).toEqual(['input.id', 'input.platform', place]);
  expect(problems[1]?.message).toBe(
    'Microsoft Graph v1.0, which this gateway is configured for, has no assignments for LINUX.',
  );
  expect(problems[2]?.message).toContain('does not have filter.');
});

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
])('findKeyProblems counts characters: %#', (key, count) => {
  const message = 'An idempotencyKey has 1 to 128 characters. Send a new UUID for each change.';
  const problem = { code, message, field: ['input', 'idempotencyKey'] };
  expect(findKeyProblems(key)).toEqual(count === 1 ? [problem] : []);
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
  const refuse = (code: GraphErrorCode, details: GraphErrorDetails, field?: string[]) =>
    refusedByGraph(new GraphError(code, 'No.', details), {
      sent,
      id: 'a',
      field,
      context: context as never,
    });

  const second = 'iosEnrollmentAssignments.1.target';
  it.each<[string, string[], string]>([
    ['a property of the partner', ['windowsOnboarded', 'x'], 'windowsOnboarded'],
    ['the target of a property', ['deviceAndAppManagementAssignmentFilterId'], second],
    ['a value', ['x', 'Fleet'], 'displayName'],
    ['a type name', ['#microsoft.graph.groupAssignmentTarget'], second],
    ['the given field for a name that is not there', ['macOsOnboarded'], 'x'],
    ['the given field for a name in several places', ['target', 'Fleet'], 'x'],
    ['the given field without names', [], 'x'],
  ])('finds %s', async (_what, quotedNames, field) => {
    const userErrors = [{ code, message: 'No.', field: ['input', ...field.split('.')] }];
    const payload = await refuse('invalidRequest', { quotedNames }, ['input', 'x']);
    expect(payload).toMatchObject({ changed: false, userErrors });
  });

  const missing = 'Microsoft Graph has no partner with this id.';
  it('makes what the user can fix of a missing partner and of a conflict', async () => {
    const { userErrors } = await refuse('notFound', { quotedNames: ['displayName'] });
    expect(userErrors).toEqual([{ code: 'NOT_FOUND', message: missing, field: ['input', 'id'] }]);
    const conflict = await refuse('conflict', {});
    expect(conflict.userErrors).toEqual([{ code: 'CONFLICT', message: 'No.', field: null }]);
  });

  it('throws a write in doubt, and the rest', async () => {
    const doubtful = refuse('conflict', { mayHaveBeenApplied: true });
    await expect(doubtful).rejects.toMatchObject({ extensions: { code: 'OUTCOME_UNKNOWN' } });
    await expect(refuse('throttled', {})).rejects.toHaveProperty('extensions.code', 'THROTTLED');
    const bug = new TypeError('x');
    await expect(refusedByGraph(bug, { id: 'a', context: context as never })).rejects.toBe(bug);
  });
});
