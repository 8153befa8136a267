import { describe, expect, it } from '@jest/globals';
import type { GraphClient } from '../../src/graph/client.ts';
import { GraphNetworkError } from '../../src/graph/errors.ts';
import { createKnownPartnerIds } from '../../src/resolvers/knownPartnerIds.ts';
import { noteIds } from '../../src/resolvers/noteIds.ts';
import { createTestClient, testCall } from '../support/graphClients.ts';
import { type Answer, empty, json, startScriptedServer } from '../support/scriptedServer.ts';

const call = testCall();
const batchOf = (...bodies: (object | undefined)[]) => ({
  responses: bodies.map((body, index) => ({
    id: String(index),
    status: body ? 200 : 404,
    headers: { 'content-type': 'application/json' },
    body: body ?? {},
  })),
});

/** Does something with a client that notes, before a server that answers so, and gives the ids that are known then. */
async function knownAfter(
  script: Answer[],
  act: (graph: GraphClient, known: () => string[]) => Promise<unknown>,
): Promise<string[]> {
  const server = await startScriptedServer(...script);
  const client = createTestClient(server.url);
  const knownIds = createKnownPartnerIds();
  const known = () => ['a', 'b', 'c'].filter(knownIds.has);
  await act(noteIds(client.graph, knownIds), known);
  await client.close();
  await server.close();
  return known();
}

describe('noteIds', () => {
  it.each<[string, Answer, (graph: GraphClient) => Promise<unknown>]>([
    ['a get', json(200, { id: 'a' }), (graph) => graph.get('a', call)],
    ['a get with its source', json(200, { id: 'a' }), (graph) => graph.getSource('a', call)],
    [
      'a batch',
      json(200, batchOf({ id: 'a' }, undefined)),
      (graph) => graph.getMany(['a', 'b'], call),
    ],
    [
      'an add',
      json(201, { id: 'a', displayName: 'Fleet' }),
      (graph) =>
        graph.add(
          { '@odata.type': '#microsoft.graph.complianceManagementPartner', displayName: 'Fleet' },
          call,
        ),
    ],
  ])('notes the partner of %s', async (_what, answer, act) => {
    await expect(knownAfter([answer], act)).resolves.toEqual(['a']);
  });

  it.each<[string, Answer, (graph: GraphClient) => Promise<unknown>]>([
    ['a get that finds none', empty(404), (graph) => graph.get('a', call)],
    ['a source that is not there', empty(404), (graph) => graph.getSource('a', call)],
    [
      'a get that fails',
      empty(501),
      (graph) => expect(graph.get('a', call)).rejects.toThrow('Microsoft Graph'),
    ],
    [
      'a batch that finds none and fails',
      json(200, { responses: batchOf(undefined).responses }),
      (graph) => graph.getMany(['a', 'b'], call),
    ],
    ['a delete', empty(204), (graph) => graph.delete('a', call)],
  ])('notes nothing of %s', async (_what, answer, act) => {
    await expect(knownAfter([answer], act)).resolves.toEqual([]);
  });

  it('notes a page once the next one is asked for, so that its reader can look first', async () => {
    const next = '?$skiptoken=2';
    const pages = [
      json(200, { value: [{ id: 'a' }], '@odata.nextLink': next }),
      json(200, { value: [{ id: 'b' }] }),
    ];
    await expect(
      knownAfter(pages, async (graph, known) => {
        const seen: string[][] = [];
        for await (const _page of graph.listPages(call)) {
          seen.push(known());
        }
        expect(seen).toEqual([[], ['a']]);
      }),
    ).resolves.toEqual(['a', 'b']);
  });

  it('passes on what a batch answers for each id', async () => {
    await knownAfter([json(200, { responses: [] })], async (graph) => {
      await expect(graph.getMany(['a'], call)).resolves.toEqual([expect.any(Error)]);
    });
  });

  it('passes on what is thrown', async () => {
    const error = new GraphNetworkError('unavailable', 'Down');
    await knownAfter([], async (graph) => {
      const failing = noteIds(
        { ...graph, get: () => Promise.reject(error) },
        createKnownPartnerIds(),
      );
      await expect(failing.get('a', call)).rejects.toBe(error);
    });
  });
});
