import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { GraphClient } from '../../src/graph/client.ts';
import { GraphError } from '../../src/graph/errors.ts';
import { useClosing } from '../support/closing.ts';
import { createTestClient, testCall } from '../support/graphClients.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import { type Answer, empty, json, startScriptedServer } from '../support/scriptedServer.ts';

const closeLater = useClosing();

async function start(...script: Answer[]) {
  const server = await startScriptedServer(...script);
  const { graph, close } = createTestClient(server.url);
  closeLater(close, server.close);
  const { requests } = server;
  return { graph, requests, seen: () => requests.map(({ method, url }) => `${method} ${url}`) };
}

async function failureOf(call: Promise<unknown>): Promise<GraphError> {
  const error = await call.catch((reason: unknown) => reason);
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

const path = '/beta/deviceManagement/complianceManagementPartners';
const partner = { id: 'abc', displayName: 'Fleet' };
const located = (location: string, status = 201) => empty(status, { location });
const refusal = (status: number, code: string, message = 'None') =>
  json(status, intuneErrors.jsonInString(code, message));
const notFound = refusal(404, 'ResourceNotFound');
const withError = json(200, { ...partner, error: { code: 'x' } });

describe('add', () => {
  const type = '#microsoft.graph.complianceManagementPartner';
  const newPartner = { '@odata.type': type, displayName: 'Fleet' } as const;

  it('asks for no encoding, and understands a 200 with the partner', async () => {
    const file = new URL('../fixtures/graph/addResponse.json', import.meta.url);
    const added = JSON.parse(readFileSync(file, 'utf8'));
    const { graph, requests } = await start(json(200, added));
    await expect(graph.add(newPartner, testCall())).resolves.toEqual(added);
    expect(requests[0]?.headers).toMatchObject({ 'accept-encoding': 'identity' });
  });

  it.each([
    ['a 200', located(`${path}/abc`, 200)],
    ['a 201', located(`${path}('abc')`)],
    ['a 204', located(`${path}/abc`, 204)],
    ['a 204 with an OData-EntityId', empty(204, { 'odata-entityid': `${path}/abc` })],
  ])('reads the partner if %s only says where it is', async (_what, answer) => {
    const { graph, seen } = await start(answer, json(200, partner));
    await expect(graph.add(newPartner, testCall())).resolves.toMatchObject(partner);
    expect(seen()).toEqual([`POST ${path}`, `GET ${path}/abc`]);
  });

  it.each<[string, Answer[]]>([
    ['a 202', [empty(202)]],
    ['a 201 of a list', [json(201, [])]],
    ['a 201 without an id', [json(201, { displayName: 'Fleet' })]],
    ['a Location where nothing is', [located(`${path}/abc`), empty(404)]],
    ['a Location that cannot be read', [located(`${path}/abc`), empty(500)]],
    ['a Location elsewhere', [located('https://elsewhere.example/abc')]],
  ])('says that the add may have happened after %s', async (_what, script) => {
    const { graph, seen } = await start(...script);
    const error = await failureOf(graph.add(newPartner, testCall()));
    expect(error.mayHaveBeenApplied).toBe(true);
    expect(seen().filter((one) => one === `POST ${path}`)).toHaveLength(1);
    expect(seen().filter((one) => !one.includes(path))).toEqual([]);
  });

  it('says how Graph answered', async () => {
    const date = 'Sun, 01 Mar 2026 12:00:00 GMT';
    const body = intuneErrors.jsonInStringTwice('Forbidden', 'Not you.');
    const { graph } = await start(json(403, body, { date, 'client-request-id': 'echoed' }));
    const { details } = await failureOf(graph.add(newPartner, testCall()));
    expect(details.answer).toEqual({
      status: 403,
      code: 'UnknownError',
      requestId: 'graph-request-id',
      clientRequestId: 'echoed',
      date,
    });
    expect(details.requiredScopes).toEqual([
      'DeviceManagementServiceConfig.ReadWrite.All',
      'DeviceManagementConfiguration.ReadWrite.All',
    ]);
  });
});

describe('get', () => {
  it.each<[string, Answer]>([
    ['404', notFound],
    ['410', refusal(410, 'ResourceNotFound')],
    ['an empty entity', json(200, {})],
    [
      'nulls and annotations only',
      json(200, { '@odata.context': 'c', id: null, iosOnboarded: null }),
    ],
    ['an empty entity in the wrapper', json(200, { value: {} })],
  ])('gives undefined after %s', async (_what, answer) => {
    const { graph } = await start(answer);
    await expect(graph.get('abc', testCall())).resolves.toBeUndefined();
    await expect(graph.getSource('abc', testCall())).resolves.toBeUndefined();
  });

  it.each<[string, Answer]>([
    ['a partner with an error', withError],
    ['a 404 with nothing in it', empty(404)],
  ])('does not believe %s', async (_what, answer) => {
    const { graph } = await start(answer);
    const error = await failureOf(graph.get('abc', testCall()));
    expect(error).toMatchObject({ code: 'badResponse', mayHaveBeenApplied: false });
  });

  it('asks for reading scopes if it is forbidden', async () => {
    const { graph } = await start(refusal(403, 'Forbidden', 'Not you'));
    const { details } = await failureOf(graph.get('abc', testCall()));
    expect(details.requiredScopes?.[0]).toBe('DeviceManagementServiceConfig.Read.All');
  });
});

describe('listPages', () => {
  it('takes a null nextLink for the end', async () => {
    const { graph } = await start(json(200, { value: [{ id: 'a' }], '@odata.nextLink': null }));
    await expect(pagesOf(graph)).resolves.toEqual([['a']]);
  });

  const rows = (row: unknown): object => ({ value: [row] });
  it.each<[string, unknown]>([
    ['no list', { value: {} }],
    ['no object', []],
    ['a nextLink that is no text', { value: [], '@odata.nextLink': 5 }],
    ['a row that is no object', rows(null)],
    ['a flag that is no flag', rows({ id: 'a', iosOnboarded: 'yes' })],
    ['a list that is none', rows({ id: 'a', iosEnrollmentAssignments: {} })],
    ['an entry that is none', rows({ id: 'a', iosEnrollmentAssignments: ['x'] })],
    ['a target that is none', rows({ id: 'a', iosEnrollmentAssignments: [{ target: 1 }] })],
  ])('does not believe %s', async (_what, body) => {
    const { graph } = await start(json(200, body));
    const error = await failureOf(pagesOf(graph));
    expect(error).toMatchObject({ code: 'badResponse', mayHaveBeenApplied: false });
    expect(error.message).toMatch(/cannot be believed: .+\./);
  });
});

describe('update', () => {
  it.each<[string, Answer, string, boolean]>([
    ['a collision', json(412, {}), 'conflict', false],
    ['a success that is no partner', json(200, { value: [] }), 'badResponse', true],
    ['a success with an error in it', withError, 'badResponse', true],
  ])('says of %s what is known of the write', async (_what, answer, code, mayHaveBeenApplied) => {
    const { graph } = await start(answer);
    const error = await failureOf(graph.update('abc', {}, testCall()));
    expect(error).toMatchObject({ code, mayHaveBeenApplied });
  });
});

describe('readBack', () => {
  it.each<[string, Answer]>([
    ['it cannot be read', empty(500)],
    ['it is not there', notFound],
    ['it is another partner', json(200, { id: 'abd' })],
  ])('says that a partner may have been changed when %s', async (_what, answer) => {
    const { graph } = await start(answer);
    const error = await failureOf(graph.readBack('abc', testCall()));
    expect(error).toMatchObject({ code: 'badResponse', mayHaveBeenApplied: true });
  });
});

describe('delete', () => {
  const url = `${path}/abc`;

  it.each([200, 204])('is done at a %i', async (status) => {
    const { graph, requests, seen } = await start(empty(status));
    await expect(graph.delete('abc', testCall())).resolves.toBeUndefined();
    expect(seen()).toEqual([`DELETE ${url}`]);
    expect(requests[0]?.headers).not.toHaveProperty('content-type');
  });

  it.each<[string, Answer[]]>([
    ['404', [notFound]],
    ['400 that says nothing', [json(400, {}), notFound]],
    ['410', [empty(410), notFound]],
    ['success with an error in it', [json(200, { error: { code: 'x' } }), notFound]],
  ])(
    'is done after a 504 and a %s if Graph then says that there is none',
    async (_what, script) => {
      const { graph, requests } = await start(empty(504), ...script);
      await expect(graph.delete('abc', testCall())).resolves.toBeUndefined();
      expect(requests).toHaveLength(script.length + 1);
    },
  );

  const silent = refusal(400, 'BadRequest', 'An error has occurred');
  const inUse = refusal(400, 'BadRequest', 'It is in use.');
  const page = json(200, '<html>Log in</html>', { 'content-type': 'text/html' });
  it.each<[string, Answer[], string, boolean, string?]>([
    ['a 404', [notFound], 'notFound', false],
    ['a 410 of its own', [refusal(410, 'ResourceNotFound')], 'notFound', false],
    [
      'a 400 with the code, and a 404',
      [refusal(400, 'ResourceNotFound'), notFound],
      'notFound',
      false,
    ],
    ['a 400 that says nothing, and a 404', [silent, notFound], 'notFound', false],
    [
      'a refusal, and the partner',
      [inUse, json(200, partner)],
      'invalidRequest',
      false,
      'It is in use.',
    ],
    ['a refusal, and a fault', [inUse, empty(500)], 'invalidRequest', false, 'It is in use.'],
    ['a 410 of another', [empty(410)], 'badResponse', false, 'not say whether the partner exists'],
    ['a page', [page], 'badResponse', true],
    ['a 202', [empty(202)], 'badResponse', true],
    ['a fault, and a refusal', [empty(504), refusal(403, 'Forbidden', 'No.')], 'forbidden', true],
    [
      'a fault, and throttling',
      [empty(504), json(429, {}, { 'retry-after': '60' })],
      'throttled',
      true,
    ],
  ])('says what is known after %s', async (...row) => {
    const [what, script, code, mayHaveBeenApplied, message = ''] = row;
    const { graph, requests, seen } = await start(...script);
    const error = await failureOf(graph.delete('abc', testCall()));
    expect(error).toMatchObject({ code, mayHaveBeenApplied });
    expect(error.message).toContain(message);
    if (what === 'a page' || what === 'a 202') {
      // Asked once, in vain.
      expect(seen()).toEqual([`DELETE ${url}`, `GET ${url}`]);
    } else if (code === 'notFound') {
      expect(requests).toHaveLength(script.length);
    }
  });

  const notGraphsWord: readonly [string, Answer][] = [
    ['a 404 with nothing in it', empty(404)],
    ['a 410', empty(410)],
    ["a 410 in Graph's form", refusal(410, 'Gone')],
    ['a 400 with the code', refusal(400, 'ResourceNotFound')],
    ['a success with an error in it', json(200, { error: { code: 'x' } })],
  ];

  it.each(notGraphsWord)('stays in doubt if a fault is followed by %s', async (_what, answer) => {
    const { graph } = await start(empty(504), answer);
    const error = await failureOf(graph.delete('abc', testCall()));
    expect(error.mayHaveBeenApplied).toBe(true);
  });

  it.each([
    ...notGraphsWord,
    ['a success that is empty', json(200, {})] as const,
    ['the partner', json(200, partner)] as const,
    ['another partner', json(200, { ...partner, id: 'xyz' })] as const,
  ])('stays in doubt after faults if the look finds %s', async (_what, answer) => {
    const { graph } = await start((response, request) =>
      (request.method === 'DELETE' ? empty(504) : answer)(response, request),
    );
    const error = await failureOf(graph.delete('abc', testCall()));
    expect(error.mayHaveBeenApplied).toBe(true);
  });
});
