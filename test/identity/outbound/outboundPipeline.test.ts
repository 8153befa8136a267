import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { isGraphError } from '../../../src/graph/errors.ts';
import { Secret } from '../../../src/secret.ts';
import { ada, grace } from '../../support/authority/people.ts';
import { startAuthority, type TestAuthority } from '../../support/authority/startAuthority.ts';
import { createTestClient } from '../../support/graphClients.ts';
import {
  type Answer,
  json,
  type SeenRequest,
  startScriptedServer,
} from '../../support/scriptedServer.ts';
import { callOf, claimsOf, createTestCredentials } from './outboundHarness.ts';

let authority: TestAuthority;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  authority = await startAuthority();
});
afterEach(async () => {
  authority.faults.clear();
  await Promise.all(closing.splice(0).map((close) => close()));
});
afterAll(() => authority.close());

const partner = { id: 'p1', partnerState: 'enabled' };
const found = json(200, partner);
const expired = json(401, { error: { code: 'InvalidAuthenticationToken', message: 'Expired.' } });
const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
const challenge = json(
  401,
  { error: { code: 'InvalidAuthenticationToken', message: 'Challenged.' } },
  {
    'www-authenticate': `Bearer error="insufficient_claims", claims="${Buffer.from(claims).toString('base64')}"`,
  },
);

/** A client on behalf of users, towards a Graph that answers by a script. */
async function create(...script: Answer[]) {
  const graph = await startScriptedServer(...script);
  const { credentials } = createTestCredentials(authority);
  const client = createTestClient(graph.url, 'beta', credentials);
  closing.push(client.close, credentials.close, graph.close);
  const before = authority.count('token');
  return {
    read: (assertion: string) => client.graph.get('p1', callOf(assertion)),
    graph,
    tokenRequests: () => authority.count('token') - before,
  };
}

const tokenIn = ({ headers }: SeenRequest) => headers.authorization?.replace('Bearer ', '') ?? '';

describe('the way to Graph with tokens of the gateway', () => {
  it('carries the exchanged token, never the one of the caller', async () => {
    const { read, graph, tokenRequests } = await create(found);
    const [ofAda, ofGrace] = [authority.mint({ user: ada }), authority.mint({ user: grace })];
    for (const assertion of [ofAda, ofGrace, ofAda, ofGrace]) {
      await read(assertion);
    }
    expect(graph.requests.map((request) => claimsOf(tokenIn(request))['oid'])).toEqual([
      ada.objectId,
      grace.objectId,
      ada.objectId,
      grace.objectId,
    ]);
    expect(graph.requests.map(tokenIn)).not.toContain(ofAda);
    expect(tokenRequests()).toBe(2);
  });

  it('is tried once more with a fresh token where Graph refuses the cached one', async () => {
    const { read, graph, tokenRequests } = await create(found, expired, found);
    const assertion = authority.mint();
    await read(assertion);
    await read(assertion);
    const [first, refused, fresh] = graph.requests.map(tokenIn);
    expect([refused === first, fresh === first, tokenRequests()]).toEqual([true, false, 2]);
  });

  it('is not tried a third time', async () => {
    const { read, graph, tokenRequests } = await create(expired);
    await expect(read(authority.mint())).rejects.toMatchObject({ code: 'unauthenticated' });
    expect([graph.requests.length, tokenRequests()]).toEqual([2, 2]);
  });

  it('hands a challenge for claims to the caller, who alone can meet it', async () => {
    const { read, graph, tokenRequests } = await create(challenge);
    await expect(read(authority.mint())).rejects.toMatchObject({
      code: 'unauthenticated',
      details: { claims },
    });
    expect([graph.requests.length, tokenRequests()]).toEqual([1, 1]);
  });

  it('goes on where the token endpoint recovers in time, since Graph saw nothing', async () => {
    const { read, graph, tokenRequests } = await create(found);
    authority.faults.set({ kind: 'status', status: 503 }, { times: 1 });
    authority.faults.set({ kind: 'reset' }, { times: 1 });
    await read(authority.mint());
    expect([graph.requests.length, tokenRequests()]).toEqual([1, 3]);
  });

  it('ends before Graph where the exchange asks more of the user', async () => {
    const { read, graph, tokenRequests } = await create(found);
    authority.faults.set({ kind: 'interaction-required', claims });
    await expect(read(authority.mint())).rejects.toMatchObject({ details: { claims } });
    expect([graph.requests.length, tokenRequests()]).toEqual([0, 1]);
  });

  it('ends before Graph, with an error that shows nothing, where the gateway is set up wrongly', async () => {
    const graph = await startScriptedServer(found);
    const credential = { kind: 'secret', secret: new Secret('wrong') } as const;
    const { credentials } = createTestCredentials(authority, { credential });
    const client = createTestClient(graph.url, 'beta', credentials);
    closing.push(client.close, credentials.close, graph.close);
    const asked = client.graph.get('p1', callOf(authority.mint()));
    const error: unknown = await asked.catch((reason: unknown) => reason);
    expect([isGraphError(error), graph.requests.length]).toEqual([false, 0]);
  });
});
