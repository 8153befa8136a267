import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type {
  AddComplianceManagementPartnerInput,
  AssignmentTargetInput,
} from '../../src/generated/graphql.ts';
import {
  findAssignmentChangeProblems,
  findKeyProblems,
  findPartnerProblems,
  locateInput,
} from '../../src/partners/inputRules.ts';
import { knownPartnerStates, wireByState, wirePlatforms } from '../../src/partners/model.ts';
import {
  newPartnerToWire,
  partnerFromWire,
  readPartner,
} from '../../src/partners/partnerMapping.ts';
import { newPartnerInputs } from '../support/arbitraryInputs.ts';

type Input = Omit<AddComplianceManagementPartnerInput, 'displayName'>;

describe('readPartner', () => {
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
    ['absent properties as null', { id: 'a' }, nothing],
    ['null properties as null', nothing, nothing],
    [
      'an empty list as one',
      { id: 'a', iosEnrollmentAssignments: [] },
      { ...nothing, iosEnrollmentAssignments: [] },
    ],
    [
      'entries without a target',
      { id: 'a', linuxEnrollmentAssignments: [null, {}, { target: null }] },
      {
        ...nothing,
        linuxEnrollmentAssignments: [{ target: null }, { target: null }, { target: null }],
      },
    ],
    ['unknown properties as if they were not there', { id: 'a', more: [{}] }, nothing],
  ])('reads %s', (_what, wire, partner) => {
    expect(fieldsOf(wire)).toEqual(partner);
    expect(readPartner(wire)).toMatchObject({ id: 'a', wire });
  });

  const flagProblem = (name: string) => `${name} of a partner is neither true nor false`;
  const listProblem = (name: string) => `${name} of a partner is not a list of assignments`;
  it.each<[unknown, string]>([
    [null, 'a partner is not a JSON object'],
    [[], 'a partner is not a JSON object'],
    ['a', 'a partner is not a JSON object'],
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
        [{ id: 'a', [list]: [null, 5] }, listProblem(list)],
        [{ id: 'a', [list]: [[]] }, listProblem(list)],
        [{ id: 'a', [list]: [{ target: 'x' }] }, listProblem(list)],
        [{ id: 'a', [list]: [{ target: { '@odata.type': 1 } }] }, listProblem(list)],
      ];
    }),
    [{ id: 'a', linuxEnrollmentAssignments: 1, macOsOnboarded: 1 }, flagProblem('macOsOnboarded')],
  ])('says of %j that %s', (value, problem) => {
    expect(readPartner(value)).toBe(problem);
  });

  it.each(Object.entries(wireByState))('reads and writes the state %s as %s', (state, wire) => {
    expect(partnerFromWire({ id: 'a', partnerState: wire }).partnerState).toBe(state);
    const partnerState = state as keyof typeof wireByState;
    expect(newPartnerToWire({ displayName: 'Fleet', partnerState })).toMatchObject({
      partnerState: wire,
    });
  });

  it.each(['String', 'Enabled', '', '6', 'toString', '__proto__', 'unknownFutureValue'])(
    'reads the unlisted state %j as UNKNOWN_FUTURE_VALUE, which is never sent',
    (partnerState) => {
      expect(fieldsOf({ id: 'a', partnerState })).toHaveProperty(
        'partnerState',
        'UNKNOWN_FUTURE_VALUE',
      );
      expect(knownPartnerStates).not.toContain('UNKNOWN_FUTURE_VALUE');
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
      expect(all.map(({ platform }) => platform)).toEqual([
        'MAC_OS',
        'WINDOWS',
        'ANDROID',
        'IOS',
        'LINUX',
      ]);
    }
  });

  it('loses nothing of an input that goes out and comes back', () => {
    fc.assert(
      fc.property(newPartnerInputs, (input) => {
        const sent = JSON.parse(JSON.stringify(newPartnerToWire(input))) as object;
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

describe('newPartnerToWire', () => {
  it.each<Input>([
    { partnerState: 'UNKNOWN_FUTURE_VALUE' },
    { partnerState: null },
    { iosOnboarded: null },
  ])('throws rather than sending %j, which has no wire form', (input) => {
    const write = () => newPartnerToWire({ displayName: 'Fleet', ...input });
    expect(write).toThrow(/^(UNKNOWN_FUTURE_VALUE|Null) has no wire form/);
  });

  it('leaves an id of null out', () => {
    const wire = newPartnerToWire({ displayName: 'Fleet', id: null });
    expect(wire).toStrictEqual({
      '@odata.type': '#microsoft.graph.complianceManagementPartner',
      displayName: 'Fleet',
    });
  });

  it('sends an entry with its type, and without a target if there is none', () => {
    const iosEnrollmentAssignments = [{}, { target: null }];
    const entry = { '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment' };
    expect(newPartnerToWire({ displayName: 'Fleet', iosEnrollmentAssignments })).toMatchObject({
      iosEnrollmentAssignments: [entry, entry],
    });
  });

  it('sends every field that is given, and no null', () => {
    fc.assert(
      fc.property(newPartnerInputs, (input) => {
        const text = JSON.stringify(newPartnerToWire(input), (name, value: unknown) => {
          expect([name, value]).not.toEqual([name, null]);
          return value;
        });
        const sent = Object.keys(JSON.parse(text)).filter((name) => name !== '@odata.type');
        expect(sent.sort()).toEqual(Object.keys(input).sort());
      }),
    );
  });
});

const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const filter = { id: groupId, type: 'INCLUDE' } as const;

const problemsOf = (input: Input, version: 'beta' | 'v1.0') =>
  findPartnerProblems({ displayName: 'Fleet', ...input }, version);
const pathsOf = (...args: Parameters<typeof problemsOf>): string[] =>
  problemsOf(...args).map(({ path }) => path.join('.'));

describe('findPartnerProblems', () => {
  it('finds nothing in an input that beta can know when null stands only where it may', () => {
    fc.assert(fc.property(newPartnerInputs, (input) => problemsOf(input, 'beta').length === 0));
  });

  const ofV1 = {
    macOsOnboarded: true,
    windowsOnboarded: false,
    linuxOnboarded: null,
    windowsEnrollmentAssignments: [],
    linuxEnrollmentAssignments: null,
  };
  const withFilters = {
    iosEnrollmentAssignments: [
      { target: { allDevices: { filter: null } } },
      { target: { exclusionGroup: { groupId, filter } } },
      { target: { group: null as never } },
      { target: null },
    ],
  };
  it.each<[string, Input, string[], string[]]>([
    ['an id and all that may be absent', { id: 'A_b.c~d=e-1' }, [], []],
    ['an id of null', { id: null }, [], []],
    [
      'null where Graph takes none',
      { partnerState: null, lastHeartbeatDateTime: null, iosOnboarded: null },
      ['partnerState', 'lastHeartbeatDateTime', 'iosOnboarded'],
      ['partnerState', 'lastHeartbeatDateTime', 'iosOnboarded'],
    ],
    [
      'what v1.0 does not have',
      ofV1,
      ['linuxOnboarded'],
      [
        'windowsOnboarded',
        'windowsEnrollmentAssignments',
        'linuxOnboarded',
        'linuxEnrollmentAssignments',
      ],
    ],
    ['filters', withFilters, [], ['iosEnrollmentAssignments.1.target.exclusionGroup.filter']],
    ...[
      '..',
      '.',
      '../x',
      'a/b',
      '%2e%2e',
      'a b',
      '',
      "x')",
      'a?b',
      'a#b',
      'ä',
      'x'.repeat(257),
    ].map((id): [string, Input, string[], string[]] => [`the id ${id}`, { id }, ['id'], ['id']]),
  ])('finds the place of every problem with %s', (_what, input, onBeta, onV1) => {
    const placed = (names: string[]) => names.map((name) => `input.${name}`);
    expect([pathsOf(input, 'beta'), pathsOf(input, 'v1.0')]).toEqual([
      placed(onBeta),
      placed(onV1),
    ]);
  });

  it.each<[Input, 'beta' | 'v1.0', string]>([
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
      { displayName: null } as object,
      'beta',
      'displayName cannot be null. Send a value, or omit the field to keep the current one.',
    ],
    [
      { iosOnboarded: null },
      'beta',
      'iosOnboarded cannot be null. Send a value, or omit the field to keep the current one.',
    ],
    [
      { id: '..' },
      'beta',
      'An id is 1 to 256 of the characters A-Z a-z 0-9 _ . ~ = - that are not all dots, usually a UUID.',
    ],
  ])('says what is right instead of %j', (input, version, message) => {
    const [name = ''] = Object.keys(input);
    expect(problemsOf(input, version)).toEqual([{ path: ['input', name], message }]);
  });
});

describe('findAssignmentChangeProblems', () => {
  it('finds all problems at once', () => {
    const input = { id: '..', platform: 'LINUX', target: { allDevices: { filter } } } as const;
    const paths = (version: 'beta' | 'v1.0') =>
      findAssignmentChangeProblems(input, version).map(({ path }) => path.join('.'));
    expect(paths('beta')).toEqual(['input.id']);
    expect(paths('v1.0')).toEqual(['input.id', 'input.platform', 'input.target.allDevices.filter']);
    const [, platform, filterOfTarget] = findAssignmentChangeProblems(input, 'v1.0');
    expect(platform?.message).toBe(
      'Microsoft Graph v1.0, which this gateway is configured for, has no assignments for LINUX.',
    );
    expect(filterOfTarget?.message).toContain('does not have filter.');
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
    const problem = { path: ['input', 'idempotencyKey'], message };
    expect(findKeyProblems(key)).toEqual(count === 1 ? [problem] : []);
  });
});

describe('locateInput', () => {
  const body = {
    '@odata.type': '#microsoft.graph.complianceManagementPartner',
    displayName: 'Fleet',
    lastHeartbeatDateTime: null,
    windowsOnboarded: true,
    iosEnrollmentAssignments: [
      { target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' } },
      {
        target: {
          '@odata.type': '#microsoft.graph.groupAssignmentTarget',
          groupId: 'g',
          deviceAndAppManagementAssignmentFilterId: 'f',
        },
      },
    ],
  };
  const second = ['input', 'iosEnrollmentAssignments', '1', 'target'];
  it.each<[string, string[], string[] | undefined]>([
    ['a property of the partner', ['windowsOnboarded', 'x'], ['input', 'windowsOnboarded']],
    [
      'a property inside a target, ending at the target',
      ['deviceAndAppManagementAssignmentFilterId'],
      second,
    ],
    ['a value', ['x', 'Fleet'], ['input', 'displayName']],
    ['a type name', ['#microsoft.graph.groupAssignmentTarget'], second],
    ['nothing for a name that is not there', ['macOsOnboarded'], undefined],
    ['nothing for a name that stands in several places', ['target', 'Fleet'], undefined],
    ['nothing without names', [], undefined],
  ])('finds %s', (_what, names, path) => {
    expect(locateInput(body, names)).toEqual(path);
  });
});
