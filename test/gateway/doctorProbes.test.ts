import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readCertificateLife } from '../../src/doctor/credential.ts';
import { type EndpointFacts, probeEndpoint } from '../../src/doctor/endpoint.ts';
import { systemClock } from '../../src/shared/clock.ts';
import {
  createTestCertificates,
  type ServerCertificate,
  type TestCertificates,
} from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import {
  type Answer,
  cutOff,
  hangUp,
  json,
  reset,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { startTestGraph } from '../support/testGraphs.ts';

describe('probe endpoint', () => {
  const closeLater = useClosing();
  let certificates: TestCertificates;
  beforeAll(() => {
    certificates = createTestCertificates();
  });

  function probe(url: string | URL, timeoutMs = 10_000): Promise<EndpointFacts> {
    const certificateAuthorities = [certificates.authority];
    return probeEndpoint(
      { url: new URL(url) },
      { clock: systemClock, timeoutMs, certificateAuthorities },
    );
  }

  async function listen(server: Server): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closeLater(() => new Promise((resolve) => server.close(resolve)));
    return (server.address() as AddressInfo).port;
  }

  /** Takes connections and says nothing. */
  async function startSilentServer(): Promise<number> {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      closeLater(async () => socket.destroy());
    });
    return listen(server);
  }

  async function startSecureServer(certificate: ServerCertificate): Promise<string> {
    const server = createSecureServer(certificate, (_request, response) => response.end('{}'));
    return `https://localhost:${await listen(server)}/`;
  }

  async function answer(script: Answer): Promise<URL> {
    const server = await startScriptedServer(script);
    closeLater(server.close);
    return server.url;
  }

  describe('the probe of an endpoint', () => {
    it('has the whole answer of a Graph that asks for a token', async () => {
      const graph = await startTestGraph();
      closeLater(graph.close);
      const url = `${graph.baseUrl}/beta/deviceManagement/complianceManagementPartners`;
      expect(await probe(url)).toMatchObject({
        kind: 'answered',
        status: 401,
        json: { error: { code: 'InvalidAuthenticationToken' } },
      });
      expect(graph.requests.map(({ method, headers }) => [method, headers.authorization])).toEqual([
        ['GET', undefined],
      ]);
    });

    it('measures how far the clocks are apart', async () => {
      const date = new Date(Date.now() - 3_600_000).toUTCString();
      const facts = await probe(await answer(json(200, {}, { date })));
      expect(facts).toMatchObject({ kind: 'answered', json: {} });
      const aheadMs = facts.kind === 'answered' ? (facts.clockAheadMs ?? 0) : 0;
      expect(Math.abs(aheadMs - 3_600_000)).toBeLessThan(30_000);
    });

    it('takes a date that is none for no date', async () => {
      const facts = await probe(await answer(json(200, {}, { date: 'tomorrow' })));
      expect(facts).toMatchObject({ kind: 'answered', clockAheadMs: undefined });
    });

    it('trusts a certificate of an authority that it was given', async () => {
      const facts = await probe(await startSecureServer(certificates.good));
      expect(facts).toMatchObject({ kind: 'answered', status: 200, json: {} });
    });

    it.each([
      ['selfSigned', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
      ['wrongHost', 'ERR_TLS_CERT_ALTNAME_INVALID'],
      ['expired', 'CERT_HAS_EXPIRED'],
      ['notYetValid', 'CERT_NOT_YET_VALID'],
    ] as const)('fails at TLS where the certificate is %s', async (bad, reason) => {
      const facts = await probe(await startSecureServer(certificates.bad[bad]));
      expect(facts).toEqual({ kind: 'unreached', stage: 'tls', reason });
    });

    it('fails at TLS where the port does not speak it', async () => {
      const { port } = await answer(json(200, {}));
      const facts = await probe(`https://127.0.0.1:${port}/`);
      expect(facts).toMatchObject({ kind: 'unreached', stage: 'tls' });
    });

    it('fails at TLS in time where the other side is silent', async () => {
      const facts = await probe(`https://127.0.0.1:${await startSilentServer()}/`, 1_500);
      expect(facts).toEqual({ kind: 'unreached', stage: 'tls', reason: 'timeout' });
    });

    it('fails at the connection when no program listens', async () => {
      const server = await startScriptedServer(silence);
      await server.close();
      expect(await probe(server.url)).toEqual({
        kind: 'unreached',
        stage: 'tcp',
        reason: 'ECONNREFUSED',
      });
    });

    it('fails at the name where there is none', async () => {
      const facts = await probe('https://no-such-host.invalid/', 30_000);
      expect(facts).toMatchObject({ kind: 'unreached', stage: 'dns' });
    });

    it.each<[string, Answer, string]>([
      ['closed', hangUp, 'UND_ERR_SOCKET'],
      ['reset', reset, 'ECONNRESET'],
      ['cut off', cutOff(200, '{"a":1}'), 'UND_ERR_SOCKET'],
    ])('fails at the answer where the connection is %s', async (_how, script, reason) => {
      expect(await probe(await answer(script))).toEqual({
        kind: 'unreached',
        stage: 'http',
        reason,
      });
    });

    it('fails at the answer in time where none comes', async () => {
      const facts = await probe(await answer(silence), 1_500);
      expect(facts).toEqual({ kind: 'unreached', stage: 'http', reason: 'timeout' });
    });

    it('reads no more than it needs', async () => {
      const facts = await probe(await answer(json(200, `["${'x'.repeat(1_000_000)}"]`)));
      expect(facts).toMatchObject({ kind: 'answered', status: 200, json: undefined });
    });
  });
});

describe('read certificate life', () => {
  let folder: string;
  let certificates: TestCertificates;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'certificate-'));
    certificates = createTestCertificates();
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function lifeOf(...pem: string[]): Promise<number | undefined> {
    const path = join(folder, 'client.pem');
    await writeFile(path, pem.join('\n'));
    return readCertificateLife({
      kind: 'certificate',
      path,
      passphrase: undefined,
      sendsChain: false,
    });
  }

  const daysFromNow = (endsAtMs: number | undefined): number =>
    Math.round(((endsAtMs ?? Number.NaN) - Date.now()) / 86_400_000);

  describe('the life of a client certificate', () => {
    it('is the one of the certificate that belongs to the key, wherever it stands in the file', async () => {
      const { good, bad, authority } = certificates;
      expect(daysFromNow(await lifeOf(authority, good.key, good.cert))).toBe(365);
      expect(daysFromNow(await lifeOf(bad.expired.cert, authority, bad.expired.key))).toBe(-1);
    });

    it('is not known where the file has no key, no certificate or is not there', async () => {
      const { good } = certificates;
      const missing = {
        kind: 'certificate',
        path: join(folder, 'none'),
        passphrase: undefined,
        sendsChain: false,
      } as const;
      expect(await lifeOf(good.cert)).toBeUndefined();
      expect(await lifeOf(good.key)).toBeUndefined();
      expect(await readCertificateLife(missing)).toBeUndefined();
    });
  });
});
