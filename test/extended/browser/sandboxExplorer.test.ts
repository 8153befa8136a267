import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { explorerTabs } from '../../../src/http/explorerSettings.ts';
import { pageInput } from '../../support/documents.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { type Elsewhere, hasChromium, startBrowser, type TestBrowser } from './browsers.ts';

const describeInBrowser = hasChromium ? describe : describe.skip;

const scriptUrl =
  'https://embeddable-sandbox.cdn.apollographql.com/v2/embeddable-sandbox.umd.production.min.js';

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

const withSandbox: Elsewhere = ({ hostname }) =>
  hostname.startsWith('embeddable-sandbox.')
    ? { contentType: 'text/javascript', body: standInScript }
    : { contentType: 'text/html', body: standInFrame };

describeInBrowser('the explorer that is Apollo Sandbox', () => {
  let browser: TestBrowser;
  let gateway: TestGateway;
  beforeAll(async () => {
    [browser, gateway] = await Promise.all([
      startBrowser(),
      startTestGateway({ EXPLORER: 'auto' }),
    ]);
  });
  afterEach(() => browser.closePages());
  afterAll(async () => {
    await browser.close();
    await gateway.stop(0);
  });

  it('gets endpoint, document, variables and token, and can work with them under the policy', async () => {
    const { page, requests, complaints } = await browser.open(`${gateway.url}/`, {
      elsewhere: withSandbox,
      hasOwnClock: true,
    });
    await page.locator('html[data-seen=all]').waitFor();
    expect(await page.evaluate('window.seen')).toEqual({
      options: {
        target: '#explorer',
        initialEndpoint: `${gateway.url}/graphql`,
        endpointIsEditable: false,
        hideCookieToggle: true,
        runTelemetry: false,
        allowDynamicStyles: false,
        initialState: {
          document: explorerTabs(true, true)[0].document,
          variables: { input: pageInput },
          headers: { authorization: 'Bearer embedded-graph-token' },
          includeCookies: false,
        },
      },
      answer: {
        data: {
          addComplianceManagementPartner: {
            complianceManagementPartner: expect.objectContaining({
              lastHeartbeatDateTime: '2016-12-31T23:56:56.7799755+03:00',
            }),
            userErrors: [],
          },
        },
      },
    });
    expect(requests).toContain(scriptUrl);
    expect(await page.getByText('Loading Apollo Sandbox').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
    const state = /^Answered by: embedded Graph\. Last answer: 200, client-request-id [\w-]+$/;
    expect(await page.locator('#state').textContent()).toMatch(state);

    await page.clock.fastForward(60_000);
    expect(page.url()).toBe(`${gateway.url}/`);
    const { y = 0, ...size } = (await page.locator('iframe').boundingBox()) ?? {};
    expect(size).toEqual({ x: 0, width: 1400, height: 900 - y });
    expect(y).toBeLessThan(40);
  });

  it('never gets the token that was entered for the other explorer', async () => {
    const { page } = await browser.open(`${gateway.url}/`, { elsewhere: withSandbox });
    await page.evaluate("sessionStorage.setItem('token', 'entered-token')");
    await page.reload();
    await page.locator('html[data-seen=all]').waitFor();
    expect(JSON.stringify(await page.evaluate('window.seen'))).not.toContain('entered-token');
    expect(await page.frames()[1]?.evaluate('document.documentElement.outerHTML')).not.toContain(
      'entered-token',
    );
  });

  it.each<[string, Elsewhere, number]>([
    ['the script does not come', () => undefined, 6_000],
    [
      'the script is another',
      () => ({ contentType: 'text/javascript', body: 'window.other = 1;' }),
      0,
    ],
    [
      'the frame does not come',
      ({ hostname }) =>
        hostname.startsWith('embeddable-') ? withSandbox(new URL(scriptUrl)) : null,
      16_000,
    ],
  ])('gives way to the other one where %s', async (_what, elsewhere, afterMs) => {
    const { page } = await browser.open(`${gateway.url}/`, { elsewhere, hasOwnClock: true });
    if (afterMs > 6_000) {
      await page.locator('iframe').waitFor();
    }
    if (afterMs > 0) {
      await page.getByText('Loading Apollo Sandbox').waitFor();
    }
    await page.clock.fastForward(afterMs);
    await page.waitForURL(`${gateway.url}/?explorer=offline`);
  });

  it('says what can be done where no other one is wanted', async () => {
    const only = await startTestGateway({ EXPLORER: 'sandbox' });
    const { page } = await browser.open(`${only.url}/`);
    const note = page.getByText('Apollo Sandbox cannot be loaded');
    await note.waitFor();
    expect(await note.textContent()).toContain('EXPLORER=offline');
    expect(page.url()).toBe(`${only.url}/`);
    await only.stop(0);
  });
});
