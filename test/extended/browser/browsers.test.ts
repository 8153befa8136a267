import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { explorerTabs } from '../../../src/http/explorerSettings.ts';
import { addMutation, pageInput } from '../../support/documents.ts';
import { useStages } from '../../support/stages.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';

/** Where Debian puts Chromium, or where CHROMIUM says that it is. */
const program = process.env['CHROMIUM'] || '/usr/bin/chromium';
const hasChromium = spawnSync(program, ['--version']).status === 0;
if (!hasChromium) {
  process.stderr.write(`No Chromium at ${program}: the tests in a browser are left out.\n`);
}

/** The answer of another origin; undefined for none at all, null for no connection. */
type Elsewhere = (
  url: URL,
) => { readonly contentType: string; readonly body: string } | undefined | null;

let browser: Browser;
let gateway: TestGateway;
const { scripted, start } = useStages();

/**
 * Opens a page with nothing remembered, and gives the addresses that it asked for and what it complained of: errors in the
 * console, uncaught errors, violations of its content security policy. Elsewhere is all but this machine; unless given,
 * it has no addresses, and the page has the machine's clock.
 */
async function open(url: string, elsewhere?: Elsewhere) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const requests: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => requests.push(request.url()));
  // Only if it is needed: Playwright answers preflights of intercepted requests in the browser's stead.
  if (elsewhere !== undefined) {
    await context.clock.install();
    await context.route(
      ({ hostname }) => hostname !== '127.0.0.1',
      async (route) => {
        const said = elsewhere(new URL(route.request().url()));
        if (said !== undefined) {
          await (said === null ? route.abort('internetdisconnected') : route.fulfill(said));
        }
      },
    );
  }
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.text().includes('Content Security Policy')) {
      complaints.push(`${message.text()} (${message.location().url})`);
    }
  });
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  return { page, requests, complaints };
}

/** Sends from inside a page, and gives what the page gets to see. */
const sendFrom = (page: Page, url: string, token: string, body: string) =>
  page.evaluate(`(async () => {
    const response = await fetch('${url}/graphql', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'client-request-id': 'from-the-page',
        'apollographql-client-name': 'frontend',
        prefer: 'wait=10',
        authorization: 'Bearer ${token}',
      },
      body: ${JSON.stringify(body)},
    });
    const headers = Object.fromEntries(response.headers);
    return { status: response.status, headers, text: await response.text() };
  })().catch((error) => ({ failure: String(error) }))`);

/** What an editor of the explorer shows, without blanks; it draws only the lines in view. */
async function textIn(page: Page, editor: string): Promise<string> {
  const text = await page.locator(editor).locator('.view-lines').textContent();
  return (text ?? '').replaceAll(/\s/g, '');
}

const execute = (page: Page) => page.getByRole('button', { name: 'Execute query' }).click();

async function run(page: Page): Promise<string> {
  await page.setViewportSize({ width: 1400, height: 2_500 });
  await execute(page);
  await page.locator('.graphiql-response').getByText('userErrors').waitFor();
  return textIn(page, '.graphiql-response');
}

(hasChromium ? describe : describe.skip)('in a browser', () => {
  beforeAll(async () => {
    // With a new profile, so that it sends no request by itself.
    browser = await chromium.launch({
      executablePath: program,
      chromiumSandbox: false,
      args: [
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-sync',
        '--disable-background-networking',
        '--disable-component-update',
        '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
      ],
    });
    gateway = await startTestGateway({ EXPLORER: 'auto' }, { newId: randomUUID });
  });
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
  afterAll(async () => {
    await browser.close();
    await gateway.stop(0);
  });

  it('a page of a listed origin works and can read errors, and reaches nothing elsewhere', async () => {
    const add = JSON.stringify({ query: addMutation, variables: { input: pageInput } });
    const { graph: frontend, gateway: other } = await scripted(
      (response) => {
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end('<!doctype html><link rel="icon" href="data:,"><title>Frontend</title>');
      },
      { CORS_ORIGINS: 'https://app.example' },
    );
    const listing = await start({ CORS_ORIGINS: frontend.url.origin });
    const { page, complaints } = await open(frontend.url.href);
    expect(await sendFrom(page, listing.url, 'embedded-graph-token', add)).toMatchObject({
      status: 200,
      headers: { 'client-request-id': 'from-the-page' },
      text: expect.stringContaining('2016-12-31T23:56:56.7799755+03:00'),
    });
    expect(await sendFrom(page, listing.url, 'wrong', add)).toMatchObject({
      status: 200,
      headers: { 'www-authenticate': expect.stringContaining('Bearer') },
      text: expect.stringContaining('"code":"UNAUTHENTICATED"'),
    });
    expect(await sendFrom(page, listing.url, 'wrong', '{"query":')).toMatchObject({
      status: 400,
      text: expect.stringContaining('"code":"BAD_REQUEST"'),
    });

    const complained = complaints.length;
    const failure = await sendFrom(page, other.url, 'embedded-graph-token', add);
    expect(failure).toEqual({ failure: 'TypeError: Failed to fetch' });
    expect(complaints[complained]).toContain('blocked by CORS policy');
    expect(other.logged('Answered').map(({ method }) => method)).toEqual(['OPTIONS']);
  });

  it('the explorer appears if Sandbox cannot be reached, and adds the partner of the page at a click', async () => {
    const { page, requests, complaints } = await open(`${gateway.url}/`);
    const answer = await run(page);
    expect(answer).toMatch(/"id":"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}"/);
    expect(answer).toContain('"lastHeartbeatDateTime":"2016-12-31T23:56:56.7799755+03:00"');
    expect(await textIn(page, '.graphiql-query-editor')).toContain('mutationAdd($input:AddComp');
    const cdn = 'https://embeddable-sandbox.cdn.apollographql.com';
    const others = requests.filter((url) => !url.startsWith(`${gateway.url}/`));
    expect(others.filter((url) => !url.startsWith(cdn))).toEqual([]);
    expect(complaints).toEqual([expect.stringContaining('ERR_NAME_NOT_RESOLVED')]);

    // It is written down a moment after it was changed; the token is never.
    const keeps = 'JSON.stringify([localStorage, sessionStorage, document.cookie])';
    await page.waitForFunction(`${keeps}.includes('addComplianceManagementPartner')`);
    expect(await page.evaluate(keeps)).not.toContain('embedded-graph-token');
    await page.reload();
    expect(await run(page)).toContain('"userErrors":[]');
  });

  it('the explorer requests no other origin and logs no error when it is configured', async () => {
    const { url: own } = await start({
      EXPLORER: 'offline',
      GRAPH_BASE_URL: 'http://127.0.0.1:1',
      INTROSPECTION: 'false',
    });
    const { page, requests, complaints } = await open(`${own}/`);
    await page.getByText('Answered by: 127.0.0.1:1').waitFor();
    expect(await page.getByLabel('Token for all tabs').inputValue()).toBe('');
    // The schema is there without introspection: its documentation is shown, and the document has no mistakes.
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.locator('.graphiql-doc-explorer').getByText('Mutation').first().waitFor();
    expect(await page.locator('.squiggly-error').count()).toBe(0);
    const strays = requests.filter((url) => !url.startsWith(`${own}/`) || url.endsWith('/graphql'));
    expect([strays, complaints]).toEqual([[], []]);
  });

  it('the explorer sends one token for all tabs until it is removed, and tells of the last answer', async () => {
    const { page, complaints } = await open(`${gateway.url}/?explorer=offline`);
    const token = page.getByLabel('Token for all tabs');
    await token.fill('embedded-graph-token');
    for (const tab of ['Viewer', 'Partners']) {
      await page.getByRole('tab', { name: tab, exact: true }).click();
      await execute(page);
      await page.getByText(/Last answer: 200, client-request-id [\w-]+/).waitFor();
    }
    await page.reload();
    expect(await token.inputValue()).toBe('embedded-graph-token');
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('graph-token');
    await page.getByRole('button', { name: 'Remove token' }).click();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    await execute(page);
    await page.getByText('Last answer: 401').waitFor();
    expect(complaints).toEqual([expect.stringContaining('401')]);
  });

  it('the explorer is pictured in the README, which UPDATE_DOCS=1 takes anew, and fits a phone', async () => {
    const { page } = await open(`${gateway.url}/?explorer=offline`);
    await execute(page);
    await page.getByText('Last answer: 200').waitFor();
    for (const place of ['.graphiql-response', '.graphiql-editor-tool']) {
      // Colours come a moment after the text, and scroll bars go.
      await page.locator(`${place} .view-line span[class^=mtk]:not(.mtk1)`).first().waitFor();
    }
    await page.locator('.scrollbar.visible').first().waitFor({ state: 'hidden' });
    const taken = await page.screenshot({ animations: 'disabled' });
    const picture = new URL('../../../docs/explorer.png', import.meta.url);
    if (process.env['UPDATE_DOCS'] === '1') {
      writeFileSync(picture, taken);
    }
    // Width and height of a PNG.
    expect(readFileSync(picture).subarray(16, 24)).toEqual(taken.subarray(16, 24));

    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    const answer = await page.locator('.graphiql-response').boundingBox();
    expect(answer?.width).toBeGreaterThan(250);
  });

  /**
   * Does what Apollo's script does with its page: opens the frame, and sends what the frame asks for with the headers
   * that it was given.
   */
  const standInScript = `
    window.EmbeddedSandbox = class {
      constructor(options) {
        const frame = document.createElement('iframe');
        frame.src = 'https://sandbox.embed.apollographql.com/sandbox/explorer';
        document.querySelector(options.target).append(frame);
        window.seen = { options };
        window.addEventListener('message', async ({ data }) => {
          if (data.name === 'ExplorerListeningForHandshake') {
            const { document: query, variables, headers } = options.initialState;
            const response = await options.handleRequest(options.initialEndpoint, {
              method: 'POST',
              headers: { 'content-type': 'application/json', ...headers },
              body: JSON.stringify({ query, variables }),
            });
            window.seen.answer = await response.json();
            document.documentElement.dataset.seen = 'all';
          }
        });
      }
    };`;
  const standInFrame = `<!doctype html><script>
    parent.postMessage({ name: 'ExplorerListeningForHandshake' }, '*');
  </script>`;
  const script = { contentType: 'text/javascript', body: standInScript };
  const frame = { contentType: 'text/html', body: standInFrame };
  const isScript = ({ hostname }: URL): boolean => hostname.startsWith('embeddable-sandbox.');

  it('Sandbox gets endpoint, document, variables and its own token, and can work with them under the policy', async () => {
    const elsewhere = (url: URL) => (isScript(url) ? script : frame);
    const { page, complaints } = await open(`${gateway.url}/`, elsewhere);
    // What was entered for the other explorer is never given to it.
    await page.evaluate("sessionStorage.setItem('token', 'entered-token')");
    await page.reload();
    await page.locator('html[data-seen=all]').waitFor();
    const seen = await page.evaluate('window.seen');
    expect(seen).toMatchObject({
      options: {
        initialEndpoint: `${gateway.url}/graphql`,
        endpointIsEditable: false,
        hideCookieToggle: true,
        runTelemetry: false,
        initialState: {
          document: explorerTabs(true, true)[0].document,
          variables: { input: pageInput },
          headers: { authorization: 'Bearer embedded-graph-token' },
          includeCookies: false,
        },
      },
      answer: { data: { addComplianceManagementPartner: { userErrors: [] } } },
    });
    const framed = await page.frames()[1]?.evaluate('document.documentElement.outerHTML');
    expect(JSON.stringify([seen, framed])).not.toContain('entered-token');
    expect(complaints).toEqual([]);
    expect(await page.locator('#state').textContent()).toMatch(
      /^Answered by: embedded Graph\. Last answer: 200, client-request-id [\w-]+$/,
    );
    await page.clock.fastForward(60_000);
    expect(page.url()).toBe(`${gateway.url}/`);
  });

  it.each<[string, Elsewhere, number]>([
    ['script does not come', () => undefined, 6_000],
    ['script is another', () => ({ ...script, body: 'window.other = 1;' }), 0],
    ['frame does not come', (url) => (isScript(url) ? script : null), 16_000],
  ])('Sandbox gives way to the other one when the %s', async (_what, elsewhere, afterMs) => {
    const { page } = await open(`${gateway.url}/`, elsewhere);
    if (afterMs > 6_000) {
      await page.locator('iframe').waitFor();
    }
    if (afterMs > 0) {
      await page.getByText('Loading Apollo Sandbox').waitFor();
    }
    await page.clock.fastForward(afterMs);
    await page.waitForURL(`${gateway.url}/?explorer=offline`);
  });

  it('Sandbox says what to do when no other one is configured', async () => {
    const only = await start({ EXPLORER: 'sandbox' });
    const { page } = await open(`${only.url}/`);
    const note = page.getByText('Apollo Sandbox cannot be loaded');
    await note.waitFor();
    expect(await note.textContent()).toContain('EXPLORER=offline');
    expect(page.url()).toBe(`${only.url}/`);
  });
});
