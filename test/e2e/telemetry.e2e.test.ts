import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { startOtlpReceiver } from '../support/otlpReceiver.ts';
import { type Program, startProgram } from '../support/programs.ts';

const started: Program[] = [];

function start(environment: Record<string, string>): Program {
  const program = startProgram({ GRAPH_CLOUD: 'emulator', ...environment });
  started.push(program);
  return program;
}

const urlOf = async (program: Program): Promise<string> =>
  (await program.until(/"url":"(http:\/\/127\.0\.0\.1:\d+)"/))[1] ?? '';

afterEach(async () => {
  for (const program of started.splice(0)) {
    program.kill('SIGKILL');
    await program.ended;
  }
});

async function ask(url: string): Promise<number> {
  const { statusCode, body } = await request(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer embedded-graph-token',
      connection: 'close',
    },
    body: JSON.stringify({ query: '{ complianceManagementPartners { totalCount } }' }),
  });
  await body.dump();
  return statusCode;
}

/** Node itself tells which modules it loads. */
const tellingModules = { NODE_DEBUG: 'esm' };

function packagesOf(program: Program): readonly string[] {
  const names = [...program.output().matchAll(/node_modules\/(@opentelemetry\/[a-z-]+)\//g)];
  return [...new Set(names.map(([, name]) => name ?? ''))].sort();
}

describe("the program's telemetry", () => {
  it('is not even loaded where nobody asks for it', async () => {
    const program = start(tellingModules);
    expect(await ask(await urlOf(program))).toBe(200);
    program.kill('SIGINT');
    await program.ended;
    expect(packagesOf(program)).toEqual(['@opentelemetry/api']);
  });

  it('says which address for metrics is taken, by the name of its variables, and ends with 1', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const program = start({
      OTEL_METRICS_EXPORTER: 'prometheus',
      OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
    });
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.output()).toContain(
      `The gateway could not start: it cannot serve metrics at 127.0.0.1:${port} (EADDRINUSE); ` +
        'set OTEL_EXPORTER_PROMETHEUS_HOST and OTEL_EXPORTER_PROMETHEUS_PORT',
    );
    await new Promise((resolve) => taken.close(resolve));
  });

  it('is loaded as far as it is asked for, and sent to the last span when the program is told to stop', async () => {
    const collector = await startOtlpReceiver();
    const program = start({
      ...tellingModules,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_BSP_SCHEDULE_DELAY: '60000',
      DRAIN_DELAY_MS: '0',
    });
    expect(await ask(await urlOf(program))).toBe(200);
    expect(collector.received).toEqual([]);
    program.kill('SIGTERM');
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(collector.spans()).toHaveLength(2);
    expect(packagesOf(program)).toEqual([
      '@opentelemetry/api',
      '@opentelemetry/exporter-trace-otlp-http',
      '@opentelemetry/otlp-exporter-base',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-trace',
    ]);
    await collector.close();
  });
});
