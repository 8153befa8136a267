import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SpanKind } from '@opentelemetry/api';
import { readConfig } from '../../src/config/config.ts';
import { type Environment, StartError } from '../../src/config/readers.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { startTelemetry } from '../../src/telemetry/startTelemetry.ts';
import { createTestCertificates } from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import { makeKeyPair } from '../support/keyPairs.ts';
import { recordingLog } from '../support/logs.ts';
import {
  type OtlpReceiver,
  type ReceiverAnswer,
  startOtlpReceiver,
} from '../support/otlpReceiver.ts';

const secret = 'hunter2';
const closeLater = useClosing();

async function start(environment: Environment) {
  const log = recordingLog();
  const { telemetry: config } = readConfig(environment);
  const telemetry = await startTelemetry(config, { clock: systemClock, log, instanceId: 'one' });
  closeLater(() => telemetry.stop(20_000));
  const endSpan = () => telemetry.tracerOf()?.startSpan('POST').end();
  return { telemetry, log, endSpan };
}

async function startReceiver(answer?: ReceiverAnswer): Promise<OtlpReceiver> {
  const receiver = await startOtlpReceiver(answer);
  closeLater(receiver.close);
  return receiver;
}

/** Writes what instrumentation packages have been seen to write. */
function writeDirtySpan({ tracerOf }: Awaited<ReturnType<typeof startTelemetry>>): void {
  const span = tracerOf()?.startSpan('GET', {
    kind: SpanKind.CLIENT,
    attributes: {
      'http.request.method': 'GET',
      'url.full': `https://graph.microsoft.com/beta/x/${secret}?$filter=${secret}`,
      'graphql.source': `{ partner(id: "${secret}") }`,
      'http.request.header.authorization': [`Bearer ${secret}`],
    },
  });
  span?.recordException(new Error(`Bearer ${secret}`));
  span?.setStatus({ code: 2, message: `Bearer ${secret}` });
  span?.end();
}

describe('traces', () => {
  it.each([
    ['http/json', 'application/json'],
    ['http/protobuf', 'application/x-protobuf'],
  ])(
    'reach a collector over %s when the gateway stops, and no secret with them',
    async (protocol, type) => {
      const receiver = await startReceiver();
      const { telemetry } = await start({
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_HEADERS: 'api-key=key%20one',
        OTEL_SERVICE_NAME: 'partners-in-test',
      });
      writeDirtySpan(telemetry);
      await telemetry.stop(60_000);
      const headers = { 'api-key': 'key one', 'content-type': type };
      expect(receiver.received).toMatchObject([{ path: '/v1/traces', headers }]);
      for (const text of ['GET', 'exception', 'service.instance.id', 'partners-in-test']) {
        expect(receiver.texts()).toContain(text);
      }
      expect(receiver.texts()).not.toContain(secret);
    },
  );

  it('are packed if that is asked for', async () => {
    const receiver = await startReceiver();
    const { endSpan, telemetry } = await start({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/elsewhere`,
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    });
    endSpan();
    await telemetry.stop(60_000);
    expect(receiver.received).toMatchObject([
      { path: '/elsewhere', headers: { 'content-encoding': 'gzip' } },
    ]);
    expect(receiver.texts()).toContain('POST');
  });

  it('leave in batches, long before the end', async () => {
    const receiver = await startReceiver();
    const { endSpan } = await start({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/v1/traces`,
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2',
      OTEL_BSP_SCHEDULE_DELAY: '10',
    });
    endSpan();
    await receiver.until('/v1/traces');
  });

  it.each<[string, string, number]>([
    ['always_off', '1', 0],
    ['traceidratio', '0', 0],
    ['parentbased_traceidratio', '1', 1],
    ['parentbased_always_off', '1', 0],
    ['always_on', '0', 1],
  ])('are sampled as %s says', async (sampler, ratio, exports) => {
    const receiver = await startReceiver();
    const { endSpan, telemetry } = await start({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url,
      OTEL_TRACES_SAMPLER: sampler,
      OTEL_TRACES_SAMPLER_ARG: ratio,
    });
    endSpan();
    await telemetry.stop(60_000);
    expect(receiver.received).toHaveLength(exports);
  });
});

describe('a collector that does not take what it is sent', () => {
  const rejects: ReceiverAnswer = (response) => {
    response.statusCode = 400;
    response.end(`the key ${secret} is bad`);
  };
  const hangsUp: ReceiverAnswer = (response) => void response.socket?.destroy();
  const isSilent: ReceiverAnswer = () => undefined;

  it.each<[ReceiverAnswer, object]>([
    [rejects, { status: 400 }],
    [hangsUp, {}],
    [isSilent, {}],
  ])('costs a line in the log, once a minute, without its words: %p', async (answer, facts) => {
    const receiver = await startReceiver(answer);
    const { endSpan, telemetry, log } = await start({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: '300',
      OTEL_BSP_SCHEDULE_DELAY: '1',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1',
    });
    endSpan();
    endSpan();
    endSpan();
    await telemetry.stop(60_000);
    const lines = log.lines.filter(({ message }) => message === 'Telemetry could not be sent');
    expect(lines).toEqual([expect.objectContaining({ reason: 'traces', ...facts })]);
    expect(JSON.stringify(log.lines)).not.toContain(secret);
  });

  it('is not waited for longer than the stop allows', async () => {
    const receiver = await startReceiver(isSilent);
    const { endSpan, telemetry, log } = await start({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: '5000',
    });
    endSpan();
    await telemetry.stop(50);
    // That it failed is not known yet.
    expect(log.lines).toEqual([]);
  });
});

describe('metrics', () => {
  it.each(['http/json', 'http/protobuf'])('reach a collector over %s', async (protocol) => {
    const receiver = await startReceiver();
    const { telemetry } = await start({
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_METRIC_EXPORT_INTERVAL: '100',
    });
    telemetry.meter.createCounter('gateway_test_total').add(3, { reason: 'because' });
    await receiver.until('/v1/metrics', 2);
    expect(receiver.texts()).toContain('gateway_test_total');
    expect(receiver.texts()).toContain('because');
    expect(receiver.texts()).toContain('nodejs.eventloop.utilization');
  });

  it('are served and sent at the same time', async () => {
    const receiver = await startReceiver();
    const { telemetry } = await start({
      OTEL_METRICS_EXPORTER: 'otlp,prometheus',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_PROMETHEUS_PORT: '0',
    });
    expect(telemetry.metricsUrl).toMatch(/:\d+\/metrics$/);
    await telemetry.stop(60_000);
    expect(receiver.received.map(({ path }) => path)).toEqual(['/v1/metrics']);
  });

  it('keep the gateway from starting if their address is taken or none of this machine', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    closeLater(() => new Promise((resolve) => taken.close(resolve)));
    const { port } = taken.address() as AddressInfo;
    const startAt = (host: string, atPort: number) =>
      start({
        OTEL_METRICS_EXPORTER: 'prometheus',
        OTEL_EXPORTER_PROMETHEUS_HOST: host,
        OTEL_EXPORTER_PROMETHEUS_PORT: String(atPort),
      });
    const starting = startAt('127.0.0.1', port);
    await expect(starting).rejects.toThrow(StartError);
    await expect(starting).rejects.toThrow(
      `it cannot serve metrics at 127.0.0.1:${port} (EADDRINUSE); set OTEL_EXPORTER_PROMETHEUS_HOST and`,
    );
    await expect(startAt('192.0.2.1', 0)).rejects.toThrow(/192\.0\.2\.1:0 \(EADDRNOTAVAIL\)/);
  });
});

describe('files for a collector', () => {
  const { authority, good } = createTestCertificates();
  const [certificate, key] = [
    'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE',
    'OTEL_EXPORTER_OTLP_CLIENT_KEY',
  ];

  it.each<[string, Record<string, string>]>([
    [
      'OTEL_EXPORTER_OTLP_CERTIFICATE cannot be read: ENOENT.',
      { OTEL_EXPORTER_OTLP_CERTIFICATE: '' },
    ],
    [
      'OTEL_EXPORTER_OTLP_CERTIFICATE cannot be used: the file has no certificate in PEM.',
      { OTEL_EXPORTER_OTLP_CERTIFICATE: good.key },
    ],
    [
      `${key} cannot be used: the file has no private key in PEM.`,
      { [certificate]: good.cert, [key]: good.cert },
    ],
    [
      `${certificate} and ${key} cannot be used together (`,
      { [certificate]: good.cert, [key]: makeKeyPair().privateKey },
    ],
    ['', { OTEL_EXPORTER_OTLP_CERTIFICATE: authority, [certificate]: good.cert, [key]: good.key }],
  ])('keep the gateway from starting if they cannot be used: "%s"', async (problem, contents) => {
    const folder = mkdtempSync(join(tmpdir(), 'telemetry-'));
    closeLater(async () => rmSync(folder, { recursive: true }));
    const files = Object.entries(contents).map(([name, pem]) => {
      const file = join(folder, name);
      if (pem !== '') {
        writeFileSync(file, pem);
      }
      return [name, file];
    });
    const starting = start({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://127.0.0.1:1',
      OTEL_METRICS_EXPORTER: 'none',
      ...Object.fromEntries(files),
    });
    const problems = await starting.then(() => '', String);
    expect(problems).toContain(problem);
    expect(problems === '').toBe(problem === '');
  });
});

describe('without a configuration', () => {
  it('everything goes to the collector of the whole program, and nothing is started', async () => {
    const { telemetry, log } = await start({});
    expect(telemetry.metricsUrl).toBeUndefined();
    expect(telemetry.tracerOf()).toBeUndefined();
    await telemetry.stop(0);
    expect(log.lines).toEqual([]);
  });
});
