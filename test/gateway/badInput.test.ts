import { afterAll, describe, expect, it } from '@jest/globals';
import { addMutation, deleteMutation, partnerQuery } from '../support/documents.ts';
import { json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';

const uuid = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const graphql = { accept: 'application/graphql-response+json' };
const badInput = { code: 'BAD_USER_INPUT' };

const { scripted, start } = useStages(afterAll);
const { graph, gateway } = await scripted(json(201, { id: 'never', displayName: 'sent' }));
const partner = await scripted(json(200, { id: 'abc', displayName: 'Fleet' }));
const v1 = await start({ GRAPH_BASE_URL: graph.url.href, GRAPH_API_VERSION: 'v1.0' });

const ios = 'iosEnrollmentAssignments';
const fleet = (change: object) => ({ displayName: 'Fleet', ...change });
const targets = (...all: unknown[]) => fleet({ [ios]: all.map((target) => ({ target })) });
const group = (groupId: string) => ({ group: { groupId } });
const filter = (parts: object) => ({ allDevices: { filter: parts } });
const blank = { configurationManagerCollection: { collectionId: '' } };
const inCollection = `${ios}.0.target.configurationManagerCollection.collectionId`;
const inGroup = (index: number) => `${ios}.${index}.target.group.groupId`;
const inFilter = `${ios}.1.target.allDevices.filter.type`;
const inExclusion = `${ios}.0.target.exclusionGroup.groupId`;
const allStates =
  /"String" does not exist.*Use one of UNKNOWN, UNAVAILABLE, ENABLED, TERMINATED, REJECTED, UNRESPONSIVE; in a filter also UNKNOWN_FUTURE_VALUE\.$/;
const heartbeat = (lastHeartbeatDateTime: unknown) => fleet({ lastHeartbeatDateTime });

/** What is wrong, in which input, the place of it, and the message. */
const mistakes: readonly (readonly [string, object, string, RegExp])[] = [
  ['a blank name', { displayName: '  ' }, 'displayName', /must not be blank\.$/],
  ['a missing name', {}, 'displayName', /"displayName|\.displayName" of required type/],
  ['a name of null', { displayName: null }, 'displayName', /NonEmptyString!/],
  ['a state of the page', fleet({ partnerState: 'String' }), 'partnerState', allStates],
  ['an unknown field', fleet({ blackberry: true }), 'blackberry', /"blackberry" is not defined/],
  ['a flag that is a text', fleet({ iosOnboarded: 'yes' }), 'iosOnboarded', /Boolean/],
  ['30 February', heartbeat('2024-02-30T00:00:00Z'), 'lastHeartbeatDateTime', /has 29 days/],
  ['a number', heartbeat(5), 'lastHeartbeatDateTime', /given as a text, not as (number|Int)/],
  ['no list of objects', fleet({ [ios]: [{}, 7] }), `${ios}.1`, /PartnerAssignmentInput/],
  ['an assignment of null', fleet({ [ios]: [null] }), `${ios}.0`, /PartnerAssignmentInput!/],
  [
    'a bad UUID in one item in the place of a list',
    fleet({ [ios]: { target: group('sales') } }),
    inGroup(0),
    /of the form 8-4-4-4-12/,
  ],
  [
    'no UUID in one item',
    fleet({ [ios]: { target: { group: {} } } }),
    inGroup(0),
    /groupId" of required type "UUID!"/,
  ],
  ['a bad UUID', targets(group(uuid), group('sales')), inGroup(1), /"sales" is not of the form/],
  ['a UUID in braces', targets(group(`{${uuid}}`)), inGroup(0), /without braces/],
  ['no UUID', targets({ exclusionGroup: {} }), inExclusion, /of required type "UUID!"/],
  ['a blank id of a collection', targets(blank), inCollection, /must not be blank\.$/],
  ['a bad filter', targets(null, filter({ id: uuid, type: 'NONE' })), inFilter, /one of INCLUDE/],
  ['two kinds', targets({ allDevices: {}, allLicensedUsers: {} }), `${ios}.0.target`, /one key/i],
  ['no kind', targets({}), `${ios}.0.target`, /exactly one key/i],
];

/** The input as a document writes it. */
const literalOf = (input: object): string =>
  JSON.stringify(input)
    .replace(/"(\w+)":/g, '$1:')
    .replace(/(partnerState|type):"(\w+)"/g, '$1:$2');
const addOf = (input: string): string =>
  `addComplianceManagementPartner(input: ${input}) { userErrors { code } }`;

describe('a mistake in the input', () => {
  afterAll(() => expect(graph.requests).toEqual([]));

  it.each(mistakes)('is rejected with its field: %s', async (_what, input, path, message) => {
    const field = ['input', ...path.split('.')];
    const error = {
      message: expect.stringMatching(message),
      extensions: { code: 'BAD_USER_INPUT', field },
    };
    const literal = literalOf(input);
    const withDefault = `mutation ($input: AddComplianceManagementPartnerInput! = ${literal}) { ${addOf('$input')} }`;
    for (const [query, variables] of [
      [addMutation, { input }],
      [`mutation { ${addOf(literal)} }`, {}],
      [withDefault, {}],
    ] as const) {
      const { status, result, text } = await gateway.run(query, variables, graphql);
      expect(result.errors).toMatchObject([error]);
      expect(status).toBe(400);
      expect(text).not.toMatch(/Value cannot be|Value is not|Can only validate/);
    }
  });

  it.each([
    ['a kind of target of null', { group: null }, /must be non-null/],
    ['an unknown kind of target', { everyone: {} }, /"everyone" is not defined/],
  ])('is rejected in a variable: %s', async (_what, target, message) => {
    const { status, result, codes } = await gateway.run(addMutation, { input: targets(target) });
    expect([status, codes[0]]).toEqual([400, 'BAD_USER_INPUT']);
    expect(result.errors?.[0]?.message).toMatch(message);
  });

  it('has its field beside another mistake', async () => {
    const input = { ...targets(group('sales'), {}), displayName: '', partnerState: 'GONE' };
    const wrong = ['displayName', inGroup(0), `${ios}.1.target`, 'partnerState'];
    const fields = wrong.map((path) => ['input', ...path.split('.')]);
    for (const { result, codes } of [
      await gateway.run(addMutation, { input }),
      await gateway.run(`mutation { ${addOf(literalOf(input))} }`),
    ]) {
      expect(codes).toEqual(fields.map(() => 'BAD_USER_INPUT'));
      expect(result.errors?.map(({ extensions }) => extensions['field']).sort()).toEqual(fields);
    }
  });

  it('has its field if a variable is only a part of the input', async () => {
    const query = `mutation ($group: UUID!, $state: PartnerState) {
      addComplianceManagementPartner(input: { displayName: "a", partnerState: $state,
        ${ios}: [{}, { target: { group: { groupId: $group } } }] }) { userErrors { code } }
    }`;
    const { result } = await gateway.run(query, { group: 'sales', state: 'GONE' });
    expect(result.errors?.map(({ extensions }) => extensions)).toEqual([
      { ...badInput, field: ['input', ...inGroup(1).split('.')] },
      { ...badInput, field: ['input', 'partnerState'] },
    ]);
  });

  it('has its field if the whole variable is missing or null', async () => {
    for (const variables of [{}, { input: null }]) {
      const { result } = await gateway.run(addMutation, variables);
      expect(result.errors).toMatchObject([{ extensions: { ...badInput, field: ['input'] } }]);
    }
  });

  const listOf = (args: string) => `complianceManagementPartners(${args}) { totalCount }`;
  const before = 'filter: { and: [{}, { lastHeartbeatDateTime: { before: $before } }] }';
  const twoLists = `query One($first: Int) { ${listOf('first: $first')} } query Two($first: Int) { ${listOf('last: $first')} }`;
  const inFragment = `query ($first: Int) { ...Page } fragment Page on Query { ${listOf('first: $first')} }`;

  it.each<[string, Record<string, unknown>, string]>([
    [
      `query ($before: DateTimeOffset) { ${listOf(before)} }`,
      { before: 'soon' },
      'filter.and.1.lastHeartbeatDateTime.before',
    ],
    [`{ ${listOf('orderBy: [{ field: NAME }]')} }`, {}, 'orderBy.0.field'],
    [`{ ${listOf('first: 5000')} }`, {}, 'first'],
    [
      `query ($in: [PartnerState!]) { ${listOf('filter: { not: { partnerState: { in: $in } } }')} }`,
      { in: ['ENABLED', 'GONE'] },
      'filter.not.partnerState.in.1',
    ],
    [
      `query ($by: [ComplianceManagementPartnerOrder!]) { ${listOf('orderBy: $by')} }`,
      { by: { field: 'NAME' } },
      'orderBy.0.field',
    ],
    [twoLists, { first: 'ten' }, 'last'],
    [inFragment, { first: 'ten' }, 'first'],
    ['query ($id: ID = "a") { complianceManagementPartner(id: $id) { id } }', { id: null }, 'id'],
  ])('has its field in a query: %s', async (query, variables, path) => {
    const operationName = query.includes('query Two') ? 'Two' : undefined;
    const body = { query, variables, operationName };
    const { result } = await gateway.post(body, { authorization: 'Bearer test-token' });
    expect(result.errors).toMatchObject([{ extensions: { ...badInput, field: path.split('.') } }]);
  });

  it.each([
    'query ($if: Boolean!) { __typename @include(if: $if) }',
    'query { nothing }',
    'query { complianceManagementPartner { id } }',
    'query ($a: Int) { complianceManagementPartner(id: $b) { id } }',
  ])('is no field if it is not about a value of the input: %s', async (query) => {
    const { result } = await gateway.run(query, { if: 7 });
    expect(result.errors).not.toHaveLength(0);
    expect(JSON.stringify(result.errors)).not.toContain('"field"');
  });

  it.each<[string, string, RegExp]>([
    ['displayName: " "', '" "', /^NonEmptyString " " must not be blank\.$/],
    ['lastHeartbeatDateTime: 5', '5', /^DateTimeOffset must be given as a text, not as Int\.$/],
    [
      'partnerState: String',
      'String',
      /Use one of [A-Z, ]+; in a filter also UNKNOWN_FUTURE_VALUE/,
    ],
  ])('is pointed at among several literals: %s', async (wrong, text, message) => {
    const lines = ['id: "a"', wrong, 'id: "b"'].map((input, index) => {
      const name = input.startsWith('displayName') ? '' : 'displayName: "Fleet"';
      return `p${index}: ${addOf(`{ ${name} ${input} }`)}`;
    });
    const { status, result } = await gateway.run(`mutation {\n${lines.join('\n')}\n}`);
    const column = (lines[1] ?? '').indexOf(text) + 1;
    const field = ['input', wrong.slice(0, wrong.indexOf(':'))];
    expect([status, result.errors]).toEqual([
      400,
      [
        {
          message: expect.stringMatching(message),
          locations: [{ line: 3, column }],
          extensions: { ...badInput, field },
        },
      ],
    ]);
  });

  it('is data for all that v1.0 does not have, all at once', async () => {
    const change = { windowsOnboarded: true, linuxEnrollmentAssignments: [] };
    const input = { ...targets(filter({ id: uuid, type: 'INCLUDE' })), ...change };
    const wrong = [
      'windowsOnboarded',
      `${ios}.0.target.allDevices.filter`,
      'linuxEnrollmentAssignments',
    ];
    const userErrors = wrong.map((path) => ({ field: ['input', ...path.split('.')] }));
    expect(await v1.ask(addMutation, { input })).toMatchObject({ userErrors });
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
      'query ($all: Boolean = true) { viewer @include(if: $all) { kind } }',
      { all: null },
      400,
    ],
  ])('is seen by the execution only: %s', async (_what, document, variables, expected) => {
    const { status, result } = await gateway.run(document, variables);
    expect(status).toBe(expected);
    expect(result.errors).toMatchObject([
      { message: expect.stringMatching(/^Argument "/), extensions: badInput },
    ]);
    expect(gateway.logLines.join()).not.toContain('unexpectedly');
  });

  it('is a subscription, which the schema does not have', async () => {
    const { status, codes } = await gateway.run('subscription { viewer { kind } }');
    expect([status, codes]).toEqual([400, ['GRAPHQL_VALIDATION_FAILED']]);
  });
});

describe('a number that a double does not hold', () => {
  const exact = '9007199254740993';
  const { requests } = partner.graph;

  /** Posts variables as the JSON text that they are, so that numbers keep their digits. */
  const runWith = (query: string, variables: string) =>
    partner.gateway.post(`{"query":${JSON.stringify(query)},"variables":${variables}}`, {
      authorization: 'Bearer test-token',
      ...graphql,
    });

  it.each<[string, string, string, string[]]>([
    ['an id to delete', deleteMutation, `{"input":{"id":${exact}}}`, ['input', 'id']],
    ['an id to read', partnerQuery, `{"id":${exact}}`, ['id']],
    [
      'an id in a part of the input',
      'mutation ($id: ID!) { deleteComplianceManagementPartner(input: { id: $id }) { userErrors { code } } }',
      `{"id":-${exact}}`,
      ['input', 'id'],
    ],
  ])('is rejected as %s', async (_what, query, variables, field) => {
    const before = requests.length;
    const { status, result } = await runWith(query, variables);
    expect(status).toBe(400);
    expect(result.errors).toMatchObject([
      {
        message: expect.stringContaining('Send it as a string.'),
        extensions: { ...badInput, field },
      },
    ]);
    expect(requests).toHaveLength(before);
  });

  it('is rejected in a URL too', async () => {
    const search = new URLSearchParams({ query: partnerQuery, variables: `{"id":${exact}}` });
    const headers = { ...graphql, authorization: 'Bearer test-token' };
    const { status, extensions } = await partner.gateway.get(`/graphql?${search}`, headers);
    expect([status, extensions]).toEqual([400, { ...badInput, field: ['id'] }]);
  });

  it('is rejected after a missing token', async () => {
    const body = `{"query":${JSON.stringify(partnerQuery)},"variables":{"id":${exact}}}`;
    expect((await partner.gateway.post(body, graphql)).status).toBe(401);
  });

  it.each<[string, string, string]>([
    ['a text', partnerQuery, `{"id":"${exact}"}`],
    ['a literal number', `{ complianceManagementPartner(id: ${exact}) { id } }`, '{}'],
    ['a default', partnerQuery.replace('ID!', `ID = ${exact}`), '{}'],
    ['the variable of nothing', partnerQuery, `{"id":"${exact}","other":${exact}}`],
  ])('reaches Graph to the last digit as %s', async (_what, query, variables) => {
    const { codes } = await runWith(query, variables);
    expect(codes).not.toContain('BAD_USER_INPUT');
    expect(requests.at(-1)?.url).toContain(`/${exact}`);
  });

  it.each([
    [partnerQuery, '{"id":9007199254740992}', 'GET', '/9007199254740992'],
    [deleteMutation, '{"input":{"id":5}}', 'DELETE', '/5'],
  ])('is taken if it is held, however it is written (%#)', async (query, variables, verb, end) => {
    await runWith(query, variables);
    expect(requests.findLast(({ method }) => method === verb)?.url.endsWith(end)).toBe(true);
  });
});
