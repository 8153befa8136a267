import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { type MetricsServer, startMetricsServer } from '../../src/telemetry/sdk/metricsServer.ts';

let server: MetricsServer;
let read: () => Promise<string>;

beforeEach(async () => {
  read = async () => 'up 1\n';
  server = await startMetricsServer({ host: '127.0.0.1', port: 0 }, () => read());
});
afterEach(() => server.close());

async function ask(method: 'GET' | 'POST' | 'HEAD' | 'OPTIONS', path: string) {
  const url = new URL(path, server.url);
  const { statusCode, headers, body } = await request(url, { method });
  return { status: statusCode, type: headers['content-type'], text: await body.text() };
}

describe('the metrics server', () => {
  it.each(['/metrics', '/metrics?collect[]=http'])('serves GET %s as text', async (path) => {
    expect(await ask('GET', path)).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      text: 'up 1\n',
    });
  });

  it.each([
    ['GET', '/'],
    ['GET', '/metrics/'],
    ['GET', '/graphql'],
    ['GET', '/metrics/metrics'],
    ['POST', '/metrics'],
    ['HEAD', '/metrics'],
    ['OPTIONS', '*'],
  ] as const)('knows nothing else: %s %s is 404 in JSON', async (method, path) => {
    const { status, type, text } = await ask(method, path);
    expect([status, type]).toEqual([404, 'application/json; charset=utf-8']);
    if (method !== 'HEAD') {
      expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
    }
  });

  it('says nothing of why metrics cannot be read', async () => {
    read = async () => {
      throw new Error('hunter2');
    };
    const { status, text } = await ask('GET', '/metrics');
    expect(status).toBe(500);
    expect(text).not.toContain('hunter2');
  });
});
