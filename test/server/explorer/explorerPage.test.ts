import { describe, expect, it } from '@jest/globals';
import { pageFor } from '../../../src/server/explorer/addExplorer.ts';
import { readExplorerAssets } from '../../../src/server/explorer/explorerAssets.ts';
import { explorerPage } from '../../../src/server/explorer/explorerPage.ts';
import { explorerPolicy } from '../../../src/server/explorer/explorerPolicy.ts';

const pages = ['sandbox', 'offline'] as const;
const hostile = '</script><script>alert(1)</script><!--';
const settings = {
  document: hostile,
  variables: { hostile },
  headers: {},
  endpointPath: '/graphql',
  schemaPath: '/schema.graphql',
  workers: { editor: '', json: '', graphql: '' },
};

describe.each(pages)('the page %s', (page) => {
  const html = explorerPage({ page, assets: readExplorerAssets(), settings, nonce: 'once' });

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
  it('names nobody elsewhere but Sandbox, and on its own page only', () => {
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

describe('pageFor', () => {
  it.each([
    ['auto', null, 'sandbox'],
    ['auto', 'offline', 'offline'],
    ['auto', 'other', 'sandbox'],
    ['sandbox', 'offline', 'sandbox'],
    ['offline', 'sandbox', 'offline'],
  ] as const)('gives under %s, asked for %s, %s', (mode, asked, page) => {
    expect(pageFor(mode, asked)).toBe(page);
  });
});
