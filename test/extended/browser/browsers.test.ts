import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, chromium, type Page, type Route } from 'playwright-core';
import { explorerTabs } from '../../../src/http/explorerSettings.ts';
import { addMutation, pageInput } from '../../support/documents.ts';
import { startScriptedServer } from '../../support/scriptedServer.ts';
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

/** A page and everything that happened in it. */
interface WatchedPage {
  readonly page: Page;
  /** The addresses that it asked for, in order, whether they were answered or not. */
  readonly requests: readonly string[];
  /** What it complained of: errors in the console, uncaught errors, violations of its content security policy. */
  readonly complaints: readonly string[];
}

let browser: Browser;
let gateway: TestGateway;

/** Opens a page with nothing remembered. Elsewhere is all but this machine; unless given, it has no addresses. */
async function open(
  url: string,
  { elsewhere, hasOwnClock }: { elsewhere?: Elsewhere; hasOwnClock?: boolean } = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  if (hasOwnClock) {
    await context.clock.install();
  }
  const requests: string[] = [];
  const complaints: string[] = [];
  const page = await context.newPage();
  context.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.text().includes('Content Security Policy')) {
      complaints.push(`${message.text()} (${message.location().url})`);
    }
  });
  // Only if it is needed: Playwright answers preflights of intercepted requests in the browser's stead.
  if (elsewhere !== undefined) {
    const answer = async (route: Route): Promise<void> => {
      const said = elsewhere(new URL(route.request().url()));
      if (said === null) {
        await route.abort('internetdisconnected');
      } else if (said !== undefined) {
        await route.fulfill(said);
      }
    };
    await context.route(({ hostname }) => hostname !== '127.0.0.1', answer);
  }
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  return { page, requests, complaints };
}

(hasChromium ? describe : describe.skip)('in a browser', () => {
  beforeAll(async () => {
    // With a new profile, so that it sends no request by itself.
    browser = await chromium.launch({
      executablePath: program,
      chromiumSandbox: false,
      args: [
        ...['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
        ...['--disable-background-networking', '--disable-component-update'],
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

  describe('a page of another origin', () => {
    interface Heard {
      readonly status?: number;
      readonly body?: object;
      readonly challenge?: string | null;
      readonly requestId?: string | null;
      readonly failure?: string;
    }

    /** Sends from inside a page, and gives what the page gets to see. */
    const sendFrom = (page: Page, url: string, token: string, body: string): Promise<Heard> =>
      page.evaluate<Heard>(`(async () => {
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
        return {
          status: response.status,
          body: await response.json(),
          challenge: response.headers.get('www-authenticate'),
          requestId: response.headers.get('client-request-id'),
        };
      })().catch((error) => ({ failure: String(error) }))`);

    it('works and can read errors where its origin is listed, and reaches nothing elsewhere', async () => {
      const add = JSON.stringify({ query: addMutation, variables: { input: pageInput } });
      const frontend = await startScriptedServer((response) => {
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end('<!doctype html><link rel="icon" href="data:,"><title>Frontend</title>');
      });
      const [listing, other] = await Promise.all([
        startTestGateway({ CORS_ORIGINS: frontend.url.origin }),
        startTestGateway({ CORS_ORIGINS: 'https://app.example' }),
      ]);
      const { page, complaints } = await open(frontend.url.href);
      const heard = await sendFrom(page, listing.url, 'embedded-graph-token', add);
      expect(heard).toMatchObject({ status: 200, requestId: 'from-the-page' });
      expect(JSON.stringify(heard.body)).toContain('2016-12-31T23:56:56.7799755+03:00');
      expect(await sendFrom(page, listing.url, 'wrong', add)).toMatchObject({
        status: 200,
        challenge: expect.stringContaining('Bearer'),
        body: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
      });
      expect(await sendFrom(page, listing.url, 'wrong', '{"query":')).toMatchObject({
        status: 400,
        body: { errors: [{ extensions: { code: 'BAD_REQUEST' } }] },
      });

      const complained = complaints.length;
      expect(await sendFrom(page, other.url, 'embedded-graph-token', add)).toEqual({
        failure: 'TypeError: Failed to fetch',
      });
      expect(complaints[complained]).toContain('blocked by CORS policy');
      const answered = other.logLines.filter((line) => line.includes('"Answered"'));
      expect(answered.map((line) => JSON.parse(line).method)).toEqual(['OPTIONS']);
      await Promise.all([listing.stop(0), other.stop(0)]);
      await frontend.close();
    });
  });

  describe('the explorer without the internet', () => {
    const cdn = 'https://embeddable-sandbox.cdn.apollographql.com';
    const picture = new URL('../../../docs/explorer.png', import.meta.url);

    /** Width and height of a PNG. */
    const sizeOf = (png: Buffer) => [png.readUInt32BE(16), png.readUInt32BE(20)];

    /** What an editor shows, without blanks; it draws only the lines in view. */
    async function textIn(page: Page, editor: string): Promise<string> {
      const text = await page.locator(editor).locator('.view-lines').textContent();
      return (text ?? '').replaceAll(/\s/g, '');
    }

    async function run(page: Page): Promise<string> {
      await page.setViewportSize({ width: 1400, height: 2_500 });
      await page.getByRole('button', { name: 'Execute query' }).click();
      await page.locator('.graphiql-response').getByText('userErrors').waitFor();
      return textIn(page, '.graphiql-response');
    }

    it('appears where Sandbox cannot be reached, and adds the partner of the page at a click', async () => {
      const { page, requests, complaints } = await open(`${gateway.url}/`);
      const answer = await run(page);
      expect(answer).toMatch(/"id":"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}"/);
      expect(answer).toContain('"lastHeartbeatDateTime":"2016-12-31T23:56:56.7799755+03:00"');
      expect(await textIn(page, '.graphiql-query-editor')).toContain('mutationAdd($input:AddComp');
      const own = requests.filter((url) => url.startsWith(`${gateway.url}/`));
      expect(requests.filter((url) => !own.includes(url) && !url.startsWith(cdn))).toEqual([]);
      expect(complaints).toEqual([expect.stringContaining('ERR_NAME_NOT_RESOLVED')]);

      // It is written down a moment after it was changed; the token is never.
      const keeps = 'JSON.stringify([localStorage, sessionStorage, document.cookie])';
      await page.waitForFunction(`${keeps}.includes('addComplianceManagementPartner')`);
      expect(await page.evaluate(keeps)).not.toContain('embedded-graph-token');
      await page.reload();
      expect(await run(page)).toContain('"userErrors":[]');
    });

    it('requests no other origin and logs no error when it is configured', async () => {
      const graphless = await startTestGateway({
        EXPLORER: 'offline',
        GRAPH_BASE_URL: 'http://127.0.0.1:1',
        INTROSPECTION: 'false',
      });
      const { page, requests, complaints } = await open(`${graphless.url}/`);
      await page.getByText('Answered by: 127.0.0.1:1').waitFor();
      expect(await page.getByLabel('Token for all tabs').inputValue()).toBe('');
      // The schema is there without introspection: its documentation is shown, and the document has no mistakes.
      await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
      await page.locator('.graphiql-doc-explorer').getByText('Mutation').first().waitFor();
      expect(await page.locator('.squiggly-error').count()).toBe(0);
      const own = requests.filter((url) => url.startsWith(`${graphless.url}/`));
      expect(own).toEqual(requests);
      expect(own.filter((url) => url.endsWith('/graphql'))).toEqual([]);
      expect(complaints).toEqual([]);
      await graphless.stop(0);
    });

    it('sends one token for all tabs until it is removed, and tells of the last answer', async () => {
      const { page, complaints } = await open(`${gateway.url}/?explorer=offline`);
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
      const { page } = await open(`${gateway.url}/?explorer=offline`);
      await page.setViewportSize({ width: 390, height: 844 });
      await page.getByRole('button', { name: 'Execute query' }).click();
      await page.locator('.graphiql-response').getByText('revision').waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
      const answer = await page.locator('.graphiql-response').boundingBox();
      expect(answer?.width).toBeGreaterThan(250);
    });

    it('is pictured in the README; UPDATE_DOCS=1 takes the picture anew', async () => {
      const { page } = await open(`${gateway.url}/?explorer=offline`);
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
    });
  });

  describe('the explorer that is Apollo Sandbox', () => {
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
    const isScript = ({ hostname }: URL): boolean => hostname.startsWith('embeddable-sandbox.');
    const withSandbox: Elsewhere = (url) =>
      isScript(url) ? script : { contentType: 'text/html', body: standInFrame };

    it('gets endpoint, document, variables and its own token, and can work with them under the policy', async () => {
      const { page, complaints } = await open(`${gateway.url}/`, {
        elsewhere: withSandbox,
        hasOwnClock: true,
      });
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
    ])('gives way to the other one when the %s', async (_what, elsewhere, afterMs) => {
      const { page } = await open(`${gateway.url}/`, { elsewhere, hasOwnClock: true });
      if (afterMs > 6_000) {
        await page.locator('iframe').waitFor();
      }
      if (afterMs > 0) {
        await page.getByText('Loading Apollo Sandbox').waitFor();
      }
      await page.clock.fastForward(afterMs);
      await page.waitForURL(`${gateway.url}/?explorer=offline`);
    });

    it('says what to do when no other one is configured', async () => {
      const only = await startTestGateway({ EXPLORER: 'sandbox' });
      const { page } = await open(`${only.url}/`);
      const note = page.getByText('Apollo Sandbox cannot be loaded');
      await note.waitFor();
      expect(await note.textContent()).toContain('EXPLORER=offline');
      expect(page.url()).toBe(`${only.url}/`);
      await only.stop(0);
    });
  });
});
