import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery, parse, print, separateOperations } from 'graphql';
import { recordingMeasurements } from '../support/measurements.ts';
import {
  createManifestFolder,
  type GeneratedManifest,
  type ManifestFolder,
} from '../support/persistedDocuments.ts';
import { json, type ScriptedServer, startScriptedServer } from '../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';

const partner = { id: 'one', displayName: 'Fleet' };
const headers = {
  authorization: 'Bearer embedded-graph-token',
  accept: 'application/graphql-response+json',
  'apollo-require-preflight': 'true',
};

let folder: ManifestFolder;
let sha256: GeneratedManifest;
let sha1: GeneratedManifest;
let graph: ScriptedServer;
let enforcing: TestGateway;
let logging: TestGateway;
let ofSha1: TestGateway;
const measurements = recordingMeasurements();

beforeAll(async () => {
  folder = createManifestFolder();
  ({ sha256, sha1 } = await folder.generate());
  graph = await startScriptedServer(json(200, partner));
  const start = (mode: string, { path }: GeneratedManifest) =>
    startTestGateway(
      {
        GRAPH_BASE_URL: graph.url.href,
        TRUSTED_DOCUMENTS_MODE: mode,
        TRUSTED_DOCUMENTS_PATH: path,
      },
      { measurements },
    );
  enforcing = await start('enforce', sha256);
  logging = await start('log-unknown', sha256);
  ofSha1 = await start('enforce', sha1);
});

afterAll(async () => {
  await Promise.all([enforcing.stop(0), logging.stop(0), ofSha1.stop(0)]);
  await graph.close();
  folder.remove();
});

/** The id of an operation of the example, and its text in the manifest. */
function listed(name: string, { documents } = sha256): readonly [id: string, text: string] {
  const entry = Object.entries(documents).find(([, text]) =>
    new RegExp(`\\b${name}\\(`).test(text),
  );
  if (entry === undefined) {
    throw new Error(`${name} is not in the manifest`);
  }
  return entry;
}

/** The text as the example's own client prints it. */
function printed(name: string): string {
  const operations = new URL('../../examples/consumer/operations/', import.meta.url);
  const text = readdirSync(operations).map((file) =>
    readFileSync(new URL(file, operations), 'utf8'),
  );
  return print(separateOperations(parse(text.join('\n')))[name] ?? parse('{ missing }'));
}

async function post(gateway: TestGateway, body: object) {
  const { status, text } = await gateway.post(body, headers);
  return { status, result: JSON.parse(text) };
}

async function get(gateway: TestGateway, parameters: Record<string, unknown>) {
  const search = new URLSearchParams(
    Object.entries(parameters).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
  const { status, text } = await gateway.get(`/graphql?${search}`, headers);
  return { status, result: JSON.parse(text) };
}

const variables = { id: 'one' };
const persisted = (id: string) => ({
  extensions: { persistedQuery: { version: 1, sha256Hash: id.replace('sha256:', '') } },
});
const answered = {
  status: 200,
  result: { data: { complianceManagementPartner: expect.objectContaining(partner) } },
};
const codeOf = ({ status, result }: Awaited<ReturnType<typeof post>>) => [
  status,
  result.errors?.[0].extensions.code,
];
const refused = [400, 'TRUSTED_DOCUMENT_UNKNOWN'];

describe.each([
  ['POST', post],
  ['GET', get],
] as const)('a trusted document, by %s', (_method, ask) => {
  it.each<[string, (id: string, text: string) => object]>([
    ['its id', (id) => ({ documentId: id })],
    ['its id without a prefix', (id) => ({ documentId: id.replace('sha256:', '') })],
    ["Apollo's hash", (id) => persisted(id)],
    ["Apollo's hash and the text", (id, text) => ({ ...persisted(id), query: text })],
    ['its id and the text', (id, text) => ({ documentId: id, query: text })],
    ['its text', (_id, text) => ({ query: text })],
    ["its text as the frontend's client prints it", () => ({ query: printed('Partner') })],
  ])('is executed when it is named by %s', async (_what, named) => {
    const [id, text] = listed('Partner');
    for (const gateway of [enforcing, logging]) {
      expect(await ask(gateway, { ...named(id, text), variables })).toEqual(answered);
    }
  });

  it('is executed by the hash that the client preset makes by itself', async () => {
    const [id] = listed('Partner', sha1);
    expect(id).toMatch(/^[0-9a-f]{40}$/);
    expect(await ask(ofSha1, { documentId: id, variables })).toEqual(answered);
    expect(await ask(ofSha1, { ...persisted(id), variables })).toEqual(answered);
  });
});

describe('TRUSTED_DOCUMENTS_MODE=enforce', () => {
  it.each<[string, object]>([
    ['another document', { query: '{ viewer { tenantId } }' }],
    ['the introspection', { query: getIntrospectionQuery() }],
    ['no GraphQL', { query: '{' }],
    ['an unknown id', { documentId: `sha256:${'0'.repeat(64)}` }],
    ['an unknown hash', persisted('0'.repeat(64))],
    ['a document to be registered', { ...persisted('0'.repeat(64)), query: '{ __typename }' }],
  ])('refuses %s, by POST and GET', async (_what, named) => {
    expect(codeOf(await post(enforcing, named))).toEqual(refused);
    expect(codeOf(await get(enforcing, { ...named }))).toEqual(refused);
  });

  it('refuses an id with the text of something else', async () => {
    const [documentId] = listed('Partner');
    const answer = await post(enforcing, { documentId, query: '{ viewer { tenantId } }' });
    expect(codeOf(answer)).toEqual([400, 'TRUSTED_DOCUMENT_MISMATCH']);
  });

  it('runs no mutation by GET, whatever its name', async () => {
    const [documentId] = listed('DeletePartner');
    expect((await get(enforcing, { documentId, variables: { input: { id: 'one' } } })).status).toBe(
      405,
    );
  });

  it('keeps the protection against forgeries', async () => {
    const [documentId] = listed('Partner');
    const { status, text } = await enforcing.get(`/graphql?documentId=${documentId}`);
    expect([status, text]).toEqual([400, expect.stringContaining('graphql-require-preflight')]);
  });
});

describe('TRUSTED_DOCUMENTS_MODE=log-unknown', () => {
  it('executes what is unknown, and tells the operator its hash but not its text', async () => {
    const lines = logging.logLines.length;
    const events = measurements.events.length;
    const query = '{ __typename } # a secret';
    for (const named of [{ query }, { query, ...persisted('0'.repeat(64)) }]) {
      expect((await post(logging, named)).result).toEqual({ data: { __typename: 'Query' } });
    }
    const told = logging.logLines.slice(lines).filter((line) => line.includes('manifest'));
    expect(told.map((line) => JSON.parse(line))).toEqual(
      Array.from({ length: 2 }, () =>
        expect.objectContaining({
          level: 'warn',
          message: 'A document is not in the manifest',
          requestId: expect.any(String),
          documentHash: 'e5d37d1159ac225b66fc43705c03b47d5db3d030e11c15b6c3bec66f733bdeb1',
          state: 'warned',
        }),
      ),
    );
    expect(told.join()).not.toContain('secret');
    expect(measurements.events.slice(events)).toEqual(
      Array.from({ length: 2 }, () => 'untrusted document warned'),
    );
  });

  it('cannot execute an unknown id without a text', async () => {
    expect(codeOf(await post(logging, { documentId: 'f'.repeat(64) }))).toEqual(refused);
  });

  it('holds unknown documents to the limits', async () => {
    const { result } = await post(logging, { query: `{ ${'__typename '.repeat(11)} }` });
    expect(result.errors[0].extensions.code).toBe('TOO_MANY_ROOT_FIELDS');
  });
});
