import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import { totalCountQuery } from '../support/documents.ts';
import { sendRaw } from '../support/rawConnection.ts';
import { headOf, useStages } from '../support/stages.ts';

const production = { NODE_ENV: 'production' };
const listed = 'https://app.example';
const { embedded, start } = useStages(afterAll);
const { graph, gateway } = await embedded({}, production);
const open = await start({ ...production, GRAPH_BASE_URL: graph.baseUrl, CORS_ORIGINS: listed });

const body = JSON.stringify({ query: totalCountQuery });
const authorization = 'Bearer embedded-graph-token';
const json = { 'content-type': 'application/json' };

async function statusOf(headers: Record<string, string>, bytes: string | Buffer = body) {
  const before = graph.requests.length;
  const all = { ...json, authorization, ...headers };
  const { status, text } = await gateway.send('POST', '/graphql', all, bytes);
  expect(graph.requests).toHaveLength(before);
  expect(text).not.toContain('"data"');
  return status;
}

/** Posts the operation with header lines as they are. */
const postRaw = (...headers: string[]) => {
  const length = `content-length: ${body.length}`;
  const usual = ['connection: close', 'content-type: application/json', length];
  return sendRaw(gateway.url, headOf('POST /graphql', ...usual, ...headers) + body);
};

describe('HTTP', () => {
  it('[28] charset: JSON in anything but UTF-8 is rejected', async () => {
    for (const charset of ['utf-16', 'iso-8859-1', 'utf-7']) {
      const type = `application/json; charset=${charset}`;
      expect([charset, await statusOf({ 'content-type': type })]).toEqual([charset, 415]);
    }
    expect(await statusOf({}, Buffer.from(body, 'utf16le'))).toBe(400);
  });

  it('[29] compression: a packed body is rejected, so that none can be a bomb', async () => {
    for (const encoding of ['gzip', 'deflate', 'br', 'gzip, gzip']) {
      const status = await statusOf({ 'content-encoding': encoding }, gzipSync(body));
      expect([encoding, status]).toEqual([encoding, 415]);
    }
  });

  it('[30] method: all but GET and POST are rejected, also where a header wants another one', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND']) {
      const answer = await sendRaw(gateway.url, headOf(`${method} /graphql`, 'connection: close'));
      expect([method, answer?.status]).toEqual([method, 405]);
    }
    const override = { 'x-http-method-override': 'POST', 'apollo-require-preflight': 'yes' };
    expect((await gateway.get('/graphql', override)).status).toBe(400);
  });

  it('[31] multipart: uploads are rejected, and so is multipart as an answer', async () => {
    const part = '--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{}\r\n--x--\r\n';
    expect(await statusOf({ 'content-type': 'multipart/form-data; boundary=x' }, part)).toBe(415);
    const accept = 'multipart/mixed;deferSpec=20220824';
    const { headers } = await gateway.run('{ __typename }', {}, { accept });
    expect(String(headers['content-type'])).not.toContain('multipart');
  });

  it('[32] batch: a list of operations is rejected, one and none included', async () => {
    for (const list of ['[]', `[${body}]`, `[${body},${body}]`]) {
      expect(await statusOf({}, list)).toBe(400);
    }
  });

  it('[33] APQ: a hash is no operation, and none can be registered', async () => {
    const sha256Hash = 'ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38';
    const extensions = { persistedQuery: { version: 1, sha256Hash } };
    for (const sent of [{ extensions }, { query: '{ __typename }', extensions }, { extensions }]) {
      const { codes, result } = await gateway.post(sent, { authorization });
      expect([codes, result.data]).toEqual([['PERSISTED_QUERY_NOT_SUPPORTED'], undefined]);
    }
  });

  it('[34] CORS, none by default: permits no page of another origin to call', async () => {
    for (const origin of ['https://evil.example', 'null', 'https://studio.apollographql.com']) {
      const asks = { origin, 'access-control-request-method': 'POST' };
      for (const { headers } of [
        await gateway.send('OPTIONS', '/graphql', asks),
        await gateway.run('{ __typename }', {}, { origin }),
      ]) {
        const allowing = Object.keys(headers).filter((name) => name.startsWith('access-control-'));
        expect([origin, allowing]).toEqual([origin, []]);
      }
    }
  });

  it('[35] CORS, an explicit list: an origin in it may call without cookies, a similar one may not', async () => {
    const allowedFor = async (origin: string) => {
      const { headers } = await open.run('{ __typename }', {}, { origin });
      expect(headers).not.toHaveProperty('access-control-allow-credentials');
      return headers['access-control-allow-origin'];
    };
    expect(await allowedFor(listed)).toBe(listed);
    for (const origin of [
      'http://app.example',
      'https://app.example.evil.example',
      'https://app.example:8443',
      'https://evil.example/https://app.example',
      'https://APP.example',
      'null',
    ]) {
      expect([origin, '*']).not.toContain(await allowedFor(origin));
    }
    await expect(start({ ...production, CORS_ORIGINS: '*' })).rejects.toThrow('CORS_ORIGINS');
  });

  it('[41] doubled Authorization: two are rejected, whichever of them is good', async () => {
    const before = graph.requests.length;
    const good = `authorization: ${authorization}`;
    const answer = await postRaw(good, 'Authorization: Bearer other');
    expect([answer?.status, answer?.text.includes('BAD_REQUEST')]).toEqual([400, true]);
    expect(graph.requests).toHaveLength(before);
  });

  it('[42] doubled Host: two are rejected', async () => {
    const bytes = headOf('GET /livez', 'host: evil.example', 'connection: close');
    expect((await sendRaw(gateway.url, bytes))?.status).toBe(400);
  });

  it('[43] huge token: one of more than 16 KiB is rejected and goes nowhere', async () => {
    const before = graph.requests.length;
    const answer = await postRaw(`authorization: Bearer ${'a'.repeat(17_000)}`);
    expect(answer?.status).toBe(431);
    expect(answer?.text).not.toContain('a'.repeat(100));
    const longest = { authorization: `Bearer ${'a'.repeat(8_000)}` };
    expect((await gateway.run(totalCountQuery, {}, longest)).codes).toEqual(['UNAUTHENTICATED']);
    expect(graph.requests).toHaveLength(before + 1);
  });
});
