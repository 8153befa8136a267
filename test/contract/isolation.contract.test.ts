import { afterEach, describe, expect, it } from '@jest/globals';
import { contoso, gatewayClient } from '../support/authority/people.ts';
import { startAuthority } from '../support/authority/startAuthority.ts';
import { json, startScriptedServer } from '../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';

const users = 50;
/** Names in answers; `ISOLATION_ANSWERS=1000000` is the long run. */
const wanted = Number(process.env['ISOLATION_ANSWERS'] || 20_000);
const idsInBatch = 20;
const rowsInList = 20;

const leftovers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of leftovers.splice(0)) {
    await close();
  }
});

/** A Graph that writes whose token came into every answer, and answers late and in another order. */
async function startEcho(whoseIs: (token: string) => string) {
  const graph = await startScriptedServer((response, request) => {
    const who = whoseIs(request.headers.authorization?.slice('Bearer '.length) ?? '');
    const row = (id: string) => ({ id, displayName: who });
    const answerNow = (): void => {
      if (request.url.endsWith('/$batch')) {
        const { requests } = JSON.parse(request.body) as {
          requests: { id: string; url: string }[];
        };
        const responses = requests.map(({ id, url }) => ({
          id,
          status: 200,
          headers: { 'Content-Type': 'application/json' },
          body: row(url.split('/').at(-1) ?? ''),
        }));
        json(200, { responses: responses.reverse() })(response, request);
      } else if (request.method === 'GET') {
        const value = Array.from({ length: rowsInList }, (_row, index) => row(`row-${index}`));
        json(200, { value })(response, request);
      } else {
        json(request.method === 'POST' ? 201 : 200, row('written'))(response, request);
      }
    };
    setTimeout(answerNow, (request.body.length + who.length * 7) % 5);
  });
  leftovers.push(graph.close);
  return graph;
}

const many = Array.from(
  { length: idsInBatch },
  (_id, index) => `p${index}: complianceManagementPartner(id: "id-${index}") { displayName }`,
).join(' ');
const documents: readonly string[] = [
  `{ ${many} }`,
  '{ complianceManagementPartners { totalCount nodes { displayName } } }',
  'mutation { addComplianceManagementPartner(input: { displayName: "x" }) { complianceManagementPartner { displayName } } }',
  'mutation { updateComplianceManagementPartner(input: { id: "same", displayName: "x" }) { complianceManagementPartner { displayName } } }',
];

/** One of the operations reads more partners than are usually allowed. */
const manyAtOnce = { LIMIT_ROOT_FIELDS: '20' };

/** Asks as all users at once until there are so many names in the answers; gives those that are not the asker's. */
async function findCrossings(gateway: TestGateway, tokens: readonly string[]) {
  const crossings: string[] = [];
  let answers = 0;
  let turn = 0;
  const askAs = async (user: number): Promise<void> => {
    while (answers < wanted && crossings.length === 0) {
      turn += 1;
      const document = documents[(turn * 7 + user) % documents.length] ?? '';
      const authorization = `Bearer ${tokens[user]}`;
      const { text } = await gateway.run(document, {}, { authorization });
      const names = [...text.matchAll(/"displayName":"([^"]*)"/g)].map((match) => match[1] ?? '');
      if (names.length === 0) {
        crossings.push(`nothing for ${user}: ${text.slice(0, 200)}`);
      }
      answers += names.length;
      crossings.push(...names.filter((name) => name !== `user-${user}`));
    }
  };
  await Promise.all(tokens.map((_token, user) => askAs(user)));
  return { crossings, answers };
}

describe('fifty users at once', () => {
  it('each see their own answers only, where their tokens are passed on', async () => {
    const tokens = Array.from({ length: users }, (_token, user) => `token-of-user-${user}`);
    const graph = await startEcho((token) => token.replace('token-of-', ''));
    const gateway = await startTestGateway({ GRAPH_BASE_URL: graph.url.href, ...manyAtOnce });
    leftovers.unshift(() => gateway.stop(0));
    const { crossings, answers } = await findCrossings(gateway, tokens);
    expect(crossings).toEqual([]);
    expect(answers).toBeGreaterThanOrEqual(wanted);
  }, 3_600_000);

  it('each see their own answers only, where their tokens are exchanged', async () => {
    const people = Array.from({ length: users }, (_user, index) => ({
      objectId: `a1da0000-52b1-4c57-8c1e-${String(index).padStart(12, '0')}`,
      subject: `subject-${index}`,
      name: `user-${index}`,
    }));
    const authority = await startAuthority({ users: people });
    const graph = await startEcho((token) => {
      const owner = authority.issued.find(({ accessToken }) => accessToken === token);
      return people.find(({ objectId }) => objectId === owner?.userObjectId)?.name ?? 'nobody';
    });
    const gateway = await startTestGateway(
      {
        GRAPH_BASE_URL: graph.url.href,
        ...manyAtOnce,
        AUTH_MODE: 'on-behalf-of',
        AZURE_TENANT_ID: contoso.id,
        AZURE_CLIENT_ID: gatewayClient.clientId,
        AZURE_CLIENT_SECRET: gatewayClient.secret,
        AZURE_AUTHORITY_HOST: authority.url,
        AUTH_READ_PERMISSIONS: 'access_as_user',
        AUTH_WRITE_PERMISSIONS: 'access_as_user',
      },
      { certificateAuthorities: [authority.certificateAuthority] },
    );
    leftovers.unshift(() => gateway.stop(0));
    leftovers.push(authority.close);
    const tokens = people.map((user) => authority.mint({ user }));
    const { crossings, answers } = await findCrossings(gateway, tokens);
    expect(crossings).toEqual([]);
    expect(answers).toBeGreaterThanOrEqual(wanted);
    expect(authority.count('token')).toBe(users);
  }, 3_600_000);
});
