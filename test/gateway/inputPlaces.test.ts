import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { useClosing } from '../support/closing.ts';
import { addMutation, deleteMutation, partnerQuery, updateMutation } from '../support/documents.ts';
import { json, type ScriptedServer } from '../support/scriptedServer.ts';
import { type GraphQLAnswer, startScripted, type TestGateway } from '../support/testGateways.ts';

let graph: ScriptedServer;
let gateway: TestGateway;

const closeLater = useClosing(afterAll);
beforeAll(async () => {
  ({ graph, gateway } = await startScripted(closeLater, [
    json(200, { id: 'abc', displayName: 'Fleet' }),
  ]));
});

/** Posts variables as the JSON text that they are, so that numbers keep their digits. */
async function runWith(query: string, variables: string): Promise<GraphQLAnswer> {
  const answer = await gateway.post(`{"query":${JSON.stringify(query)},"variables":${variables}}`, {
    authorization: 'Bearer test-token',
    accept: 'application/graphql-response+json',
  });
  return { ...answer, result: JSON.parse(answer.text) };
}

const graphql = { accept: 'application/graphql-response+json' };
const group = (id: string): object => ({ target: { group: { groupId: id } } });
const uuid = '0c65e46a-e46a-0c65-6ae4-650c6ae4650c';

/** What is wrong, as the value of a variable and as a literal, with the place of it. */
const mistakes: readonly (readonly [string, object, string, string, RegExp])[] = [
  ['a blank name', { displayName: ' ' }, 'displayName: " "', 'displayName', /must not be blank\.$/],
  ['a missing name', {}, '', 'displayName', /"displayName|\.displayName" of required type/],
  ['a name of null', { displayName: null }, 'displayName: null', 'displayName', /NonEmptyString!/],
  [
    'a bad date-time',
    { displayName: 'F', lastHeartbeatDateTime: '2024-02-30T00:00:00Z' },
    'displayName: "F", lastHeartbeatDateTime: "2024-02-30T00:00:00Z"',
    'lastHeartbeatDateTime',
    /month 02 of 2024 has 29 days/,
  ],
  [
    'an unknown state',
    { displayName: 'F', partnerState: 'GONE' },
    'displayName: "F", partnerState: GONE',
    'partnerState',
    /Use one of UNKNOWN, /,
  ],
  [
    'an unknown field',
    { displayName: 'F', blackberry: true },
    'displayName: "F", blackberry: true',
    'blackberry',
    /"blackberry" is not defined/,
  ],
  [
    'a flag that is a text',
    { displayName: 'F', iosOnboarded: 'yes' },
    'displayName: "F", iosOnboarded: "yes"',
    'iosOnboarded',
    /Boolean/,
  ],
  [
    'a bad UUID in a list',
    { displayName: 'F', iosEnrollmentAssignments: [group(uuid), group('sales')] },
    `displayName: "F", iosEnrollmentAssignments: [
      { target: { group: { groupId: "${uuid}" } } }, { target: { group: { groupId: "sales" } } }]`,
    'iosEnrollmentAssignments.1.target.group.groupId',
    /is not of the form 8-4-4-4-12/,
  ],
  [
    'a list that is no list of objects',
    { displayName: 'F', iosEnrollmentAssignments: [{}, 7] },
    'displayName: "F", iosEnrollmentAssignments: [{}, 7]',
    'iosEnrollmentAssignments.1',
    /ComplianceManagementPartnerAssignmentInput/,
  ],
  [
    'a bad UUID in a single item instead of a list',
    { displayName: 'F', iosEnrollmentAssignments: group('sales') },
    'displayName: "F", iosEnrollmentAssignments: { target: { group: { groupId: "sales" } } }',
    'iosEnrollmentAssignments.0.target.group.groupId',
    /is not of the form 8-4-4-4-12/,
  ],
  [
    'a missing UUID in a single item instead of a list',
    { displayName: 'F', iosEnrollmentAssignments: { target: { group: {} } } },
    'displayName: "F", iosEnrollmentAssignments: { target: { group: {} } }',
    'iosEnrollmentAssignments.0.target.group.groupId',
    /groupId" of required type "UUID!"/,
  ],
  [
    'a blank id of a collection',
    {
      displayName: 'F',
      macOsEnrollmentAssignments: [
        { target: { configurationManagerCollection: { collectionId: '' } } },
      ],
    },
    `displayName: "F", macOsEnrollmentAssignments: [
      { target: { configurationManagerCollection: { collectionId: "" } } }]`,
    'macOsEnrollmentAssignments.0.target.configurationManagerCollection.collectionId',
    /must not be blank\.$/,
  ],
  [
    'an unknown type of filter',
    {
      displayName: 'F',
      iosEnrollmentAssignments: [
        {},
        { target: { allLicensedUsers: { filter: { id: uuid, type: 'NONE' } } } },
      ],
    },
    `displayName: "F", iosEnrollmentAssignments: [
      {}, { target: { allLicensedUsers: { filter: { id: "${uuid}", type: NONE } } } }]`,
    'iosEnrollmentAssignments.1.target.allLicensedUsers.filter.type',
    /Use one of INCLUDE/,
  ],
  [
    'a date-time that is a number',
    { displayName: 'F', lastHeartbeatDateTime: 5 },
    'displayName: "F", lastHeartbeatDateTime: 5',
    'lastHeartbeatDateTime',
    /DateTimeOffset must be given as a text/,
  ],
  [
    'two kinds of target',
    {
      displayName: 'F',
      iosEnrollmentAssignments: [{ target: { allDevices: {}, allLicensedUsers: {} } }],
    },
    'displayName: "F", iosEnrollmentAssignments: [{ target: { allDevices: {}, allLicensedUsers: {} } }]',
    'iosEnrollmentAssignments.0.target',
    /exactly one key/i,
  ],
  [
    'a missing part of a filter',
    {
      displayName: 'F',
      iosEnrollmentAssignments: [{ target: { allDevices: { filter: { type: 'INCLUDE' } } } }],
    },
    'displayName: "F", iosEnrollmentAssignments: [{ target: { allDevices: { filter: { type: INCLUDE } } } }]',
    'iosEnrollmentAssignments.0.target.allDevices.filter.id',
    /id" of required type "UUID!"/,
  ],
];

describe('a mistake in the input', () => {
  it.each(mistakes)('has its field: %s', async (_what, input, literal, path, message) => {
    const field = ['input', ...path.split('.')];
    const error = {
      message: expect.stringMatching(message),
      extensions: { code: 'BAD_USER_INPUT', field },
    };
    const inVariable = await gateway.run(addMutation, { input }, graphql);
    expect(inVariable.result.errors).toMatchObject([error]);
    expect(inVariable.status).toBe(400);
    const add = (text: string): string =>
      `addComplianceManagementPartner(input: ${text}) { userErrors { code } }`;
    const inLiteral = await gateway.run(`mutation { ${add(`{ ${literal} }`)} }`, {}, graphql);
    expect(inLiteral.result.errors).toMatchObject([error]);
    expect(inLiteral.status).toBe(400);
    const type = 'AddComplianceManagementPartnerInput!';
    const withDefault = `mutation ($input: ${type} = { ${literal} }) { ${add('$input')} }`;
    expect((await gateway.run(withDefault, {}, graphql)).result.errors).toMatchObject([error]);
    for (const { text } of [inVariable, inLiteral]) {
      expect(text).not.toMatch(/Value cannot be|Value is not|Can only validate/);
    }
  });

  it('has its field beside another mistake', async () => {
    const input = {
      displayName: '',
      partnerState: 'GONE',
      iosEnrollmentAssignments: [group('sales'), { target: {} }],
    };
    const literal = `{ displayName: "", partnerState: GONE, iosEnrollmentAssignments: [
      { target: { group: { groupId: "sales" } } }, { target: {} }] }`;
    const fields = [
      ['input', 'displayName'],
      ['input', 'iosEnrollmentAssignments', '0', 'target', 'group', 'groupId'],
      ['input', 'iosEnrollmentAssignments', '1', 'target'],
      ['input', 'partnerState'],
    ];
    const inLiteral = `mutation { addComplianceManagementPartner(input: ${literal}) { userErrors { code } } }`;
    for (const { result } of [
      await gateway.run(addMutation, { input }, graphql),
      await gateway.run(inLiteral, {}, graphql),
    ]) {
      const all = result.errors?.map(({ extensions }) => extensions) ?? [];
      expect(all.map(({ code }) => code)).toEqual(fields.map(() => 'BAD_USER_INPUT'));
      expect(all.map(({ field }) => field).sort()).toEqual(fields);
    }
  });

  it('has its field if a variable is only a part of the input', async () => {
    const query = `mutation ($group: UUID!, $state: PartnerState) {
      updateComplianceManagementPartner(input: {
        id: "a", partnerState: $state
        macOsEnrollmentAssignments: [{}, { target: { group: { groupId: $group } } }]
      }) { userErrors { code } }
    }`;
    const { result } = await gateway.run(query, { group: 'sales', state: 'GONE' });
    expect(result.errors?.map(({ extensions }) => extensions)).toEqual([
      {
        code: 'BAD_USER_INPUT',
        field: ['input', 'macOsEnrollmentAssignments', '1', 'target', 'group', 'groupId'],
      },
      { code: 'BAD_USER_INPUT', field: ['input', 'partnerState'] },
    ]);
  });

  it('has its field if the whole variable is missing or null', async () => {
    for (const variables of [{}, { input: null }]) {
      const { result } = await gateway.run(addMutation, variables);
      expect(result.errors).toMatchObject([
        { extensions: { code: 'BAD_USER_INPUT', field: ['input'] } },
      ]);
    }
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    [
      'query ($before: DateTimeOffset) { complianceManagementPartners(filter: { and: [{}, { lastHeartbeatDateTime: { before: $before } }] }) { totalCount } }',
      { before: 'soon' },
      ['filter', 'and', '1', 'lastHeartbeatDateTime', 'before'],
    ],
    [
      'query { complianceManagementPartners(orderBy: [{ field: NAME }]) { totalCount } }',
      {},
      ['orderBy', '0', 'field'],
    ],
    [
      'query ($first: Int) { complianceManagementPartners(first: $first) { totalCount } }',
      { first: 1.5 },
      ['first'],
    ],
    ['query { complianceManagementPartners(first: 5000) { totalCount } }', {}, ['first']],
    [
      'query ($in: [PartnerState!]) { complianceManagementPartners(filter: { not: { partnerState: { in: $in } } }) { totalCount } }',
      { in: ['ENABLED', 'GONE'] },
      ['filter', 'not', 'partnerState', 'in', '1'],
    ],
    [
      'query ($order: [ComplianceManagementPartnerOrder!]) { complianceManagementPartners(orderBy: $order) { totalCount } }',
      { order: { field: 'NAME' } },
      ['orderBy', '0', 'field'],
    ],
    [
      'query One($first: Int) { complianceManagementPartners(first: $first) { totalCount } } query Two($first: Int) { complianceManagementPartners(last: $first) { totalCount } }',
      { first: 'ten' },
      ['last'],
    ],
    [
      'query List($first: Int) { ...Page } fragment Page on Query { complianceManagementPartners(first: $first) { totalCount } }',
      { first: 'ten' },
      ['first'],
    ],
    ['query { complianceManagementPartner(id: "../users") { id } }', {}, ['id']],
    ['query ($id: ID = "a") { complianceManagementPartner(id: $id) { id } }', { id: null }, ['id']],
  ])('has its field in a query: %s', async (query, variables, field) => {
    const operationName = query.includes('query Two') ? 'Two' : undefined;
    const { text } = await gateway.post(
      { query, variables, operationName },
      { authorization: `Bearer test-token` },
    );
    expect(JSON.parse(text).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', field } },
    ]);
  });

  it.each([
    'query ($if: Boolean!) { __typename @include(if: $if) }',
    'query { nothing }',
    'query { complianceManagementPartner { id } }',
    'query ($a: Int) { complianceManagementPartner(id: $b) { id } }',
  ])('is no field if it is not about a value of the input: %s', async (query) => {
    const { result } = await gateway.run(query, { if: 7 });
    for (const { extensions } of result.errors ?? []) {
      expect(extensions).not.toHaveProperty('field');
    }
    expect(result.errors).not.toHaveLength(0);
  });
});

describe('a number that a double does not hold', () => {
  const exact = '9007199254740993';

  it.each<[string, string, string, string[]]>([
    ['an id to delete', deleteMutation, `{"input":{"id":${exact}}}`, ['input', 'id']],
    ['an id to update', updateMutation, `{"input":{"id":${exact}}}`, ['input', 'id']],
    ['an id to add', addMutation, `{"input":{"displayName":"F","id":${exact}}}`, ['input', 'id']],
    ['an id to read', partnerQuery, `{"id":${exact}}`, ['id']],
    ['an id with a fraction', partnerQuery, '{"id":9007199254740990.9}', ['id']],
    ['an id that is almost 1', partnerQuery, '{"id":1.00000000000000000001}', ['id']],
    ['an id with an exponent', partnerQuery, '{"id":1e21}', ['id']],
    [
      'an id in a part of the input',
      'mutation ($id: ID!) { deleteComplianceManagementPartner(input: { id: $id }) { userErrors { code } } }',
      `{"id":-${exact}}`,
      ['input', 'id'],
    ],
  ])('is rejected as %s', async (_what, query, variables, field) => {
    const before = graph.requests.length;
    const { status, result } = await runWith(query, variables);
    expect(status).toBe(400);
    expect(result.errors).toMatchObject([
      {
        message: expect.stringContaining('Send it as a string.'),
        extensions: { code: 'BAD_USER_INPUT', field },
      },
    ]);
    expect(graph.requests).toHaveLength(before);
  });

  it('is rejected in a URL too', async () => {
    const search = new URLSearchParams({ query: partnerQuery, variables: `{"id":${exact}}` });
    const { status, text } = await gateway.get(`/graphql?${search}`, {
      ...graphql,
      authorization: 'Bearer test-token',
    });
    expect([status, JSON.parse(text).errors[0].extensions]).toEqual([
      400,
      { code: 'BAD_USER_INPUT', field: ['id'] },
    ]);
  });

  it('is rejected after a missing token', async () => {
    const body = `{"query":${JSON.stringify(partnerQuery)},"variables":{"id":${exact}}}`;
    expect((await gateway.post(body, graphql)).status).toBe(401);
  });

  it.each<[string, string, string]>([
    ['a text', partnerQuery, `{"id":"${exact}"}`],
    ['a literal number', `{ complianceManagementPartner(id: ${exact}) { id } }`, '{}'],
    [
      'a default',
      `query ($id: ID = ${exact}) { complianceManagementPartner(id: $id) { id } }`,
      '{}',
    ],
    ['the variable of nothing', partnerQuery, `{"id":"${exact}","other":${exact}}`],
  ])('reaches Graph to the last digit as %s', async (_what, query, variables) => {
    const { result } = await runWith(query, variables);
    const codes = result.errors?.map(({ extensions }) => extensions['code']) ?? [];
    expect(codes).not.toContain('BAD_USER_INPUT');
    expect(graph.requests.at(-1)?.url).toContain(`/${exact}`);
  });

  it('is taken if it is held, however it is written', async () => {
    await runWith(partnerQuery, '{"id":9007199254740992}');
    expect(graph.requests.at(-1)?.url).toContain('/9007199254740992');
    await runWith(partnerQuery, '{"id":12.0}');
    expect(graph.requests.at(-1)?.url).toContain('/12');
    await runWith(deleteMutation, '{"input":{"id":5}}');
    expect(graph.requests.at(-1)).toMatchObject({
      method: 'DELETE',
      url: expect.stringMatching(/\/5$/),
    });
    await runWith(updateMutation, '{"input":{"id":9007199254740991,"displayName":"F"}}');
    const patch = graph.requests.findLast(({ method }) => method === 'PATCH');
    expect(patch?.url).toMatch(/\/9007199254740991$/);
  });
});
