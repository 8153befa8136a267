import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { embeddedGraphToken } from '../../../src/shared/secret.ts';
import { createTestCertificates } from '../../support/certificates.ts';
import { startFaultProxy } from '../../support/faultProxy/startFaultProxy.ts';
import { startForwardProxy } from '../../support/forwardProxies.ts';
import { startOtlpReceiver } from '../../support/otlpReceiver.ts';
import { startProgram } from '../../support/programs.ts';
import { startTestGraph } from '../../support/testGraphs.ts';

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) {
    await close();
  }
});

/** Asks a gateway whose proxy ends TLS with a certificate of a company's own authority. */
async function ask(extraAuthorities: (authority: string) => Record<string, string>) {
  const { authority, good: tls } = createTestCertificates();
  const graph = await startTestGraph();
  toClose.push(() => graph.close());
  const inspector = await startFaultProxy({ upstream: new URL(graph.baseUrl), tls });
  toClose.push(inspector.close);
  const proxy = await startForwardProxy();
  toClose.push(proxy.close);
  const program = startProgram({
    GRAPH_BASE_URL: `https://graph.example.test:${inspector.url.port}`,
    HTTPS_PROXY: proxy.url,
    ...extraAuthorities(authority),
  });
  toClose.push(async () => {
    program.kill('SIGKILL');
    await program.ended;
  });
  const [, url] = await program.until(/"url":"(http:\/\/127\.0\.0\.1:\d+)"/);
  const { body } = await request(`${url}/graphql`, {
    method: 'POST',
    reset: true,
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${embeddedGraphToken}`,
    },
    body: JSON.stringify({ query: '{ complianceManagementPartners { totalCount } }' }),
  });
  return body.text();
}

describe('the program behind a proxy that inspects TLS', () => {
  it('reaches Graph when NODE_EXTRA_CA_CERTS names the authority', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'authority-'));
    toClose.push(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'authority.pem');
    const answer = await ask((authority) => {
      writeFileSync(file, authority);
      return { NODE_EXTRA_CA_CERTS: file };
    });
    expect(JSON.parse(answer)).not.toHaveProperty('errors');
  });

  it('reports a certificate that cannot be trusted without it', async () => {
    expect(await ask(() => ({}))).toContain('certificate cannot be trusted');
  });
});

describe('the program behind a proxy at https', () => {
  it('sends telemetry to a collector at http', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'authority-'));
    toClose.push(() => rmSync(folder, { recursive: true }));
    const { authority, good: tls } = createTestCertificates();
    writeFileSync(join(folder, 'authority.pem'), authority);
    const receiver = await startOtlpReceiver();
    toClose.push(receiver.close);
    const proxy = await startForwardProxy({ tls });
    toClose.push(proxy.close);
    const collector = `collector.example.test:${new URL(receiver.url).port}`;
    const program = startProgram({
      HTTP_PROXY: proxy.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${collector}`,
      OTEL_METRICS_EXPORTER: 'none',
      NODE_EXTRA_CA_CERTS: join(folder, 'authority.pem'),
    });
    const [, url] = await program.until(/"url":"(http:\/\/127\.0\.0\.1:\d+)"/);
    const { body } = await request(`${url}/graphql`, {
      method: 'POST',
      reset: true,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ __typename }' }),
    });
    await body.dump();
    program.kill('SIGINT');
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(receiver.received.map(({ path }) => path)).toContain('/v1/traces');
    expect(proxy.asked).toContain(collector);
  });
});
