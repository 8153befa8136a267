import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/server.ts';
import { contoso, gatewayClient } from '../support/authority/people.ts';
import { startAuthority, type TestAuthority } from '../support/authority/startAuthority.ts';
import { diagnose } from '../support/doctorHarness.ts';
import { startTestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';

const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
const emptyFile = join(folder, 'empty');
writeFileSync(emptyFile, '\n');
let graph: Emulator;
let authority: TestAuthority;
beforeAll(async () => {
  graph = await startTestGraph();
  authority = await startAuthority();
});
afterAll(async () => {
  await graph.close();
  await authority.close();
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
const tokenFile = (path: string) => [{}, ['--token-file', path]] as const;

type Scene = readonly [
  environment: Record<string, string>,
  parts?: Parameters<typeof diagnose>[1],
  args?: readonly string[],
];

describe('the doctor', () => {
  it.each<[string, number, string[], () => Scene]>([
    [
      'the way to a Graph',
      0,
      ['ok graph: 127.0.0.1', "ok clock: This machine's clock agrees with Graph"],
      () => [passthrough()],
    ],
    [
      'the embedded Graph and its token',
      0,
      ['the embedded Graph answers', 'ok token: The embedded Graph takes it.'],
      () => [{ GRAPH_TOKEN: 'embedded-graph-token' }],
    ],
    [
      'the embedded Graph and another token',
      1,
      ['problem token: The embedded Graph takes one token only'],
      () => [{ GRAPH_TOKEN: 'canary-secret' }],
    ],
    [
      'a token that may change',
      0,
      ['may read and change'],
      () => [
        passthrough({ GRAPH_TOKEN: graphToken('DeviceManagementServiceConfig.ReadWrite.All') }),
      ],
    ],
    [
      'a token that may read',
      0,
      ['may read partners but not change'],
      () => [passthrough({ GRAPH_TOKEN: graphToken('DeviceManagementServiceConfig.Read.All') })],
    ],
    [
      'a token that may nothing',
      1,
      ['may neither read nor change'],
      () => [passthrough({ GRAPH_TOKEN: graphToken('User.Read') })],
    ],
    [
      'a token on standard input, before the variable',
      1,
      ['may neither read nor change'],
      () => [
        passthrough({ GRAPH_TOKEN: 'opaque' }),
        { readStdin: async () => `Bearer ${graphToken('User.Read')}\n` },
        ['--token-file', '-'],
      ],
    ],
    [
      'a file for a token that is not there',
      1,
      ['problem token: The file of --token-file cannot be read (ENOENT).'],
      () => [passthrough(), ...tokenFile('no/such/file')],
    ],
    [
      'an empty file for a token',
      1,
      ['problem token: The file of --token-file holds no token.'],
      () => [passthrough(), ...tokenFile(emptyFile)],
    ],
    [
      'an authority whose certificate has no known issuer',
      1,
      [
        'problem authority: The certificate that localhost',
        'problem credential: The credential could not be checked',
      ],
      () => [own('app-only')],
    ],
    [
      'a wrong secret, by the number of Entra',
      1,
      ['itself (AADSTS7000215): the client secret is wrong'],
      () => [own('on-behalf-of', { AZURE_CLIENT_SECRET: 'canary-secret' }), trusting()],
    ],
    [
      'a tenant that the authority does not know',
      1,
      ['cannot be used: it was answered with 400', 'this cloud does not have the tenant'],
      () => [own('app-only', { AZURE_TENANT_ID: gatewayClient.clientId }), trusting()],
    ],
    [
      'a Redis that is not there',
      1,
      ['problem redis: It cannot be reached (ECONNREFUSED)'],
      () => [passthrough({ REDIS_URL: 'redis://u:canary-secret@127.0.0.1:1' })],
    ],
    [
      'a program that is no gateway',
      1,
      ['problem gateway: /readyz answers with 4', 'problem gateway: POST /graphql gives no answer'],
      () => [passthrough(), {}, ['--url', graph.baseUrl]],
    ],
    [
      'a gateway that is not there',
      1,
      ['problem gateway: No connection to 127.0.0.1'],
      () => [passthrough(), {}, ['--url', 'http://127.0.0.1:1']],
    ],
    [
      'every problem of a configuration',
      78,
      ['problem configuration: PORT is "high"', 'problem configuration: AUTH_MODE is "trust"'],
      () => [passthrough({ PORT: 'high', AUTH_MODE: 'trust', GRAPH_TOKEN: 'x' })],
    ],
    [
      'a file with trusted documents that cannot be used',
      78,
      ['TRUSTED_DOCUMENTS_PATH cannot be read: '],
      () => [{ TRUSTED_DOCUMENTS_MODE: 'enforce', TRUSTED_DOCUMENTS_PATH: 'no/such/file.json' }],
    ],
  ])('reports %s, and ends with %i', async (_what, exitCode, expected, sceneOf) => {
    const [environment, parts, args] = sceneOf();
    const diagnosis = await diagnose(environment, parts, args);
    expect(diagnosis.exitCode).toBe(exitCode);
    for (const text of expected) {
      expect(diagnosis.lines).toContainEqual(expect.stringContaining(text));
    }
    expect(diagnosis.output).not.toContain('canary-secret');
    const [, payload = 'canary-secret'] = environment['GRAPH_TOKEN']?.split('.') ?? [];
    expect(diagnosis.output).not.toContain(payload);
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
