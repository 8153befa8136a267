import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { createTestCertificates } from '../../support/certificates.ts';
import { useClosing } from '../../support/closing.ts';
import { startFaultProxy } from '../../support/faultProxy/startFaultProxy.ts';
import { startForwardProxy } from '../../support/forwardProxies.ts';
import { startOtlpReceiver } from '../../support/otlpReceiver.ts';
import { postTo, startProgram } from '../../support/programs.ts';
import { startTestGraph } from '../../support/testGraphs.ts';

const closeLater = useClosing();

/** Has a program trust an authority. */
function trusting(authority: string): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'authority-'));
  closeLater(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'authority.pem');
  writeFileSync(file, authority);
  return { NODE_EXTRA_CA_CERTS: file };
}

/** Asks a gateway whose proxy ends TLS with a certificate of a company's own authority. */
async function ask(extraAuthorities: (authority: string) => Record<string, string>) {
  const { authority, good: tls } = createTestCertificates();
  const graph = await startTestGraph();
  closeLater(graph.close);
  const inspector = await startFaultProxy({ upstream: new URL(graph.baseUrl), tls });
  closeLater(inspector.close);
  const proxy = await startForwardProxy();
  closeLater(proxy.close);
  const program = startProgram({
    GRAPH_BASE_URL: `https://graph.example.test:${inspector.url.port}`,
    HTTPS_PROXY: proxy.url,
    ...extraAuthorities(authority),
  });
  closeLater(program.end);
  const query = '{ complianceManagementPartners { totalCount } }';
  return (await postTo(await program.url(), { query })).text;
}

describe('the program behind a proxy that inspects TLS', () => {
  it('reaches Graph when NODE_EXTRA_CA_CERTS names the authority', async () => {
    expect(JSON.parse(await ask(trusting))).not.toHaveProperty('errors');
  });

  it('reports a certificate that cannot be trusted without it', async () => {
    expect(await ask(() => ({}))).toContain('certificate cannot be trusted');
  });
});

describe('the program behind a proxy at https', () => {
  it('sends telemetry to a collector at http', async () => {
    const { authority, good: tls } = createTestCertificates();
    const receiver = await startOtlpReceiver();
    closeLater(receiver.close);
    const proxy = await startForwardProxy({ tls });
    closeLater(proxy.close);
    const collector = `collector.example.test:${new URL(receiver.url).port}`;
    const program = startProgram({
      HTTP_PROXY: proxy.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${collector}`,
      OTEL_METRICS_EXPORTER: 'none',
      ...trusting(authority),
    });
    closeLater(program.end);
    await postTo(await program.url(), { query: '{ __typename }' });
    program.kill('SIGINT');
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(receiver.received.map(({ path }) => path)).toContain('/v1/traces');
    expect(proxy.asked).toContain(collector);
  });
});

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Microsoft's own client as it is, in a process that trusts the certificate as the manual says. */
const client = `
  import { Client } from '@microsoft/microsoft-graph-client';
  const root = new URL(process.env.GRAPH_ROOT);
  const client = Client.initWithMiddleware({
    baseUrl: root.href,
    customHosts: new Set([root.hostname]),
    defaultVersion: 'beta',
    authProvider: { getAccessToken: async () => 'embedded-graph-token' },
  });
  const path = '/deviceManagement/complianceManagementPartners';
  const added = await client.api(path).post({ displayName: 'Over TLS' });
  const { value } = await client.api(path).get();
  console.log(value.find(({ id }) => id === added.id).displayName);
`;

function runClient(environment: Record<string, string>): Promise<string> {
  return new Promise((resolve) => {
    const args = ['--input-type=module', '--eval', client];
    const options = { cwd: root, env: environment };
    execFile(process.execPath, args, options, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}

describe('the embedded Graph over TLS', () => {
  it("serves Microsoft's own client once that trusts the certificate in the log", async () => {
    const program = startProgram({ EMULATOR_TLS: 'true' });
    closeLater(program.end);
    const [, file = ''] = await program.until(/"file":"([^"]+certificate\.pem)"/);
    const [, GRAPH_ROOT = ''] = await program.until(
      /It listens at (https:\/\/127\.0\.0\.1:\d+\/) /,
    );
    expect(await runClient({ GRAPH_ROOT, NODE_EXTRA_CA_CERTS: file })).toBe('Over TLS\n');
    expect(await runClient({ GRAPH_ROOT })).toMatch(/self-signed certificate|fetch failed/);
  });
});
