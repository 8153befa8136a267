import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery, parse, print, separateOperations } from 'graphql';
import { createManifestFolder } from '../support/persistedDocuments.ts';
import { json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
import type { Reply, TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';

const partner = { id: 'one', displayName: 'Fleet' };
const headers = {
  authorization: 'Bearer embedded-graph-token',
  accept: 'application/graphql-response+json',
  'apollo-require-preflight': 'true',
};

const stages = useStages(afterAll);
const manifests = createManifestFolder();
stages.closeLater(manifests.remove);
const manifest = await manifests.generate();

const inMode = (TRUSTED_DOCUMENTS_MODE: string, TRUSTED_DOCUMENTS_PATH: string) => ({
  TRUSTED_DOCUMENTS_MODE,
  TRUSTED_DOCUMENTS_PATH,
});
const { graph, gateway: enforcing } = await stages.scripted(
  json(200, partner),
  inMode('enforce', manifest.path),
);
const GRAPH_BASE_URL = graph.url.href;
const logging = await stages.start({ GRAPH_BASE_URL, ...inMode('log-unknown', manifest.path) });

/** The id of an operation of the example. */
const idOf = (name: string): string =>
  Object.keys(manifest.documents).find((id) => manifest.documents[id]?.includes(` ${name}(`)) ?? '';

/** The text as the example's own client prints it. */
function printed(name: string): string {
  const operations = new URL('../../examples/consumer/operations/', import.meta.url);
  const text = readdirSync(operations).map((file) =>
    readFileSync(new URL(file, operations), 'utf8'),
  );
  return print(separateOperations(parse(text.join('\n')))[name] ?? parse('{ missing }'));
}

type Named = Readonly<Record<string, unknown>>;
const post = (gateway: TestGateway, body: Named) => gateway.post(body, headers);
const get = (gateway: TestGateway, parameters: Named): Promise<Reply> => {
  const texts = Object.entries(parameters).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return gateway.get(`/graphql?${new URLSearchParams(texts)}`, headers);
};

const persisted = (id: string) => ({
  extensions: { persistedQuery: { version: 1, sha256Hash: id.replace('sha256:', '') } },
});
const strange = '0'.repeat(64);
const documentId = idOf('Partner');

describe.each([
  ['POST', post],
  ['GET', get],
] as const)('with a manifest of the client preset, by %s,', (_method, ask) => {
  it.each<[string, TestGateway, Named]>([
    ['its id', enforcing, { documentId }],
    ["Apollo's hash", enforcing, persisted(documentId)],
    ["the text of the frontend's client", enforcing, { query: printed('Partner') }],
    ['its id, while unknown ones are logged', logging, { documentId }],
  ])('a document is executed when it is named by %s', async (_what, gateway, named) => {
    const { status, root } = await ask(gateway, { ...named, variables: { id: 'one' } });
    expect([status, root]).toEqual([200, expect.objectContaining(partner)]);
  });

  it.each<[string, Named]>([
    ['the introspection', { query: getIntrospectionQuery() }],
    ['an unknown id', { documentId: `sha256:${strange}` }],
    ['a document to be registered', { ...persisted(strange), query: '{ __typename }' }],
  ])('%s is rejected', async (_what, named) => {
    const { status, codes } = await ask(enforcing, named);
    expect([status, ...codes]).toEqual([400, 'TRUSTED_DOCUMENT_UNKNOWN']);
  });
});

it('runs no mutation by GET, whatever its name, and keeps the protection against forgeries', async () => {
  const named = { documentId: idOf('DeletePartner'), variables: { input: { id: 'one' } } };
  expect((await get(enforcing, named)).status).toBe(405);
  const { status, text } = await enforcing.get(`/graphql?documentId=${documentId}`);
  expect([status, text]).toEqual([400, expect.stringContaining('graphql-require-preflight')]);
});

it('with log-unknown executes what is within the limits, and tells the operator its hash but not its text', async () => {
  const query = '{ __typename } # a secret';
  for (const named of [{ query }, { query, ...persisted(strange) }]) {
    expect((await post(logging, named)).result).toEqual({ data: { __typename: 'Query' } });
  }
  const documentHash = 'e5d37d1159ac225b66fc43705c03b47d5db3d030e11c15b6c3bec66f733bdeb1';
  const requestId = expect.any(String);
  const line = expect.objectContaining({ level: 'warn', requestId, documentHash, state: 'warned' });
  expect(logging.logged('A document is not in the manifest')).toEqual([line, line]);
  expect(logging.logLines.join()).not.toContain('secret');
  const { codes } = await post(logging, { query: `{ ${'__typename '.repeat(11)} }` });
  expect(codes[0]).toBe('TOO_MANY_ROOT_FIELDS');
});

const hash = (text: string, algorithm: string): string =>
  createHash(algorithm).update(text).digest('hex');
const relayText = 'query RelayQuery { viewer { authMode } }';
const apolloText = 'query ApolloQuery { viewer { isVerified } }';
const laterText = 'query LaterQuery { viewer { kind } }';

/** As `relay-compiler` writes its `persisted_queries.json`. */
const relayManifest = (text: string): string => JSON.stringify({ [hash(text, 'md5')]: text });
/** As `generate-persisted-query-manifest` writes it. */
function apolloManifest(body: string): string {
  const name = /query (\w+)/.exec(body)?.[1];
  const operations = [{ id: hash(body, 'sha256'), name, type: 'query', body }];
  return JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations });
}

describe('manifests that change', () => {
  const own = useStages();
  let folder: string;
  let gateway: TestGateway;
  let clock: VirtualClock;

  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'trusted-'));
    clock = createVirtualClock();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function start(name = ''): Promise<void> {
    gateway = await own.start(inMode('enforce', join(folder, name)), { clock });
  }

  /** The texts that are executed, named by their hashes. */
  async function trustedOf(...texts: string[]): Promise<string[]> {
    const trusted: string[] = [];
    for (const text of texts) {
      const documentId = hash(text, text === relayText ? 'md5' : 'sha256');
      const { status } = await post(gateway, { documentId });
      trusted.push(...(status === 200 ? [text] : []));
    }
    return trusted;
  }

  /** Lets the time pass after which the gateway looks at the files, until it has told what it did. */
  async function untilReloaded(outcome: 'loaded' | 'rejected'): Promise<void> {
    const { events } = gateway.measurements;
    const before = events.length;
    await until(async () => {
      await clock.advance(5_000);
      return events.slice(before).includes(`trusted documents ${outcome}`);
    });
  }

  it("are all files of a directory, in Relay's and in Apollo's form, read again when one comes, changes or goes", async () => {
    const all = [apolloText, laterText, relayText];
    write('a.json', apolloManifest(apolloText));
    write('README.md', 'not a manifest');
    await start();
    expect(await trustedOf(...all)).toEqual([apolloText]);
    write('b.json', apolloManifest(laterText));
    await untilReloaded('loaded');
    expect(await trustedOf(...all)).toEqual([apolloText, laterText]);
    write('a.json', relayManifest(relayText));
    await untilReloaded('loaded');
    expect(await trustedOf(...all)).toEqual([laterText, relayText]);
    rmSync(join(folder, 'b.json'));
    await untilReloaded('loaded');
    expect(await trustedOf(...all)).toEqual([relayText]);
  });

  it('are read again when Kubernetes swaps the link to its files', async () => {
    mkdirSync(join(folder, '..one'));
    mkdirSync(join(folder, '..two'));
    write('..one/manifest.json', apolloManifest(apolloText));
    write('..two/manifest.json', apolloManifest(laterText));
    symlinkSync('..one', join(folder, '..data'));
    symlinkSync('..data/manifest.json', join(folder, 'manifest.json'));
    await start();
    expect(await trustedOf(apolloText)).toEqual([apolloText]);
    symlinkSync('..two', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    await untilReloaded('loaded');
    expect(await trustedOf(apolloText, laterText)).toEqual([laterText]);
  });

  it.each([
    ['is cut off', '{"format":', 'must be a JSON object'],
    ['is gone', '', 'ENOENT'],
    ['does not fit the schema', apolloManifest('query Wrong { nothing }'), 'Cannot query field'],
  ])('are reported and leave the last good one in use if one %s', async (_what, broken, reason) => {
    const name = 'manifest.json';
    write(name, apolloManifest(apolloText));
    await start(name);
    if (broken === '') {
      rmSync(join(folder, name));
    } else {
      write(name, broken);
    }
    await untilReloaded('rejected');
    expect(await trustedOf(apolloText)).toEqual([apolloText]);
    const message = 'Cannot reload the trusted documents; the previous ones stay in use';
    const line = { level: 'error', reason: expect.stringContaining(reason) };
    expect(gateway.logged(message)).toMatchObject([line]);
    write(name, apolloManifest(laterText));
    await untilReloaded('loaded');
    expect(await trustedOf(apolloText, laterText)).toEqual([laterText]);
  });
});
