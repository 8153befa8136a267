import { execFile } from 'node:child_process';
import { inspect, promisify } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { ConfigError, readConfig } from '../../src/createGateway.ts';
import { embeddedGraphToken } from '../../src/shared/secret.ts';
import { imageOf, readDockerfile } from '../extended/container/readDockerfile.ts';
import { at, base, kindOf } from '../extended/deploy/readManifests.ts';
import { useClosing } from '../support/closing.ts';
import { addMutation, totalCountQuery } from '../support/documents.ts';
import { startOtlpReceiver } from '../support/otlpReceiver.ts';
import { startProgram, statusAt } from '../support/programs.ts';
import { sendRaw } from '../support/rawConnection.ts';
import {
  canaries,
  canariesOfToken,
  canary,
  canaryToken,
  findCanaries,
  startSecretStage,
} from '../support/secretStage.ts';
import { headOf } from '../support/stages.ts';
import { startTestGraph } from '../support/testGraphs.ts';

const token = canaryToken('caller');
const ofToken = canariesOfToken('a caller', token);
const closeLater = useClosing(afterAll);
/** Everything that callers were answered, with headers. */
let answers = '';

/** The program itself in production, with all its outputs, asked as well and as badly as its token can be used. */
const graph = await startTestGraph({ acceptToken: (sent) => sent === token });
const collector = await startOtlpReceiver();
const prometheus = {
  OTEL_METRICS_EXPORTER: 'prometheus',
  OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
};
const program = startProgram({
  NODE_ENV: 'production',
  GRAPH_BASE_URL: graph.baseUrl,
  LOG_LEVEL: 'trace',
  DRAIN_DELAY_MS: '0',
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_EXPORTER_PROMETHEUS_PORT: '0',
  ...prometheus,
});
closeLater(program.end, collector.close, graph.close);
const [, metricsUrl = ''] = await program.until(/"url":"(http:[^"]*\/metrics)"/);
const [, url = ''] = await program.until(/"url":"(http:\/\/127\.0\.0\.1:\d+)","upstream"/);

async function post(body: object | string, authorization = `Bearer ${token}`): Promise<void> {
  const answer = await request(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  answers += JSON.stringify(answer.headers) + (await answer.body.text());
}

const list = { query: totalCountQuery };
const error = { code: 'BadRequest', message: `Bearer ${token} is no good: '${token}'` };
const respond = { status: 400, headers: { 'x-token': token }, body: { error } };
await post(list);
graph.faults.add({ respond });
await post({ query: addMutation, variables: { input: { displayName: 'a' } } });
graph.faults.add({ respond: { ...respond, status: 403 } });
await post(list);
graph.faults.add({ times: 3, kill: 'reset' });
await post(list);
await post(list, `Basic ${token}`);
await post(list, `Bearer ${token} ${token}`);
await post(list, `Bearer ${token.slice(0, -9)}`);
await post(`{"query":"${token}"`);

async function ask(headers: string) {
  const query = 'query A\u2028B { __typename }';
  const body = JSON.stringify({ query, operationName: 'x\n{"level":"fatal"}' });
  const length = `content-length: ${Buffer.byteLength(body)}`;
  const usual = ['connection: close', 'content-type: application/json', length];
  return sendRaw(url, headOf('POST /graphql', ...usual, headers) + body);
}

describe('a token', () => {
  it('[44] token absent from logs: neither standard output nor standard error has a part of it', async () => {
    await program.until(/(?:"message":"Answered"[\s\S]*){8}/);
    expect(findCanaries(ofToken, { output: program.output() })).toEqual([]);
  });

  it('[46] token absent from metrics: no label and no value has a part of it', async () => {
    const metrics = await (await request(metricsUrl)).body.text();
    expect(metrics).toContain('http_server_request_duration');
    expect(findCanaries(ofToken, { metrics })).toEqual([]);
  });

  it('[47] token absent from errors: no answer repeats a part of it, whatever Graph repeats', () => {
    expect(graph.requests[0]?.headers.authorization).toBe(`Bearer ${token}`);
    expect(answers).toContain('FORBIDDEN');
    expect(findCanaries(ofToken, { answers })).toEqual([]);
    expect(answers).not.toContain(embeddedGraphToken);
  });
});

describe('a text that wants to be more', () => {
  it('[48] log injection: every line of the log stays one JSON object, without control characters', async () => {
    await ask(
      'client-request-id: a\tb\r\nuser-agent: x\u001b[2J\r\nx-apollo-operation-name: {"level":"fatal"}',
    );
    await sendRaw(url, headOf('GET /%0a%7b%22level%22%3a%22fatal%22%7d', 'connection: close'));
    const lines = program.output().trim().split('\n');
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) {
      expect((JSON.parse(line) as Record<string, unknown>)['level']).not.toBe('fatal');
      expect(line).not.toMatch(/\p{Cc}|\u2028/u);
    }
  });

  it('[51] header injection in request ids: an id that is no plain word is replaced, not repeated', async () => {
    const folded = 'a\r\n x-folded: yes';
    for (const id of ['a b', 'a,b', 'x'.repeat(65), '%0d%0ax-injected:yes', 'a\u0085b', folded]) {
      const { headers = {} } = (await ask(`client-request-id: ${id}`)) ?? {};
      expect(headers['x-injected'] ?? headers['x-folded']).toBeUndefined();
      expect(headers['client-request-id'] ?? ['none']).toEqual([
        expect.stringMatching(/^[A-Za-z0-9._-]{1,64}$/),
      ]);
      expect(headers['client-request-id'] ?? []).not.toContain(id);
    }
  });
});

it('[58] metrics port: metrics have a port of their own, and neither port answers for the other', async () => {
  const { origin } = new URL(metricsUrl);
  expect([origin === url, await statusAt(`${url}/metrics`)]).toEqual([false, 404]);
  expect(await statusAt(metricsUrl)).toBe(200);
  for (const path of ['/graphql', '/livez', '/schema.graphql', '/', '/metrics/../graphql']) {
    expect([path, await statusAt(`${origin}${path}`)]).toEqual([path, 404]);
  }
  const { statusCode, body } = await request(metricsUrl, { method: 'POST' });
  await body.dump();
  expect(statusCode).toBe(404);
});

describe('a token, when the program has stopped and sent what was left', () => {
  it('[45] token absent from spans: no name, attribute or event has a part of it', async () => {
    program.kill('SIGTERM');
    await program.ended;
    expect(collector.spans().filter(({ kind }) => kind === 3).length).toBeGreaterThanOrEqual(4);
    const sinks = { spans: collector.texts(), output: program.output() };
    expect(findCanaries(ofToken, sinks)).toEqual([]);
  });
});

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
const secrets = {
  ...canaries('client-secret', 'passphrase', 'redis', 'collector', 'address', 'identity-header'),
};
const withPassword = (host: string) => `https://user:${canary('address')}@${host}`;

/** Mistakes in an environment, and how the gateway reports them. A new mistake is a line here. */
const slips: readonly (readonly [RegExp, Record<string, string>])[] = [
  [/REDIS_URL/, { REDIS_URL: `http://:${canary('redis')}@redis` }],
  [/REDIS_URL/, { REDIS_URL: canary('redis') }],
  [/GRAPH_BASE_URL/, { GRAPH_BASE_URL: withPassword('graph') }],
  [/AZURE_AUTHORITY_HOST/, { AZURE_AUTHORITY_HOST: withPassword('login') }],
  [/OTEL_EXPORTER_OTLP_ENDPOINT/, { OTEL_EXPORTER_OTLP_ENDPOINT: withPassword('collector') }],
  [/OTEL_EXPORTER_OTLP_HEADERS/, { OTEL_EXPORTER_OTLP_HEADERS: canary('collector') }],
  [/AZURE_CLIENT_ID must be a GUID/, { AZURE_CLIENT_ID: canary('client-secret') }],
  [/AZURE_TENANT_ID must be a GUID/, { AZURE_TENANT_ID: canary('client-secret') }],
  [/AZURE_CLIENT_SECRET and AZURE_CLIENT_CERT/, { AZURE_CLIENT_CERTIFICATE_PATH: '/x.pem' }],
  [/LOG_LEVEL is "loud"/, { LOG_LEVEL: 'loud' }],
];

/** All that can be printed of something. */
const printed = (thing: unknown): string =>
  `${String(thing)} ${JSON.stringify(thing)} ${inspect(thing, { depth: 20, showHidden: true })}`;

describe('no secret leaves a gateway that does not start', () => {
  it('in its printed configuration', () => {
    expect(findCanaries(secrets, { config: printed(readConfig(entrusted)) })).toEqual([]);
  });

  it.each(slips)('if it reports %s', (told, environment) => {
    expect.assertions(2);
    try {
      readConfig({ ...entrusted, ...environment });
    } catch (error) {
      expect(error instanceof ConfigError && error.message).toMatch(told);
      expect(findCanaries(secrets, { error: printed(error) })).toEqual([]);
    }
  });

  it('if the program prints everything at once', async () => {
    const all = Object.assign({}, entrusted, ...slips.map(([, environment]) => environment));
    const failed = startProgram(all);
    expect(await failed.ended).toEqual({ code: 78, signal: null });
    expect(failed.output()).toContain('The configuration cannot be used');
    expect(findCanaries(secrets, { output: failed.output() })).toEqual([]);
  });

  const noToken =
    /AZURE_FEDERATED_TOKEN_FILE cannot be used: The file with the federated token cannot be read \(ENOENT\)\./;
  const { port } = new URL(collector.url);
  it.each<[RegExp, Record<string, string>]>([
    [/EADDRINUSE/, { PORT: port }],
    [/_PROMETHEUS_PORT/, { ...prometheus, OTEL_EXPORTER_PROMETHEUS_PORT: port }],
    [/_CERTIFICATE/, { OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere/ca.pem' }],
    [/HOST is not an address/, { HOST: '203.0.113.1' }],
    [noToken, { AZURE_CLIENT_SECRET: '', AZURE_FEDERATED_TOKEN_FILE: '/nowhere/token' }],
  ])('if only the start notices %s', async (told, environment) => {
    const stage = await startSecretStage({ ...entrusted, ...environment });
    await stage.stop();
    expect(String(stage.error)).toMatch(told);
    const sinks = { ...stage.takeSinks(), error: printed(stage.error) };
    expect(findCanaries(secrets, sinks)).toEqual([]);
  });
});

it('no secret leaves a gateway whose collector repeats the key that it was shown', async () => {
  const key = canary('collector');
  const repeating = await startOtlpReceiver((response) => {
    response.writeHead(403, `Forbidden ${key}`, { 'x-key': key }).end(key);
  });
  const OTEL_EXPORTER_OTLP_ENDPOINT = repeating.url;
  const stage = await startSecretStage({ GRAPH_CLOUD: 'global', OTEL_EXPORTER_OTLP_ENDPOINT });
  await stage.stop();
  await repeating.close();
  expect(repeating.received[0]?.headers['api-key']).toBe(key);
  const sinks = stage.takeSinks();
  expect(sinks.logs).toContain('"message":"Telemetry could not be sent"');
  expect(findCanaries(secrets, sinks)).toEqual([]);
});

it('[60] container contract: without rights, without a shell, without a disk, and ended by its own check', async () => {
  const image = imageOf(readDockerfile(new URL('../../Dockerfile', import.meta.url)));
  expect(image.user).toBe('65532:65532');
  expect(image.steps.filter(({ kind }) => kind === 'run')).toEqual([]);
  expect(image.environment['NODE_ENV']).toBe('production');
  const pod = at(kindOf(base, 'Deployment'), 'spec template spec');
  expect(at(pod, 'automountServiceAccountToken')).toBe(false);
  expect(at(pod, 'securityContext')).toMatchObject({ runAsNonRoot: true, runAsUser: 65532 });
  expect(at(pod, 'containers 0 securityContext')).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });

  const refused = startProgram({ ...image.environment });
  expect((await refused.ended).code).toBe(78);
  expect(refused.output()).toContain('GRAPH_CLOUD is missing');
  const usable = { HOST: '127.0.0.1', GRAPH_CLOUD: 'emulator' };
  const contained = startProgram({ ...image.environment, ...usable });
  const { port } = new URL(await contained.url());
  const check = () =>
    promisify(execFile)(process.execPath, image.healthCheck.slice(1), { env: { PORT: port } });
  await check().finally(contained.end);
  await expect(check()).rejects.toMatchObject({ code: 1 });
});
