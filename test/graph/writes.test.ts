import { afterEach, describe, expect, it } from '@jest/globals';
import type { GraphClient } from '../../src/graph/client.ts';
import { createTestClient, testCall } from '../support/graphClients.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import {
  type Answer,
  empty,
  json,
  reset,
  type ScriptedServer,
  startScriptedServer,
} from '../support/scriptedServer.ts';

const path = '/beta/deviceManagement/complianceManagementPartners/abc';
const partner = { id: 'abc', displayName: 'Fleet' };
const notFound = json(404, intuneErrors.jsonInString('ResourceNotFound', 'None'));
const leftovers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(leftovers.splice(0).map((close) => close()));
});

async function start(...script: Answer[]): Promise<{ graph: GraphClient; server: ScriptedServer }> {
  const server = await startScriptedServer(...script);
  const { graph, close } = createTestClient(server.url);
  leftovers.push(close, server.close);
  return { graph, server };
}

const seen = ({ requests }: ScriptedServer) =>
  requests.map(({ method, url, body }) => `${method} ${url} ${body}`.trim());

describe('update', () => {
  it('patches the partner with exactly the changes', async () => {
    const { graph, server } = await start(json(200, partner));
    const changes = { displayName: 'Fleet', iosOnboarded: false, iosEnrollmentAssignments: [] };
    await expect(graph.update('abc', changes, testCall())).resolves.toEqual(partner);
    expect(seen(server)).toEqual([`PATCH ${path} ${JSON.stringify(changes)}`]);
    expect(server.requests[0]?.headers['content-type']).toBe('application/json');
  });

  it.each<[string, Answer]>([
    ['204', empty(204)],
    ['200 with nothing in it', empty(200, { 'content-length': '0' })],
  ])('gives no partner after a %s, and reads it back when asked', async (_what, answer) => {
    const { graph, server } = await start(answer, json(200, partner));
    await expect(graph.update('abc', {}, testCall())).resolves.toBeUndefined();
    await expect(graph.readBack('abc', testCall())).resolves.toEqual(partner);
    expect(seen(server)).toEqual([`PATCH ${path} {}`, `GET ${path}`]);
  });

  it('understands the wrapper of the documentation', async () => {
    const { graph } = await start(json(200, { value: partner }));
    await expect(graph.update('abc', {}, testCall())).resolves.toEqual(partner);
  });

  it.each<[string, Answer[], string, boolean]>([
    ['a refusal', [json(400, intuneErrors.modelValidation('No.'))], 'invalidRequest', false],
    ['a partner that is not there', [notFound], 'notFound', false],
    ['a collision', [json(412, {})], 'conflict', false],
    ['a fault', [empty(500)], 'unavailable', true],
    ['a reset', [reset], 'unavailable', true],
    ['a success that is no partner', [json(200, { value: [] })], 'badResponse', true],
  ])('says of %s what is known of the write', async (_what, script, code, mayHaveBeenApplied) => {
    const { graph } = await start(...script);
    await expect(graph.update('abc', {}, testCall())).rejects.toMatchObject({
      code,
      mayHaveBeenApplied,
    });
  });
});

describe('readBack', () => {
  it.each<[string, Answer]>([
    ['it cannot be read', empty(500)],
    ['it is not there', notFound],
  ])('says that a partner may have been changed when %s', async (_what, answer) => {
    const { graph } = await start(answer);
    await expect(graph.readBack('abc', testCall())).rejects.toMatchObject({
      code: 'badResponse',
      mayHaveBeenApplied: true,
    });
  });
});

describe('replaceAssignments', () => {
  it('sends the entries byte for byte', async () => {
    const { graph, server } = await start(json(200, partner));
    const entries = ['{"target": {"n": 1.0}}', 'null', '{"s":"\\u00e9"}'];
    await graph.replaceAssignments('abc', 'macOs', entries, testCall());
    expect(seen(server)).toEqual([
      `PATCH ${path} {"macOsEnrollmentAssignments":[{"target": {"n": 1.0}},null,{"s":"\\u00e9"}]}`,
    ]);
  });
});

describe('delete', () => {
  it.each([200, 204])('is done at a %i', async (status) => {
    const { graph, server } = await start(empty(status));
    await expect(graph.delete('abc', testCall())).resolves.toBeUndefined();
    expect(seen(server)).toEqual([`DELETE ${path}`]);
    expect(server.requests[0]?.headers).not.toHaveProperty('content-type');
  });

  it.each<[string, Answer]>([
    ['a page', json(200, '<html>Log in</html>', { 'content-type': 'text/html' })],
    ['a 202', empty(202)],
  ])('does not believe %s', async (_what, answer) => {
    const { graph, server } = await start(answer);
    await expect(graph.delete('abc', testCall())).rejects.toMatchObject({
      code: 'badResponse',
      mayHaveBeenApplied: true,
    });
    expect(server.requests).toHaveLength(1);
  });

  it.each<[string, Answer[]]>([
    ['404', [notFound]],
    ['410', [empty(410)]],
    ['400 with the code', [json(400, intuneErrors.jsonInString('ResourceNotFound', 'None'))]],
    [
      '400 that says nothing, where a look finds none',
      [json(400, intuneErrors.jsonInString('BadRequest', 'An error has occurred')), notFound],
    ],
  ])('tells from a %s that there is none', async (_what, script) => {
    const { graph, server } = await start(...script);
    await expect(graph.delete('abc', testCall())).rejects.toMatchObject({
      code: 'notFound',
      mayHaveBeenApplied: false,
    });
    expect(server.requests).toHaveLength(script.length);
  });

  it.each<[string, Answer]>([
    ['finds it', json(200, partner)],
    ['fails', empty(500)],
  ])('keeps the refusal where the look %s', async (_what, look) => {
    const refusal = json(400, intuneErrors.jsonInString('BadRequest', 'It is in use.'));
    const { graph } = await start(refusal, look);
    await expect(graph.delete('abc', testCall())).rejects.toMatchObject({
      code: 'invalidRequest',
      message: 'It is in use.',
    });
  });

  it('is repeated after a fault, and in doubt where that does not help', async () => {
    const { graph, server } = await start(empty(500));
    await expect(graph.delete('abc', testCall())).rejects.toMatchObject({
      code: 'unavailable',
      mayHaveBeenApplied: true,
    });
    expect(server.requests).toHaveLength(3);
  });

  it.each<[string, Answer[]]>([
    ['404', [empty(504), notFound]],
    ['400 that says nothing', [empty(504), json(400, {}), notFound]],
  ])('is done where a fault is followed by a %s', async (_what, script) => {
    const { graph } = await start(...script);
    await expect(graph.delete('abc', testCall())).resolves.toBeUndefined();
  });

  it.each<[string, Answer, string]>([
    ['a refusal', json(403, intuneErrors.jsonInString('Forbidden', 'No.')), 'forbidden'],
    ['throttling', json(429, {}, { 'retry-after': '60' }), 'throttled'],
  ])('stays in doubt where a fault is followed by %s', async (_what, answer, code) => {
    const { graph } = await start(empty(504), answer);
    await expect(graph.delete('abc', testCall())).rejects.toMatchObject({
      code,
      mayHaveBeenApplied: true,
    });
  });
});

describe('get of what is not there', () => {
  it.each<[string, Answer]>([
    ['404', notFound],
    ['an empty entity', json(200, {})],
    [
      'nulls and annotations only',
      json(200, { '@odata.context': 'c', id: null, displayName: null }),
    ],
    ['an empty entity in the wrapper', json(200, { value: {} })],
  ])('is nothing for %s', async (_what, answer) => {
    const { graph } = await start(answer);
    await expect(graph.get('abc', testCall())).resolves.toBeUndefined();
    await expect(graph.getSource('abc', testCall())).resolves.toBeUndefined();
  });
});
