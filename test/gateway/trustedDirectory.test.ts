import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { recordingMeasurements } from '../support/measurements.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';

const hash = (text: string, algorithm: string): string =>
  createHash(algorithm).update(text).digest('hex');
const relayText = 'query RelayQuery { viewer { authMode } }';
const apolloText = 'query ApolloQuery { viewer { isVerified } }';
const laterText = 'query LaterQuery { viewer { kind } }';

/** As `relay-compiler` writes its `persisted_queries.json`. */
const relayManifest = (...texts: string[]): string =>
  JSON.stringify(Object.fromEntries(texts.map((text) => [hash(text, 'md5'), text])));
/** As `generate-persisted-query-manifest` writes it. */
const apolloManifest = (...bodies: string[]): string =>
  JSON.stringify({
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: bodies.map((body) => ({
      id: hash(body, 'sha256'),
      name: /query (\w+)/.exec(body)?.[1],
      type: 'query',
      body,
    })),
  });

let folder: string;
let gateway: TestGateway;
let clock: VirtualClock;
let measurements: ReturnType<typeof recordingMeasurements>;

async function start(path: string): Promise<void> {
  clock = createVirtualClock();
  measurements = recordingMeasurements();
  gateway = await startTestGateway(
    { TRUSTED_DOCUMENTS_MODE: 'enforce', TRUSTED_DOCUMENTS_PATH: path },
    { clock, measurements },
  );
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trusted-'));
});

afterEach(async () => {
  await Promise.all([gateway.stop(0), clock.advance(0)]);
  rmSync(folder, { recursive: true });
});

async function codeOf(body: object): Promise<unknown> {
  const { text } = await gateway.post(body, { authorization: 'Bearer embedded-graph-token' });
  const { errors, data } = JSON.parse(text);
  return data === undefined ? errors[0].extensions.code : 'executed';
}
const byId = (text: string, algorithm = 'sha256') => codeOf({ documentId: hash(text, algorithm) });

/** Lets the time pass after which the gateway looks at the files, until it has told what it did. */
async function untilReloaded(outcome: 'loaded' | 'rejected'): Promise<void> {
  const before = measurements.events.length;
  await until(async () => {
    await clock.advance(5_000);
    return measurements.events.slice(before).includes(`trusted documents ${outcome}`);
  });
}

describe('a directory of manifests', () => {
  it("has the documents of all its files, in Relay's and in Apollo's form", async () => {
    writeFileSync(join(folder, 'relay.json'), relayManifest(relayText));
    writeFileSync(join(folder, 'apollo.json'), apolloManifest(apolloText));
    writeFileSync(join(folder, 'README.md'), 'not a manifest');
    await start(folder);
    expect(await byId(relayText, 'md5')).toBe('executed');
    expect(await byId(apolloText)).toBe('executed');
    const persistedQuery = { version: 1, sha256Hash: hash(apolloText, 'sha256') };
    expect(await codeOf({ extensions: { persistedQuery } })).toBe('executed');
    expect(await codeOf({ query: relayText })).toBe('executed');
    expect(await byId(laterText)).toBe('TRUSTED_DOCUMENT_UNKNOWN');
  });

  it('is read again when a file comes, changes or goes', async () => {
    writeFileSync(join(folder, 'a.json'), apolloManifest(apolloText));
    await start(folder);
    writeFileSync(join(folder, 'b.json'), apolloManifest(laterText));
    await untilReloaded('loaded');
    expect([await byId(apolloText), await byId(laterText)]).toEqual(['executed', 'executed']);
    writeFileSync(join(folder, 'a.json'), relayManifest(relayText));
    await untilReloaded('loaded');
    expect([await byId(apolloText), await byId(relayText, 'md5')]).toEqual([
      'TRUSTED_DOCUMENT_UNKNOWN',
      'executed',
    ]);
    rmSync(join(folder, 'b.json'));
    await untilReloaded('loaded');
    expect(await byId(laterText)).toBe('TRUSTED_DOCUMENT_UNKNOWN');
  });

  it('is read again when Kubernetes swaps the link to its files', async () => {
    for (const [name, text] of [
      ['..one', apolloText],
      ['..two', laterText],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'manifest.json'), apolloManifest(text));
    }
    symlinkSync('..one', join(folder, '..data'));
    symlinkSync('..data/manifest.json', join(folder, 'manifest.json'));
    await start(folder);
    expect(await byId(apolloText)).toBe('executed');
    symlinkSync('..two', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    await untilReloaded('loaded');
    expect([await byId(apolloText), await byId(laterText)]).toEqual([
      'TRUSTED_DOCUMENT_UNKNOWN',
      'executed',
    ]);
  });
});

describe('a manifest that breaks', () => {
  it.each<[string, (path: string) => void, string]>([
    ['is cut off', (path) => writeFileSync(path, '{"format":'), 'must be a JSON object'],
    ['is gone', (path) => rmSync(path), 'ENOENT'],
    [
      'has a document that does not fit the schema',
      (path) => writeFileSync(path, apolloManifest('query Wrong { nothing }')),
      'Cannot query field',
    ],
  ])('is reported and leaves the last good one in use if it %s', async (_what, spoil, reason) => {
    const path = join(folder, 'manifest.json');
    writeFileSync(path, apolloManifest(apolloText));
    await start(path);
    spoil(path);
    await untilReloaded('rejected');
    expect(await byId(apolloText)).toBe('executed');
    const lines = gateway.logLines.filter((line) => line.includes('Cannot reload'));
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: 'error', reason: expect.stringContaining(reason) }),
    ]);
    writeFileSync(path, apolloManifest(laterText));
    await untilReloaded('loaded');
    expect([await byId(apolloText), await byId(laterText)]).toEqual([
      'TRUSTED_DOCUMENT_UNKNOWN',
      'executed',
    ]);
  });
});
