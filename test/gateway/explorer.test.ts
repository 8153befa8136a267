import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parse, print } from 'graphql';
import type { ExplorerStart } from '../../src/http/explorerSettings.ts';
import { pageAnswer, pageInput } from '../support/documents.ts';
import { useStages } from '../support/stages.ts';
import type { TestGateway } from '../support/testGateways.ts';

const { embedded, start: startOne } = useStages();
const { start } = useStages(afterAll);
const modes = ['auto', 'sandbox', 'offline', 'off'] as const;
const [auto, sandbox, offline, off] = (await Promise.all(
  modes.map((EXPLORER) => start({ EXPLORER })),
)) as [TestGateway, TestGateway, TestGateway, TestGateway];
const gateways = { auto, sandbox, offline, off };

const assetsIn = (html: string): string[] => html.match(/\/explorer\/[\w.-]+/g) ?? [];
const settingsIn = (html: string): unknown =>
  JSON.parse(/id="settings">(.*?)<\/script>/.exec(html)?.[1] ?? '');

describe('GET /', () => {
  it.each([
    ['auto', '/', 'sandbox', '/?explorer=offline'],
    ['auto', '/?explorer=offline', 'offline', undefined],
    ['sandbox', '/?explorer=offline', 'sandbox', null],
    ['offline', '/', 'offline', undefined],
  ] as const)('is under %s at %s the page %s, which falls back to %j', async (...row) => {
    const [mode, path, page, fallbackPath] = row;
    const { status, headers, text } = await gateways[mode].get(path);
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(assetsIn(text).some((asset) => asset.startsWith(`/explorer/${page}-`))).toBe(true);
    expect(text.includes('embeddable-sandbox.cdn')).toBe(page === 'sandbox');
    expect(Object(settingsIn(text)).fallbackPath).toBe(fallbackPath);
  });

  it('is under off any path that is not there', async () => {
    for (const path of ['/', '/?explorer=offline', '/favicon.ico']) {
      const { status, codes } = await off.get(path);
      expect([path, status, codes]).toEqual([path, 404, ['NOT_FOUND']]);
    }
  });

  const everywhere =
    "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none';connect-src 'self'";
  const policies = {
    sandbox: "style-src 'self';img-src 'self';frame-src https://sandbox.embed.apollographql.com",
    offline:
      "style-src 'self' 'unsafe-inline';font-src 'self' data:;img-src 'self' data:;worker-src 'self'",
  };
  it.each([
    ['sandbox', 'same-origin-allow-popups', ' https://embeddable-sandbox.cdn.apollographql.com'],
    ['offline', 'same-origin', ''],
  ] as const)('is as %s neither cached nor framed, and runs one script', async (...row) => {
    const [mode, opener, scripts] = row;
    const { headers, text } = await gateways[mode].get('/');
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': opener,
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers).not.toHaveProperty('strict-transport-security');
    const given = String(headers['content-security-policy']);
    const [, nonce] = /'nonce-(id-\d+)'/.exec(given) ?? [];
    expect(given).toBe(`${everywhere};${policies[mode]};script-src 'nonce-${nonce}'${scripts}`);
    expect(text.match(/<script[^>]*>/g)).toEqual([
      '<script type="application/json" id="settings">',
      expect.stringContaining(`<script nonce="${nonce}" src="/explorer/`),
    ]);
    expect(text).not.toMatch(/ on\w+=| style=|<style|javascript:/);
    expect((await gateways[mode].get('/')).headers['content-security-policy']).not.toBe(given);
  });

  it.each([
    ['auto', '/graphql', 'text/html,application/xhtml+xml,*/*;q=0.8', true],
    ['offline', '/graphql?operationName=', 'application/json, Text/HTML;q=0.9', true],
    ['off', '/graphql', 'text/html', false],
    ['auto', '/graphql', 'text/htmlish', false],
    ['auto', '/graphql?query={__typename}', 'text/html', false],
    ['auto', '/graphql?extensions={}', 'text/html', false],
    ['auto', '/graphql?documentId=a', 'text/html', false],
  ] as const)('leads a browser here under %s from %s with %s: %s', async (...row) => {
    const [mode, path, accept, leads] = row;
    const { status, headers } = await gateways[mode].get(path, { accept });
    expect([status === 302, headers['location']]).toEqual([leads, leads ? '/' : undefined]);
    expect(leads ? headers['vary'] : 'accept').toBe('accept');
  });
});

describe('what the page loads', () => {
  it.each(['sandbox', 'offline'] as const)('is there for %s, for good', async (mode) => {
    const assets = assetsIn((await gateways[mode].get('/')).text);
    expect(assets.length).toBeGreaterThanOrEqual(3);
    for (const asset of assets) {
      const { status, headers } = await gateways[mode].get(asset);
      expect([asset, status]).toEqual([asset, 200]);
      expect(headers).toMatchObject({
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cross-origin-resource-policy': 'same-origin',
      });
    }
  });

  it('is nothing else', async () => {
    for (const path of ['nothing.js', '', '../assets.json', '.stamp']) {
      const { status, headers, codes } = await offline.get(`/explorer/${path}`);
      const cached = headers['cache-control'];
      expect([path, status, cached, codes]).toEqual([path, 404, 'no-store', ['NOT_FOUND']]);
    }
  });
});

/** What the page at `/` begins with. */
async function readExample(gateway: TestGateway): Promise<ExplorerStart> {
  return settingsIn((await gateway.get('/')).text) as ExplorerStart;
}

describe("the explorer's tabs", () => {
  it("begin with the README's mutation and the reference page's input, and all can be run on the embedded Graph", async () => {
    const { tabs, graph, headers } = await readExample(offline);
    expect(graph).toBe('embedded Graph');
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, shown = ''] = /<<'JSON'\n([\s\S]*?)\nJSON/.exec(readme) ?? [];
    const { query } = JSON.parse(shown) as { query: string };
    const variables = { input: pageInput };
    expect(JSON.parse(shown)).toEqual({ query, variables });
    expect(tabs[0]).toEqual({ document: `${print(parse(query))}\n`, variables });
    const answers: unknown[] = [];
    for (const { document, variables } of tabs) {
      const { result } = await offline.post({ query: document, variables }, headers);
      expect([document, result.errors]).toEqual([document, undefined]);
      answers.push(result.data);
    }
    const given = { id: expect.any(String), revision: expect.any(String) };
    const complianceManagementPartner = { ...pageAnswer, ...given };
    expect(answers[0]).toEqual({
      addComplianceManagementPartner: { complianceManagementPartner, userErrors: [] },
    });
    expect(answers.slice(1)).toMatchObject([
      { viewer: { operations: expect.any(Array) } },
      { complianceManagementPartners: { totalCount: expect.any(Number) } },
      { complianceManagementPartner: { displayName: 'Jamf Pro' } },
      { updateComplianceManagementPartner: { userErrors: [] } },
      { addEnrollmentAssignment: { changed: true, userErrors: [] } },
    ]);
  });

  it('begin with a read before any other Graph, and no write runs as it is', async () => {
    const { graph, gateway } = await embedded({}, { EXPLORER: 'offline' });
    const example = await readExample(gateway);
    expect(example.graph).toBe(new URL(graph.baseUrl).host);
    const kinds: unknown[] = [];
    for (const { document, variables } of example.tabs) {
      kinds.push(document.split(' ')[0]);
      await gateway.run(document, variables);
    }
    expect(kinds).toEqual([...Array(3).fill('query'), ...Array(3).fill('mutation')]);
    expect(graph.requests.map(({ method }) => method)).toEqual(['GET']);
  });

  const onBehalfOf = {
    AUTH_MODE: 'on-behalf-of',
    AZURE_TENANT_ID: '11111111-1111-4111-8111-111111111111',
    AZURE_CLIENT_ID: '22222222-2222-4222-8222-222222222222',
    AZURE_CLIENT_SECRET: 'secret',
  };
  const [known, unknown] = ['Bearer embedded-graph-token', 'Bearer '];

  it.each<[object, boolean, string]>([
    [{ GRAPH_CLOUD: 'emulator' }, true, known],
    [{ GRAPH_API_VERSION: 'v1.0' }, false, known],
    [{ GRAPH_CLOUD: 'global' }, false, unknown],
    [{ GRAPH_BASE_URL: 'http://127.0.0.1:9/' }, false, unknown],
    [{ GRAPH_CLOUD: 'global', ...onBehalfOf }, false, unknown],
  ])('have windows* and a token only if they fit: under %j', async (...row) => {
    const [environment, hasWindows, authorization] = row;
    const { tabs, headers } = await readExample(
      await startOne({ EXPLORER: 'offline', ...environment }),
    );
    const found = JSON.stringify(tabs).match(/windows(Onboarded|EnrollmentAssignments)":/g) ?? [];
    expect(new Set(found).size).toBe(hasWindows ? 2 : 0);
    expect(headers).toEqual({ authorization });
  });
});
