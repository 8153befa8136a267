import { afterEach, describe, expect, it } from '@jest/globals';
import {
  BatchRequestContent,
  BatchResponseContent,
  Client,
  type Context,
  GraphError,
  type Middleware,
  MiddlewareFactory,
  PageIterator,
} from '@microsoft/microsoft-graph-client';
import type { Emulator, EmulatorOptions } from '../../src/emulator/server.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { startTestGraph } from '../support/testGraphs.ts';

const host = 'graph.test';
const path = '/deviceManagement/complianceManagementPartners';
const json = { 'Content-Type': 'application/json' };

/**
 * What a proxy that ends TLS does. The client sends its token over https only and follows no other link, so the
 * embedded Graph stands behind one; the rest of the client's chain is its own.
 */
function createProxyStep(baseUrl: string): Middleware {
  let next: Middleware;
  return {
    setNext(middleware) {
      next = middleware;
    },
    async execute(context: Context) {
      const forwarded = { 'x-forwarded-host': host, 'x-forwarded-proto': 'https' };
      // A copy: the steps before this one may go through it again, and must not see where it led.
      const behind: Context = {
        ...context,
        request: String(context.request).replace(`https://${host}`, baseUrl),
        options: { ...context.options, headers: { ...context.options?.headers, ...forwarded } },
      };
      await next.execute(behind);
      Object.assign(context, { response: behind.response });
    },
  };
}

let graph: Emulator;

afterEach(() => graph.close());

describe.each(['v1.0', 'beta'])("Microsoft's own client for JavaScript, on %s,", (version) => {
  async function start(
    options: Partial<EmulatorOptions> = {},
    token = 'embedded-graph-token',
  ): Promise<Client> {
    graph = await startTestGraph(options);
    const chain = MiddlewareFactory.getDefaultMiddlewareChain({
      getAccessToken: async () => token,
    });
    return Client.initWithMiddleware({
      baseUrl: `https://${host}`,
      customHosts: new Set([host]),
      defaultVersion: version,
      middleware: [...chain.slice(0, -1), createProxyStep(graph.baseUrl), ...chain.slice(-1)],
    });
  }

  const fiveRows = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, displayName: `Partner ${id}` }));
  const refusalOf = async (call: Promise<unknown>): Promise<GraphError> => {
    const error = await call.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GraphError);
    return error as GraphError;
  };

  it('adds, reads, updates and deletes', async () => {
    const client = await start({ seed: [] });
    const target = { '@odata.type': '#microsoft.graph.allLicensedUsersAssignmentTarget' };
    const body = {
      '@odata.type': '#microsoft.graph.complianceManagementPartner',
      displayName: 'Fleet',
      lastHeartbeatDateTime: '2016-12-31T23:56:56.7799755+03:00',
      macOsEnrollmentAssignments: [{ target }],
    };
    const added: PartnerResource = await client.api(path).post(body);
    expect(added).toMatchObject(body);
    const partner = `${path}/${added.id}`;
    expect(await client.api(partner).get()).toEqual(added);
    expect(await client.api(partner).select(['id', 'displayName']).get()).toEqual({
      '@odata.context': `https://${host}/${version}/$metadata#deviceManagement/complianceManagementPartners(id,displayName)/$entity`,
      '@odata.type': body['@odata.type'],
      id: added.id,
      displayName: 'Fleet',
    });
    const change = { displayName: null, iosOnboarded: true };
    expect(await client.api(partner).update(change)).toEqual({ ...added, ...change });
    expect(await client.api(partner).delete()).toBeUndefined();
    expect(graph.partners()).toEqual([]);
    const methods = graph.requests.map(({ method }) => method);
    expect(methods.join(' ')).toBe('POST GET GET PATCH DELETE');
  });

  it('walks through the pages of a query, and can stop on the way', async () => {
    const client = await start({ seed: fiveRows, pageSize: 2 });
    const filter = "startswith(displayName,'Partner')";
    const first = await client.api(path).select('id').filter(filter).count().get();
    expect(first).toMatchObject({ '@odata.count': 5 });
    const seen: string[] = [];
    const iterator = new PageIterator(client, first, ({ id }: PartnerResource) => {
      seen.push(id);
      return id !== 'c';
    });
    await iterator.iterate();
    expect([seen.join(''), iterator.isComplete()]).toEqual(['abc', false]);
    await iterator.resume();
    expect([seen.join(''), iterator.isComplete()]).toEqual(['abcde', true]);
    expect(graph.requests).toHaveLength(3);
    expect(graph.requests.every(({ path: asked }) => asked.startsWith(`/${version}/`))).toBe(true);
  });

  it('gets many things done in one batch', async () => {
    const client = await start({ seed: fiveRows });
    const requestOf = (url: string, options: RequestInit = {}) =>
      new Request(`https://${host}${url}`, options);
    const write = (method: string, url: string, body: unknown) =>
      requestOf(url, { method, headers: json, body: JSON.stringify(body) });
    const content = new BatchRequestContent([
      { id: 'add', request: write('POST', path, { id: 'new', displayName: 'New' }) },
      { id: 'change', request: write('PATCH', `${path}/new`, { displayName: 'Newer' }) },
      { id: 'list', request: requestOf(`${path}?$top=1&$select=id`) },
      { id: 'remove', request: requestOf(`${path}/a`, { method: 'DELETE' }) },
      { id: 'bad', request: write('PATCH', `${path}/b`, { mood: 'good' }) },
      { id: 'after', request: requestOf(`${path}/b`) },
    ]);
    for (const id of ['change', 'list', 'remove', 'bad', 'after']) {
      content.addDependency(id);
    }
    const batch = await content.getContent();
    const answer = new BatchResponseContent(await client.api('/$batch').post(batch));
    const statuses = [...answer.getResponses()].map(([id, { status }]) => `${id} ${status}`);
    const expected = 'add 201, after 424, bad 400, change 200, list 200, remove 204';
    expect(statuses.sort().join(', ')).toBe(expected);
    expect(await answer.getResponseById('change').json()).toMatchObject({ displayName: 'Newer' });
    expect(await answer.getResponseById('list').json()).toMatchObject({
      '@odata.nextLink': expect.stringContaining(`https://${host}/${version}${path}?`),
      value: [{ id: 'a' }],
    });
    expect(answer.getResponseById('add').headers.get('location')).toBe(
      `https://${host}/${version}${path}('new')`,
    );
    const bad = await answer.getResponseById('bad').json();
    expect(bad).toHaveProperty('error.code', 'ModelValidationFailure');
  });

  it.each([
    ['a missing partner', `${path}/none`, 404, 'ResourceNotFound'],
    ['a wrong property', `${path}?$select=mood`, 400, 'BadRequest'],
    ['another resource', '/me', 400, 'BadRequest'],
  ])('is rejected for %s with all that a support case needs', async (_what, url, status, code) => {
    const client = await start();
    const error = await refusalOf(client.api(url).get());
    expect(error).toMatchObject({ statusCode: status, code, requestId: expect.any(String) });
    expect(error.requestId).toBe(error.headers?.get('request-id'));
    expect(error.headers?.get('client-request-id')).toBe(
      graph.requests[0]?.headers['client-request-id'],
    );
    expect(error.date.getTime()).not.toBeNaN();
    expect(JSON.parse(String(error.body))).toMatchObject({ code, message: expect.any(String) });
  });
});
