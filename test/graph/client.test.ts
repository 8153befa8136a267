import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { GraphClient } from '../../src/graph/client.ts';
import { GraphError } from '../../src/graph/errors.ts';
import type { PartnerResource } from '../../src/graph/types.ts';
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

describe('client', () => {
  const fixture = (name: string): PartnerResource =>
    JSON.parse(readFileSync(new URL(`../fixtures/graph/${name}`, import.meta.url), 'utf8'));
  const pageResponse = fixture('addResponse.json');

  const path = '/beta/deviceManagement/complianceManagementPartners';
  const newPartner = {
    '@odata.type': '#microsoft.graph.complianceManagementPartner',
    displayName: 'Fleet',
  } as const;
  const leftovers: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    await Promise.all(leftovers.splice(0).map((close) => close()));
  });

  async function start(
    ...script: Answer[]
  ): Promise<{ graph: GraphClient; server: ScriptedServer }> {
    const server = await startScriptedServer(...script);
    const { graph, close } = createTestClient(server.url);
    leftovers.push(close, server.close);
    return { graph, server };
  }

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
    it("posts to the collection, not to $ref, and understands the page's 201", async () => {
      const { graph, server } = await start(json(201, pageResponse));
      await expect(graph.add(newPartner, testCall())).resolves.toEqual(pageResponse);
      expect(server.requests).toMatchObject([
        {
          method: 'POST',
          url: path,
          body: JSON.stringify(newPartner),
          headers: {
            authorization: 'Bearer test-token',
            'content-type': 'application/json',
            accept: 'application/json',
            'accept-encoding': 'identity',
            'client-request-id': 'test-request-id',
          },
        },
      ]);
      expect(server.requests[0]?.headers).not.toHaveProperty('traceparent');
    });

    it('passes a trace context on', async () => {
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const { graph, server } = await start(json(201, pageResponse));
      await graph.add(newPartner, testCall({ traceparent }));
      expect(server.requests[0]?.headers).toHaveProperty('traceparent', traceparent);
    });

    it('understands a 200 with the partner', async () => {
      const { graph } = await start(json(200, pageResponse));
      await expect(graph.add(newPartner, testCall())).resolves.toEqual(pageResponse);
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
      ['a 204 that does not say where', [empty(204)]],
      ['a 202', [empty(202)]],
      ['a 201 of nothing', [empty(201)]],
      ['a 201 of HTML', [json(201, '<html>', { 'content-type': 'text/html' })]],
      ['a 201 of broken JSON', [json(201, '{"id":"a"')]],
      ['a 201 of a list', [json(201, [])]],
      ['a 201 without an id', [json(201, { displayName: 'Fleet' })]],
      ['a 201 with a name that is no text', [json(201, { id: 'a', displayName: 5 })]],
      ['a 500', [json(500, intuneErrors.jsonInString('InternalError', 'Oops'))]],
      ['a 502 of HTML', [json(502, '<html>', { 'content-type': 'text/html' })]],
      ['a 503 without Retry-After', [empty(503)]],
      ['a 504', [empty(504)]],
      ['a Location elsewhere', [empty(201, { location: 'https://evil.example/x/abc' })]],
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

    it.each<[string, Answer, object]>([
      [
        'a refusal of the model',
        json(
          400,
          intuneErrors.modelValidation(
            "The property 'x' does not exist on type 'microsoft.management.services.api.y'.",
          ),
        ),
        {
          code: 'invalidRequest',
          message: "The property 'x' does not exist on type 'microsoft.graph.y'.",
        },
      ],
      [
        'a tenant without Intune',
        json(
          400,
          intuneErrors.jsonInString('BadRequest', 'Request not applicable to target tenant.'),
        ),
        { code: 'tenantNotLicensed' },
      ],
      ['throttling', json(429, {}, { 'retry-after': '2.128' }), { code: 'throttled' }],
      ['a 503 with Retry-After', empty(503, { 'retry-after': '5' }), { code: 'unavailable' }],
      ['a redirect', empty(307, { location: 'https://evil.example/' }), { code: 'badResponse' }],
      [
        'a conflict',
        json(409, intuneErrors.plainWithTail('Conflict', 'Taken.')),
        { code: 'conflict', message: 'Taken.' },
      ],
    ])('says that nothing happened after %s', async (_what, answer, expected) => {
      const { graph, server } = await start(answer);
      const inAHurry = testCall({ deadlineMs: Date.now() + 500 });
      const error = await failureOf(graph.add(newPartner, inAHurry));
      expect(error).toMatchObject({ ...expected, mayHaveBeenApplied: false });
      expect(server.requests).toHaveLength(1);
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

    it('sends nothing without a token', async () => {
      const { graph, server } = await start(json(201, pageResponse));
      const error = await failureOf(graph.add(newPartner, testCall({ callerToken: undefined })));
      expect(error).toMatchObject({ code: 'unauthenticated', mayHaveBeenApplied: false });
      expect(server.requests).toHaveLength(0);
    });
  });

  describe('get', () => {
    it.each([
      ['bare', pageResponse],
      ["in the wrapper of Graph's own pages", { value: pageResponse }],
    ])('understands a partner that comes %s', async (_how, body) => {
      const { graph, server } = await start(json(200, body));
      await expect(graph.get(pageResponse.id, testCall())).resolves.toEqual(pageResponse);
      expect(server.requests).toMatchObject([{ method: 'GET', url: `${path}/${pageResponse.id}` }]);
    });

    it.each([404, 410])('gives undefined after %i', async (status) => {
      const body = intuneErrors.jsonInString('ResourceNotFound', 'No such partner');
      const { graph } = await start(json(status, body));
      await expect(graph.get('abc', testCall())).resolves.toBeUndefined();
    });

    it.each<[string, Answer]>([
      ['a partner under another id', json(200, { ...pageResponse, id: 'abd' })],
      ['a partner with an error', json(200, { id: 'abc', error: { code: 'x' } })],
      ["a proxy's 404", json(404, '<html>', { 'content-type': 'text/html' })],
      ['a 404 with nothing in it', empty(404)],
      ['a 404 for a segment', json(404, intuneErrors.noSegment('x'))],
      ['a 410 with nothing in it', empty(410)],
    ])('does not believe %s', async (_what, answer) => {
      const { graph } = await start(answer);
      const error = await failureOf(graph.get('abc', testCall()));
      expect(error).toMatchObject({ code: 'badResponse', mayHaveBeenApplied: false });
    });

    it('takes a UUID in another case for the one that was asked for', async () => {
      const { graph } = await start(json(200, pageResponse));
      const id = pageResponse.id.toUpperCase();
      await expect(graph.get(id, testCall())).resolves.toEqual(pageResponse);
    });

    it('asks for reading scopes where it is forbidden', async () => {
      const { graph } = await start(json(403, intuneErrors.jsonInString('Forbidden', 'Not you')));
      const error = await failureOf(graph.get('abc', testCall()));
      expect(error.details.requiredScopes?.[0]).toBe('DeviceManagementServiceConfig.Read.All');
    });
  });

  describe('listPages', () => {
    it('reads page after page, empty ones included, and only as they are asked for', async () => {
      const { graph, server } = await start(
        json(200, { value: [{ id: 'a' }], '@odata.nextLink': '?$skiptoken=2' }),
        json(200, { value: [], '@odata.nextLink': `${path}?$skiptoken=3` }),
        json(200, { value: [{ id: 'b' }, { id: 'c' }] }),
      );
      const pages = graph.listPages(testCall());
      await pages.next();
      expect(server.requests).toHaveLength(1);
      await pages.next();
      await pages.next();
      await expect(pages.next()).resolves.toMatchObject({ done: true });
      expect(server.requests.map(({ url }) => url)).toEqual([
        path,
        `${path}?$skiptoken=2`,
        `${path}?$skiptoken=3`,
      ]);
    });

    it('takes a null nextLink for the end', async () => {
      const { graph } = await start(json(200, { value: [{ id: 'a' }], '@odata.nextLink': null }));
      await expect(pagesOf(graph)).resolves.toEqual([['a']]);
    });

    it.each([
      'https://evil.example/beta/deviceManagement/complianceManagementPartners',
      '/beta/users',
      '/v1.0/deviceManagement/complianceManagementPartners?$skiptoken=2',
    ])('does not follow a nextLink to %s', async (nextLink) => {
      const { graph, server } = await start(json(200, { value: [], '@odata.nextLink': nextLink }));
      await expect(failureOf(pagesOf(graph))).resolves.toMatchObject({ code: 'badResponse' });
      expect(server.requests).toHaveLength(1);
    });

    it('ends where the list leads back to itself', async () => {
      const { graph, server } = await start(
        json(200, { value: [], '@odata.nextLink': '?$skiptoken=2' }),
        json(200, { value: [], '@odata.nextLink': path }),
      );
      await expect(failureOf(pagesOf(graph))).resolves.toMatchObject({ code: 'badResponse' });
      expect(server.requests).toHaveLength(2);
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

    it('passes rows with strange states, types and properties', async () => {
      const row = {
        id: 'a',
        partnerState: 'String',
        new: { x: [1] },
        iosEnrollmentAssignments: [
          null,
          {},
          { target: { '@odata.type': '#microsoft.graph.new', groupId: 5 } },
        ],
      };
      const { graph } = await start(json(200, { value: [row] }));
      const pages = await graph.listPages(testCall()).next();
      expect(pages.value).toEqual([row]);
    });
  });
});

describe('writes', () => {
  const path = '/beta/deviceManagement/complianceManagementPartners/abc';
  const partner = { id: 'abc', displayName: 'Fleet' };
  const notFound = json(404, intuneErrors.jsonInString('ResourceNotFound', 'None'));
  const html404 = json(404, '<html>Nothing here</html>', { 'content-type': 'text/html' });
  const leftovers: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    await Promise.all(leftovers.splice(0).map((close) => close()));
  });

  async function start(
    ...script: Answer[]
  ): Promise<{ graph: GraphClient; server: ScriptedServer }> {
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
      [
        'a success with an error in it',
        [json(200, { ...partner, error: {} })],
        'badResponse',
        true,
      ],
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
});
