import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { type EndpointFacts, probeEndpoint } from '../../src/doctor/endpoint.ts';
import { certificateFindings } from '../../src/doctor/identity.ts';
import { createTestCertificates, type ServerCertificate } from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import { doctorParts } from '../support/doctorHarness.ts';
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

const closeLater = useClosing();
const certificates = createTestCertificates();
const { good, bad, authority } = certificates;

function probe(url: string | URL, timeoutMs = 10_000): Promise<EndpointFacts> {
  const { proxies } = readConfig({});
  const parts = { ...doctorParts, proxies, timeoutMs, certificateAuthorities: [authority] };
  return probeEndpoint({ url: new URL(url) }, parts);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closeLater(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

/** Takes connections and says nothing. */
async function startSilentServer(): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    closeLater(async () => socket.destroy());
  });
  return `https://127.0.0.1:${await listen(server)}/`;
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
    const aheadMs = facts.kind === 'answered' ? (facts.clockAheadMs ?? 0) : 0;
    expect(Math.abs(aheadMs - 3_600_000)).toBeLessThan(30_000);
  });

  it.each<[string, object, () => string | URL | Promise<string | URL>]>([
    ['no date', { clockAheadMs: undefined }, () => answer(json(200, {}, { date: 'tomorrow' }))],
    ['a trusted certificate', { status: 200, json: {} }, () => startSecureServer(good)],
    [
      'too large a body',
      { status: 200, json: undefined },
      () => answer(json(200, `["${'x'.repeat(1_000_000)}"]`)),
    ],
  ])('takes an answer with %s', async (_what, facts, urlOf) => {
    expect(await probe(await urlOf())).toMatchObject({ kind: 'answered', ...facts });
  });

  const closedPort = async () => {
    const server = await startScriptedServer(silence);
    await server.close();
    return server.url;
  };
  const plainPort = async () => `https://127.0.0.1:${(await answer(json(200, {}))).port}/`;

  it.each<[string, string | RegExp, () => string | Promise<string | URL>, number?]>([
    ['dns', /./, () => 'https://no-such-host.invalid/', 30_000],
    ['tcp', 'ECONNREFUSED', closedPort],
    ['tls', 'DEPTH_ZERO_SELF_SIGNED_CERT', () => startSecureServer(bad.selfSigned)],
    ['tls', 'ERR_TLS_CERT_ALTNAME_INVALID', () => startSecureServer(bad.wrongHost)],
    ['tls', 'CERT_HAS_EXPIRED', () => startSecureServer(bad.expired)],
    ['tls', 'CERT_NOT_YET_VALID', () => startSecureServer(bad.notYetValid)],
    ['tls', /./, plainPort],
    ['tls', 'timeout', startSilentServer, 1_500],
    ['http', 'UND_ERR_SOCKET', () => answer(hangUp)],
    ['http', 'ECONNRESET', () => answer(reset)],
    ['http', 'UND_ERR_SOCKET', () => answer(cutOff(200, '{"a":1}'))],
    ['http', 'timeout', () => answer(silence), 1_500],
  ])('fails at the stage %s with %s', async (stage, reason, urlOf, timeoutMs = 10_000) => {
    const facts = await probe(await urlOf(), timeoutMs);
    expect(facts).toMatchObject({ kind: 'unreached', stage });
    expect(facts.kind === 'unreached' && facts.reason).toMatch(reason);
  });
});

describe('the finding about a client certificate', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'certificate-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const endOf = (pem: string): number => Date.parse(new X509Certificate(pem).validTo);
  const afterAuthority = [authority, good.key, good.cert];
  const beforeAuthority = [good.cert, authority, good.key];

  it.each<[string, string[] | undefined, number, ...string[]]>([
    ['the one of the key after its authority', afterAuthority, 30, 'ok', 'is valid until DATE.'],
    ['the one of the key before its authority', beforeAuthority, 30, 'ok', 'is valid until DATE.'],
    ['one that ends soon', afterAuthority, 29, 'warning', 'ends in 29 days, on DATE.'],
    ['one that ends now', afterAuthority, 0, 'problem', 'ended on DATE.'],
    ['one that ended', afterAuthority, -1, 'problem', 'ended on DATE.'],
    ['no one without a key', [good.cert], 30],
    ['no one without a certificate', [good.key], 30],
    ['no one without a file', undefined, 30],
  ])('judges %s', async (_what, pem, days, ...[severity, message]) => {
    const path = join(folder, pem === undefined ? 'none' : 'client.pem');
    if (pem !== undefined) {
      await writeFile(path, pem.join('\n'));
    }
    const credential = { kind: 'certificate', path, passphrase: undefined, sendsChain: false };
    const registration = { kind: 'registration', authorityHost: '', tenantId: '', clientId: '' };
    const outbound = { ...registration, credential } as Parameters<typeof certificateFindings>[0];
    const endMs = endOf(good.cert);
    const date = new Date(endMs).toISOString().slice(0, 10);
    const text = `The client certificate ${message?.replace('DATE', date)}`;
    const expected = severity && [{ check: 'credential', severity, message: text }];
    expect(await certificateFindings(outbound, endMs - days * 86_400_000)).toMatchObject(
      expected || [],
    );
  });
});
