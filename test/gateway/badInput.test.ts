import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addMutation, listQuery, partnerQuery } from '../support/documents.ts';
import { json, type ScriptedServer, startScriptedServer } from '../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';

const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';

let graph: ScriptedServer;
let beta: TestGateway;
let v1: TestGateway;

beforeAll(async () => {
  graph = await startScriptedServer(json(201, { id: 'never', displayName: 'sent' }));
  const environment = { GRAPH_BASE_URL: graph.url.href };
  beta = await startTestGateway(environment);
  v1 = await startTestGateway({ ...environment, GRAPH_API_VERSION: 'v1.0' });
});

afterAll(async () => {
  await Promise.all([beta.stop(0), v1.stop(0), graph.close()]);
  expect(graph.requests).toEqual([]);
});

const target = (value: object) => ({
  displayName: 'Fleet',
  macOsEnrollmentAssignments: [{ target: value }],
});

describe('bad input, of which nothing reaches Graph', () => {
  it.each<[string, object, RegExp]>([
    ['a missing displayName', {}, /displayName/],
    ['a displayName of null', { displayName: null }, /displayName/],
    ['a displayName of white space', { displayName: '  ' }, /displayName/],
    ['a displayName that is no text', { displayName: 5 }, /displayName/],
    [
      "the page's state that is not in the enum",
      { displayName: 'Fleet', partnerState: 'String' },
      /input\.partnerState".*"String" does not exist.*Use one of UNKNOWN, UNAVAILABLE, ENABLED, TERMINATED, REJECTED, UNRESPONSIVE; in a filter also UNKNOWN_FUTURE_VALUE\.$/,
    ],
    [
      'a state in lower case',
      { displayName: 'Fleet', partnerState: 'enabled' },
      /Use one of UNKNOWN/,
    ],
    [
      'a date-time without offset',
      { displayName: 'Fleet', lastHeartbeatDateTime: '2016-12-31T23:56:56.7799755' },
      /input\.lastHeartbeatDateTime".*has no offset/,
    ],
    [
      'a date-time with 13 digits',
      { displayName: 'Fleet', lastHeartbeatDateTime: '2016-12-31T23:56:56.1234567890123Z' },
      /input\.lastHeartbeatDateTime".*13 fractional digits/,
    ],
    [
      'a date-time of 30 February',
      { displayName: 'Fleet', lastHeartbeatDateTime: '2024-02-30T00:00:00Z' },
      /input\.lastHeartbeatDateTime".*month 02 of 2024 has 29 days/,
    ],
    [
      'a date-time that is a number',
      { displayName: 'Fleet', lastHeartbeatDateTime: 5 },
      /must be given as a text, not as number/,
    ],
    [
      'two keys in a target',
      target({ allDevices: {}, allLicensedUsers: {} }),
      /Exactly one key must be specified/,
    ],
    ['no key in a target', target({}), /Exactly one key must be specified/],
    ['a key of null in a target', target({ group: null }), /must be non-null/],
    ['an unknown key in a target', target({ everyone: {} }), /everyone/],
    [
      'a group id that is no UUID',
      target({ group: { groupId: 'sales' } }),
      /macOsEnrollmentAssignments\[0\]\.target\.group\.groupId"; UUID "sales" is not of the form/,
    ],
    [
      'a group id in braces',
      target({ group: { groupId: `{${groupId}}` } }),
      /macOsEnrollmentAssignments\[0\]\.target\.group\.groupId".*without braces/,
    ],
    ['a group id with half a brace', target({ group: { groupId: `${groupId}}` } }), /groupId/],
    ['a missing group id', target({ exclusionGroup: {} }), /groupId/],
    [
      'an assignment of null',
      { displayName: 'Fleet', macOsEnrollmentAssignments: [null] },
      /macOsEnrollmentAssignments\[0\]/,
    ],
    [
      'an unknown field',
      { displayName: 'Fleet', blackberryOnboarded: true },
      /blackberryOnboarded/,
    ],
    [
      'a flag that is a text',
      { displayName: 'Fleet', iosOnboarded: 'true' },
      /input\.iosOnboarded/,
    ],
  ])('refuses %s with its name and what would be right', async (_what, input, message) => {
    const { status, result } = await beta.run(addMutation, { input });
    expect(status).toBe(400);
    expect(result.errors?.[0]?.message).toMatch(message);
    expect(result.errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
  });

  it('refuses the same in a literal', async () => {
    const literal = (text: string) =>
      beta.run(
        `mutation { addComplianceManagementPartner(input: {displayName: "Fleet", ${text}}) { userErrors { message } } }`,
      );
    const date = await literal('lastHeartbeatDateTime: "2024-02-30T00:00:00Z"');
    expect(date.result.errors?.[0]?.message).toMatch(/month 02 of 2024 has 29 days/);
    const keys = await literal(
      'iosEnrollmentAssignments: [{target: {allDevices: {}, allLicensedUsers: {}}}]',
    );
    expect(keys.result.errors?.[0]?.message).toMatch(/exactly one key/i);
  });

  const list = (target: string): string =>
    `macOsEnrollmentAssignments: [{ target: { ${target} } }]`;
  const fields = {
    'a heartbeat': (literal: string) => `lastHeartbeatDateTime: ${literal}`,
    'a group': (literal: string) => list(`group: { groupId: ${literal} }`),
    'a collection': (literal: string) =>
      list(`configurationManagerCollection: { collectionId: ${literal} }`),
    'a state': (literal: string) => `partnerState: ${literal}`,
    'a flag': (literal: string) => `iosOnboarded: ${literal}`,
    'an id': (literal: string) => `id: ${literal}`,
  };

  it.each<[string, keyof typeof fields, RegExp]>([
    ['"2016-12-31"', 'a heartbeat', /^DateTimeOffset "2016-12-31" is not a date-time/],
    ['5', 'a heartbeat', /^DateTimeOffset must be given as a text, not as Int\.$/],
    ['"sales"', 'a group', /^UUID "sales" is not of the form .* as in [\da-f]{8}(-[\da-f]{4}){3}-/],
    ['5', 'a group', /^UUID must be given as a text, not as Int\.$/],
    [`"{${groupId}}"`, 'a group', /without braces, as in/],
    ['" "', 'a collection', /^NonEmptyString " " must not be blank\.$/],
    ['5', 'a collection', /^NonEmptyString must be given as a text, not as Int\.$/],
    ['String', 'a state', /Use one of [A-Z, ]+; in a filter also UNKNOWN_FUTURE_VALUE\.$/],
    ['"true"', 'a flag', /boolean/],
    ['1.5', 'an id', /ID/],
  ])(
    'points at the one literal of several that is wrong: %s for %s',
    async (text, name, message) => {
      const right = `${fields['a heartbeat']('"2016-12-31T23:56:56Z"')} ${fields['a group'](`"${groupId}"`)}`;
      const lines = [right, fields[name](text), right].map(
        (input, index) =>
          `p${index}: addComplianceManagementPartner(input: { displayName: "Fleet" ${input} }) { userErrors { code } }`,
      );
      const { status, result } = await beta.run(`mutation {\n${lines.join('\n')}\n}`);
      const column = (lines[1] ?? '').indexOf(text) + 1;
      expect(result.errors).toEqual([
        {
          message: expect.stringMatching(message),
          locations: [{ line: 3, column }],
          extensions: { code: 'BAD_USER_INPUT', field: expect.arrayContaining(['input']) },
        },
      ]);
      expect(status).toBe(400);
    },
  );

  it.each<[string, object, string[]]>([
    ['UNKNOWN_FUTURE_VALUE', { partnerState: 'UNKNOWN_FUTURE_VALUE' }, ['input', 'partnerState']],
    ['an id that could climb out of the path', { id: '../users' }, ['input', 'id']],
  ])('answers %s as data, with the path of the field', async (_what, input, field) => {
    const { status, result } = await beta.run(addMutation, {
      input: { displayName: 'Fleet', ...input },
    });
    expect(status).toBe(200);
    expect(result.data?.['addComplianceManagementPartner']).toEqual({
      complianceManagementPartner: null,
      userErrors: [{ code: 'BAD_USER_INPUT', message: expect.any(String), field }],
    });
  });

  it('answers all that v1.0 does not have as data, all at once', async () => {
    const input = {
      displayName: 'Fleet',
      windowsOnboarded: true,
      linuxEnrollmentAssignments: [],
      macOsEnrollmentAssignments: [
        { target: { allDevices: { filter: { id: groupId, type: 'INCLUDE' } } } },
      ],
    };
    const { result } = await v1.run(addMutation, { input });
    const payload = result.data?.['addComplianceManagementPartner'] as {
      userErrors: { field: string[]; code: string }[];
    };
    expect(payload.userErrors.map(({ field }) => field.join('.'))).toEqual([
      'input.macOsEnrollmentAssignments.0.target.allDevices.filter',
      'input.windowsOnboarded',
      'input.linuxEnrollmentAssignments',
    ]);
  });

  it.each(['..', '../users', 'a/b', '%2e%2e', '', 'a b', "x')"])(
    'refuses the id %j for the path',
    async (id) => {
      const { status, result } = await beta.run(partnerQuery, { id });
      expect(status).toBe(200);
      expect(result.errors?.[0]).toMatchObject({
        message: expect.stringMatching(/The argument "id" cannot be a partner's id/),
        extensions: { code: 'BAD_USER_INPUT' },
      });
    },
  );

  it.each([
    [{ first: -1 }, /"first" is -1; it must be from 0 to 1000/],
    [{ first: 1001 }, /"first" is 1001/],
    [{ after: 'rubbish' }, /"after" is not a cursor of this list/],
  ])('refuses the page %j', async (variables, message) => {
    const { status, result } = await beta.run(listQuery, variables);
    expect(status).toBe(200);
    expect(result.errors?.[0]?.message).toMatch(message);
  });

  it.each<[string, string, Record<string, unknown>, number]>([
    [
      'null in a variable with a default',
      'query ($id: ID = "a") { complianceManagementPartner(id: $id) { id } }',
      { id: null },
      200,
    ],
    [
      'a variable without a value for the only key of a target',
      `mutation ($all: AllDevicesAssignmentTargetInput) {
        addEnrollmentAssignment(input: { id: "a", platform: IOS, target: { allDevices: $all } }) { changed }
      }`,
      {},
      200,
    ],
    [
      'null for a directive of the whole operation',
      'query ($all: Boolean = true) { complianceManagementPartners @include(if: $all) { totalCount } }',
      { all: null },
      400,
    ],
  ])(
    'refuses %s, which only the execution can see',
    async (_what, document, variables, expected) => {
      const { status, result } = await beta.run(document, variables);
      expect(status).toBe(expected);
      expect(result.errors).toHaveLength(1);
      expect(result.errors?.[0]).toMatchObject({
        message: expect.stringMatching(/^Argument "/),
        extensions: { code: 'BAD_USER_INPUT' },
      });
      expect(beta.logLines.join()).not.toContain('unexpectedly');
    },
  );

  it('refuses a subscription, which the schema does not have', async () => {
    const { status, result } = await beta.run('subscription { viewer { kind } }');
    expect(status).toBe(400);
    expect(result.errors?.[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it.each([
    ['no bearer', {}],
    ['another scheme', { authorization: 'Basic abc' }],
    ['a bearer of several words', { authorization: 'Bearer a b' }],
  ])('asks for a token where there is %s', async (_what, headers) => {
    const body = { query: addMutation, variables: { input: { displayName: 'Fleet' } } };
    const { status, headers: answered, text } = await beta.post(body, headers);
    expect(status).toBe(401);
    expect(answered['www-authenticate']).toBe('Bearer');
    expect(JSON.parse(text)).toMatchObject({
      errors: [
        {
          message: expect.stringContaining('Authorization: Bearer'),
          extensions: { code: 'UNAUTHENTICATED' },
        },
      ],
    });
  });

  it('asks for no token where Graph is not asked', async () => {
    const { status, text } = await beta.post({ query: '{ __typename }' });
    expect([status, text.trim()]).toEqual([200, '{"data":{"__typename":"Query"}}']);
  });
});
