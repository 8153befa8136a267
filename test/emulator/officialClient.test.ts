import { afterEach, expect, it } from '@jest/globals';
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
import type { Emulator } from '../../src/emulator/server.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { startTestGraph } from '../support/testGraphs.ts';
import { partnersPath as path } from './emulatorHarness.ts';

const host = 'graph.test';

/**
 * What a proxy that ends TLS does. The client sends its token over https only and follows no other link, so the
 * embedded Graph stands behind one; the rest of the client's chain is its own.
 */
const createProxyStep = (baseUrl: string): Middleware => ({
  async execute(context: Context) {
    const forwarded = { 'x-forwarded-host': host, 'x-forwarded-proto': 'https' };
    const headers = { ...context.options?.headers, ...forwarded } as Record<string, string>;
    const url = String(context.request).replace(`https://${host}`, baseUrl);
    context.response = await fetch(url, { ...context.options, headers } as RequestInit);
  },
});

let graph: Emulator;

afterEach(() => graph.close());

it.each(['v1.0', 'beta'])("serves Microsoft's own client for JavaScript on %s", async (version) => {
  const seed = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, displayName: `Partner ${id}` }));
  graph = await startTestGraph({ seed, pageSize: 2 });
  const chain = MiddlewareFactory.getDefaultMiddlewareChain({
    getAccessToken: async () => 'embedded-graph-token',
  });
  const client = Client.initWithMiddleware({
    baseUrl: `https://${host}`,
    customHosts: new Set([host]),
    defaultVersion: version,
    middleware: [...chain.slice(0, -1), createProxyStep(graph.baseUrl)],
  });

  // Pages of a query, and a stop on the way.
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
  const asked = graph.requests.map((request) => request.path.split('/')[1]);
  expect(asked).toEqual([version, version, version]);

  // A rejection with all that a support case needs.
  const error = await client
    .api(`${path}/none`)
    .get()
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(GraphError);
  const { statusCode, code, requestId, headers, date } = error as GraphError;
  const ids = [statusCode, code, requestId];
  expect(ids).toEqual([404, 'ResourceNotFound', headers?.get('request-id')]);
  expect(date.getTime()).not.toBeNaN();

  // Many things in one batch.
  const requestOf = (id: string, method: string, url: string, body?: object) => {
    const json = { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
    return { id, request: new Request(`https://${host}${url}`, { method, ...(body && json) }) };
  };
  const content = new BatchRequestContent([
    requestOf('add', 'POST', path, { id: 'new', displayName: 'New' }),
    requestOf('list', 'GET', `${path}?$top=1&$select=id`),
    requestOf('remove', 'DELETE', `${path}/a`),
    requestOf('bad', 'PATCH', `${path}/b`, { mood: 'good' }),
    requestOf('after', 'GET', `${path}/b`),
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
  expect(answer.getResponseById('add').headers.get('location')).toBe(`${root}('new')`);
});
