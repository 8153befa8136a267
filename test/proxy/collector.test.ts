import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { readConfig } from '../../src/config/config.ts';
import { startTelemetry } from '../../src/telemetry/startTelemetry.ts';
import { createTestCertificates, type ServerCertificate } from '../support/certificates.ts';
import { startForwardProxy } from '../support/forwardProxies.ts';
import { recordingLog } from '../support/logs.ts';
import { startOtlpReceiver } from '../support/otlpReceiver.ts';

const toClose: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) {
    await close();
  }
});

const user = { name: 'ada', password: 'hunter2' };

async function send(environment: Record<string, string>) {
  const log = recordingLog();
  const { telemetry: config } = readConfig({ OTEL_METRICS_EXPORTER: 'none', ...environment });
  const telemetry = await startTelemetry(config, { clock: systemClock, log, instanceId: 'one' });
  telemetry.tracer.startSpan('one').end();
  await telemetry.stop(20_000);
  return JSON.stringify(log.lines);
}

async function startBoth(tls?: ServerCertificate) {
  const proxy = await startForwardProxy({ user });
  toClose.push(proxy.close);
  const receiver = await startOtlpReceiver(undefined, tls);
  toClose.push(receiver.close);
  return { proxy, receiver };
}

describe('a collector behind a forward proxy', () => {
  it('is sent traces at http, with its whole address', async () => {
    const { proxy, receiver } = await startBoth();
    const { port } = new URL(receiver.url);
    await send({
      HTTP_PROXY: proxy.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://collector.example.test:${port}`,
    });
    expect(receiver.received.map(({ path }) => path)).toEqual(['/v1/traces']);
    expect(receiver.received[0]?.headers.host).toBe(`collector.example.test:${port}`);
    expect(receiver.received[0]?.headers).not.toHaveProperty('proxy-authorization');
    expect(proxy.asked).toEqual([`collector.example.test:${port}`]);
  });

  it('is sent traces at https, through a tunnel', async () => {
    const { authority, good } = createTestCertificates();
    const { proxy, receiver } = await startBoth(good);
    const { port } = new URL(receiver.url);
    const folder = mkdtempSync(join(tmpdir(), 'collector-'));
    toClose.push(async () => rmSync(folder, { recursive: true }));
    const file = join(folder, 'ca.pem');
    writeFileSync(file, authority);
    const logged = await send({
      HTTPS_PROXY: proxy.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `https://collector.example.test:${port}`,
      OTEL_EXPORTER_OTLP_CERTIFICATE: file,
    });
    expect(logged).toBe('[]');
    expect(receiver.received.map(({ path }) => path)).toEqual(['/v1/traces']);
    expect(proxy.asked).toEqual([`collector.example.test:${port}`]);
  });

  it.each(['http', 'https'])(
    'costs a line without the password when it is at %s and the proxy rejects it',
    async (protocol) => {
      const { proxy, receiver } = await startBoth();
      const wrong = proxy.url.replace('hunter2', 'hunter3');
      const logged = await send({
        HTTP_PROXY: wrong,
        HTTPS_PROXY: wrong,
        OTEL_EXPORTER_OTLP_ENDPOINT: `${protocol}://collector.example.test:4318`,
      });
      expect(receiver.received).toEqual([]);
      expect(logged).toContain('"status":407');
      expect(logged).not.toContain('hunter');
    },
  );

  it('is reached directly on loopback', async () => {
    const { proxy, receiver } = await startBoth();
    await send({ HTTP_PROXY: proxy.url, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    expect(receiver.received).toHaveLength(1);
    expect(proxy.asked).toEqual([]);
  });
});
