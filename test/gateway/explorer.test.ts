import { afterAll, describe, expect, it } from '@jest/globals';
import { explorerPage, explorerPolicy, findExplorer } from '../../src/http/explorer.ts';
import type { ExplorerExample } from '../../src/http/explorerSettings.ts';
import { pageAnswer } from '../support/documents.ts';
import { useStages } from '../support/stages.ts';
import type { TestGateway } from '../support/testGateways.ts';

const { embedded } = useStages();
const { start } = useStages(afterAll);
const gateways = {
  auto: await start({ EXPLORER: 'auto' }),
  sandbox: await start({ EXPLORER: 'sandbox' }),
  offline: await start({ EXPLORER: 'offline' }),
  off: await start({ EXPLORER: 'off' }),
};

describe('explorer', () => {
  const assetsIn = (html: string): string[] => html.match(/\/explorer\/[\w.-]+/g) ?? [];

  describe('GET /', () => {
    it.each([
      ['auto', '/', 'sandbox'],
      ['auto', '/?explorer=offline', 'offline'],
      ['sandbox', '/', 'sandbox'],
      ['sandbox', '/?explorer=offline', 'sandbox'],
      ['offline', '/', 'offline'],
    ] as const)('is under %s at %s the page %s', async (mode, path, page) => {
      const { status, headers, text } = await gateways[mode].get(path);
      expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(assetsIn(text).some((asset) => asset.startsWith(`/explorer/${page}-`))).toBe(true);
      expect(text.includes('embeddable-sandbox.cdn')).toBe(page === 'sandbox');
    });

    it('offers another explorer only under auto', async () => {
      const fallbackOf = async (mode: 'auto' | 'sandbox') =>
        /"fallbackPath":([^,]+)/.exec((await gateways[mode].get('/')).text)?.[1];
      expect(await fallbackOf('auto')).toBe('"/?explorer=offline"');
      expect(await fallbackOf('sandbox')).toBe('null');
    });

    it.each(['/', '/?explorer=offline', '/favicon.ico', '/explorer/assets.json'])(
      'is under off as %s any path that is not there',
      async (path) => {
        const { status, headers, text } = await gateways.off.get(path);
        expect([status, headers['content-type']]).toEqual([404, 'application/json; charset=utf-8']);
        expect(text).toContain('"NOT_FOUND"');
      },
    );

    it('is neither cached nor framed, and runs with a new nonce each time', async () => {
      const answers = [await gateways.auto.get('/'), await gateways.auto.get('/')];
      const nonces = answers.map(({ headers, text }) => {
        const [, nonce = ''] =
          /script-src 'nonce-([^']+)'/.exec(String(headers['content-security-policy'])) ?? [];
        expect(text).toContain(`nonce="${nonce}"`);
        return nonce;
      });
      expect(new Set(nonces).size).toBe(2);
      expect(answers[0]?.headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin-allow-popups',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(answers[0]?.headers).not.toHaveProperty('strict-transport-security');
      const offline = await gateways.offline.get('/');
      expect(offline.headers['cross-origin-opener-policy']).toBe('same-origin');
    });

    it.each([
      ['auto', '/graphql', 'text/html,application/xhtml+xml,*/*;q=0.8', true],
      ['offline', '/graphql?operationName=', 'application/json, Text/HTML;q=0.9', true],
      ['off', '/graphql', 'text/html', false],
      ['auto', '/graphql', '*/*', false],
      ['auto', '/graphql', 'text/htmlish', false],
      ['auto', '/graphql?query={__typename}', 'text/html', false],
      ['auto', '/graphql?documentId=sha256:1', 'text/html', false],
      ['auto', '/graphql?extensions={}', 'text/html', false],
    ] as const)(
      'leads a browser here under %s from %s with %s: %s',
      async (mode, path, accept, leads) => {
        const { status, headers } = await gateways[mode].get(path, { accept });
        expect(headers['location']).toBe(leads ? '/' : undefined);
        expect(status === 302).toBe(leads);
      },
    );

    it('is there for HEAD, and for nothing else', async () => {
      const head = await gateways.auto.send('HEAD', '/');
      expect([head.status, head.text]).toEqual([200, '']);
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
        const { status, headers, codes } = await gateways.auto.send(method, '/');
        expect([status, headers['allow'], codes]).toEqual([
          405,
          'GET, HEAD',
          ['METHOD_NOT_ALLOWED'],
        ]);
      }
    });
  });

  describe('what the page loads', () => {
    it.each(['sandbox', 'offline'] as const)('is there for %s, for good', async (mode) => {
      const { text } = await gateways[mode].get('/');
      const assets = assetsIn(text);
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

    it.each([
      '/explorer/nothing.js',
      '/explorer/',
      '/explorer/../assets.json',
      '/explorer/%2e%2e/assets.json',
      '/explorer/..%2fassets.json',
      '/explorer/.stamp',
    ])('is nothing else: %s', async (path) => {
      const { status, headers, text } = await gateways.offline.get(path);
      expect([status, headers['cache-control']]).toEqual([404, 'no-store']);
      expect(text).toContain('"NOT_FOUND"');
    });

    it('has an icon, so that browsers that ask elsewhere are content', async () => {
      const { status, text, headers } = await gateways.auto.get('/favicon.ico');
      expect([status, text]).toEqual([204, '']);
      expect(headers['cache-control']).toBe('public, max-age=86400');
    });
  });
});

const pages = ['sandbox', 'offline'] as const;
const hostile = '</script><script>alert(1)</script><!--';
const settings = {
  document: hostile,
  variables: { hostile },
  tabs: [],
  graph: hostile,
  headers: {},
  endpointPath: '/graphql',
  schemaPath: '/schema.graphql',
  workers: { editor: '', json: '', graphql: '' },
};

describe.each(pages)('the page %s', (page) => {
  const html = explorerPage(page, findExplorer().assets, settings, 'once');

  it('runs one script, with the nonce, and none that stands in the page', () => {
    const tags = html.match(/<script[^>]*>/g);
    expect(tags).toHaveLength(2);
    expect(tags?.[0]).toBe('<script type="application/json" id="settings">');
    expect(tags?.[1]).toMatch(
      /^<script nonce="once" src="\/explorer\/[\w-]+\.js" (defer|type="module")>$/,
    );
    expect(html).not.toMatch(/ on\w+=| style=|<style|javascript:/);
  });

  it('holds its settings whatever they say', () => {
    const [, text = ''] = /id="settings">(.*?)<\/script>/.exec(html) ?? [];
    expect(JSON.parse(text)).toEqual(settings);
  });

  it('allows no script without the nonce, no text as code, no frame around it and no base', () => {
    const policy = explorerPolicy(page, 'once');
    expect(policy).toMatchObject({
      'default-src': ["'none'"],
      'frame-ancestors': ["'none'"],
      'base-uri': ["'none'"],
      'form-action': ["'none'"],
      'connect-src': ["'self'"],
    });
    expect(policy['script-src']).toContain("'nonce-once'");
    expect(policy['script-src']?.join()).not.toMatch(/unsafe|\*|'self'/);
  });
});

describe('the policy', () => {
  it('names no other origin but Sandbox, and only on the page of Sandbox', () => {
    const elsewhere = (page: (typeof pages)[number]) =>
      Object.entries(explorerPolicy(page, 'once')).flatMap(([name, sources]) =>
        sources.filter((source) => source.startsWith('http')).map((source) => `${name} ${source}`),
      );
    expect(elsewhere('offline')).toEqual([]);
    expect(elsewhere('sandbox')).toEqual([
      'script-src https://embeddable-sandbox.cdn.apollographql.com',
      'frame-src https://sandbox.embed.apollographql.com',
    ]);
  });
});

/** What the page at `/` begins with. */
async function readExample(gateway: TestGateway): Promise<ExplorerExample> {
  const { text } = await gateway.get('/');
  const [, settings = ''] = /id="settings">(.*?)<\/script>/.exec(text) ?? [];
  return JSON.parse(settings) as ExplorerExample;
}

describe("the explorer's tabs", () => {
  it('begin with the add of the reference page if the embedded Graph answers, and all can be run', async () => {
    const { document, variables, tabs, graph } = await readExample(gateways.offline);
    expect([{ document, variables }, graph]).toEqual([tabs[0], 'embedded Graph']);
    const answers: unknown[] = [];
    for (const tab of tabs) {
      const { result } = await gateways.offline.run(tab.document, tab.variables);
      expect([tab.document, result.errors]).toEqual([tab.document, undefined]);
      answers.push(result.data);
    }
    const given = { id: expect.any(String), revision: expect.any(String) };
    expect(answers[0]).toEqual({
      addComplianceManagementPartner: {
        complianceManagementPartner: { ...pageAnswer, ...given },
        userErrors: [],
      },
    });
    expect(answers.slice(1)).toMatchObject([
      { viewer: { operations: expect.any(Array) } },
      { complianceManagementPartners: { totalCount: expect.any(Number) } },
      { complianceManagementPartner: { displayName: 'Jamf Pro' } },
      { updateComplianceManagementPartner: { userErrors: [] } },
      { addEnrollmentAssignment: { changed: true, userErrors: [] } },
    ]);
  });

  it.each(['beta', 'v1.0'])(
    'begin with a read before any other Graph in %s, and no write runs as it is',
    async (GRAPH_API_VERSION) => {
      const { graph, gateway } = await embedded({}, { EXPLORER: 'offline', GRAPH_API_VERSION });
      const example = await readExample(gateway);
      expect(example.graph).toBe(new URL(graph.baseUrl).host);
      const kinds: string[] = [];
      for (const { document, variables } of example.tabs) {
        kinds.push(document.split(' ')[0] ?? '');
        await gateway.run(document, variables);
      }
      expect(kinds).toEqual([...Array(3).fill('query'), ...Array(3).fill('mutation')]);
      expect(graph.requests.map(({ method }) => method)).toEqual(['GET']);
    },
  );
});
