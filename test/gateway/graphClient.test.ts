import { expect, it } from '@jest/globals';
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

const path = '/beta/deviceManagement/complianceManagementPartners';
const partner = { id: 'abc', displayName: 'Fleet' };
const newPartner = {
  '@odata.type': '#microsoft.graph.complianceManagementPartner',
  displayName: 'Fleet',
} as const;

const operations = {
  add: (graph: GraphClient) => graph.add(newPartner, testCall()),
  get: (graph: GraphClient) => graph.get('abc', testCall()),
  getSource: (graph: GraphClient) => graph.getSource('abc', testCall()),
  async list(graph: GraphClient) {
    const pages: unknown[] = [];
    for await (const page of graph.listPages(testCall())) {
      pages.push(page);
    }
    return pages;
  },
  update: (graph: GraphClient) => graph.update('abc', {}, testCall()),
  readBack: (graph: GraphClient) => graph.readBack('abc', testCall()),
  delete: (graph: GraphClient) => graph.delete('abc', testCall()),
};
type Operation = keyof typeof operations;

const located = (location: string, status = 201) => empty(status, { location });
const refusal = (status: number, code: string, message = 'None') =>
  json(status, intuneErrors.jsonInString(code, message));
const notFound = refusal(404, 'ResourceNotFound');
const gone = refusal(410, 'ResourceNotFound');
const there = json(200, partner);
const other = json(200, { id: 'abd' });
const withError = json(200, { ...partner, error: { code: 'x' } });
const successWithError = json(200, { error: { code: 'x' } });
const silent = refusal(400, 'BadRequest', 'An error has occurred');
const inUse = refusal(400, 'BadRequest', 'It is in use.');
const entityId = empty(204, { 'odata-entityid': `${path}/abc` });

it.each([
  ['a 200', located(`${path}/abc`, 200)],
  ['a 201', located(`${path}('abc')`)],
  ['a 204', located(`${path}/abc`, 204)],
  ['a 204 with an OData-EntityId', entityId],
])('reads an added partner if %s only says where it is', async (_what, answer) => {
  const { graph, requests, seen } = await start([answer, there]);
  await expect(operations.add(graph)).resolves.toMatchObject(partner);
  expect(seen()).toEqual([`POST ${path}`, `GET ${path}/abc`]);
  expect(requests[0]?.headers).toMatchObject({ 'accept-encoding': 'identity' });
});

const list = (value: unknown, nextLink?: unknown) =>
  json(200, { value, '@odata.nextLink': nextLink });
const [failed, accepted] = [empty(504), empty(202)];

it.each<[Operation, string, Answer[], unknown]>([
  ['add', 'a 200 with the partner', [there], partner],
  ['get', '404', [notFound], undefined],
  ['getSource', '410', [gone], undefined],
  ['get', 'nulls and annotations', [json(200, { '@odata.context': 'c', id: null })], undefined],
  ['getSource', 'an empty entity in the wrapper', [list({})], undefined],
  ['list', 'null in place of a nextLink', [list([], null)], [[]]],
  ['delete', '200', [empty(200)], undefined],
  ['delete', '504 and 404', [failed, notFound], undefined],
  ['delete', '504, an empty 400, no partner', [failed, json(400, {}), notFound], undefined],
  ['delete', '504, a 410, no partner', [failed, empty(410), notFound], undefined],
  ['delete', '504, an error in 200, no partner', [failed, successWithError, notFound], undefined],
])('%s succeeds after %s', async (operation, _what, script, value) => {
  const { graph, requests } = await start(script);
  expect(await operations[operation](graph)).toEqual(value);
  expect(requests).toHaveLength(script.length);
});

const bad = { code: 'badResponse', mayHaveBeenApplied: false };
const doubt = { code: 'badResponse', mayHaveBeenApplied: true };
const message = expect.stringMatching(/cannot be believed: .+\./);
const inUseStill = { code: 'invalidRequest', message: 'It is in use.', mayHaveBeenApplied: false };
const missing = { code: 'notFound', mayHaveBeenApplied: false };
const notSaid = expect.stringContaining('not say whether the partner exists');
const forbidden = refusal(403, 'Forbidden');

it.each<[Operation, string, Answer[], object]>([
  ['add', 'a 202', [accepted], doubt],
  ['add', 'a 201 of a list', [json(201, [])], doubt],
  ['add', 'a 201 without an id', [json(201, { displayName: 'Fleet' })], doubt],
  ['add', 'a Location of nothing', [located(`${path}/abc`), empty(404)], doubt],
  ['add', 'a Location that fails', [located(`${path}/abc`), empty(500)], doubt],
  ['add', 'a Location of another partner', [located(`${path}/abc`), other], doubt],
  ['get', 'an error in 200', [withError], { ...bad, message }],
  ['list', 'no list', [list({})], { ...bad, message }],
  ['list', 'no object', [json(200, [])], { ...bad, message }],
  ['list', 'an odd nextLink', [list([], 5)], { ...bad, message }],
  ['list', 'a row that is null', [list([null])], { ...bad, message }],
  ['update', 'no partner', [list([])], { ...doubt, message }],
  ['update', 'an error in 200', [withError], { ...doubt, message }],
  ['readBack', 'a fault', [empty(500)], doubt],
  ['readBack', 'no partner', [notFound], doubt],
  ['readBack', 'another partner', [other], doubt],
  ['delete', '404', [notFound], missing],
  ['delete', "410 in Graph's form", [gone], missing],
  ['delete', '400 that says nothing, no partner', [silent, notFound], missing],
  ['delete', 'a refusal, and the partner', [inUse, there], inUseStill],
  ['delete', 'a refusal, and a fault', [inUse, empty(500)], inUseStill],
  ['delete', '410 of another', [empty(410)], { ...bad, message: notSaid }],
  ['delete', '202, and a 202 for the look', [accepted], doubt],
  ['delete', '504, and a refusal', [failed, forbidden], { ...doubt, code: 'forbidden' }],
  ['delete', '504, and an empty 404', [failed, empty(404)], doubt],
  ['delete', "504, and a 410 in Graph's form", [failed, gone], { ...doubt, code: 'notFound' }],
  ['delete', '504, a 410, and the partner', [failed, empty(410), there], doubt],
  ['delete', '504, a 410, and nothing', [failed, empty(410), json(200, {})], doubt],
])('%s fails after %s', async (operation, _what, script, expected) => {
  const { graph, seen } = await start(script);
  const error = await operations[operation](graph).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(GraphError);
  expect(error).toMatchObject(expected);
  expect(seen().filter((one) => one.startsWith('POST')).length).toBeLessThanOrEqual(1);
});
