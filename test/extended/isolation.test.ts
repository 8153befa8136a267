import { expect, it } from '@jest/globals';
import { contoso, fabrikam } from '../support/authority/people.ts';
import { useClosing } from '../support/closing.ts';
import { startIdentityStage } from '../support/identityStage.ts';
import { empty, json, startScriptedServer } from '../support/scriptedServer.ts';
import { times } from '../support/stages.ts';
import { timeLimitMs, volumeOf } from './volume.ts';

const closeLater = useClosing();
const users = 50;
/** How many answers are looked at; some for each user at the least. */
const wanted = Math.max(volumeOf(1_000), 10 * users);

const platforms = ['macOs', 'windows', 'android', 'ios', 'linux'] as const;

/** A partner that names its user in every field that can. */
function rowOf(id: string, who: string): object {
  const target = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: who };
  const lists = platforms.map((platform) => [`${platform}EnrollmentAssignments`, [{ target }]]);
  const digits = (who.split('-')[1] ?? '').padStart(7, '0');
  const lastHeartbeatDateTime = `2016-12-31T23:56:56.${digits}+03:00`;
  return { id, displayName: who, lastHeartbeatDateTime, ...Object.fromEntries(lists) };
}

const lastOf = (path: string): string => path.split('/').at(-1) ?? '';

/** What a Graph answers to a user that writes the user's name into every answer. */
function echoFor(who: string, method: string, url: string, body: string) {
  const sent = body === '' ? {} : JSON.parse(body);
  if (sent.requests !== undefined) {
    const headers = { 'Content-Type': 'application/json' };
    const responses = sent.requests.map((item: { id: string; url: string }) => {
      return { id: item.id, status: 200, headers, body: rowOf(lastOf(item.url), who) };
    });
    return json(200, { responses: responses.reverse() });
  }
  switch (method) {
    case 'DELETE':
      return empty(204);
    // What was sent shows at once; otherwise the gateway would wait for it.
    case 'POST':
      return json(201, { ...rowOf(`${who}.added`, who), ...sent });
    case 'PATCH':
      return json(200, { ...rowOf(lastOf(url), who), ...sent });
    default: {
      const isList = url.endsWith('complianceManagementPartners');
      const value = Array.from({ length: 20 }, (_row, index) => rowOf(`${who}.row-${index}`, who));
      return json(200, isList ? { value } : rowOf(lastOf(url), who));
    }
  }
}

const lists = platforms.map(
  (platform) =>
    `${platform}EnrollmentAssignments { target { ... on GroupAssignmentTarget { groupId } } }`,
);
const partner = `{ id displayName lastHeartbeatDateTime ${lists.join(' ')} }`;
const payload = `{ complianceManagementPartner ${partner} }`;
const assignment =
  'platform: IOS, target: { group: { groupId: "0c65e46a-e46a-0c65-6ae4-650c6ae4650c" } }';

/** One document for each query and mutation, and one for the batch that reads several by id. */
function documentsOf(who: string): readonly string[] {
  const id = `id: "${who}.same"`;
  return [
    `{ ${times(20, (index) => `p${index}: complianceManagementPartner(id: "${who}.${index}") { id displayName }`)} }`,
    `{ complianceManagementPartner(${id}) ${partner} }`,
    `{ complianceManagementPartners { totalCount nodes ${partner} } }`,
    '{ viewer { scopes } }',
    `mutation { addComplianceManagementPartner(input: { displayName: "x" }) ${payload} }`,
    `mutation { updateComplianceManagementPartner(input: { ${id}, displayName: "x" }) ${payload} }`,
    `mutation { addEnrollmentAssignment(input: { ${id}, ${assignment} }) ${payload} }`,
    `mutation { removeEnrollmentAssignment(input: { ${id}, ${assignment} }) ${payload} }`,
    `mutation { deleteComplianceManagementPartner(input: { ${id} }) { deletedComplianceManagementPartnerId } }`,
  ];
}

/** Whom an answer names, wherever it does. */
function namesIn(text: string): readonly string[] {
  const digits = [...text.matchAll(/:56\.(\d{7})\+/g)].map((match) => `user-${Number(match[1])}`);
  return [...new Set([...(text.match(/user-\d+/g) ?? []), ...digits])];
}

it(
  'fifty users at once each see their own answers only when their tokens are exchanged',
  async () => {
    let whoseIs = (_token: string): string => 'nobody';
    // Answers late and in another order.
    const graph = await startScriptedServer((response, { method, url, headers, body }) => {
      const who = whoseIs(headers.authorization?.slice('Bearer '.length) ?? '');
      const answer = echoFor(who, method, url, body);
      setTimeout(
        () => answer(response, { method, url, headers, body }),
        (body.length + who.length * 7) % 5,
      );
    });
    const { gateway, authority, close } = await startIdentityStage('on-behalf-of', {
      GRAPH_BASE_URL: graph.url.href,
      AUTH_TENANTS: `${contoso.id},${fabrikam.id}`,
      AUTH_READ_PERMISSIONS: 'access_as_user',
      AUTH_WRITE_PERMISSIONS: 'access_as_user',
      // One of the operations reads more partners than are usually allowed.
      LIMIT_ROOT_FIELDS: '20',
    });
    closeLater(close, graph.close);
    const people = Array.from({ length: users }, (_user, index) => ({
      objectId: `a1da0000-52b1-4c57-8c1e-${String(index).padStart(12, '0')}`,
      subject: `subject-${index}`,
      name: `user-${index}`,
    }));
    whoseIs = (token) => {
      const owner = authority.issued.find(({ accessToken }) => accessToken === token);
      return people.find(({ objectId }) => objectId === owner?.userObjectId)?.name ?? 'nobody';
    };
    let [answers, turn] = [0, 0];
    const askAs = async (user: (typeof people)[number], index: number): Promise<void> => {
      const { name } = user;
      const tenant = index % 2 === 0 ? contoso : fabrikam;
      const token = authority.mint({ user, tenant, scope: `access_as_user ${name}` });
      const documents = documentsOf(name);
      while (answers < wanted) {
        turn += 1;
        const document = documents[(turn * 7 + index) % documents.length] ?? '';
        const { text } = await gateway.run(document, {}, { authorization: `Bearer ${token}` });
        answers += 1;
        expect([document, text, namesIn(text)]).toEqual([document, text, [name]]);
      }
    };
    await Promise.all(people.map(askAs));
    expect(authority.count('token')).toBe(users);
  },
  timeLimitMs(wanted),
);
