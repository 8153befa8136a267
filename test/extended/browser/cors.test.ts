import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addMutation, pageInput } from '../../support/documents.ts';
import { type ScriptedServer, startScriptedServer } from '../../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { hasChromium, startBrowser, type TestBrowser, type WatchedPage } from './browsers.ts';

const describeInBrowser = hasChromium ? describe : describe.skip;

interface Heard {
  readonly status?: number;
  readonly body?: { readonly data?: object; readonly errors?: readonly object[] };
  readonly challenge?: string | null;
  readonly requestId?: string | null;
  readonly failure?: string;
}

describeInBrowser('a page of another origin', () => {
  let browser: TestBrowser;
  let frontend: ScriptedServer;
  let gateway: TestGateway;
  let watched: WatchedPage;
  beforeAll(async () => {
    frontend = await startScriptedServer((response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<!doctype html><link rel="icon" href="data:,"><title>Frontend</title>');
    });
    [browser, gateway] = await Promise.all([
      startBrowser(),
      startTestGateway({ CORS_ORIGINS: frontend.url.origin }),
    ]);
    watched = await browser.open(frontend.url.href);
  });
  afterAll(async () => {
    await browser.close();
    await gateway.stop(0);
    await frontend.close();
  });

  /** Sends from inside the page, and gives what the page gets to see. */
  async function sendTo({ url }: TestGateway, token: string, body: string): Promise<Heard> {
    const call = `
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
      };`;
    return watched.page.evaluate<Heard>(
      `(async () => { ${call} })().catch((error) => ({ failure: String(error) }))`,
    );
  }
  const add = JSON.stringify({ query: addMutation, variables: { input: pageInput } });

  it('works where its origin is listed', async () => {
    const heard = await sendTo(gateway, 'embedded-graph-token', add);
    expect(heard).toMatchObject({ status: 200, requestId: 'from-the-page' });
    expect(JSON.stringify(heard.body)).toContain('2016-12-31T23:56:56.7799755+03:00');
  });

  it('can read what went wrong', async () => {
    expect(await sendTo(gateway, 'wrong', add)).toMatchObject({
      status: 200,
      challenge: expect.stringContaining('Bearer'),
      body: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
    });
    expect(await sendTo(gateway, 'wrong', '{"query":')).toMatchObject({
      status: 400,
      body: { errors: [{ extensions: { code: 'BAD_REQUEST' } }] },
    });
  });

  it('is kept out where it is not listed, and nothing of it reaches the gateway as an operation', async () => {
    const other = await startTestGateway({ CORS_ORIGINS: 'https://app.example' });
    const complaints = watched.complaints.length;
    expect(await sendTo(other, 'embedded-graph-token', add)).toEqual({
      failure: 'TypeError: Failed to fetch',
    });
    expect(watched.complaints.slice(complaints)[0]).toContain('blocked by CORS policy');
    const answered = other.logLines.filter((line) => line.includes('"Answered"'));
    expect(answered.map((line) => JSON.parse(line).method)).toEqual(['OPTIONS']);
    await other.stop(0);
  });
});
