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
  async function start(options: Partial<EmulatorOptions>): Promise<Client> {
    graph = await startTestGraph(options);
    const chain = MiddlewareFactory.getDefaultMiddlewareChain({
      getAccessToken: async () => 'embedded-graph-token',
    });
    return Client.initWithMiddleware({
      baseUrl: `https://${host}`,
      customHosts: new Set([host]),
      defaultVersion: version,
      middleware: [...chain.slice(0, -1), createProxyStep(graph.baseUrl), ...chain.slice(-1)],
    });
  }

  const fiveRows = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, displayName: `Partner ${id}` }));

  it('adds, updates and deletes, and is rejected with all that a support case needs', async () => {
    const client = await start({ seed: [] });
    const added: PartnerResource = await client.api(path).post({ displayName: 'Fleet' });
    const partner = client.api(`${path}/${added.id}`);
    const change = { displayName: null, iosOnboarded: true };
    expect(await partner.update(change)).toEqual({ ...added, ...change });
    expect(await partner.delete()).toBeUndefined();
    const error = await partner.get().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GraphError);
    const { statusCode, code, requestId, headers, date } = error as GraphError;
    expect([statusCode, code, requestId]).toEqual([
      404,
      'ResourceNotFound',
      headers?.get('request-id'),
    ]);
    expect(date.getTime()).not.toBeNaN();
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
      { id: 'list', request: requestOf(`${path}?$top=1&$select=id`) },
      { id: 'remove', request: requestOf(`${path}/a`, { method: 'DELETE' }) },
      { id: 'bad', request: write('PATCH', `${path}/b`, { mood: 'good' }) },
      { id: 'after', request: requestOf(`${path}/b`) },
    ]);
    for (const id of ['list', 'remove', 'bad', 'after']) {
      content.addDependency(id);
    }
    const batch = await content.getContent();
    const answer = new BatchResponseContent(await client.api('/$batch').post(batch));
    const statuses = [...answer.getResponses()].map(([id, { status }]) => `${id} ${status}`);
    const expected = 'add 201, after 424, bad 400, list 200, remove 204';
    expect(statuses.sort().join(', ')).toBe(expected);
    const root = `https://${host}/${version}${path}`;
    expect(await answer.getResponseById('list').json()).toMatchObject({
      '@odata.nextLink': expect.stringContaining(`${root}?`),
      value: [{ id: 'a' }],
    });
    const { headers } = answer.getResponseById('add');
    expect(headers.get('location')).toBe(`${root}('new')`);
  });
});
