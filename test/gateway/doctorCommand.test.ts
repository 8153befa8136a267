import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/server.ts';
import { contoso, gatewayClient } from '../support/authority/people.ts';
import { startAuthority, type TestAuthority } from '../support/authority/startAuthority.ts';
import { diagnose } from '../support/doctorHarness.ts';
import { json, type ScriptedServer, startScriptedServer } from '../support/scriptedServer.ts';
import { startTestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';

const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
const emptyFile = join(folder, 'empty');
writeFileSync(emptyFile, '\n');
let graph: Emulator;
/** Answers as a gateway that is not ready, and as one that takes trusted documents only. */
let unready: ScriptedServer;
let authority: TestAuthority;
beforeAll(async () => {
  graph = await startTestGraph();
  authority = await startAuthority();
  const errors = [{ message: 'No.', extensions: { code: 'TRUSTED_DOCUMENT_UNKNOWN' } }];
  unready = await startScriptedServer(json(503, { errors }));
});
afterAll(async () => {
  await graph.close();
  await authority.close();
  await unready.close();
  rmSync(folder, { recursive: true });
});

const passthrough = (change: Record<string, string> = {}) => ({
  GRAPH_BASE_URL: graph.baseUrl,
  ...change,
});
const own = (mode: string, change: Record<string, string> = {}) => ({
  ...passthrough(),
  AUTH_MODE: mode,
  AZURE_TENANT_ID: contoso.id,
  AZURE_CLIENT_ID: gatewayClient.clientId,
  AZURE_CLIENT_SECRET: gatewayClient.secret,
  AZURE_AUTHORITY_HOST: authority.url,
  ...change,
});
const trusting = () => ({ certificateAuthorities: [authority.certificateAuthority] });
const graphToken = (scope: string) =>
  authority.mint({
    audience: 'https://graph.microsoft.com',
    version: '1.0',
    scope,
    claims: { note: 'canary-secret' },
  });
type Environment = Record<string, string>;
const withToken = (scope: string) => passthrough({ GRAPH_TOKEN: graphToken(scope) });
const trusted = { TRUSTED_DOCUMENTS_MODE: 'enforce', TRUSTED_DOCUMENTS_PATH: 'no/such/file' };

describe('the doctor', () => {
  it.each<[number, string, () => Environment]>([
    [0, 'ok graph: 127.0.0.1', passthrough],
    [0, "ok clock: This machine's clock agrees with Graph", passthrough],
    [0, 'the embedded Graph answers', () => ({})],
    [0, 'The embedded Graph takes it.', () => ({ GRAPH_TOKEN: 'embedded-graph-token' })],
    [1, 'The embedded Graph takes one token only', () => ({ GRAPH_TOKEN: 'canary-secret' })],
    [0, 'may read and change', () => withToken('DeviceManagementServiceConfig.ReadWrite.All')],
    [0, 'may read partners but', () => withToken('DeviceManagementServiceConfig.Read.All')],
    [1, 'may neither read nor change', () => withToken('User.Read')],
    [
      1,
      'problem redis: It cannot be reached (ECONNREFUSED)',
      () => passthrough({ REDIS_URL: 'redis://u:canary-secret@127.0.0.1:1' }),
    ],
    [1, 'problem authority: The certificate that localhost', () => own('app-only')],
    [1, 'problem credential: The credential could not be checked', () => own('app-only')],
    [78, 'problem configuration: PORT is "high"', () => ({ PORT: 'high', AUTH_MODE: 'trust' })],
    [
      78,
      'problem configuration: AUTH_MODE is "trust"',
      () => ({ PORT: 'high', AUTH_MODE: 'trust' }),
    ],
    [78, 'TRUSTED_DOCUMENTS_PATH cannot be read: ', () => trusted],
  ])('ends with %i and reports "%s"', async (exitCode, text, environmentFor) => {
    const environment = environmentFor();
    const diagnosis = await diagnose(environment);
    expect(diagnosis.exitCode).toBe(exitCode);
    expect(diagnosis.lines).toContainEqual(expect.stringContaining(text));
    const { GRAPH_TOKEN: token = '' } = environment;
    expect(diagnosis.output).not.toContain(token.split('.')[1] ?? 'canary-secret');
    expect(diagnosis.output).not.toContain('canary-secret');
  });

  it.each<[string, string, Environment]>([
    [
      'itself (AADSTS7000215): the client secret is wrong',
      'on-behalf-of',
      { AZURE_CLIENT_SECRET: 'canary-secret' },
    ],
    [
      'cannot be used: it was answered with 400',
      'app-only',
      { AZURE_TENANT_ID: gatewayClient.clientId },
    ],
    [
      'this cloud does not have the tenant',
      'app-only',
      { AZURE_TENANT_ID: gatewayClient.clientId },
    ],
  ])('reports "%s" in the mode %s', async (text, mode, change) => {
    const { exitCode, lines, output } = await diagnose(own(mode, change), trusting());
    expect(exitCode).toBe(1);
    expect(lines).toContainEqual(expect.stringContaining(text));
    expect(output).not.toContain('canary-secret');
  });

  it.each<[string, string, string]>([
    [
      '-',
      'User.Read',
      'problem token: The token of a user, who also needs a role in Intune, may neither',
    ],
    ['no/such/file', '', 'problem token: The file of --token-file cannot be read (ENOENT).'],
    [emptyFile, '', 'problem token: The file of --token-file holds no token.'],
    ['-', '', 'problem token: Standard input holds no token.'],
  ])('reads a token from --token-file %s before the variable', async (path, scope, line) => {
    const readStdin = async () => (scope === '' ? '' : `Bearer ${graphToken(scope)}\n`);
    const environment = passthrough({ GRAPH_TOKEN: 'opaque' });
    const { exitCode, lines } = await diagnose(environment, { readStdin }, ['--token-file', path]);
    expect(exitCode).toBe(1);
    expect(lines).toContainEqual(expect.stringContaining(line));
  });

  it.each<[string, () => string]>([
    ['problem gateway: /readyz answers with 4', () => graph.baseUrl],
    ['problem gateway: POST /graphql gives no answer', () => graph.baseUrl],
    ['problem gateway: No connection to 127.0.0.1', () => 'http://127.0.0.1:1'],
    ['problem gateway: It lives and is not ready (503).', () => unready.url.href],
    ['ok gateway: It answers, and takes trusted documents only.', () => unready.url.href],
  ])('reports "%s" if a gateway or another program answers so', async (line, urlOf) => {
    const { exitCode, lines } = await diagnose(passthrough(), {}, ['--url', urlOf()]);
    expect(exitCode).toBe(1);
    expect(lines).toContainEqual(expect.stringContaining(line));
  });

  it('does not look for a Graph if the embedded one would answer', async () => {
    const { lines } = await diagnose({});
    expect(lines.join()).not.toContain(' graph: ');
  });

  it('looks at nothing else if the configuration cannot be used', async () => {
    const seen = graph.requests.length;
    const { lines } = await diagnose(passthrough({ PORT: 'high' }));
    expect(lines).toHaveLength(1);
    expect(graph.requests.length).toBe(seen);
  });

  it.each(['app-only', 'on-behalf-of'])('finds nothing wrong with %s', async (mode) => {
    const { exitCode, lines } = await diagnose(own(mode), trusting());
    expect(lines.filter((text) => text.startsWith('problem'))).toEqual([]);
    expect(exitCode).toBe(0);
    expect(lines.join('\n')).toContain('ok authority: localhost');
    expect(lines.join('\n')).toContain("ok credential: The gateway's own credential works");
  });

  it.each<[string, Parameters<TestAuthority['faults']['set']>, number, RegExp[]]>([
    [
      'has the metadata of another issuer',
      [
        { kind: 'rubbish', body: '{"issuer":"https://elsewhere.example","jwks_uri":""}' },
        { endpoint: 'metadata' },
      ],
      20_000,
      [/the metadata are those of another issuer/],
    ],
    [
      'hangs',
      [{ kind: 'hang' }],
      3_000,
      [/^problem authority: .* in time\.$/m, /problem credential: The credential could not be/],
    ],
  ])('reports an authority that %s', async (_what, fault, timeoutMs, expected) => {
    const stop = authority.faults.set(...fault);
    const { lines } = await diagnose(own('app-only'), { ...trusting(), timeoutMs });
    stop();
    for (const pattern of expected) {
      expect(lines.join('\n')).toMatch(pattern);
    }
  });

  it.each<[object, string]>([
    [{ audience: 'https://graph.microsoft.com' }, 'The token is for Microsoft Graph'],
    [{ lifetimeSeconds: -600 }, 'The token has expired.'],
    [{ scope: 'CompliancePartners.Read' }, 'of a user may read partners but not change them'],
    [{ scope: 'CompliancePartners.ReadWrite' }, 'may read and change partners'],
    [{ scope: 'access_as_user' }, 'may neither read nor change partners'],
  ])('judges a token %j for the gateway as the gateway does: %s', async (wish, text) => {
    const environment = own('on-behalf-of', { GRAPH_TOKEN: authority.mint(wish) });
    const { lines } = await diagnose(environment, trusting());
    expect(lines).toContainEqual(expect.stringContaining(text));
  });

  it.each<[Record<string, string>, string]>([
    [{}, 'warning sandbox: A browser at the hosted Apollo Sandbox cannot use'],
    [{ CORS_ORIGINS: 'https://studio.apollographql.com' }, 'ok sandbox: '],
    [
      { CORS_ORIGINS: 'https://studio.apollographql.com', INTROSPECTION: 'false' },
      'warning sandbox: A browser at the hosted Apollo Sandbox cannot use the gateway: introspection is off.',
    ],
  ])('says of %j the same before and after the start: %s', async (change, text) => {
    const gateway = await startTestGateway(passthrough(change));
    const before = await diagnose(passthrough(change));
    const after = await diagnose(passthrough(), {}, ['--url', `${gateway.url}/graphql`]);
    await gateway.stop(0);
    expect(after.exitCode).toBe(0);
    expect(after.lines).toEqual(
      expect.arrayContaining(['ok gateway: It is ready.', 'ok gateway: It answers a query.']),
    );
    expect(before.lines).toContainEqual(expect.stringContaining(text));
    expect(after.lines).toContainEqual(expect.stringContaining(text));
  });
});
