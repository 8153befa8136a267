import { describe, expect, it } from '@jest/globals';
import { useClosing } from '../support/closing.ts';
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
  type ScriptedServer,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { codesIn } from './productionGateway.ts';

const collection = '/proxy/beta/deviceManagement/complianceManagementPartners';
const closeLater = useClosing();

/** A gateway before a Graph whose answer can be changed. */
async function start(): Promise<{
  readonly graph: ScriptedServer;
  readonly gateway: TestGateway;
  answerWith(answer: Answer): void;
}> {
  let current = empty(204);
  const graph = await startScriptedServer((response, seen) => current(response, seen));
  const gateway = await startTestGateway({
    NODE_ENV: 'production',
    GRAPH_BASE_URL: `${graph.url.href}proxy`,
  });
  closeLater(() => gateway.stop(0), graph.close);
  return {
    graph,
    gateway,
    answerWith(answer) {
      current = answer;
    },
  };
}

describe('the way to Graph', () => {
  it('[49] path escapes: no id leads a request out of the collection, encoded or not', async () => {
    const { graph, gateway, answerWith } = await start();
    answerWith(json(200, { id: 'a' }));
    const target = { allDevices: {} };
    const ids = [
      '..',
      '../users',
      '..%2fusers',
      '%2e%2e',
      '..\\users',
      'a/../../me',
      'a?x=1',
      'a#b',
      '.',
      "a')",
      '\uff0e\uff0e',
    ];
    for (const id of ids) {
      const answers = [
        await gateway.run(partnerQuery, { id }),
        await gateway.run(updateMutation, { input: { id, displayName: 'a' } }),
        await gateway.run(deleteMutation, { input: { id } }),
        await gateway.run(addAssignmentMutation, { input: { id, platform: 'IOS', target } }),
      ];
      expect(answers.every(({ text }) => text.includes('BAD_USER_INPUT'))).toBe(true);
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
    const { graph, gateway, answerWith } = await start();
    const answers = [
      ...links.map((link) => json(200, { value: [], '@odata.nextLink': link })),
      ...[301, 302, 303, 307, 308].map((code) => empty(code, { location: elsewhere.url.href })),
    ];
    for (const answer of answers) {
      const before = graph.requests.length;
      answerWith(answer);
      expect(codesIn(await gateway.run(totalCountQuery))).toEqual(['UPSTREAM_BAD_RESPONSE']);
      expect(graph.requests).toHaveLength(before + 1);
    }
    answerWith(empty(201, { location: `${elsewhere.url.href}${collection}/a` }));
    const added = await gateway.run(addMutation, { input: { displayName: 'Fleet' } });
    expect(codesIn(added)).toEqual(['OUTCOME_UNKNOWN']);
    expect(elsewhere.requests).toEqual([]);
  });

  it('[52] prototype pollution: neither a request nor an answer of Graph changes what objects inherit', async () => {
    const polluted = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const row = `{"id":"a","displayName":"Fleet","__proto__":{"polluted":1},"macOsEnrollmentAssignments":[{"target":{"@odata.type":"#microsoft.graph.new","__proto__":{"polluted":1},"constructor":${polluted}}}]}`;
    const { graph, gateway, answerWith } = await start();
    answerWith(json(200, row));
    const target = '... on UnrecognizedAssignmentTarget { properties }';
    const query = `query ($id: ID!) { complianceManagementPartner(id: $id) { displayName macOsEnrollmentAssignments { target { ${target} } } } }`;
    const body = (variables: string): string =>
      `{"query":${JSON.stringify(query)},"variables":${variables},"extensions":${polluted}}`;
    const headers = { authorization: 'Bearer embedded-graph-token' };
    const refused = await gateway.post(
      body(`{"id":"a","__proto__":{"id":"b","polluted":1}}`),
      headers,
    );
    const input = `{"input":{"displayName":"a","__proto__":{"polluted":1}}}`;
    await gateway.post(`{"query":${JSON.stringify(addMutation)},"variables":${input}}`, headers);
    await gateway.get(
      `/graphql?query=%7B__typename%7D&variables=${encodeURIComponent(polluted)}&__proto__[polluted]=1`,
      {
        'apollo-require-preflight': 'yes',
      },
    );
    const answered = await gateway.run(query, { id: 'a' });
    expect(refused.status).toBe(400);
    expect(answered.result.errors).toBeUndefined();
    expect(answered.text).toContain('"__proto__":{"polluted":1}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(graph.requests.filter(({ url }) => url.endsWith('/b'))).toEqual([]);
  });
});
