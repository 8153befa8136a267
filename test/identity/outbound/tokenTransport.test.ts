import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createTokenTransport,
  type TokenTransport,
} from '../../../src/identity/outbound/authority/tokenTransport.ts';
import { createTestCertificates, type ServerCertificate } from '../../support/certificates.ts';
import {
  type Answer,
  json,
  reset,
  type ScriptedServer,
  silence,
  startScriptedServer,
} from '../../support/scriptedServer.ts';
import { until } from '../../support/until.ts';

const certificates = createTestCertificates();
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function scripted(...script: Answer[]): Promise<[TokenTransport, ScriptedServer]> {
  const server = await startScriptedServer(...script);
  const transport = createTokenTransport(server.url, { allowsPlainHttp: true });
  closing.push(transport.close, server.close);
  return [transport, server];
}

const post = (url: URL, signal = new AbortController().signal) => ({
  method: 'POST' as const,
  url,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: 'grant_type=x',
  signal,
});

describe('the way to a token endpoint', () => {
  it('sends what it is given and gives the answer as JSON', async () => {
    const [transport, server] = await scripted(json(400, { error: 'x' }, { 'retry-after': '2' }));
    const answer = await transport.send(post(new URL('/tenant/token?a=b', server.url)));
    expect(answer).toMatchObject({ status: 400, json: { error: 'x' } });
    expect(answer.headers['retry-after']).toBe('2');
    expect(server.requests).toMatchObject([
      {
        method: 'POST',
        url: '/tenant/token?a=b',
        body: 'grant_type=x',
        headers: { 'accept-encoding': 'identity' },
      },
    ]);
  });

  it.each(['http://login.microsoftonline.com', 'http://127.0.0.1.example'])(
    'rejects %s, because plain http is for loopback',
    (url) => {
      expect(() => createTokenTransport(new URL(url))).toThrow('only asked for over https');
    },
  );

  it('leads to one origin only', async () => {
    const [transport, server] = await scripted(json(200, {}));
    const [, other] = await scripted(json(200, {}));
    await expect(transport.send(post(other.url))).rejects.toMatchObject({ code: 'unavailable' });
    expect([...server.requests, ...other.requests]).toEqual([]);
  });

  it('does not follow where it is sent on to', async () => {
    const [, other] = await scripted(json(200, {}));
    const [transport, server] = await scripted(json(307, {}, { location: other.url.href }));
    expect(await transport.send(post(server.url))).toMatchObject({ status: 307 });
    expect(other.requests).toEqual([]);
  });

  it('reads an answer that is no JSON as nothing', async () => {
    const [transport, server] = await scripted(json(200, '<html>Sign in</html>'));
    expect(await transport.send(post(server.url))).toMatchObject({ status: 200, json: undefined });
  });

  it('gives up on an answer without end', async () => {
    const endless: Answer = (response) => {
      const more = (): void => {
        response.write(Buffer.alloc(65_536, 32), (error) => error ?? more());
      };
      more();
    };
    const [transport, server] = await scripted(endless);
    await expect(transport.send(post(server.url))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('larger answer'),
    });
  });

  it('calls a cut connection unavailable, and the whole attempt may be repeated', async () => {
    const [transport, server] = await scripted(reset);
    await expect(transport.send(post(server.url))).rejects.toMatchObject({
      code: 'unavailable',
      details: { fault: 'not-connected' },
    });
  });

  it('ends with the signal', async () => {
    const [transport, server] = await scripted(silence);
    const leaving = new AbortController();
    const sent = transport.send(post(server.url, leaving.signal));
    const ended = expect(sent).rejects.toMatchObject({ code: 'unavailable' });
    await until(() => server.requests.length === 1);
    leaving.abort();
    await ended;
  });
});

describe('the way to a token endpoint over TLS', () => {
  async function secured(certificate: ServerCertificate) {
    const server = createServer(certificate, (_request, response) => response.end('{"a":1}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      url: new URL(`https://localhost:${(server.address() as AddressInfo).port}`),
      async close(): Promise<void> {
        server.close();
        server.closeAllConnections();
      },
    };
  }

  let url: URL;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ url, close } = await secured(certificates.good));
  });
  afterAll(() => close());

  it('trusts an authority that it is given', async () => {
    const certificateAuthorities = [certificates.authority];
    const transport = createTokenTransport(url, { certificateAuthorities });
    closing.push(transport.close);
    expect(await transport.send(post(url))).toMatchObject({ status: 200, json: { a: 1 } });
  });

  it('trusts no other, and does not try again', async () => {
    const transport = createTokenTransport(url);
    closing.push(transport.close);
    await expect(transport.send(post(url))).rejects.toMatchObject({
      code: 'unavailable',
      details: { fault: 'untrusted' },
    });
  });

  it.each(Object.entries(certificates.bad))(
    'trusts no certificate that is %s',
    async (_bad, pair) => {
      const elsewhere = await secured(pair);
      const certificateAuthorities = [certificates.authority];
      const transport = createTokenTransport(elsewhere.url, { certificateAuthorities });
      closing.push(transport.close, elsewhere.close);
      await expect(transport.send(post(elsewhere.url))).rejects.toMatchObject({
        details: { fault: 'untrusted' },
      });
    },
  );
});
