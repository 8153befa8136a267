import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { readConfig } from '../../../src/config/config.ts';
import { ConfigError } from '../../../src/config/readers.ts';
import { createGateway } from '../../../src/createGateway.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { readNamedFile } from '../../../src/shared/namedFile.ts';
import { contoso, gatewayClient } from '../../support/authority/people.ts';
import { useClosing } from '../../support/closing.ts';
import { diagnose } from '../../support/doctorHarness.ts';
import { startIdentityStage } from '../../support/identityStage.ts';
import { recordingLog } from '../../support/logs.ts';
import { type Program, type ProgramOptions, startProgram } from '../../support/programs.ts';

const closeLater = useClosing();
function start(environment: Record<string, string>, options: ProgramOptions = {}): Program {
  const program = startProgram(environment, options);
  closeLater(
    () => program.kill('SIGKILL'),
    () => program.ended,
  );
  return program;
}

const folder = mkdtempSync(join(tmpdir(), 'process-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a signal', () => {
  it.each(['SIGHUP', 'SIGQUIT'] as const)(
    '%s drains as SIGTERM does, SIGUSR1 does nothing',
    async (signal) => {
      const program = start({ DRAIN_DELAY_MS: '50' });
      const [, url] = await program.until(/"url":"(http:\/\/127\.0\.0\.1:\d+)"/);
      program.kill('SIGUSR1');
      const { statusCode, body } = await request(`${url}/livez`, { reset: true });
      await body.dump();
      expect(statusCode).toBe(200);
      program.kill(signal);
      expect(await program.ended).toEqual({ code: 0, signal: null });
      expect(program.output()).toContain('"durationMs":50,"message":"Draining"');
      expect(program.output()).toContain('"message":"Stopped"');
      expect(program.output()).not.toContain('Debugger');
    },
  );
});

describe('a start that fails', () => {
  it('says one sentence and exits 1 without enough file descriptors', async () => {
    const program = start({}, { openFiles: 22 });
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.output()).toMatch(
      /^The gateway could not start: its files cannot be loaded \(\w+\); raise the limit of open files.*\n$/,
    );
  });

  it('exits 78 with one sentence when HOST is an address of another machine', async () => {
    const program = start({ HOST: '203.0.113.1', LOG_LEVEL: 'silent' });
    expect(await program.ended).toEqual({ code: 78, signal: null });
    expect(program.output()).toBe(
      'The configuration cannot be used:\n' +
        'HOST is not an address of this machine: it cannot listen at 203.0.113.1:0 (EADDRNOTAVAIL).\n',
    );
  });

  it('blames no port when the certificate of the embedded Graph cannot be made', async () => {
    const now = (): number => {
      throw new Error('no time');
    };
    const config = readConfig({ PORT: '0', EXPLORER: 'off', EMULATOR_TLS: 'true' });
    const gateway = createGateway(config, { log: recordingLog(), clock: { ...systemClock, now } });
    await expect(gateway.start()).rejects.toThrow(/^no time$/);
    await gateway.stop();
  });

  it('names HOST when no address is found for it', async () => {
    await expect(problemsOf({ HOST: 'no-such-host.invalid' })).resolves.toEqual([
      expect.stringMatching(
        /^HOST is not an address of this machine: it cannot listen at no-such-host/,
      ),
    ]);
  });
});

/** Starts in this process, as the program does, and gives what the start says about the configuration. */
async function problemsOf(environment: Record<string, string>): Promise<readonly string[]> {
  const gateway = createGateway(readConfig({ PORT: '0', EXPLORER: 'off', ...environment }), {
    log: recordingLog(),
  });
  try {
    await gateway.start();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  } finally {
    await gateway.stop();
  }
  return [];
}

const own = {
  GRAPH_CLOUD: 'global',
  AUTH_MODE: 'on-behalf-of',
  AZURE_TENANT_ID: contoso.id,
  AZURE_CLIENT_ID: gatewayClient.clientId,
};

/** Each variable that names a file, with what else it needs. */
const fileVariables: readonly (readonly [string, Record<string, string>])[] = [
  ['AZURE_CLIENT_CERTIFICATE_PATH', own],
  ['AZURE_FEDERATED_TOKEN_FILE', own],
  ['TRUSTED_DOCUMENTS_PATH', { TRUSTED_DOCUMENTS_MODE: 'enforce' }],
  ['OTEL_EXPORTER_OTLP_CERTIFICATE', { OTEL_TRACES_EXPORTER: 'otlp' }],
  ['OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE', { OTEL_METRICS_EXPORTER: 'otlp' }],
];

it.each(fileVariables)(
  'reports the file of %s in one sentence when it is no file',
  async (name, rest) => {
    const variable = name.replace('_METRICS_', '_');
    const reason = 'cannot be read: it is a device, a pipe or a socket';
    expect(await problemsOf({ ...rest, [name]: '/dev/zero' })).toEqual([
      expect.stringMatching(`${variable}.*${reason}`),
    ]);
  },
);

function fileOf(bytes: number): string {
  const path = join(folder, `of-${bytes}`);
  writeFileSync(path, 'x'.repeat(bytes));
  return path;
}

function pipe(): string {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

describe('a named file', () => {
  it.each([
    ['a device without end', () => '/dev/zero', 'it is a device, a pipe or a socket'],
    ['a pipe without a writer', pipe, 'it is a device, a pipe or a socket'],
    ['a directory', () => folder, 'it is a directory'],
    ['larger than 1 MiB', () => fileOf(1024 * 1024 + 1), 'it is larger than 1 MiB'],
    ['missing', () => join(folder, 'missing'), 'ENOENT'],
  ])('is not read when it is %s', async (_what, pathOf, reason) => {
    await expect(readNamedFile(pathOf())).rejects.toThrow(reason);
  });

  it('is read whole when it has exactly 1 MiB', async () => {
    expect(await readNamedFile(fileOf(1024 * 1024))).toHaveLength(1024 * 1024);
  });
});

it('rejects a client certificate of the collector that is none', async () => {
  const file = fileOf(10);
  const problems = await problemsOf({
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file,
    OTEL_EXPORTER_OTLP_CLIENT_KEY: file,
  });
  expect(problems).toEqual([
    'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE cannot be used: the file has no certificate in PEM.',
  ]);
});

describe('an authority at http on loopback', () => {
  it.each(['on-behalf-of', 'app-only'] as const)('works with AUTH_MODE=%s', async (mode) => {
    const stage = await startIdentityStage(mode, {}, { protocol: 'http' });
    const token = stage.authority.mint({ scope: 'access_as_user Partners.ReadWrite' });
    const { result } = await stage.gateway.run(
      '{ complianceManagementPartners { totalCount } }',
      {},
      { authorization: `Bearer ${token}` },
    );
    expect(result.errors).toBeUndefined();
    const { lines } = await diagnose({
      GRAPH_BASE_URL: stage.graph.baseUrl,
      AUTH_MODE: mode,
      AZURE_TENANT_ID: contoso.id,
      AZURE_CLIENT_ID: gatewayClient.clientId,
      AZURE_CLIENT_SECRET: gatewayClient.secret,
      AZURE_AUTHORITY_HOST: stage.authority.url,
    });
    await stage.close();
    expect(lines.filter((line) => line.startsWith('problem'))).toEqual([]);
  });

  it('ends the doctor with a finding when an error is none that it knows', async () => {
    const { exitCode, lines } = await diagnose({ GRAPH_CLOUD: 'global', GRAPH_TOKEN: 'a.b.c' }, {
      clock: {
        now: () => {
          throw new TypeError('unexpected');
        },
        startTimer: () => {
          throw new TypeError('unexpected');
        },
      },
    } as never);
    expect(exitCode).toBe(1);
    expect(lines).toEqual([expect.stringContaining('The examination broke off')]);
  });
});
