import { afterAll, describe, expect, it } from '@jest/globals';
import type { PartnerResource } from '../../src/graph/types.ts';
import { everything, listQuery } from '../support/documents.ts';
import { json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';

const { embedded, scripted } = useStages();
const ofFile = useStages(afterAll);

const rows: readonly PartnerResource[] = Array.from({ length: 12 }, (_value, index) => ({
  id: `row-${index}`,
  displayName: `${'CABD'.charAt(index % 4)}${index}`,
  partnerState: index % 3 === 0 ? 'enabled' : 'unknown',
  lastHeartbeatDateTime: `2026-01-${String(12 - index).padStart(2, '0')}T00:00:00Z`,
}));
const { graph, gateway } = await ofFile.embedded({ seed: rows, pageSize: 5 });

interface Connection {
  readonly edges: { cursor: string; node: { id: string } }[];
  readonly nodes: { id: string }[];
  readonly totalCount: number;
  readonly pageInfo: Record<'hasNextPage' | 'hasPreviousPage', boolean> &
    Record<'startCursor' | 'endCursor', string | null>;
}

const query = `query List($first: Int, $after: String, $last: Int, $before: String,
    $filter: ComplianceManagementPartnerFilter, $orderBy: [ComplianceManagementPartnerOrder!]) {
  complianceManagementPartners(first: $first, after: $after, last: $last, before: $before,
      filter: $filter, orderBy: $orderBy) {
    totalCount nodes { id } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;
const select = (variables: object) => gateway.ask<Connection>(query, variables);
const idsOf = ({ nodes }: Connection): string[] => nodes.map(({ id }) => id);
const numbered = (...numbers: number[]): string[] => numbers.map((number) => `row-${number}`);
const byName = [{ field: 'DISPLAY_NAME' }];
const noCursors = { startCursor: null, endCursor: null };

describe('the list', () => {
  it('is empty if Graph has nothing', async () => {
    const empty = await scripted(json(200, { value: [] }));
    const pageInfo = { hasNextPage: false, hasPreviousPage: false, ...noCursors };
    expect(await empty.gateway.ask(listQuery)).toEqual({ edges: [], nodes: [], pageInfo });
  });

  it('survives unrecognized states, target types, null items, missing targets and properties', async () => {
    const target = { '@odata.type': '#microsoft.graph.everyoneTarget', depth: { a: [1, null] } };
    const odd = {
      id: 'odd',
      partnerState: 'hibernating',
      lastHeartbeatDateTime: 'yesterday',
      moodOnboarded: true,
      iosEnrollmentAssignments: [null, {}, { target }],
    };
    const stage = await scripted(json(200, { value: [odd, { id: 'plain' }] }));
    const all = `{ complianceManagementPartners { nodes { ...Everything revision } } } ${everything}`;
    const unrecognized = {
      __typename: 'UnrecognizedAssignmentTarget',
      odataType: '#microsoft.graph.everyoneTarget',
      properties: { depth: { a: [1, null] } },
    };
    const shown = {
      partnerState: 'UNKNOWN_FUTURE_VALUE',
      lastHeartbeatDateTime: 'yesterday',
      iosEnrollmentAssignments: [null, null, unrecognized].map((target) => ({ target })),
    };
    expect(await stage.gateway.ask(all)).toMatchObject({ nodes: [shown, { id: 'plain' }] });
  });

  it('is filtered and ordered over all pages, by several keys, and counts what it finds', async () => {
    const connection = await select({ filter: { partnerState: { eq: 'ENABLED' } }, first: 3 });
    expect(idsOf(connection)).toEqual(numbered(0, 3, 6));
    expect(connection).toMatchObject({ totalCount: 4, pageInfo: { hasNextPage: true } });
    const last = { field: 'LAST_HEARTBEAT_DATE_TIME' };
    const orderBy = [{ field: 'PARTNER_STATE', direction: 'DESC' }, last];
    const ids = numbered(9, 6, 3, 0, 11, 10, 8, 7, 5, 4, 2, 1);
    expect(idsOf(await select({ orderBy }))).toEqual(ids);
  });

  it('goes forwards and backwards over the same rows in its order', async () => {
    const selection = {
      filter: { partnerState: { notIn: ['ENABLED'] } },
      orderBy: [{ field: 'DISPLAY_NAME', direction: 'DESC' }],
    };
    const all = await select(selection);
    expect(all.edges.map(({ node }) => node)).toEqual(all.nodes);
    const cursors = all.edges.map(({ cursor }) => cursor);
    const [startCursor, endCursor] = [cursors[3], cursors[5]];
    for (const page of [
      { first: 3, after: cursors[2] },
      { last: 3, before: cursors[6] },
    ]) {
      const connection = await select({ ...selection, ...page });
      expect(connection.edges).toEqual(all.edges.slice(3, 6));
      expect(connection.pageInfo).toEqual({
        hasNextPage: true,
        hasPreviousPage: true,
        startCursor,
        endCursor,
      });
    }
    const last = await select({ ...selection, first: 3, after: cursors[5] });
    expect(idsOf(last)).toEqual(idsOf(all).slice(6));
    expect(last.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    const first = await select({ ...selection, last: 3, before: cursors[3] });
    expect(idsOf(first)).toEqual(idsOf(all).slice(0, 3));
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  });

  it.each<[object, boolean, boolean]>([
    [{ first: 0 }, true, false],
    [{ last: 0, orderBy: byName }, false, true],
    [{ first: 2, last: 0 }, true, true],
    [{ first: 0, filter: { displayName: { eq: 'none' } } }, false, false],
  ])('counts without a page for %j', async (selection, hasNextPage, hasPreviousPage) => {
    const { nodes, totalCount, pageInfo } = await select(selection);
    expect([nodes, totalCount]).toEqual([[], 'filter' in selection ? 0 : rows.length]);
    expect(pageInfo).toEqual({ hasNextPage, hasPreviousPage, ...noCursors });
  });

  it('places an empty page at its cursor, which another order does not take', async () => {
    const { startCursor: before, endCursor: after } = (await select({ first: 3 })).pageInfo;
    const pageInfo = { hasNextPage: true, hasPreviousPage: true };
    expect((await select({ first: 0, after })).pageInfo).toMatchObject(pageInfo);
    const atStart = { ...pageInfo, hasPreviousPage: false };
    expect((await select({ last: 0, before })).pageInfo).toMatchObject(atStart);
    for (const [variables, argumentName, message] of [
      [{ after, orderBy: byName }, 'after', /another order/],
      [{ first: 5000 }, 'first', /1000/],
    ] as const) {
      const { status, result } = await gateway.run(query, variables);
      const extensions = { code: 'BAD_USER_INPUT', argumentName, field: [argumentName] };
      const error = { message: expect.stringMatching(message), extensions };
      expect([status, result.errors]).toMatchObject([200, [error]]);
    }
  });

  it('is rejected if it is longer than it may read, but for what needs less of it', async () => {
    const seed = Array.from({ length: 1001 }, (_row, index) => ({ id: `row-${index}` }));
    const long = await embedded({ seed, pageSize: 500 }, { LIST_ROW_LIMIT: '1000' });
    await long.gateway.ask('{ complianceManagementPartners(first: 5) { nodes { id } } }');
    const { result } = await long.gateway.run('{ complianceManagementPartners { totalCount } }');
    const message = expect.stringMatching(/1000 rows.*Ask for a page near the start/);
    expect(result.errors).toMatchObject([{ message, extensions: { code: 'TOO_MANY_ROWS' } }]);
  });
});

describe('a list whose pages repeat', () => {
  const path = '/beta/deviceManagement/complianceManagementPartners';

  /** A Graph whose pages have these ids, each with a link to the next; again and again, if told so. */
  function startPages(pages: readonly string[][], isEndless = false) {
    let page = 0;
    return scripted((response, request) => {
      const value = pages[page % pages.length]?.map((id) => ({ id }));
      page += 1;
      const next = { '@odata.nextLink': `${path}?$skiptoken=${page}` };
      json(200, { value, ...((isEndless || page < pages.length) && next) })(response, request);
    });
  }

  it.each([
    ['one page', [['a', 'b']]],
    ['pages with empty ones between', [['a', 'b'], []]],
  ])('fails at most 3 requests after the first repeated one of %s', async (_what, pages) => {
    const { gateway, graph } = await startPages(pages, true);
    expect((await gateway.run(query)).codes).toEqual(['UPSTREAM_BAD_RESPONSE']);
    expect(graph.requests.length).toBeLessThanOrEqual(pages.length + 1 + 3);
  });

  const uuid = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
  it.each([
    [[['a', 'b'], ['b', 'c'], ['d']], 'a b c d'],
    [[['a'], ['a'], ['b'], ['a'], ['c']], 'a b c'],
    [[['a', 'a', 'b'], ['a']], 'a b'],
    [[[uuid, 'ab'], [uuid.toUpperCase(), 'AB'], []], `${uuid} ab AB`],
  ])('shows and counts a row once, and fills pages behind it: %j', async (pages, expected) => {
    const ids = expected.split(' ');
    const connection = await (await startPages(pages)).gateway.ask<Connection>(query);
    expect([connection.totalCount, idsOf(connection)]).toEqual([ids.length, ids]);
    const { gateway } = await startPages(pages);
    const page = await gateway.ask<Connection>(listQuery, { first: 3 });
    expect(idsOf(page)).toEqual(ids.slice(0, 3));
  });
});

describe('one operation', () => {
  const one = 'complianceManagementPartner(id: "row-1")';
  const all = 'complianceManagementPartners';
  const enabled = 'filter: { partnerState: { eq: ENABLED } }';

  const filtered = `a: ${all}(filter: { displayName: { contains: "a" } }) { nodes { id } }`;
  const ordered = `${all}(orderBy: [{ field: DISPLAY_NAME }]) { totalCount }`;

  it.each<[string, number, string]>([
    ['one partner twice by one call', 1, `a: ${one} { id } b: ${one} { displayName }`],
    ['two looks at the list by the pages of one', 3, `${filtered} b: ${ordered}`],
    ['the count and a page by the pages of one', 3, `${all}(first: 2) { totalCount nodes { id } }`],
    [
      'two pages by one call',
      1,
      `a: ${all}(first: 4) { nodes { id } } b: ${all}(first: 3) { nodes { id } }`,
    ],
    ['a page alone', 1, `${all}(first: 5) { nodes { id } pageInfo { hasPreviousPage } }`],
    ['whether there is more, within a page', 1, `${all}(first: 4) { pageInfo { hasNextPage } }`],
    ['whether there is more, behind it', 2, `${all}(first: 5) { pageInfo { hasNextPage } }`],
    ['a filter only to fill the page', 1, `${all}(first: 2, ${enabled}) { nodes { id } }`],
    ['the end of the list by all pages', 3, `${all}(last: 1) { nodes { id } }`],
  ])('reads %s', async (_what, calls, fields) => {
    const before = graph.requests.length;
    await gateway.ask(`{ ${fields} }`);
    expect(graph.requests).toHaveLength(before + calls);
  });

  it('never shares a batch with another caller', async () => {
    const document = `{ a: ${one} { id } b: complianceManagementPartner(id: "row-2") { id } }`;
    const before = graph.requests.length;
    const other = { authorization: 'Bearer another' };
    await Promise.all([gateway.run(document), gateway.run(document, {}, other)]);
    const tokens = graph.requests.slice(before).map(({ headers }) => headers.authorization);
    expect(tokens.sort()).toEqual(['Bearer another', 'Bearer embedded-graph-token']);
  });
});
