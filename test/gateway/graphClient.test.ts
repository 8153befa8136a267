import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { GraphClient } from '../../src/graph/client.ts';
import { GraphError } from '../../src/graph/errors.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
import { useClosing } from '../support/closing.ts';
import { createTestClient, testCall } from '../support/graphClients.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import {
  type Answer,
  empty,
  json,
  type ScriptedServer,
  startScriptedServer,
} from '../support/scriptedServer.ts';

const closeLater = useClosing();

async function start(...script: Answer[]): Promise<{ graph: GraphClient; server: ScriptedServer }> {
  const server = await startScriptedServer(...script);
  const { graph, close } = createTestClient(server.url);
  closeLater(close, server.close);
  return { graph, server };
}

describe('client', () => {
  const fixture = (name: string): PartnerResource =>
    JSON.parse(readFileSync(new URL(`../fixtures/graph/${name}`, import.meta.url), 'utf8'));
  const pageResponse = fixture('addResponse.json');

  const path = '/beta/deviceManagement/complianceManagementPartners';
  const newPartner = {
    '@odata.type': '#microsoft.graph.complianceManagementPartner',
    displayName: 'Fleet',
  } as const;
  async function failureOf(call: Promise<unknown>): Promise<GraphError> {
    const error = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(GraphError);
    return error as GraphError;
  }

  async function pagesOf(graph: GraphClient): Promise<string[][]> {
    const pages: string[][] = [];
    for await (const page of graph.listPages(testCall())) {
      pages.push(page.map(({ id }) => id));
    }
    return pages;
  }

  describe('add', () => {
    it('asks for no encoding, and understands a 200 with the partner', async () => {
      const { graph, server } = await start(json(200, pageResponse));
      await expect(graph.add(newPartner, testCall())).resolves.toEqual(pageResponse);
      expect(server.requests[0]?.headers).toMatchObject({ 'accept-encoding': 'identity' });
    });

    it.each([
      ['a 200', empty(200, { location: `${path}/abc` })],
      ['a 201', empty(201, { location: `${path}('abc')` })],
      ['a 204', empty(204, { location: `${path}/abc` })],
      ['a 204 with an OData-EntityId', empty(204, { 'odata-entityid': `${path}/abc` })],
    ])('reads the partner where %s only says where it is', async (_what, answer) => {
      const { graph, server } = await start(answer, json(200, { id: 'abc', displayName: 'Fleet' }));
      await expect(graph.add(newPartner, testCall())).resolves.toMatchObject({
        displayName: 'Fleet',
      });
      expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
        `POST ${path}`,
        `GET ${path}/abc`,
      ]);
    });

    it.each<[string, Answer[]]>([
      ['a 202', [empty(202)]],
      ['a 201 of a list', [json(201, [])]],
      ['a 201 without an id', [json(201, { displayName: 'Fleet' })]],
      ['a Location where nothing is', [empty(201, { location: `${path}/abc` }), empty(404)]],
      ['a Location that cannot be read', [empty(201, { location: `${path}/abc` }), empty(500)]],
    ])('says that the add may have happened after %s', async (_what, script) => {
      const { graph, server } = await start(...script);
      const error = await failureOf(graph.add(newPartner, testCall()));
      expect(error.mayHaveBeenApplied).toBe(true);
      const posts = server.requests.filter(({ method }) => method === 'POST');
      expect(posts).toHaveLength(1);
      expect(server.requests.every(({ url }) => url.startsWith(path))).toBe(true);
    });

    it('says how Graph answered', async () => {
      const { graph } = await start(
        json(403, intuneErrors.jsonInStringTwice('Forbidden', 'Not you.'), {
          date: 'Sun, 01 Mar 2026 12:00:00 GMT',
          'client-request-id': 'echoed',
        }),
      );
      const error = await failureOf(graph.add(newPartner, testCall()));
      expect(error.details).toMatchObject({
        answer: {
          status: 403,
          code: 'UnknownError',
          requestId: 'graph-request-id',
          clientRequestId: 'echoed',
          date: 'Sun, 01 Mar 2026 12:00:00 GMT',
        },
        requiredScopes: [
          'DeviceManagementServiceConfig.ReadWrite.All',
          'DeviceManagementConfiguration.ReadWrite.All',
        ],
      });
    });
  });

  describe('get', () => {
    it.each([404, 410])('gives undefined after %i', async (status) => {
      const body = intuneErrors.jsonInString('ResourceNotFound', 'No such partner');
      const { graph } = await start(json(status, body));
      await expect(graph.get('abc', testCall())).resolves.toBeUndefined();
    });

    it.each<[string, Answer]>([
      ['a partner with an error', json(200, { id: 'abc', error: { code: 'x' } })],
      ['a 404 with nothing in it', empty(404)],
    ])('does not believe %s', async (_what, answer) => {
      const { graph } = await start(answer);
      const error = await failureOf(graph.get('abc', testCall()));
      expect(error).toMatchObject({ code: 'badResponse', mayHaveBeenApplied: false });
    });

    it('asks for reading scopes where it is forbidden', async () => {
      const { graph } = await start(json(403, intuneErrors.jsonInString('Forbidden', 'Not you')));
      const error = await failureOf(graph.get('abc', testCall()));
      expect(error.details.requiredScopes?.[0]).toBe('DeviceManagementServiceConfig.Read.All');
    });
  });

  describe('listPages', () => {
    it('takes a null nextLink for the end', async () => {
      const { graph } = await start(json(200, { value: [{ id: 'a' }], '@odata.nextLink': null }));
      await expect(pagesOf(graph)).resolves.toEqual([['a']]);
    });

    it.each<[string, unknown]>([
      ['no list', { value: {} }],
      ['no object', []],
      ['a nextLink that is no text', { value: [], '@odata.nextLink': 5 }],
      ['a row that is no object', { value: [null] }],
      ['a row with a flag that is no flag', { value: [{ id: 'a', iosOnboarded: 'yes' }] }],
      ['a row with a list that is none', { value: [{ id: 'a', iosEnrollmentAssignments: {} }] }],
      [
        'a row with an entry that is none',
        { value: [{ id: 'a', iosEnrollmentAssignments: ['x'] }] },
      ],
      [
        'a row with a target that is none',
        { value: [{ id: 'a', iosEnrollmentAssignments: [{ target: 1 }] }] },
      ],
    ])('does not believe %s', async (_what, body) => {
      const { graph } = await start(json(200, body));
      const error = await failureOf(pagesOf(graph));
      expect(error).toMatchObject({ code: 'badResponse', mayHaveBeenApplied: false });
      expect(error.message).toMatch(/cannot be believed: .+\./);
    });
  });
});

describe('writes', () => {
  const path = '/beta/deviceManagement/complianceManagementPartners/abc';
  const partner = { id: 'abc', displayName: 'Fleet' };
  const notFound = json(404, intuneErrors.jsonInString('ResourceNotFound', 'None'));
  const seen = ({ requests }: ScriptedServer) =>
    requests.map(({ method, url, body }) => `${method} ${url} ${body}`.trim());

  describe('update', () => {
    it.each<[string, Answer[], string, boolean]>([
      ['a collision', [json(412, {})], 'conflict', false],
      ['a success that is no partner', [json(200, { value: [] })], 'badResponse', true],
      [
        'a success with an error in it',
        [json(200, { ...partner, error: {} })],
        'badResponse',
        true,
      ],
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

  describe('replaceAssignments', () => {});

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

    const believed: readonly [string, Answer[]][] = [
      ['404', [notFound]],
      ['400 that says nothing', [json(400, {}), notFound]],
      ['410', [empty(410), notFound]],
      ['success with an error in it', [json(200, { error: { code: 'x' } }), notFound]],
    ];
    it.each(
      believed.flatMap(([what, script]): [string, Answer[]][] => [
        [`a 504 and a ${what}`, [empty(504), ...script]],
      ]),
    )('is done after %s where Graph itself then says that there is none', async (_what, script) => {
      const { graph, server } = await start(...script);
      await expect(graph.delete('abc', testCall())).resolves.toBeUndefined();
      expect(server.requests).toHaveLength(script.length);
    });

    const notGraphsWord: readonly [string, Answer][] = [
      ['a 404 with nothing in it', empty(404)],
      ['a 410', empty(410)],
      ["a 410 in Graph's form", json(410, intuneErrors.jsonInString('Gone', 'None'))],
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

    it.each<[string, Answer]>([['a 410 of something in between', empty(410)]])(
      'is not taken for one of nothing at %s',
      async (_what, answer) => {
        const { graph } = await start(answer);
        await expect(graph.delete('abc', testCall())).rejects.toMatchObject({
          code: 'badResponse',
          mayHaveBeenApplied: false,
          message: expect.stringContaining('does not say whether the partner exists'),
        });
      },
    );

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
});
