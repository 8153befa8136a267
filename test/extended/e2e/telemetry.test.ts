import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { useClosing } from '../../support/closing.ts';
import { startOtlpReceiver } from '../../support/otlpReceiver.ts';
import { type Program, postTo, startProgram } from '../../support/programs.ts';

const closeLater = useClosing();
let coverage = '';

function start(environment: Record<string, string>): Program {
  const program = startProgram({ GRAPH_CLOUD: 'emulator', ...environment });
  closeLater(program.end);
  return program;
}

beforeEach(() => {
  coverage = mkdtempSync(join(tmpdir(), 'loaded-'));
  closeLater(() => rmSync(coverage, { recursive: true }));
});

async function ask(program: Program): Promise<number> {
  const query = '{ complianceManagementPartners { totalCount } }';
  return (await postTo(await program.url(), { query })).status;
}

/** V8 itself tells, when a program ends, which modules it has run. */
const tellingModules = (): Record<string, string> => ({ NODE_V8_COVERAGE: coverage });

/** All that the programs of this test have loaded, once they ended by themselves. */
function loadedModules(): string {
  const reports = readdirSync(coverage).map((name) => readFileSync(join(coverage, name), 'utf8'));
  expect(reports).not.toEqual([]);
  return reports.join();
}

/** The packages of OpenTelemetry among it. */
function loadedPackages(): readonly string[] {
  const names = [...loadedModules().matchAll(/node_modules\/(@opentelemetry\/[a-z-]+)\//g)];
  return [...new Set(names.map(([, name]) => name ?? ''))].sort();
}

describe("the program's telemetry", () => {
  it('is not loaded unless it is configured, and nothing else is that is not used', async () => {
    const program = start(tellingModules());
    expect(await ask(program)).toBe(200);
    program.kill('SIGINT');
    await program.ended;
    expect(loadedPackages()).toEqual(['@opentelemetry/api']);
    const unused = ['ioredis/', 'jose/', 'node-forge/', 'rate-limiter-flexible/'];
    const indexes = ['graphql-scalars/esm/index.js', 'undici/index.js'];
    const modules = loadedModules();
    expect(modules).toContain('/node_modules/undici/lib/dispatcher/pool.js');
    expect(
      [...unused, ...indexes].filter((name) => modules.includes(`/node_modules/${name}`)),
    ).toEqual([]);
  });

  it('is loaded as far as configured, and sent to the last span when the program stops', async () => {
    const collector = await startOtlpReceiver();
    closeLater(collector.close);
    const program = start({
      ...tellingModules(),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_BSP_SCHEDULE_DELAY: '60000',
      DRAIN_DELAY_MS: '0',
    });
    expect(await ask(program)).toBe(200);
    expect(collector.received).toEqual([]);
    program.kill('SIGTERM');
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(collector.spans()).toHaveLength(2);
    expect(loadedPackages()).toEqual([
      '@opentelemetry/api',
      '@opentelemetry/api-logs',
      '@opentelemetry/core',
      '@opentelemetry/exporter-trace-otlp-http',
      '@opentelemetry/otlp-exporter-base',
      '@opentelemetry/otlp-transformer',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-metrics',
      '@opentelemetry/sdk-trace',
      '@opentelemetry/semantic-conventions',
    ]);
  });
});
