import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { totalCountQuery } from '../support/documents.ts';
import { sendRaw } from '../support/rawHttp.ts';
import { codesIn, type ProductionGateway, startProductionGateway } from './productionGateway.ts';

let stage: ProductionGateway;

beforeAll(async () => {
  stage = await startProductionGateway();
});
afterAll(() => stage.close());

const body = JSON.stringify({ query: totalCountQuery });
const authorization = 'Bearer embedded-graph-token';

async function refusal(headers: Record<string, string>, bytes: string | Buffer = body) {
  const before = stage.graph.requests.length;
  const answer = await request(`${stage.gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization, ...headers },
    body: bytes,
  });
  const text = await answer.body.text();
  expect(stage.graph.requests).toHaveLength(before);
  expect(text).not.toContain('"data"');
  return { status: answer.statusCode, text };
}

describe('HTTP', () => {
  it('[28] charset: JSON in anything but UTF-8 is refused', async () => {
    for (const charset of ['utf-16', 'iso-8859-1', 'utf-7']) {
      const { status } = await refusal({ 'content-type': `application/json; charset=${charset}` });
      expect([charset, status]).toEqual([charset, 415]);
    }
    expect((await refusal({}, Buffer.from(body, 'utf16le'))).status).toBe(400);
  });

  it('[29] compression: a packed body is refused, so that none can be a bomb', async () => {
    for (const encoding of ['gzip', 'deflate', 'br', 'gzip, gzip']) {
      const { status } = await refusal({ 'content-encoding': encoding }, gzipSync(body));
      expect([encoding, status]).toEqual([encoding, 415]);
    }
  });

  it('[30] method: all but GET and POST are refused, also where a header wants another one', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND']) {
      const text = `${method} /graphql HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`;
      const answer = await sendRaw(stage.gateway.url, text);
      expect([method, answer?.status]).toEqual([method, 405]);
    }
    const override = { 'x-http-method-override': 'POST', 'apollo-require-preflight': 'yes' };
    expect((await stage.gateway.get('/graphql', override)).status).toBe(400);
  });

  it('[31] multipart: uploads are refused, and so is multipart as an answer', async () => {
    const part = '--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{}\r\n--x--\r\n';
    expect(
      (await refusal({ 'content-type': 'multipart/form-data; boundary=x' }, part)).status,
    ).toBe(415);
    const answer = await stage.gateway.run(
      '{ __typename }',
      {},
      { accept: 'multipart/mixed;deferSpec=20220824' },
    );
    expect(String(answer.headers['content-type'])).not.toContain('multipart');
  });

  it('[32] batch: a list of operations is refused, one and none included', async () => {
    for (const list of ['[]', `[${body}]`, `[${body},${body}]`]) {
      expect((await refusal({}, list)).status).toBe(400);
    }
  });

  it('[33] APQ: a hash is no operation, and none can be registered', async () => {
    const sha256Hash = 'ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38';
    const extensions = { persistedQuery: { version: 1, sha256Hash } };
    const hashOnly = JSON.stringify({ extensions });
    const alone = await refusal({}, hashOnly);
    await stage.gateway.post({ query: '{ __typename }', extensions });
    const again = await refusal({}, hashOnly);
    for (const { text } of [alone, again]) {
      expect(text).toContain('"PERSISTED_QUERY_NOT_SUPPORTED"');
    }
  });

  it('[34] CORS, none by default: permits no page of another origin to call', async () => {
    const origins = ['https://evil.example', 'null', 'https://studio.apollographql.com'];
    for (const origin of origins) {
      const preflight = await request(`${stage.gateway.url}/graphql`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
      await preflight.body.dump();
      const answer = await stage.gateway.run('{ __typename }', {}, { origin });
      for (const headers of [preflight.headers, answer.headers]) {
        const allowing = Object.keys(headers).filter((name) => name.startsWith('access-control-'));
        expect([origin, allowing]).toEqual([origin, []]);
      }
    }
  });

  it('[35] CORS, an explicit list: an origin in it may call without cookies, a similar one may not', async () => {
    const listed = 'https://app.example';
    const open = await startProductionGateway({ CORS_ORIGINS: listed });
    const allowedFor = async (origin: string) => {
      const { headers } = await open.gateway.run('{ __typename }', {}, { origin });
      expect(headers['access-control-allow-credentials']).toBeUndefined();
      return headers['access-control-allow-origin'];
    };
    expect(await allowedFor(listed)).toBe(listed);
    const similar = [
      'http://app.example',
      'https://app.example.evil.example',
      'https://app.example:8443',
      'https://evil.example/https://app.example',
      'https://APP.example',
      'null',
    ];
    for (const origin of similar) {
      expect([origin, await allowedFor(origin)]).not.toEqual([origin, origin]);
      expect([origin, await allowedFor(origin)]).not.toEqual([origin, '*']);
    }
    await open.close();
    await expect(startProductionGateway({ CORS_ORIGINS: '*' })).rejects.toThrow('CORS_ORIGINS');
  });

  it('[41] doubled Authorization: two are refused, whichever of them is good', async () => {
    const before = stage.graph.requests.length;
    const answer = await sendRaw(
      stage.gateway.url,
      `POST /graphql HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\nauthorization: ${authorization}\r\nAuthorization: Bearer other\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    expect([answer?.status, answer?.text.includes('BAD_REQUEST')]).toEqual([400, true]);
    expect(stage.graph.requests).toHaveLength(before);
  });

  it('[42] doubled Host: two are refused', async () => {
    const answer = await sendRaw(
      stage.gateway.url,
      'GET /livez HTTP/1.1\r\nhost: a\r\nhost: evil.example\r\nconnection: close\r\n\r\n',
    );
    expect(answer?.status).toBe(400);
  });

  it('[43] huge token: one of more than 16 KiB is refused and goes nowhere', async () => {
    const before = stage.graph.requests.length;
    const token = 'a'.repeat(17_000);
    const head = `POST /graphql HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\nauthorization: Bearer ${token}\r\ncontent-length: ${body.length}\r\n\r\n`;
    const answer = await sendRaw(stage.gateway.url, head + body);
    expect(answer?.status).toBe(431);
    expect(answer?.text).not.toContain(token.slice(0, 100));
    const longest = await stage.gateway.run(
      totalCountQuery,
      {},
      { authorization: `Bearer ${'a'.repeat(8_000)}` },
    );
    expect(codesIn(longest)).toEqual(['UNAUTHENTICATED']);
    expect(stage.graph.requests).toHaveLength(before + 1);
  });
});
