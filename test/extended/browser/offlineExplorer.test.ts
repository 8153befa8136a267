import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { hasChromium, startBrowser, type TestBrowser, type WatchedPage } from './browsers.ts';

const describeInBrowser = hasChromium ? describe : describe.skip;

const picture = new URL('../../../docs/explorer.png', import.meta.url);

/** Width and height of a PNG. */
const sizeOf = (png: Buffer) => [png.readUInt32BE(16), png.readUInt32BE(20)];

const cdn = 'https://embeddable-sandbox.cdn.apollographql.com';

/** What an editor shows, without blanks; it draws only the lines in view. */
async function textIn(page: Page, editor: string): Promise<string> {
  const text = await page.locator(editor).locator('.view-lines').textContent();
  return (text ?? '').replaceAll(/\s/g, '');
}

async function run(page: Page): Promise<string> {
  const width = page.viewportSize()?.width ?? 1400;
  await page.setViewportSize({ width, height: 2_500 });
  await page.getByRole('button', { name: 'Execute query' }).click();
  await page.locator('.graphiql-response').getByText('userErrors').waitFor();
  return textIn(page, '.graphiql-response');
}

describeInBrowser('the explorer without the internet', () => {
  let browser: TestBrowser;
  let gateway: TestGateway;
  beforeAll(async () => {
    [browser, gateway] = await Promise.all([
      startBrowser(),
      startTestGateway({ EXPLORER: 'auto' }, { newId: randomUUID }),
    ]);
  });
  afterEach(() => browser.closePages());
  afterAll(async () => {
    await browser.close();
    await gateway.stop(0);
  });

  const elsewhere = ({ requests }: WatchedPage): string[] =>
    requests.filter((url) => !url.startsWith(`${gateway.url}/`));

  it('appears where Sandbox cannot be reached, and adds the partner of the page at a click', async () => {
    const watched = await browser.open(`${gateway.url}/`);
    const { page } = watched;
    const answer = await run(page);
    expect(answer).toMatch(/"id":"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}"/);
    expect(answer).toContain('"lastHeartbeatDateTime":"2016-12-31T23:56:56.7799755+03:00"');
    expect(answer).toContain('"__typename":"AllLicensedUsersAssignmentTarget"');

    expect(await textIn(page, '.graphiql-query-editor')).toContain('mutationAdd($input:AddComp');
    expect(await textIn(page, '.graphiql-editor-tool .graphiql-editor:not(.hidden)')).toContain(
      '"displayName":"DisplayName',
    );
    expect(elsewhere(watched).filter((url) => !url.startsWith(cdn))).toEqual([]);
    expect(watched.complaints).toEqual([expect.stringContaining('ERR_NAME_NOT_RESOLVED')]);
  });

  it('requests no other origin and logs no error when it is configured', async () => {
    const graphless = await startTestGateway({
      EXPLORER: 'offline',
      GRAPH_BASE_URL: 'http://127.0.0.1:1',
      INTROSPECTION: 'false',
    });
    const watched = await browser.open(`${graphless.url}/`);
    const { page } = watched;
    await page.getByText('Answered by: 127.0.0.1:1').waitFor();
    expect(await page.locator('.graphiql-tab').allInnerTexts()).toEqual([
      'Viewer',
      'Partners',
      'Partner',
      'Add',
      'Update',
      'Assign',
    ]);
    expect(await page.getByLabel('Token for all tabs').inputValue()).toBe('');
    // The schema is there without introspection: its documentation is shown, and the document has no mistakes.
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.locator('.graphiql-doc-explorer').getByText('Mutation').first().waitFor();
    expect(await page.locator('.squiggly-error').count()).toBe(0);

    expect(watched.requests.filter((url) => !url.startsWith(`${graphless.url}/`))).toEqual([]);
    expect(watched.requests.filter((url) => url.endsWith('/graphql'))).toEqual([]);
    expect(watched.complaints).toEqual([]);
    await graphless.stop(0);
  });

  it('sends one token for all tabs until it is removed, and tells of the last answer', async () => {
    const { page, complaints } = await browser.open(`${gateway.url}/?explorer=offline`);
    const token = page.getByLabel('Token for all tabs');
    const execute = page.getByRole('button', { name: 'Execute query' });
    await token.fill('embedded-graph-token');
    for (const tab of ['Viewer', 'Partners']) {
      await page.getByRole('tab', { name: tab, exact: true }).click();
      await execute.click();
      await page.getByText(/Last answer: 200, client-request-id [\w-]+/).waitFor();
    }
    await page.reload();
    expect(await token.inputValue()).toBe('embedded-graph-token');
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('graph-token');
    await page.getByRole('button', { name: 'Remove token' }).click();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    await execute.click();
    await page.getByText('Last answer: 401').waitFor();
    expect(complaints).toEqual([expect.stringContaining('401')]);
  });

  it('can be used at the width of a phone', async () => {
    const { page } = await browser.open(`${gateway.url}/?explorer=offline`);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('button', { name: 'Execute query' }).click();
    await page.locator('.graphiql-response').getByText('revision').waitFor();
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(390);
    const [editor, answer] = await Promise.all([
      page.locator('.graphiql-query-editor').boundingBox(),
      page.locator('.graphiql-response').boundingBox(),
    ]);
    expect(answer?.y).toBeGreaterThan(editor?.y ?? 0);
    expect(answer?.width).toBeGreaterThan(250);
  });

  it('is pictured in the README; UPDATE_DOCS=1 takes the picture anew', async () => {
    const { page } = await browser.open(`${gateway.url}/?explorer=offline`);
    await page.getByRole('button', { name: 'Execute query' }).click();
    await page.getByText('Last answer: 200').waitFor();
    for (const place of ['.graphiql-response', '.graphiql-editor-tool']) {
      // Colours come a moment after the text, and scroll bars go.
      await page.locator(`${place} .view-line span[class^=mtk]:not(.mtk1)`).first().waitFor();
    }
    await page.locator('.scrollbar.visible').first().waitFor({ state: 'hidden' });
    const taken = await page.screenshot({ animations: 'disabled' });
    if (process.env['UPDATE_DOCS'] === '1') {
      writeFileSync(picture, taken);
    }
    expect(sizeOf(readFileSync(picture))).toEqual(sizeOf(taken));
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    expect(readme).toContain('](docs/explorer.png)');
  });

  it('is as complete after a reload, and keeps no token', async () => {
    const watched = await browser.open(`${gateway.url}/?explorer=offline`);
    const { page } = watched;
    await run(page);
    const readKept = async (): Promise<string> =>
      String(
        await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])'),
      );
    let kept = await readKept();
    // It is written down a moment after it was changed.
    while (!kept.includes('addComplianceManagementPartner')) {
      await page.waitForTimeout(50);
      kept = await readKept();
    }
    expect(kept).not.toContain('embedded-graph-token');
    await page.reload();
    expect(await run(page)).toContain('"userErrors":[]');
    expect(elsewhere(watched)).toEqual([]);
    expect(watched.complaints).toEqual([]);
  });
});
