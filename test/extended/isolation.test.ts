import { describe, expect, it } from '@jest/globals';
import { contoso, fabrikam, gatewayClient } from '../support/authority/people.ts';
import { startAuthority } from '../support/authority/startAuthority.ts';
import { bearerOf } from '../support/bearerTokens.ts';
import { useClosing } from '../support/closing.ts';
import { empty, json, startScriptedServer } from '../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { timeLimitMs, volumeOf } from './volume.ts';

const users = 50;
/** How many answers are looked at in each test; some for each user at the least. */
const wanted = Math.max(volumeOf(1_500), 10 * users);
const idsInBatch = 20;
const rowsInList = 20;

const closeLater = useClosing();

const platforms = ['macOs', 'windows', 'android', 'ios', 'linux'] as const;

/** A partner that names its user in every field that can. */
function rowOf(id: string, who: string): object {
  const target = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: who };
  const lists = platforms.map((platform) => [`${platform}EnrollmentAssignments`, [{ target }]]);
  const digits = (who.split('-')[1] ?? '').padStart(7, '0');
  return {
    id,
    displayName: who,
    lastHeartbeatDateTime: `2016-12-31T23:56:56.${digits}+03:00`,
    ...Object.fromEntries(lists),
  };
}

interface BatchItem {
  readonly id: string;
  readonly url: string;
}

const askedId = (url: string): string => decodeURIComponent(url.split('/').at(-1) ?? '');

/** A Graph that writes whose token came into every answer, and answers late and in another order. */
async function startEcho(whoseIs: (token: string) => string) {
  const graph = await startScriptedServer((response, request) => {
    const who = whoseIs(request.headers.authorization?.slice('Bearer '.length) ?? '');
    const { method, url, body } = request;
    const sent = body === '' ? {} : (JSON.parse(body) as { requests?: BatchItem[] });
    const answerOf = (): ReturnType<typeof json> => {
      if (sent.requests !== undefined) {
        const responses = sent.requests.map((item) => ({
          id: item.id,
          status: 200,
          headers: { 'Content-Type': 'application/json' },
          body: rowOf(askedId(item.url), who),
        }));
        return json(200, { responses: responses.reverse() });
      }
      switch (method) {
        case 'DELETE':
          return empty(204);
        // What was sent shows at once; otherwise the gateway would wait for it.
        case 'POST':
          return json(201, { ...rowOf(`${who}.added`, who), ...sent });
        case 'PATCH':
          return json(200, { ...rowOf(askedId(url), who), ...sent });
        default: {
          const rows = Array.from({ length: rowsInList }, (_row, index) =>
            rowOf(`${who}.row-${index}`, who),
          );
          const isList = url.endsWith('complianceManagementPartners');
          return json(200, isList ? { value: rows } : rowOf(askedId(url), who));
        }
      }
    };
    setTimeout(() => answerOf()(response, request), (body.length + who.length * 7) % 5);
  });
  closeLater(graph.close);
  return graph;
}

const partner = `{
  id displayName lastHeartbeatDateTime
  ${platforms.map((platform) => `${platform}EnrollmentAssignments { target { ... on GroupAssignmentTarget { groupId } } }`).join(' ')}
}`;
const payload = `{ complianceManagementPartner ${partner} }`;
const target = '{ group: { groupId: "0c65e46a-e46a-0c65-6ae4-650c6ae4650c" } }';

/** One of the operations reads more partners than are usually allowed. */
const manyAtOnce = { LIMIT_ROOT_FIELDS: '20' };

/** One document for each query and mutation, and one for the batch that reads several by id. */
function documentsOf(who: string): readonly string[] {
  const many = Array.from(
    { length: idsInBatch },
    (_id, index) =>
      `p${index}: complianceManagementPartner(id: "${who}.${index}") { id displayName }`,
  );
  const id = `id: "${who}.same"`;
  return [
    `{ ${many.join(' ')} }`,
    `{ complianceManagementPartner(${id}) ${partner} }`,
    `{ complianceManagementPartners { totalCount nodes ${partner} } }`,
    '{ viewer { scopes } }',
    `mutation { addComplianceManagementPartner(input: { displayName: "x" }) ${payload} }`,
    `mutation { updateComplianceManagementPartner(input: { ${id}, displayName: "x" }) ${payload} }`,
    `mutation { addEnrollmentAssignment(input: { ${id}, platform: IOS, target: ${target} }) ${payload} }`,
    `mutation { removeEnrollmentAssignment(input: { ${id}, platform: IOS, target: ${target} }) ${payload} }`,
    `mutation { deleteComplianceManagementPartner(input: { ${id} }) { deletedComplianceManagementPartnerId } }`,
  ];
}

/** Whom an answer names, wherever it does. */
function namesIn(text: string): readonly string[] {
  const digits = [...text.matchAll(/:56\.(\d{7})\+/g)].map((match) => `user-${Number(match[1])}`);
  return [...(text.match(/user-\d+/g) ?? []), ...digits];
}

/** Asks as all users at once until there are as many answers as wanted, and expects no name in them but the asker's. */
async function expectNoCrossings(gateway: TestGateway, tokens: readonly string[]): Promise<void> {
  const crossings: string[] = [];
  let answers = 0;
  let turn = 0;
  const askAs = async (user: number): Promise<void> => {
    const documents = documentsOf(`user-${user}`);
    while (answers < wanted && crossings.length === 0) {
      turn += 1;
      const document = documents[(turn * 7 + user) % documents.length] ?? '';
      const authorization = `Bearer ${tokens[user]}`;
      const { text } = await gateway.run(document, {}, { authorization });
      answers += 1;
      const names = new Set(namesIn(text));
      if (names.size !== 1 || !names.has(`user-${user}`)) {
        crossings.push(
          `${[...names]} for ${user}: ${document.slice(0, 100)}: ${text.slice(0, 200)}`,
        );
      }
    }
  };
  await Promise.all(tokens.map((_token, user) => askAs(user)));
  expect(crossings).toEqual([]);
  expect(answers).toBeGreaterThanOrEqual(wanted);
}

describe('fifty users at once', () => {
  it(
    'each see their own answers only, where their tokens are passed on',
    async () => {
      const tokens = Array.from({ length: users }, (_token, user) =>
        bearerOf(contoso.id, `${user}`, 'signature', { scp: `user-${user}` }),
      );
      const graph = await startEcho((token) => `user-${tokens.indexOf(token)}`);
      const gateway = await startTestGateway({ GRAPH_BASE_URL: graph.url.href, ...manyAtOnce });
      closeLater(() => gateway.stop(0));
      await expectNoCrossings(gateway, tokens);
    },
    timeLimitMs(wanted),
  );

  it(
    'each see their own answers only, where their tokens are exchanged',
    async () => {
      const people = Array.from({ length: users }, (_user, index) => ({
        objectId: `a1da0000-52b1-4c57-8c1e-${String(index).padStart(12, '0')}`,
        subject: `subject-${index}`,
        name: `user-${index}`,
      }));
      const authority = await startAuthority();
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
          AUTH_TENANTS: `${contoso.id},${fabrikam.id}`,
          AUTH_READ_PERMISSIONS: 'access_as_user',
          AUTH_WRITE_PERMISSIONS: 'access_as_user',
        },
        { certificateAuthorities: [authority.certificateAuthority] },
      );
      closeLater(() => gateway.stop(0), authority.close);
      const tokens = people.map((user, index) =>
        authority.mint({
          user,
          tenant: index % 2 === 0 ? contoso : fabrikam,
          scope: `access_as_user ${user.name}`,
        }),
      );
      await expectNoCrossings(gateway, tokens);
      expect(authority.count('token')).toBe(users);
    },
    timeLimitMs(wanted),
  );
});
