import { describe, expect, it } from '@jest/globals';
import type { GraphClient } from '../../src/graph/client.ts';
import { GraphError } from '../../src/graph/errors.ts';
import { useClosing } from '../support/closing.ts';
import { createTestClient, testCall } from '../support/graphClients.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import { type Answer, empty, json, startScriptedServer } from '../support/scriptedServer.ts';

const closeLater = useClosing();

async function start(script: readonly Answer[]) {
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
    const { graph, requests } = await start([json(200, partner)]);
    await expect(graph.add(newPartner, testCall())).resolves.toEqual(partner);
    expect(requests[0]?.headers).toMatchObject({ 'accept-encoding': 'identity' });
  });

  it.each([
    ['a 200', located(`${path}/abc`, 200)],
    ['a 201', located(`${path}('abc')`)],
    ['a 204', located(`${path}/abc`, 204)],
    ['a 204 with an OData-EntityId', empty(204, { 'odata-entityid': `${path}/abc` })],
  ])('reads the partner if %s only says where it is', async (_what, answer) => {
    const { graph, seen } = await start([answer, json(200, partner)]);
    await expect(graph.add(newPartner, testCall())).resolves.toMatchObject(partner);
    expect(seen()).toEqual([`POST ${path}`, `GET ${path}/abc`]);
  });

  it.each<[string, Answer[]]>([
    ['a 202', [empty(202)]],
    ['a 201 of a list', [json(201, [])]],
    ['a 201 without an id', [json(201, { displayName: 'Fleet' })]],
    ['a Location where nothing is', [located(`${path}/abc`), empty(404)]],
    ['a Location that cannot be read', [located(`${path}/abc`), empty(500)]],
    ['a Location where another partner is', [located(`${path}/abc`), json(200, { id: 'abd' })]],
  ])('says that the add may have happened after %s', async (_what, script) => {
    const { graph, seen } = await start(script);
    const error = await failureOf(graph.add(newPartner, testCall()));
    expect(error).toMatchObject({ code: 'badResponse', mayHaveBeenApplied: true });
    expect(seen().filter((one) => one === `POST ${path}`)).toHaveLength(1);
  });
});

describe('get', () => {
  it.each<[string, Answer]>([
    ['404', notFound],
    ['410', refusal(410, 'ResourceNotFound')],
    ['nulls and annotations only', json(200, { '@odata.context': 'c', id: null })],
    ['an empty entity in the wrapper', json(200, { value: {} })],
  ])('gives undefined after %s', async (_what, answer) => {
    const { graph } = await start([answer]);
    await expect(graph.get('abc', testCall())).resolves.toBeUndefined();
    await expect(graph.getSource('abc', testCall())).resolves.toBeUndefined();
  });
});

describe('what cannot be believed', () => {
  async function readList(graph: GraphClient): Promise<void> {
    for await (const page of graph.listPages(testCall())) {
      expect(page).toEqual([]);
    }
  }

  it.each<[string, (graph: GraphClient) => Promise<unknown>, Answer, boolean]>([
    ['a partner with an error', (graph) => graph.get('abc', testCall()), withError, false],
    ['a list that is none', readList, json(200, { value: {} }), false],
    ['a list that is no object', readList, json(200, []), false],
    ['an odd nextLink', readList, json(200, { value: [], '@odata.nextLink': 5 }), false],
    ['a row that is no object', readList, json(200, { value: [null] }), false],
    [
      'an update without a partner',
      (graph) => graph.update('abc', {}, testCall()),
      json(200, { value: [] }),
      true,
    ],
    ['an update with an error', (graph) => graph.update('abc', {}, testCall()), withError, true],
  ])('is %s', async (_what, ask, answer, mayHaveBeenApplied) => {
    const { graph } = await start([answer]);
    const error = await failureOf(ask(graph));
    expect(error).toMatchObject({ code: 'badResponse', mayHaveBeenApplied });
    expect(error.message).toMatch(/cannot be believed: .+\./);
  });

  it('is not a null in place of a nextLink', async () => {
    const { graph } = await start([json(200, { value: [], '@odata.nextLink': null })]);
    await expect(readList(graph)).resolves.toBeUndefined();
  });
});

describe('readBack', () => {
  it.each<[string, Answer]>([
    ['it cannot be read', empty(500)],
    ['it is not there', notFound],
    ['it is another partner', json(200, { id: 'abd' })],
  ])('says that a partner may have been changed when %s', async (_what, answer) => {
    const { graph } = await start([answer]);
    const error = await failureOf(graph.readBack('abc', testCall()));
    expect(error).toMatchObject({ code: 'badResponse', mayHaveBeenApplied: true });
  });
});

describe('delete', () => {
  const silent = refusal(400, 'BadRequest', 'An error has occurred');
  const inUse = refusal(400, 'BadRequest', 'It is in use.');
  const successWithError = json(200, { error: { code: 'x' } });
  const there = json(200, partner);

  it.each<[string, Answer[]]>([
    ['200', [empty(200)]],
    ['504 and 404', [empty(504), notFound]],
    ['504, a 400 that says nothing, and no partner', [empty(504), json(400, {}), notFound]],
    ['504, a 410, and no partner', [empty(504), empty(410), notFound]],
    ['504, a success with an error, and no partner', [empty(504), successWithError, notFound]],
  ])('is done after %s', async (_what, script) => {
    const { graph, requests } = await start(script);
    await expect(graph.delete('abc', testCall())).resolves.toBeUndefined();
    expect(requests).toHaveLength(script.length);
  });

  it.each<[string, Answer[], string, boolean, string?]>([
    ['404', [notFound], 'notFound', false],
    ["410 in Graph's form", [refusal(410, 'ResourceNotFound')], 'notFound', false],
    ['400 that says nothing, and no partner', [silent, notFound], 'notFound', false],
    ['refusal, and the partner', [inUse, there], 'invalidRequest', false, 'It is in use.'],
    ['refusal, and a fault', [inUse, empty(500)], 'invalidRequest', false, 'It is in use.'],
    ['410 of another', [empty(410)], 'badResponse', false, 'not say whether the partner exists'],
    ['202, and a 202 for the look', [empty(202)], 'badResponse', true],
    ['504, and a refusal', [empty(504), refusal(403, 'Forbidden')], 'forbidden', true],
    ['504, and a 404 with nothing in it', [empty(504), empty(404)], 'badResponse', true],
    ["504, and a 410 in Graph's form", [empty(504), refusal(410, 'Gone')], 'notFound', true],
    ['504, a 410, and the partner', [empty(504), empty(410), there], 'badResponse', true],
    ['504, a 410, and nothing', [empty(504), empty(410), json(200, {})], 'badResponse', true],
  ])('says what is known after %s', async (...row) => {
    const [, script, code, mayHaveBeenApplied, message = ''] = row;
    const { graph } = await start(script);
    const error = await failureOf(graph.delete('abc', testCall()));
    expect(error).toMatchObject({ code, mayHaveBeenApplied });
    expect(error.message).toContain(message);
  });
});
