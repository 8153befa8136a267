import { afterAll, describe, expect, it } from '@jest/globals';
import { addMutation, deleteMutation, partnerQuery } from '../support/documents.ts';
import { json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';

const uuid = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const headers = {
  accept: 'application/graphql-response+json',
  authorization: 'Bearer test-token',
};
const badInput = { code: 'BAD_USER_INPUT' };
const extensionsAt = (path: string) => ({ ...badInput, field: path.split('.') });

const { scripted, start } = useStages(afterAll);
const { graph, gateway } = await scripted(json(201, { id: 'never', displayName: 'sent' }));
const partner = await scripted(json(200, { id: 'abc', displayName: 'Fleet' }));
const v1 = await start({ GRAPH_BASE_URL: graph.url.href, GRAPH_API_VERSION: 'v1.0' });

/** Posts variables as an object, or as the JSON text that they are, so that numbers keep their digits. */
function post(query: string, variables: object | string = {}, to = gateway) {
  const text = typeof variables === 'string' ? variables : JSON.stringify(variables);
  const name = query.includes('query Two') ? ',"operationName":"Two"' : '';
  return to.post(`{"query":${JSON.stringify(query)},"variables":${text}${name}}`, headers);
}

const ios = 'iosEnrollmentAssignments';
const fleet = (change: object) => ({ displayName: 'Fleet', ...change });
const targets = (...all: unknown[]) => fleet({ [ios]: all.map((target) => ({ target })) });
const group = (groupId: string) => ({ group: { groupId } });
const filter = (parts: object) => ({ allDevices: { filter: parts } });
const blank = { configurationManagerCollection: { collectionId: '' } };
const inCollection = `${ios}.0.target.configurationManagerCollection.collectionId`;
const inGroup = (index: number) => `${ios}.${index}.target.group.groupId`;
const inFilter = `${ios}.1.target.allDevices.filter.type`;
const inOneItem = fleet({ [ios]: { target: group('sales') } });
const allStates =
  /"String" does not exist.*Use one of UNKNOWN, UNAVAILABLE, ENABLED, TERMINATED, REJECTED, UNRESPONSIVE; in a filter also UNKNOWN_FUTURE_VALUE\.$/;
const heartbeat = (lastHeartbeatDateTime: unknown) => fleet({ lastHeartbeatDateTime });

/** The input as a document writes it. */
const literalOf = (input: object): string =>
  JSON.stringify(input)
    .replace(/"(\w+)":/g, '$1:')
    .replace(/(partnerState|type):"(\w+)"/g, '$1:$2');
const addOf = (input: string): string =>
  `addComplianceManagementPartner(input: ${input}) { userErrors { code } }`;
const listOf = (args: string) => `complianceManagementPartners(${args}) { totalCount }`;

describe('a mistake in the input', () => {
  afterAll(() => expect(graph.requests).toEqual([]));

  it.each<[string, object, string, RegExp]>([
    ['a blank name', { displayName: '  ' }, 'displayName', /must not be blank\.$/],
    ['a missing name', {}, 'displayName', /"displayName|\.displayName" of required type/],
    ['a name of null', { displayName: null }, 'displayName', /NonEmptyString!/],
    ['a state of the page', fleet({ partnerState: 'String' }), 'partnerState', allStates],
    ['an unknown field', fleet({ blackberry: true }), 'blackberry', /"blackberry" is not defined/],
    ['a flag that is a text', fleet({ iosOnboarded: 'yes' }), 'iosOnboarded', /Boolean/],
    ['30 February', heartbeat('2024-02-30T00:00:00Z'), 'lastHeartbeatDateTime', /has 29 days/],
    ['a number', heartbeat(5), 'lastHeartbeatDateTime', /given as a text, not as (number|Int)/],
    ['no list of objects', fleet({ [ios]: [{}, 7] }), `${ios}.1`, /PartnerAssignmentInput/],
    ['a bad UUID in place of a list', inOneItem, inGroup(0), /of the form 8-4-4-4-12/],
    ['a bad UUID', targets(group(uuid), group('sales')), inGroup(1), /"sales" is not of the form/],
    ['a UUID in braces', targets(group(`{${uuid}}`)), inGroup(0), /without braces/],
    ['no UUID', targets({ group: {} }), inGroup(0), /of required type "UUID!"/],
    ['a blank id of a collection', targets(blank), inCollection, /must not be blank\.$/],
    ['a bad filter', targets(null, filter({ id: uuid, type: 'NONE' })), inFilter, /one of INCLUDE/],
    ['two kinds', targets({ allDevices: {}, allLicensedUsers: {} }), `${ios}.0.target`, /one key/i],
    ['no kind', targets({}), `${ios}.0.target`, /exactly one key/i],
  ])('is rejected with its field: %s', async (_what, input, path, message) => {
    const literal = literalOf(input);
    const withDefault = `mutation ($input: AddComplianceManagementPartnerInput! = ${literal}) { ${addOf('$input')} }`;
    for (const { status, result, text } of [
      await post(addMutation, { input }),
      await post(`mutation { ${addOf(literal)} }`),
      await post(withDefault),
    ]) {
      const error = expect.stringMatching(message);
      const extensions = extensionsAt(`input.${path}`);
      expect([status, result.errors]).toMatchObject([400, [{ message: error, extensions }]]);
      expect(text).not.toMatch(/Value cannot be|Value is not|Can only validate/);
    }
  });

  const several = { ...targets(group('sales'), {}), displayName: '', partnerState: 'GONE' };
  const severalPaths = ['displayName', inGroup(0), `${ios}.1.target`, 'partnerState'];
  const parts = `partnerState: $state, ${ios}: [{}, { target: { group: { groupId: $group } } }]`;
  const ofParts = `mutation ($group: UUID!, $state: PartnerState) { ${addOf(`{ displayName: "a", ${parts} }`)} }`;
  const soon = `query ($before: DateTimeOffset) { ${listOf('filter: { and: [{}, { lastHeartbeatDateTime: { before: $before } }] }')} }`;
  const states = `query ($in: [PartnerState!]) { ${listOf('filter: { not: { partnerState: { in: $in } } }')} }`;
  const twoLists = `query One($first: Int) { ${listOf('first: $first')} } query Two($first: Int) { ${listOf('last: $first')} }`;
  const inFragment = `query ($first: Int) { ...Page } fragment Page on Query { ${listOf('first: $first')} }`;
  const by = `query ($by: [ComplianceManagementPartnerOrder!]) { ${listOf('orderBy: $by')} }`;

  it.each<[string, object, ...paths: string[]]>([
    [addMutation, { input: several }, ...severalPaths.map((path) => `input.${path}`)],
    [`mutation { ${addOf(literalOf(several))} }`, {}, ...severalPaths.map((one) => `input.${one}`)],
    [ofParts, { group: 'sales', state: 'GONE' }, `input.${inGroup(1)}`, 'input.partnerState'],
    [addMutation, {}, 'input'],
    [addMutation, { input: null }, 'input'],
    [soon, { before: 'soon' }, 'filter.and.1.lastHeartbeatDateTime.before'],
    [`{ ${listOf('orderBy: [{ field: NAME }]')} }`, {}, 'orderBy.0.field'],
    [states, { in: ['ENABLED', 'GONE'] }, 'filter.not.partnerState.in.1'],
    [by, { by: { field: 'NAME' } }, 'orderBy.0.field'],
    [twoLists, { first: 'ten' }, 'last'],
    [inFragment, { first: 'ten' }, 'first'],
  ])('has its field wherever it stands (%#)', async (query, variables, ...paths) => {
    const { status, result } = await post(query, variables);
    const found = result.errors?.map(({ extensions }) => extensions);
    const byText = (one: object, other: object) =>
      JSON.stringify(one).localeCompare(JSON.stringify(other));
    expect([status, found?.toSorted(byText)]).toEqual([400, paths.map(extensionsAt)]);
  });

  it.each<[string, object, RegExp]>([
    [addMutation, { input: targets({ group: null }) }, /must be non-null/],
    [addMutation, { input: targets({ everyone: {} }) }, /"everyone" is not defined/],
    ['query ($if: Boolean!) { __typename @include(if: $if) }', { if: 7 }, /Boolean/],
    ['query { nothing }', {}, /"nothing"/],
    ['query { complianceManagementPartner { id } }', {}, /"id"/],
    ['query ($a: Int) { complianceManagementPartner(id: $b) { id } }', {}, /"\$b"/],
    ['subscription { viewer { kind } }', {}, /subscription/],
  ])('is rejected, with a field only for an input (%#)', async (query, variables, message) => {
    const { status, result, text } = await post(query, variables);
    expect([status, result.errors?.[0]?.message]).toEqual([400, expect.stringMatching(message)]);
    expect(text.includes('"field"')).toBe(query === addMutation);
  });

  it.each<[string, string, RegExp]>([
    ['displayName: " "', '" "', /^NonEmptyString " " must not be blank\.$/],
    ['lastHeartbeatDateTime: 5', '5', /^DateTimeOffset must be given as a text, not as Int\.$/],
    ['partnerState: String', 'String', /Use one of [A-Z, ]+; in a filter also UNKNOWN_FUTURE_/],
  ])('is pointed at among several literals: %s', async (wrong, literal, message) => {
    const lines = ['id: "a"', wrong, 'id: "b"'].map((input, index) => {
      const name = input.startsWith('displayName') ? '' : 'displayName: "Fleet"';
      return `p${index}: ${addOf(`{ ${name} ${input} }`)}`;
    });
    const { status, result } = await post(`mutation {\n${lines.join('\n')}\n}`);
    const error = {
      message: expect.stringMatching(message),
      locations: [{ line: 3, column: (lines[1] ?? '').indexOf(literal) + 1 }],
      extensions: extensionsAt(`input.${wrong.slice(0, wrong.indexOf(':'))}`),
    };
    expect([status, result.errors]).toEqual([400, [error]]);
  });

  it('is data for all that v1.0 does not have, all at once', async () => {
    const change = { windowsOnboarded: true, linuxEnrollmentAssignments: [] };
    const input = { ...targets(filter({ id: uuid, type: 'INCLUDE' })), ...change };
    const filterPath = `${ios}.0.target.allDevices.filter`;
    const wrong = ['windowsOnboarded', filterPath, 'linuxEnrollmentAssignments'];
    const userErrors = wrong.map((path) => ({ field: ['input', ...path.split('.')] }));
    expect(await v1.ask(addMutation, { input })).toMatchObject({ userErrors });
  });

  const assigning = `mutation ($all: AllDevicesAssignmentTargetInput) {
    addEnrollmentAssignment(input: { id: "a", platform: IOS, target: { allDevices: $all } }) { changed }
  }`;
  it.each<[string, string, object, number]>([
    ['null in place of a default', partnerQuery.replace('ID!', 'ID = "a"'), { id: null }, 200],
    ['no value for the only key of a target', assigning, {}, 200],
    [
      'null for a directive of the operation',
      'query ($all: Boolean = true) { viewer @include(if: $all) { kind } }',
      { all: null },
      400,
    ],
  ])('is seen by the execution only: %s', async (_what, document, variables, expected) => {
    const { status, result } = await post(document, variables);
    const message = expect.stringMatching(/^Argument "/);
    expect([status, result.errors]).toMatchObject([expected, [{ message, extensions: badInput }]]);
    expect(gateway.logLines.join()).not.toContain('unexpectedly');
  });
});

describe('a number that a double does not hold', () => {
  const exact = '9007199254740993';
  const { requests } = partner.graph;
  const run = (query: string, variables: string) => post(query, variables, partner.gateway);

  it.each([
    ['an id to delete', deleteMutation, `{"input":{"id":${exact}}}`, 'input.id'],
    ['an id to read', partnerQuery, `{"id":${exact}}`, 'id'],
    [
      'an id in a part of the input',
      'mutation ($id: ID!) { deleteComplianceManagementPartner(input: { id: $id }) { userErrors { code } } }',
      `{"id":-${exact}}`,
      'input.id',
    ],
  ])('is rejected as %s, in a URL too', async (_what, query, variables, path) => {
    const calls = requests.length;
    const message = expect.stringContaining('Send it as a string.');
    const search = new URLSearchParams({ query: partnerQuery, variables: `{"id":${exact}}` });
    const byGet = await partner.gateway.get(`/graphql?${search}`, headers);
    expect([byGet.status, byGet.extensions]).toEqual([400, extensionsAt('id')]);
    const { status, result } = await run(query, variables);
    expect([status, result.errors]).toMatchObject([
      400,
      [{ message, extensions: extensionsAt(path) }],
    ]);
    expect(requests).toHaveLength(calls);
  });

  it('is rejected after a missing token', async () => {
    const body = `{"query":${JSON.stringify(partnerQuery)},"variables":{"id":${exact}}}`;
    const { status } = await partner.gateway.post(body, { accept: headers.accept });
    expect(status).toBe(401);
  });

  it.each([
    ['a text', partnerQuery, `{"id":"${exact}"}`, exact],
    ['a literal number', `{ complianceManagementPartner(id: ${exact}) { id } }`, '{}', exact],
    ['a default', partnerQuery.replace('ID!', `ID = ${exact}`), '{}', exact],
    ['the variable of nothing', partnerQuery, `{"id":"${exact}","other":${exact}}`, exact],
    ['one that is held', partnerQuery, '{"id":9007199254740992}', '9007199254740992'],
  ])('reaches Graph to the last digit as %s', async (_what, query, variables, id) => {
    const { codes } = await run(query, variables);
    expect(codes).not.toContain('BAD_USER_INPUT');
    expect(requests.at(-1)?.url).toContain(`/${id}`);
  });
});
