import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { doctorCommand } from '../../src/doctor/command.ts';
import { systemClock } from '../../src/shared/clock.ts';
import type { AuthorityEndpoint, AuthorityFault } from '../support/authority/faults.ts';
import type { MintWish } from '../support/authority/mint.ts';
import { contoso, gatewayClient } from '../support/authority/people.ts';
import { startAuthority } from '../support/authority/startAuthority.ts';
import { createTestCertificates, type ServerCertificate } from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import { diagnose, doctorParts } from '../support/doctorHarness.ts';
import { startBrokenProxy } from '../support/forwardProxies.ts';
import { startOtlpReceiver } from '../support/otlpReceiver.ts';
import {
  type Answer,
  cutOff,
  empty,
  hangUp,
  json,
  reset,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { startTestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';

type Environment = Readonly<Record<string, string>>;

const closeLater = useClosing();
const closeAtEnd = useClosing(afterAll);
const certificates = createTestCertificates();
const { good, bad } = certificates;
const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
const graph = await startTestGraph();
const authority = await startAuthority();
closeAtEnd(graph.close, authority.close, () => rmSync(folder, { recursive: true }));

const nowMs = Date.now();
/** Its time stands still, so that what is old or far apart is so by the second. */
const clock = { ...systemClock, now: () => nowMs };
const studio = 'https://studio.apollographql.com';
const readWrite = 'DeviceManagementServiceConfig.ReadWrite.All';
const onlyRead = 'DeviceManagementServiceConfig.Read.All';
const envelope = { error: { code: 'InvalidAuthenticationToken', message: 'No token.' } };

const passthrough = (change: Environment = {}): Environment => ({
  GRAPH_BASE_URL: graph.baseUrl,
  ...change,
});
const own = (mode: string, change: Environment = {}): Environment => ({
  ...passthrough(),
  AUTH_MODE: mode,
  AZURE_TENANT_ID: contoso.id,
  AZURE_CLIENT_ID: gatewayClient.clientId,
  AZURE_CLIENT_SECRET: gatewayClient.secret,
  AZURE_AUTHORITY_HOST: authority.url,
  ...change,
});
const trusting = { certificateAuthorities: [authority.certificateAuthority] };

function fileOf(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A token for Graph whose claims are good but for the change. */
function graphTokenOf(change: object = {}): string {
  const claims = {
    aud: 'https://graph.microsoft.com',
    tid: contoso.id,
    scp: readWrite,
    exp: inMinutes(61),
    note: 'canary-secret',
    ...change,
  };
  const parts = [{ alg: 'none' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return [...parts, 'c2ln'].join('.');
}

const graphAppId = '00000003-0000-0000-c000-000000000000';

const inMinutes = (count: number): number => nowMs / 1000 + count * 60;

async function serve(...script: Answer[]): Promise<string> {
  const server = await startScriptedServer(...script);
  closeLater(server.close);
  return server.url.origin;
}

/** Takes connections, and answers what comes or nothing; gives host and port. */
async function listenPlainly(answerTo: (text: string) => string): Promise<string> {
  const onSocket = (socket: Socket) =>
    void socket.on('data', (data) => socket.write(answerTo(String(data))));
  const server = await startBrokenProxy(onSocket, 'connection');
  closeLater(server.close);
  return new URL(server.url).host;
}

type Parts = Parameters<typeof diagnose>[1];

/** Has the doctor write a line, whatever the others say, and no secret. */
async function expectLine(
  text: string,
  environment: Environment,
  parts?: Parts,
  ...args: string[]
) {
  const diagnosis = await diagnose(environment, parts, args);
  expect(diagnosis.lines).toContainEqual(expect.stringContaining(text));
  expect(diagnosis.output).not.toContain('canary-secret');
  return diagnosis;
}

describe('the doctor', () => {
  const slips = { PORT: 'high', AUTH_MODE: 'trust' };
  const noFile = { TRUSTED_DOCUMENTS_MODE: 'enforce', TRUSTED_DOCUMENTS_PATH: 'no/such/file' };
  it.each<[number, string, Environment]>([
    [0, 'ok graph: 127.0.0.1', passthrough()],
    [0, 'the embedded Graph answers', {}],
    [0, 'The embedded Graph takes it.', { GRAPH_TOKEN: 'embedded-graph-token' }],
    [1, 'The embedded Graph takes one token only', { GRAPH_TOKEN: 'canary-secret' }],
    [1, 'It cannot be reached (ECONN', { REDIS_URL: 'redis://u:canary-secret@127.0.0.1:1' }],
    [1, 'problem authority: The certificate that localhost', own('app-only')],
    [1, 'problem credential: The credential could not be checked', own('app-only')],
    [78, 'problem configuration: PORT is "high"', slips],
    [78, 'problem configuration: AUTH_MODE is "trust"', slips],
    [78, 'TRUSTED_DOCUMENTS_PATH cannot be read: ', noFile],
  ])('ends with %i and reports "%s"', async (exitCode, text, environment) => {
    expect((await expectLine(text, environment)).exitCode).toBe(exitCode);
  });

  it('writes a line for each finding, what to do, and the sum; without a usable configuration it looks at nothing else', async () => {
    const seen = graph.requests.length;
    const environment = passthrough({ PORT: 'high' });
    const { output } = await doctorCommand([], { ...doctorParts, environment });
    expect(output.split('\n')).toEqual([
      expect.stringMatching(/^problem {2}configuration {2}PORT is "high"/),
      '                        docs/configuration.md lists the variables and their values.',
      '',
      '1 wrong, 0 doubtful, 0 fine',
      '',
    ]);
    expect(graph.requests.length).toBe(seen);
  });

  it('reports a file without a token beside a configuration that cannot be used', async () => {
    const text = 'problem token: The file of --token-file cannot be read (ENOENT).';
    await expectLine(text, slips, {}, '--token-file=no/such/file');
  });

  it.each([
    ['--token eyJsecret', /^A token is never an argument/],
    ['--token=eyJsecret', /^A token is never an argument/],
    ['eyJsecret', /^Only options/],
    ['-- eyJsecret', /^Only options/],
    ['--eyJsecret', /^There is no such option; there are --json, --help, --token-file, --url\.$/m],
    ['-t eyJsecret', /^There is no option -t\.$/m],
    ['--json=eyJsecret', /^--json takes no value\.$/m],
    ['--token-file', /^--token-file needs a value\.$/m],
    ['--token-file=', /^--token-file needs a value\.$/m],
    ['--token-file --json', /^--token-file needs a value\.$/m],
    ['--url -eyJsecret', /^--url needs a value\.$/m],
    ['--url eyJsecret', /^--url takes the http or https address/],
    ['--url ftp://gateway', /^--url takes/],
    ['--url http://user:eyJsecret@gateway', /^--url takes/],
    ['-h --json', /^Usage: /],
    ['--url ftp://gateway --help', /^Usage: /],
  ])('answers %j without repeating what may be a secret', async (line, text) => {
    const parts = { ...doctorParts, environment: {} };
    const { exitCode, output } = await doctorCommand(line.split(' '), parts);
    expect(output).toMatch(text);
    expect(exitCode).toBe(output.startsWith('Usage') ? 0 : 64);
    expect(output).not.toContain('eyJsecret');
  });
});

describe('Graph', () => {
  const serveSecurely = async (certificate: ServerCertificate): Promise<string> => {
    const refuse = (response: ServerResponse) =>
      void response.writeHead(401).end(JSON.stringify(envelope));
    const server = await startOtlpReceiver(refuse, certificate);
    closeLater(server.close);
    return server.url.replace('127.0.0.1', 'localhost');
  };
  const plainly = async (answer = '') => `https://${await listenPlainly(() => answer)}`;
  const large = { error: { ...envelope.error, more: 'x'.repeat(1_000_000) } };
  const noGraph = /GRAPH_BASE_URL/;
  const [firewalls, cuts] = [/firewalls/, /cuts or opens TLS/];
  const ownCertificate = /NODE_EXTRA_CA_CERTS/;

  it.each<[string, () => string | Promise<string>, RegExp]>([
    ['ok graph: HOST answers, and requires a token', () => serve(json(401, envelope)), /^/],
    ['ok graph: HOST answers, and requires a token', () => serveSecurely(good), /^/],
    ['HOST answers with 401, and not in', () => serve(json(401, { error: 'no' })), noGraph],
    ['HOST answers with 401, and not in', () => serve(json(401, large)), noGraph],
    ['HOST answers a request without a token with 200;', () => serve(json(200, {})), firewalls],
    ['a redirect (302), which the gateway never follows.', () => serve(empty(302)), noGraph],
    ['HOST answers with 403, and not with 401.', () => serve(json(403, envelope)), noGraph],
    ['warning graph: HOST is reached, and answers with 429', () => serve(empty(429)), /365/],
    ['warning graph: HOST is reached, and answers with 503', () => serve(empty(503)), /365/],
    ['No address was found for HOST', () => 'https://no-such-host.invalid', /DNS/],
    ['No connection to HOST was made (ECONNREFUSED).', () => 'http://127.0.0.1:1', /NetworkPolicy/],
    ['(DEPTH_ZERO_SELF_SIGNED_CERT)', () => serveSecurely(bad.selfSigned), ownCertificate],
    ['(ERR_TLS_CERT_ALTNAME_INVALID)', () => serveSecurely(bad.wrongHost), ownCertificate],
    ['HOST shows cannot be trusted (CERT_HAS', () => serveSecurely(bad.expired), ownCertificate],
    ['but completed no TLS handshake (', () => plainly('HTTP/1.1 400 No\r\n\r\n'), cuts],
    ['completed no TLS handshake in time.', () => plainly(), cuts],
    ['sent no complete answer (UND_ERR_SOCKET).', () => serve(hangUp), firewalls],
    ['HOST accepted the connection, but sent no comp', () => serve(reset), firewalls],
    ['sent no complete answer (UND_ERR_SOCKET).', () => serve(cutOff(401, '{}')), firewalls],
    ['sent no complete answer in time.', () => serve(silence), firewalls],
  ])('is judged by its answer: %s', async (text, start, remedy) => {
    const url = await start();
    const timeoutMs = text.includes('in time') ? 1_500 : 20_000;
    const parts = { timeoutMs, certificateAuthorities: [certificates.authority] };
    const { output, lines } = await diagnose({ GRAPH_BASE_URL: url }, parts);
    const line = lines.find((one) => / graph: /.test(one));
    expect(line).toContain(text.replace('HOST', new URL(url).host));
    expect(line).toMatch(/^(?:ok|warning) |^problem graph: /);
    expect(output).toMatch(remedy);
  });

  it.each<[string | undefined, number | undefined, string]>([
    ["ok clock: This machine's clock agrees with Graph (60 s apart).", 60_000, 'passthrough'],
    ["warning clock: This machine's clock is 61 s ahead of Graph.", 61_000, 'passthrough'],
    ["warning clock: This machine's clock is 61 s behind Graph.", -60_000, 'passthrough'],
    ["problem clock: This machine's clock is 7201 s behind Graph.", -7_200_000, 'app-only'],
    [undefined, undefined, 'passthrough'],
  ])('says of the clock "%s"', async (line, aheadMs, mode) => {
    const seconds = Math.floor(nowMs / 1000) * 1000;
    const date = aheadMs === undefined ? 'tomorrow' : new Date(seconds - aheadMs).toUTCString();
    const base = { GRAPH_BASE_URL: await serve(json(401, envelope, { date })) };
    const environment = mode === 'app-only' ? own(mode, base) : base;
    const whole = { ...systemClock, now: () => seconds };
    const { lines } = await diagnose(environment, { ...trusting, clock: whole });
    expect(lines.find((one) => / clock: /.test(one))).toBe(line);
  });
});

describe('a token', () => {
  const user = 'The token of a user, who also needs a role in Intune, may';
  const application = 'The token of an application may';
  const all = `DeviceManagementConfiguration.ReadWrite.All`;
  const least = `(${all}; ${readWrite} would be enough)`;

  it.each<[object, string]>([
    [{}, 'ok token: It is for Microsoft Graph.'],
    [{ aud: 'https://graph.microsoft.com/' }, 'ok token: It is for Microsoft Graph.'],
    [{ aud: graphAppId }, 'ok token: It is for Microsoft Graph.'],
    [
      { aud: 'https://graph.microsoft.us' },
      'problem token: It is for Graph in the cloud usgov-l4, and',
    ],
    [{ aud: 'api://own' }, 'problem token: It is not for Microsoft Graph, which will reject it'],
    [{ aud: undefined }, 'problem token: It is not for Microsoft Graph, which will reject it'],
    [{}, 'ok token: It is valid for 61 minutes.'],
    [{ exp: inMinutes(5) }, 'ok token: It is valid for 5 minutes.'],
    [{ exp: inMinutes(2) }, 'warning token: It ends in 2 minutes.'],
    [{ exp: inMinutes(-3) }, 'problem token: It ended 3 minutes ago.'],
    [{ exp: undefined }, 'problem token: It does not say when it ends.'],
    [{ nbf: inMinutes(1) }, 'ok token: It is valid for 61 minutes.'],
    [{ nbf: inMinutes(3) }, 'problem token: It is not valid yet.'],
    [{}, `ok token: It is of the tenant ${contoso.id}.`],
    [{ tid: undefined }, 'problem token: It names no tenant.'],
    [{ tid: 'canary-secret' }, 'problem token: It names no tenant.'],
    [{}, `ok token: ${user} read and change partners (${readWrite}).`],
    [{ scp: onlyRead }, `warning token: ${user} read partners but not change them (${onlyRead}).`],
    [{ scp: undefined }, `problem token: ${application} neither read nor change partners.`],
    [
      { scp: undefined, roles: [all] },
      `ok token: ${application} read and change partners ${least}.`,
    ],
    [{ scp: 'User.Read', roles: [all] }, `problem token: ${user} neither read nor change`],
  ])('for Graph is judged by its claims: %j: %s', async (change, line) => {
    const environment = passthrough({ GRAPH_TOKEN: graphTokenOf(change) });
    const { lines } = await expectLine(line, environment, { clock });
    expect(lines.filter((one) => / token: /.test(one))).toHaveLength(4);
  });

  it.each<[string, string, string]>([
    ['-', 'Bearer opaque\n', 'warning token: The token is opaque here; only Graph can verify it.'],
    ['no/such/file', '', 'problem token: The file of --token-file cannot be read (ENOENT).'],
    [fileOf('empty', '\n'), '', 'problem token: The file of --token-file holds no token.'],
    ['-', '', 'problem token: Standard input holds no token.'],
  ])('is read from --token-file %s before the variable', async (path, stdin, line) => {
    const environment = passthrough({ GRAPH_TOKEN: graphTokenOf() });
    const args = [`--token-file=${path}`];
    const { lines } = await diagnose(environment, { readStdin: async () => stdin }, args);
    expect(lines.filter((one) => / token: /.test(one))).toEqual([line]);
  });
});

describe("the gateway's own identity", () => {
  it.each(['app-only', 'on-behalf-of'])('has nothing wrong in the mode %s', async (mode) => {
    const text = "ok credential: The gateway's own credential works";
    const { exitCode, lines } = await expectLine(text, own(mode), trusting);
    expect(lines.filter((line) => line.startsWith('problem'))).toEqual([]);
    expect(lines).toContainEqual(expect.stringContaining('ok authority: localhost'));
    expect(exitCode).toBe(0);
  });

  const forUser = (wish: MintWish) =>
    own('on-behalf-of', {
      GRAPH_TOKEN: authority.mint(wish),
      AUTH_WRITE_PERMISSIONS: 'CompliancePartners.ReadWrite,Write.Only',
    });
  const strange = own('app-only', { AZURE_TENANT_ID: gatewayClient.clientId });
  const wrong = own('on-behalf-of', { AZURE_CLIENT_SECRET: 'canary-secret' });
  it.each<[string, Environment]>([
    ['itself (AADSTS7000215): the client secret is wrong', wrong],
    ['cannot be used: it was answered with 400', strange],
    ['this cloud does not have the tenant', strange],
    ['The token is for Microsoft Graph', forUser({ audience: 'https://graph.microsoft.com' })],
    ['The token has expired.', forUser({ lifetimeSeconds: -600 })],
    ['read partners but not change them', forUser({ scope: 'CompliancePartners.Read' })],
    ['may read and change partners', forUser({ scope: 'CompliancePartners.ReadWrite' })],
    ['change partners but not read them (Write.Only)', forUser({ scope: 'Write.Only' })],
    ['may neither read nor change partners', forUser({ scope: 'access_as_user' })],
  ])('is reported as "%s", with the tokens that it takes', async (text, environment) => {
    const { output } = await expectLine(text, environment, trusting);
    expect(output.includes('The tenant is not known there')).toBe(environment === strange);
  });

  const answerOf = (body: object) => ({ kind: 'rubbish', body: JSON.stringify(body) }) as const;
  const tokenWith = (claims: object) => {
    const access_token = graphTokenOf({ scp: undefined, ...claims });
    return answerOf({ token_type: 'Bearer', expires_in: 3_600, access_token });
  };
  const stranger = answerOf({ issuer: 'https://elsewhere.example', jwks_uri: '' });
  const ownToken = "credential: The gateway's own token may";
  it.each<[AuthorityEndpoint | undefined, AuthorityFault, string]>([
    ['metadata', stranger, 'the metadata are those of another issuer'],
    [undefined, { kind: 'hang' }, 'sent no complete answer in time.'],
    [undefined, { kind: 'hang' }, 'problem credential: The credential could not be checked'],
    ['token', tokenWith({ roles: [readWrite] }), `ok ${ownToken} read and change partners`],
    ['token', tokenWith({}), `problem ${ownToken} neither read nor change partners`],
  ])('is reported if the %s endpoint does %j: %s', async (endpoint, fault, text) => {
    const stop = authority.faults.set(fault, endpoint && { endpoint });
    const timeoutMs = fault.kind === 'hang' ? 1_500 : 20_000;
    await expectLine(text, own('app-only'), { ...trusting, timeoutMs });
    stop();
  });

  const endMs = Date.parse(new X509Certificate(good.cert).validTo);
  const end = new Date(endMs).toISOString().slice(0, 10);
  const whole = [certificates.authority, good.key, good.cert];

  it.each<[string, readonly string[], number, string]>([
    ['after its authority', whole, 30, `ok credential: CERTIFICATE is valid until ${end}.`],
    ['before its authority', whole.toReversed(), 30, `CERTIFICATE is valid until ${end}.`],
    ['that ends soon', whole, 29, `warning credential: CERTIFICATE ends in 29 days, on ${end}.`],
    ['that ends now', whole, 0, `problem credential: CERTIFICATE ended on ${end}.`],
    ['without a key', [good.cert], 30, ''],
    ['without a certificate', [good.key], 30, ''],
    ['without a file', [], 30, ''],
  ])('has the end of its client certificate judged, one %s', async (_what, pem, days, text) => {
    const { AZURE_CLIENT_SECRET: _secret, ...environment } = own('app-only', {
      AZURE_CLIENT_CERTIFICATE_PATH: pem.length === 0 ? 'none' : fileOf('pem', pem.join('\n')),
    });
    const atEnd = { ...systemClock, now: () => endMs - days * 86_400_000 };
    const { lines } = await diagnose(environment, { ...trusting, clock: atEnd });
    const line = lines.find((one) => one.includes('The client certificate')) ?? '';
    expect(line.replace('The client certificate', 'CERTIFICATE')).toContain(text);
    expect(line === '').toBe(text === '');
  });
});

describe('a running gateway', () => {
  const sandbox = 'sandbox: A browser at the hosted Apollo Sandbox';
  const closed = { CORS_ORIGINS: studio, INTROSPECTION: 'false' };
  const errors = [{ message: 'No.', extensions: { code: 'TRUSTED_DOCUMENT_UNKNOWN' } }];

  it.each<[string, () => string | Promise<string>]>([
    ['problem gateway: /readyz answers with 4', () => graph.baseUrl],
    ['problem gateway: POST /graphql gives no answer', () => graph.baseUrl],
    ['problem gateway: No connection to 127.0.0.1', () => 'http://127.0.0.1:1'],
    ['problem gateway: It lives and is not ready (503).', () => serve(json(503, { errors }))],
    ['ok gateway: It answers, and takes trusted documents', () => serve(json(503, { errors }))],
    ['only trusted documents are accepted.', () => serve(json(503, { errors }))],
  ])('is reported as "%s" if it or another program answers so', async (line, start) => {
    const { exitCode } = await expectLine(line, passthrough(), {}, '--url', await start());
    expect(exitCode).toBe(1);
  });

  it.each<[Environment, string]>([
    [{}, `warning ${sandbox} cannot use the gateway: CORS rejects ${studio}.`],
    [{ CORS_ORIGINS: `https://own.example,${studio}` }, `ok ${sandbox} can use the gateway.`],
    [closed, `warning ${sandbox} cannot use the gateway: introspection is off.`],
  ])('with %j is judged the same before and after its start: %s', async (change, text) => {
    const gateway = await startTestGateway(passthrough(change));
    const args = ['--url', `${gateway.url}/graphql`];
    const { exitCode, lines } = await expectLine(text, passthrough(), {}, ...args);
    await gateway.stop(0);
    expect(exitCode).toBe(0);
    const works = ['ok gateway: It is ready.', 'ok gateway: It answers a query.'];
    expect(lines).toEqual(expect.arrayContaining(works));
    await expectLine(text, passthrough(change));
  });

  it('may be closed to the Sandbox in production', async () => {
    const text = `ok ${sandbox} cannot use the gateway: introspection is off. That is usual in`;
    await expectLine(text, { NODE_ENV: 'production', GRAPH_CLOUD: 'emulator' });
  });
});

it.each<[string, string, number]>([
  ['ok redis: It answers (0 ms).', '+OK\r\n', 0],
  ['warning redis: It answers slowly (100 ms)', '+OK\r\n', 100],
  ['problem redis: It rejects the credentials (NOAUTH).', '-NOAUTH canary-secret\r\n', 0],
])('says of Redis "%s"', async (text, answer, stepMs) => {
  // Each command begins with the number of its parts, such as `*2`.
  const host = await listenPlainly((commands) => answer.repeat(commands.split('*').length - 1));
  let timeMs = nowMs;
  const now = () => {
    timeMs += stepMs;
    return timeMs;
  };
  await expectLine(text, { REDIS_URL: `redis://${host}` }, { clock: { ...clock, now } });
});
