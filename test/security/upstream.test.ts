import { describe, expect, it } from '@jest/globals';
import {
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  partnerQuery,
  totalCountQuery,
  updateMutation,
} from '../support/documents.ts';
import {
  type Answer,
  empty,
  json,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';

const collection = '/proxy/beta/deviceManagement/complianceManagementPartners';
const token = { authorization: 'Bearer embedded-graph-token' };
const { start: startGateway, closeLater } = useStages();

/** A gateway before a Graph that is a part of a proxy's paths. */
async function start(answer: Answer) {
  const graph = await startScriptedServer(answer);
  closeLater(graph.close);
  const GRAPH_BASE_URL = `${graph.url.href}proxy`;
  return { graph, gateway: await startGateway({ NODE_ENV: 'production', GRAPH_BASE_URL }) };
}

describe('the way to Graph', () => {
  it('[49] path escapes: no id leads a request out of the collection, encoded or not', async () => {
    const { graph, gateway } = await start(json(200, { id: 'a' }));
    const target = { allDevices: {} };
    const climbing = ['', '.', '..', '../users', '..%2fusers', '%2e%2e', '..\\users', 'a/../../me'];
    const odd = ['a/b', 'a?x=1', 'a#b', 'a b', "a')", '\uff0e\uff0e'];
    for (const id of [...climbing, ...odd]) {
      const { status, result, codes } = await gateway.run(partnerQuery, { id });
      expect([id, status, codes]).toEqual([id, 200, ['BAD_USER_INPUT']]);
      expect(result.errors?.[0]?.message).toContain('argument "id" cannot be a partner\'s id');
      for (const [mutation, input] of [
        [updateMutation, { id, displayName: 'a' }],
        [deleteMutation, { id }],
        [addAssignmentMutation, { id, platform: 'IOS', target }],
      ] as const) {
        const userErrors = [
          expect.objectContaining({ code: 'BAD_USER_INPUT', field: ['input', 'id'] }),
        ];
        const refused = { complianceManagementPartner: null, userErrors };
        expect(await gateway.ask(mutation, { input })).toMatchObject(refused);
      }
    }
    expect(graph.requests).toEqual([]);
    await gateway.run(partnerQuery, { id: 'a~b=.-_' });
    expect(graph.requests.map(({ url }) => url)).toEqual([`${collection}/a~b=.-_`]);
  });

  it('[50] nextLink and redirect: the token follows neither to another place', async () => {
    const elsewhere = await startScriptedServer(json(200, { value: [] }));
    closeLater(elsewhere.close);
    const { host } = elsewhere.url;
    const links = [
      `${elsewhere.url.href}beta/deviceManagement/complianceManagementPartners`,
      `//${host}${collection}`,
      `http://user@${host}/`,
      '../../../users',
      '/proxy/beta/users',
    ];
    const answers = [
      ...links.map((link) => json(200, { value: [], '@odata.nextLink': link })),
      ...[301, 302, 303, 307, 308].map((code) => empty(code, { location: elsewhere.url.href })),
    ];
    const { graph, gateway } = await start(silence);
    for (const answer of answers) {
      const before = graph.requests.length;
      graph.follow(answer);
      expect((await gateway.run(totalCountQuery)).codes).toEqual(['UPSTREAM_BAD_RESPONSE']);
      expect(graph.requests).toHaveLength(before + 1);
    }
    graph.follow(empty(201, { location: `${elsewhere.url.href}${collection}/a` }));
    const added = await gateway.run(addMutation, { input: { displayName: 'Fleet' } });
    expect(added.codes).toEqual(['OUTCOME_UNKNOWN']);
    expect(elsewhere.requests).toEqual([]);
  });

  it('[52] prototype pollution: neither a request nor an answer of Graph changes what objects inherit', async () => {
    const polluted = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const row = `{"id":"a","displayName":"Fleet","__proto__":{"polluted":1},"macOsEnrollmentAssignments":[{"target":{"@odata.type":"#microsoft.graph.new","__proto__":{"polluted":1},"constructor":${polluted}}}]}`;
    const { graph, gateway } = await start(json(200, row));
    const target = '... on UnrecognizedAssignmentTarget { properties }';
    const query = `query ($id: ID!) { complianceManagementPartner(id: $id) { displayName macOsEnrollmentAssignments { target { ${target} } } } }`;
    const body = (variables: string): string =>
      `{"query":${JSON.stringify(query)},"variables":${variables},"extensions":${polluted}}`;
    const refused = await gateway.post(
      body('{"id":"a","__proto__":{"id":"b","polluted":1}}'),
      token,
    );
    const input = '{"input":{"displayName":"a","__proto__":{"polluted":1}}}';
    await gateway.post(`{"query":${JSON.stringify(addMutation)},"variables":${input}}`, token);
    const search = `query=%7B__typename%7D&variables=${encodeURIComponent(polluted)}`;
    const preflighted = { 'apollo-require-preflight': 'yes' };
    await gateway.get(`/graphql?${search}&__proto__[polluted]=1`, preflighted);
    const answered = await gateway.run(query, { id: 'a' });
    expect(refused.status).toBe(400);
    expect(answered.result.errors).toBeUndefined();
    expect(answered.text).toContain('"__proto__":{"polluted":1}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(graph.requests.filter(({ url }) => url.endsWith('/b'))).toEqual([]);
  });
});
