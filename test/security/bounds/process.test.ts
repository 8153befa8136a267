import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ConfigError, createGateway, readConfig } from '../../../src/createGateway.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { contoso, gatewayClient } from '../../support/authority/people.ts';
import { useClosing } from '../../support/closing.ts';
import { diagnose } from '../../support/doctorHarness.ts';
import { startIdentityStage } from '../../support/identityStage.ts';
import { silentLog } from '../../support/logs.ts';
import { type ProgramOptions, startProgram, statusAt } from '../../support/programs.ts';

const closeLater = useClosing();
function start(environment: Record<string, string>, options: ProgramOptions = {}) {
  const program = startProgram(environment, options);
  closeLater(program.end);
  return program;
}

const folder = mkdtempSync(join(tmpdir(), 'process-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(bytes: number): string {
  const path = join(folder, `of-${bytes}`);
  writeFileSync(path, 'x'.repeat(bytes));
  return path;
}
const pipe = join(folder, 'pipe');
execFileSync('mkfifo', [pipe]);

const fail = (): never => {
  throw new TypeError('no time');
};
const own = {
  GRAPH_CLOUD: 'global',
  AUTH_MODE: 'on-behalf-of',
  AZURE_TENANT_ID: contoso.id,
  AZURE_CLIENT_ID: gatewayClient.clientId,
};

it.each(['SIGHUP', 'SIGQUIT'] as const)(
  '%s drains as SIGTERM does, SIGUSR1 does nothing',
  async (signal) => {
    const program = start({ DRAIN_DELAY_MS: '50' });
    const url = await program.url();
    program.kill('SIGUSR1');
    expect(await statusAt(`${url}/livez`)).toBe(200);
    program.kill(signal);
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(program.output()).toContain('"durationMs":50,"message":"Draining"');
    expect(program.output()).toContain('"message":"Stopped"');
    expect(program.output()).not.toContain('Debugger');
  },
);

describe('a start that fails', () => {
  const files =
    /^The gateway could not start: its files cannot be loaded \(\w+\); raise the limit of open files.*\n$/;
  const host =
    /^The configuration cannot be used:\nHOST is not an address of this machine: it cannot listen at 203.0.113.1:0 \(EADDRNOTAVAIL\).\n$/;

  it.each<[string, number, Record<string, string>, ProgramOptions, RegExp]>([
    ['file descriptors', 1, {}, { openFiles: 22 }, files],
    ['its address', 78, { HOST: '203.0.113.1', LOG_LEVEL: 'silent' }, {}, host],
  ])(
    'says one sentence without %s, and exits %i',
    async (_what, code, environment, options, says) => {
      const program = start(environment, options);
      expect(await program.ended).toEqual({ code, signal: null });
      expect(program.output()).toMatch(says);
    },
  );

  const isNone = 'cannot be read: it is a device, a pipe or a socket';
  const trusting = (path: string) => ({
    TRUSTED_DOCUMENTS_MODE: 'enforce',
    TRUSTED_DOCUMENTS_PATH: path,
  });
  const keyAndCertificate = {
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: fileOf(10),
    OTEL_EXPORTER_OTLP_CLIENT_KEY: fileOf(10),
  };

  it.each<[string, string, Record<string, string>]>([
    ['AZURE_CLIENT_CERTIFICATE_PATH', isNone, own],
    ['AZURE_FEDERATED_TOKEN_FILE', isNone, own],
    ['TRUSTED_DOCUMENTS_PATH', isNone, trusting('/dev/zero')],
    ['TRUSTED_DOCUMENTS_PATH', isNone, trusting(pipe)],
    [
      'AZURE_FEDERATED_TOKEN_FILE',
      'is a directory',
      { ...own, AZURE_FEDERATED_TOKEN_FILE: folder },
    ],
    ['TRUSTED_DOCUMENTS_PATH', 'is larger than 1 MiB', trusting(fileOf(1024 * 1024 + 1))],
    ['TRUSTED_DOCUMENTS_PATH', 'JSON', trusting(fileOf(1024 * 1024))],
    ['TRUSTED_DOCUMENTS_PATH', 'ENOENT', trusting(join(folder, 'missing'))],
    ['OTEL_EXPORTER_OTLP_CERTIFICATE', isNone, { OTEL_TRACES_EXPORTER: 'otlp' }],
    ['OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE', isNone, { OTEL_METRICS_EXPORTER: 'otlp' }],
    ['OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE', 'has no certificate in PEM', keyAndCertificate],
    ['HOST', 'cannot listen at no-such-host', { HOST: 'no-such-host.invalid' }],
  ])('names %s: %s', async (name, reason, environment) => {
    const config = readConfig({ PORT: '0', EXPLORER: 'off', [name]: '/dev/zero', ...environment });
    const gateway = createGateway(config, { log: silentLog });
    const error: unknown = await gateway.start().catch((thrown: unknown) => thrown);
    await gateway.stop();
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problems).toEqual([
      expect.stringMatching(`${name.replace('_METRICS_', '_')}.*${reason}`),
    ]);
  });

  it('blames no port when the certificate of the embedded Graph cannot be made', async () => {
    const config = readConfig({ PORT: '0', EXPLORER: 'off', EMULATOR_TLS: 'true' });
    const clock = { ...systemClock, now: fail };
    const gateway = createGateway(config, { log: silentLog, clock });
    await expect(gateway.start()).rejects.toThrow(/^no time$/);
    await gateway.stop();
  });
});

it.each(['on-behalf-of', 'app-only'] as const)(
  'an authority at http on loopback works with AUTH_MODE=%s',
  async (AUTH_MODE) => {
    const stage = await startIdentityStage(AUTH_MODE, {}, { protocol: 'http' });
    const authorization = `Bearer ${stage.authority.mint()}`;
    await stage.gateway.ask(
      '{ complianceManagementPartners { totalCount } }',
      {},
      { authorization },
    );
    const { lines } = await diagnose({
      ...own,
      GRAPH_BASE_URL: stage.graph.baseUrl,
      AUTH_MODE,
      AZURE_CLIENT_SECRET: gatewayClient.secret,
      AZURE_AUTHORITY_HOST: stage.authority.url,
    });
    await stage.close();
    expect(lines.filter((line) => line.startsWith('problem'))).toEqual([]);
  },
);

it('ends the doctor with a finding when an error is none that it knows', async () => {
  const environment = { GRAPH_CLOUD: 'global', GRAPH_TOKEN: 'a.b.c' };
  const clock = { now: fail, startTimer: fail };
  const { exitCode, lines } = await diagnose(environment, { clock } as never);
  expect(exitCode).toBe(1);
  expect(lines).toEqual([expect.stringContaining('The examination broke off')]);
});
