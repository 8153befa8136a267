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
const html404 = json(404, '<html>Nothing here</html>', { 'content-type': 'text/html' });
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
    ['another partner', [json(200, { ...partner, id: 'abd' })], 'badResponse', true],
    ['a success with an error in it', [json(200, { ...partner, error: {} })], 'badResponse', true],
    ["a proxy's 404", [html404], 'badResponse', false],
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
    ['it is another partner', json(200, { id: 'abd' })],
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
    expect(seen(server)).toEqual([`DELETE ${path}`, `GET ${path}`]);
  });

  it.each<[string, Answer[]]>([
    ['404', [notFound]],
    ['410 of its own', [json(410, intuneErrors.jsonInString('ResourceNotFound', 'None'))]],
    [
      '400 with the code, where a look finds none',
      [json(400, intuneErrors.jsonInString('ResourceNotFound', 'None')), notFound],
    ],
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
    // Each of the look's attempts comes on top.
    expect(seen(server).filter((line) => line.startsWith('DELETE'))).toHaveLength(3);
  });

  const believed: readonly [string, Answer[]][] = [
    ['404', [notFound]],
    ['400 that says nothing', [json(400, {}), notFound]],
    ["proxy's 404", [html404, notFound]],
    ['404 for a segment', [json(404, intuneErrors.noSegment('x')), notFound]],
    ['410', [empty(410), notFound]],
    ['success with an error in it', [json(200, { error: { code: 'x' } }), notFound]],
  ];
  it.each(
    believed.flatMap(([what, script]): [string, Answer[]][] => [
      [`a 504 and a ${what}`, [empty(504), ...script]],
      [`a reset and a ${what}`, [reset, ...script]],
    ]),
  )('is done after %s where Graph itself then says that there is none', async (_what, script) => {
    const { graph, server } = await start(...script);
    await expect(graph.delete('abc', testCall())).resolves.toBeUndefined();
    expect(server.requests).toHaveLength(script.length);
  });

  const another = '61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b';
  const notGraphsWord: readonly [string, Answer][] = [
    ["a proxy's 404", html404],
    ['a 404 with nothing in it', empty(404)],
    ['a 404 for a segment', json(404, intuneErrors.noSegment('x'))],
    ['a 404 for a route', json(404, intuneErrors.noRoute())],
    ['a 404 about another partner', json(404, intuneErrors.plainWithTail('x', `No ${another}.`))],
    ['a 410', empty(410)],
    ['a 400 with the code', json(400, intuneErrors.jsonInString('ResourceNotFound', 'None'))],
    ['a success with an error in it', json(200, { error: { code: 'x' } })],
  ];
  it.each(notGraphsWord)(
    'stays in doubt where a fault is followed by %s',
    async (_what, answer) => {
      const { graph } = await start(empty(504), answer);
      await expect(graph.delete('abc', testCall())).rejects.toMatchObject({
        mayHaveBeenApplied: true,
      });
    },
  );

  it.each([
    ...notGraphsWord,
    ['a success that is empty', json(200, {})] as const,
    ['the partner', json(200, partner)] as const,
    ['another partner', json(200, { ...partner, id: 'xyz' })] as const,
  ])('stays in doubt after faults where the look finds %s', async (_what, answer) => {
    const { graph } = await start((response, request) =>
      (request.method === 'DELETE' ? empty(504) : answer)(response, request),
    );
    await expect(graph.delete('abc', testCall())).rejects.toMatchObject({
      mayHaveBeenApplied: true,
    });
  });

  it.each<[string, Answer]>([
    ["a proxy's 404", html404],
    ['a 404 for a segment', json(404, intuneErrors.noSegment('x'))],
    ['a 410 of something in between', empty(410)],
  ])('is not taken for one of nothing at %s', async (_what, answer) => {
    const { graph } = await start(answer);
    await expect(graph.delete('abc', testCall())).rejects.toMatchObject({
      code: 'badResponse',
      mayHaveBeenApplied: false,
      message: expect.stringContaining('does not say whether the partner exists'),
    });
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
