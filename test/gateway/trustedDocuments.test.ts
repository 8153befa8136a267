import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery, parse, print, separateOperations } from 'graphql';
import { createManifestFolder } from '../support/persistedDocuments.ts';
import { json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
import type { Reply, TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

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
  const text = fs.readdirSync(operations).map((file) => fs.readFileSync(new URL(file, operations)));
  return print(separateOperations(parse(text.join('\n')))[name] ?? parse('{ missing }'));
}

type Named = Readonly<Record<string, unknown>>;
const post = (gateway: TestGateway, body: Named) => gateway.post(body, headers);
const get = (gateway: TestGateway, parameters: Named): Promise<Reply> => {
  const texts = Object.entries(parameters).map(([name, value]): [string, string] => [
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
  const { start, closeLater } = useStages();

  /** Writes the first file into a folder of its own, and starts a gateway with the folder or one file of it. */
  async function startWith(name: string, text: string, path = '') {
    const folder = fs.mkdtempSync(join(tmpdir(), 'trusted-'));
    closeLater(() => fs.rmSync(folder, { recursive: true }));
    const at = (name: string): string => join(folder, name);
    fs.writeFileSync(at(name), text);
    const clock = createVirtualClock();
    const gateway = await start(inMode('enforce', at(path)), { clock });
    const { events } = gateway.measurements;
    return {
      at,
      gateway,
      write: (name: string, text: string): void => fs.writeFileSync(at(name), text),
      /** The texts that are executed, named by their hashes. */
      async trusted() {
        const trusted: string[] = [];
        for (const text of [apolloText, laterText, relayText]) {
          const documentId = hash(text, text === relayText ? 'md5' : 'sha256');
          const { status } = await post(gateway, { documentId });
          trusted.push(...(status === 200 ? [text] : []));
        }
        return trusted;
      },
      /** Lets the time pass after which the gateway looks at the files, until it has told what it did. */
      async untilReloaded(outcome = 'loaded'): Promise<void> {
        const before = events.length;
        await until(async () => {
          await clock.advance(5_000);
          return events.slice(before).includes(`trusted documents ${outcome}`);
        });
      },
    };
  }

  it("are all files of a directory, in Relay's and in Apollo's form, read again when one comes, changes or goes", async () => {
    const stage = await startWith('a.json', apolloManifest(apolloText));
    stage.write('README.md', 'not a manifest');
    expect(await stage.trusted()).toEqual([apolloText]);
    stage.write('b.json', apolloManifest(laterText));
    await stage.untilReloaded();
    expect(await stage.trusted()).toEqual([apolloText, laterText]);
    stage.write('a.json', relayManifest(relayText));
    await stage.untilReloaded();
    expect(await stage.trusted()).toEqual([laterText, relayText]);
    fs.rmSync(stage.at('b.json'));
    await stage.untilReloaded();
    expect(await stage.trusted()).toEqual([relayText]);
  });

  it('are read again when Kubernetes swaps the link to its files', async () => {
    const stage = await startWith('a.json', apolloManifest(apolloText));
    fs.mkdirSync(stage.at('..one'));
    fs.mkdirSync(stage.at('..two'));
    stage.write('..one/manifest.json', apolloManifest(laterText));
    fs.symlinkSync('..one', stage.at('..data'));
    fs.symlinkSync('..data/manifest.json', stage.at('b.json'));
    await stage.untilReloaded();
    expect(await stage.trusted()).toEqual([apolloText, laterText]);
    stage.write('..two/manifest.json', relayManifest(relayText));
    fs.symlinkSync('..two', stage.at('..data_tmp'));
    fs.renameSync(stage.at('..data_tmp'), stage.at('..data'));
    await stage.untilReloaded();
    expect(await stage.trusted()).toEqual([apolloText, relayText]);
  });

  it.each([
    ['is cut off', '{"format":', 'must be a JSON object'],
    ['is gone', '', 'ENOENT'],
    ['does not fit the schema', apolloManifest('query Wrong { nothing }'), 'Cannot query field'],
  ])('are reported and leave the last good one in use if one %s', async (_what, broken, reason) => {
    const stage = await startWith('a.json', apolloManifest(apolloText), 'a.json');
    fs.rmSync(stage.at('a.json'));
    if (broken !== '') {
      stage.write('a.json', broken);
    }
    await stage.untilReloaded('rejected');
    expect(await stage.trusted()).toEqual([apolloText]);
    const message = 'Cannot reload the trusted documents; the previous ones stay in use';
    const line = { level: 'error', reason: expect.stringContaining(reason) };
    expect(stage.gateway.logged(message)).toMatchObject([line]);
    stage.write('a.json', apolloManifest(laterText));
    await stage.untilReloaded();
    expect(await stage.trusted()).toEqual([laterText]);
  });
});
