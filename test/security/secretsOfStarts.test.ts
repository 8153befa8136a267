import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { ConfigError, createGateway, readConfig } from '../../src/createGateway.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { startOtlpReceiver } from '../support/otlpReceiver.ts';
import { startProgram } from '../support/programs.ts';
import { type Canaries, canary, findCanaries } from '../support/secretStage.ts';

const secrets: Canaries = {
  'secret of the gateway': canary('client-secret'),
  passphrase: canary('passphrase'),
  'password of Redis': canary('redis'),
  'key of the collector': canary('collector'),
  'password in an address': canary('address'),
  'header of the machine': canary('identity-header'),
};

/** Everything that an operator entrusts to the environment, as it should be. */
const entrusted = {
  GRAPH_CLOUD: 'global',
  AUTH_MODE: 'on-behalf-of',
  AZURE_TENANT_ID: '6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001',
  AZURE_CLIENT_ID: '9a7e0a11-3b5c-4d7e-8f90-000000000010',
  AZURE_CLIENT_SECRET: canary('client-secret'),
  AZURE_CLIENT_CERTIFICATE_PASSWORD: canary('passphrase'),
  REDIS_URL: `redis://:${canary('redis')}@127.0.0.1:1`,
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
  OTEL_EXPORTER_OTLP_TIMEOUT: '500',
  OTEL_EXPORTER_OTLP_HEADERS: `api-key=${canary('collector')}`,
  IDENTITY_HEADER: canary('identity-header'),
};

const withPassword = (host: string) => `https://user:${canary('address')}@${host}`;

/** Mistakes in an environment, and how the gateway reports them. A new mistake is a line here. */
const slips: readonly (readonly [string, Record<string, string>, RegExp])[] = [
  ['Redis of another kind', { REDIS_URL: `http://:${canary('redis')}@redis` }, /REDIS_URL/],
  ['Redis without a form', { REDIS_URL: canary('redis') }, /REDIS_URL/],
  ['a password for Graph', { GRAPH_BASE_URL: withPassword('graph') }, /GRAPH_BASE_URL/],
  [
    'one for the authority',
    { AZURE_AUTHORITY_HOST: withPassword('login') },
    /AZURE_AUTHORITY_HOST/,
  ],
  [
    'one for the collector',
    { OTEL_EXPORTER_OTLP_ENDPOINT: withPassword('collector') },
    /OTEL_EXPORTER_OTLP_ENDPOINT/,
  ],
  [
    'a key of the collector without a name',
    { OTEL_EXPORTER_OTLP_HEADERS: canary('collector') },
    /OTEL_EXPORTER_OTLP_HEADERS/,
  ],
  [
    'the secret in place of the client id',
    { AZURE_CLIENT_ID: canary('client-secret') },
    /AZURE_CLIENT_ID must be a GUID/,
  ],
  [
    'the secret in place of the tenant',
    { AZURE_TENANT_ID: canary('client-secret') },
    /AZURE_TENANT_ID must be a GUID/,
  ],
  [
    'two credentials',
    { AZURE_CLIENT_CERTIFICATE_PATH: '/certificate.pem' },
    /AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE_PATH/,
  ],
  ['a word that is none', { LOG_LEVEL: 'loud' }, /LOG_LEVEL is "loud"/],
];

const prometheus = {
  OTEL_METRICS_EXPORTER: 'prometheus',
  OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
};

/** All that can be printed of something. */
const printed = (thing: unknown): string =>
  `${String(thing)} ${JSON.stringify(thing)} ${inspect(thing, { depth: 20, showHidden: true })}`;

/** Starts a gateway in this process; gives what it told until it gave up, or was stopped. */
async function startAndStop(environment: Record<string, string>) {
  let logs = '';
  const log = createLogger('trace', {
    write: (line) => {
      logs += line;
    },
  });
  const config = readConfig({ ...entrusted, PORT: '0', ...environment });
  const gateway = createGateway(config, { log });
  const error: unknown = await gateway.start().catch((reason: unknown) => reason);
  await gateway.stop();
  return { error, logs: () => logs };
}

describe('no secret leaves a gateway that does not start', () => {
  it('because of what is printed of its whole configuration', () => {
    expect(findCanaries(secrets, { config: printed(readConfig(entrusted)) })).toEqual([]);
  });

  it.each(slips)('because of %s', (_what, environment, told) => {
    expect.assertions(2);
    try {
      readConfig({ ...entrusted, ...environment });
    } catch (error) {
      expect(error instanceof ConfigError && error.message).toMatch(told);
      expect(findCanaries(secrets, { error: printed(error) })).toEqual([]);
    }
  });

  it('because of everything at once, as the program prints it', async () => {
    const all = Object.assign({}, entrusted, ...slips.map(([, environment]) => environment));
    const program = startProgram(all);
    expect(await program.ended).toEqual({ code: 78, signal: null });
    expect(program.output()).toContain('The configuration cannot be used');
    expect(findCanaries(secrets, { output: program.output() })).toEqual([]);
  });

  it.each<[string, (port: string) => Record<string, string>, RegExp]>([
    ['its port', (port) => ({ PORT: port }), /EADDRINUSE/],
    [
      'the port of its metrics',
      (port) => ({ ...prometheus, OTEL_EXPORTER_PROMETHEUS_PORT: port }),
      /OTEL_EXPORTER_PROMETHEUS_PORT/,
    ],
  ])('because %s is taken', async (_what, environmentOf, told) => {
    const taken = await startOtlpReceiver();
    const { error, logs } = await startAndStop(environmentOf(new URL(taken.url).port));
    await taken.close();
    expect(String(error)).toMatch(told);
    expect(findCanaries(secrets, { logs: logs(), error: printed(error) })).toEqual([]);
  });

  it.each([
    [
      'a file that is missing',
      { OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere/ca.pem' },
      /_CERTIFICATE/,
    ],
    ['an address of another machine', { HOST: '203.0.113.1' }, /HOST is not an address/],
  ])('because of %s, which only the start notices', async (_what, environment, told) => {
    const { error, logs } = await startAndStop(environment);
    expect(String(error)).toMatch(told);
    expect(findCanaries(secrets, { logs: logs(), error: printed(error) })).toEqual([]);
  });
});

describe('no secret leaves a gateway whose surroundings talk back', () => {
  it('where the collector repeats the key that it was shown', async () => {
    const collector = await startOtlpReceiver((response) => {
      response.writeHead(403, `Forbidden ${canary('collector')}`, { 'x-key': canary('collector') });
      response.end(canary('collector'));
    });
    const { error, logs } = await startAndStop({
      AUTH_MODE: 'passthrough',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    });
    await collector.close();
    expect(error).toHaveProperty('url');
    expect(collector.received[0]?.headers['api-key']).toBe(canary('collector'));
    expect(logs()).toContain('"message":"Telemetry could not be sent"');
    expect(findCanaries(secrets, { logs: logs() })).toEqual([]);
  });
});
