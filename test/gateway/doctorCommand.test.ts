import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/server.ts';
import { contoso, gatewayClient } from '../support/authority/people.ts';
import { startAuthority, type TestAuthority } from '../support/authority/startAuthority.ts';
import { diagnose } from '../support/doctorHarness.ts';
import { startTestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';

let graph: Emulator;
let authority: TestAuthority;
beforeAll(async () => {
  graph = await startTestGraph();
  authority = await startAuthority();
});
afterAll(async () => {
  await graph.close();
  await authority.close();
});

const passthrough = () => ({ GRAPH_BASE_URL: graph.baseUrl });
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
const line = (text: string) => expect.stringContaining(text);
const graphToken = (scope: string, claims: Record<string, unknown> = {}) =>
  authority.mint({ audience: 'https://graph.microsoft.com', version: '1.0', scope, claims });

describe('the doctor', () => {
  it('finds nothing wrong with the way to a Graph', async () => {
    const { exitCode, lines } = await diagnose(passthrough());
    expect(exitCode).toBe(0);
    expect(lines).toContainEqual(line('ok graph: 127.0.0.1'));
    expect(lines).toContainEqual(line("ok clock: This machine's clock agrees with Graph"));
  });

  it('has nothing to reach where the embedded Graph would answer', async () => {
    const { exitCode, lines } = await diagnose({});
    expect(exitCode).toBe(0);
    expect(lines[0]).toContain('the embedded Graph answers');
    expect(lines.join()).not.toContain(' graph: ');
  });

  it.each<[string, string, number, string]>([
    ['may change', 'DeviceManagementServiceConfig.ReadWrite.All', 0, 'may read and change'],
    ['may read', 'DeviceManagementServiceConfig.Read.All', 0, 'may read partners but not change'],
    ['may nothing', 'User.Read', 1, 'may neither read nor change'],
  ])('says of a token for Graph that it %s', async (_what, scope, exitCode, text) => {
    const token = graphToken(scope);
    const diagnosis = await diagnose({ ...passthrough(), GRAPH_TOKEN: token });
    expect(diagnosis.exitCode).toBe(exitCode);
    expect(diagnosis.lines).toContainEqual(line(text));
    expect(diagnosis.output).not.toContain(token.split('.')[1]);
  });

  it('reads a token from standard input before the variable', async () => {
    const parts = { readStdin: async () => `Bearer ${graphToken('User.Read')}\n` };
    const environment = { ...passthrough(), GRAPH_TOKEN: 'opaque' };
    const { lines } = await diagnose(environment, parts, ['--token-file', '-']);
    expect(lines).toContainEqual(line('may neither read nor change'));
  });

  it.each<[string, object, string]>([
    ['is not there', {}, 'The file of --token-file cannot be read (ENOENT).'],
    ['is empty', { readFile: async () => '\n' }, 'The file of --token-file holds no token.'],
  ])('says that a file for a token %s', async (_what, parts, message) => {
    const { exitCode, lines } = await diagnose(passthrough(), parts, ['--token-file', 'token']);
    expect(exitCode).toBe(1);
    expect(lines).toContainEqual(`problem token: ${message}`);
  });

  it.each(['app-only', 'on-behalf-of'])('finds nothing wrong with %s', async (mode) => {
    const { exitCode, lines } = await diagnose(own(mode), trusting());
    expect(lines.filter((text) => text.startsWith('problem'))).toEqual([]);
    expect(exitCode).toBe(0);
    expect(lines).toContainEqual(line('ok authority: localhost'));
    expect(lines).toContainEqual(line("ok credential: The gateway's own credential works"));
  });

  it('says why an authority is not trusted when its certificate has no known issuer', async () => {
    const { exitCode, lines } = await diagnose(own('app-only'));
    expect(exitCode).toBe(1);
    expect(lines).toContainEqual(line('problem authority: The certificate that localhost'));
    expect(lines).toContainEqual(line('problem credential: The credential could not be checked'));
  });

  it('tells a wrong secret by the number of Entra, and not by the secret', async () => {
    const environment = own('on-behalf-of', { AZURE_CLIENT_SECRET: 'canary-secret' });
    const { exitCode, output, lines } = await diagnose(environment, trusting());
    expect(exitCode).toBe(1);
    expect(lines).toContainEqual(line('itself (AADSTS7000215): the client secret is wrong'));
    expect(output).not.toContain('canary-secret');
  });

  it('tells a tenant that the authority does not know', async () => {
    const environment = own('app-only', { AZURE_TENANT_ID: gatewayClient.clientId });
    const { lines } = await diagnose(environment, trusting());
    expect(lines).toContainEqual(line('cannot be used: it was answered with 400'));
    expect(lines).toContainEqual(line('this cloud does not have the tenant'));
  });

  it('tells metadata of another issuer', async () => {
    const stop = authority.faults.set(
      { kind: 'rubbish', body: '{"issuer":"https://elsewhere.example","jwks_uri":""}' },
      { endpoint: 'metadata' },
    );
    const { lines } = await diagnose(own('on-behalf-of'), trusting());
    stop();
    expect(lines).toContainEqual(line('the metadata are those of another issuer'));
  });

  it('gives up on an authority that hangs, and says so', async () => {
    const stop = authority.faults.set({ kind: 'hang' });
    const { lines } = await diagnose(own('app-only'), { ...trusting(), timeoutMs: 3_000 });
    stop();
    expect(lines).toContainEqual(expect.stringMatching(/^problem authority: .* in time\.$/));
    expect(lines).toContainEqual(line('problem credential: The credential could not be checked'));
  });

  it.each<[string, object, string]>([
    [
      'it is for Graph',
      { audience: 'https://graph.microsoft.com' },
      'The token is for Microsoft Graph',
    ],
    ['it ended', { lifetimeSeconds: -600 }, 'The token has expired.'],
    ['it may read', { scope: 'CompliancePartners.Read' }, 'may read partners but not change them'],
    ['it may change', { scope: 'CompliancePartners.ReadWrite' }, 'may read and change partners'],
    ['it may nothing', { scope: 'access_as_user' }, 'may neither read nor change partners'],
  ])('judges a token for the gateway as the gateway does: %s', async (_what, wish, text) => {
    const environment = { ...own('on-behalf-of'), GRAPH_TOKEN: authority.mint(wish) };
    const { lines } = await diagnose(environment, trusting());
    expect(lines).toContainEqual(line(text));
  });

  it('tells all that is wrong with a configuration, and looks at nothing else', async () => {
    const seen = graph.requests.length;
    const environment = { ...passthrough(), PORT: 'high', AUTH_MODE: 'trust', GRAPH_TOKEN: 'x' };
    const { exitCode, lines } = await diagnose(environment);
    expect(exitCode).toBe(78);
    expect(lines).toEqual([
      line('problem configuration: PORT is "high"'),
      line('problem configuration: AUTH_MODE is "trust"'),
    ]);
    expect(graph.requests.length).toBe(seen);
  });

  it('tells that the file with trusted documents cannot be used, as the start would', async () => {
    const { exitCode, lines } = await diagnose({
      TRUSTED_DOCUMENTS_MODE: 'enforce',
      TRUSTED_DOCUMENTS_PATH: 'no/such/file.json',
    });
    expect(exitCode).toBe(78);
    expect(lines).toEqual([line('TRUSTED_DOCUMENTS_PATH cannot be read: ')]);
  });

  it('looks at a running gateway', async () => {
    const gateway = await startTestGateway(passthrough());
    const { exitCode, lines } = await diagnose(passthrough(), {}, [
      '--url',
      `${gateway.url}/graphql`,
    ]);
    await gateway.stop(0);
    expect(exitCode).toBe(0);
    expect(lines).toContain('ok gateway: It is ready.');
    expect(lines).toContain('ok gateway: It answers a query.');
  });

  it.each<[string, Record<string, string>, string]>([
    ['nothing lets in', {}, 'warning sandbox: A browser at the hosted Apollo Sandbox cannot use'],
    ['is listed', { CORS_ORIGINS: 'https://studio.apollographql.com' }, 'ok sandbox: '],
    [
      'is listed and may not look at the schema',
      { CORS_ORIGINS: 'https://studio.apollographql.com', INTROSPECTION: 'false' },
      'warning sandbox: A browser at the hosted Apollo Sandbox cannot use the gateway: introspection is off.',
    ],
  ])(
    'says of a hosted Sandbox that %s the same before and after the start',
    async (_what, change, text) => {
      const environment = { ...passthrough(), ...change };
      const gateway = await startTestGateway(environment);
      const before = await diagnose(environment);
      const after = await diagnose(passthrough(), {}, ['--url', gateway.url]);
      await gateway.stop(0);
      expect(before.lines).toContainEqual(line(text));
      expect(after.lines).toContainEqual(line(text));
    },
  );

  it('says whether another program or none answers in place of a gateway', async () => {
    const other = await diagnose(passthrough(), {}, ['--url', graph.baseUrl]);
    expect(other.lines).toContainEqual(line('problem gateway: /readyz answers with 4'));
    expect(other.lines).toContainEqual(line('problem gateway: POST /graphql gives no answer'));
    const gateway = await startTestGateway(passthrough());
    await gateway.stop(0);
    const none = await diagnose(passthrough(), {}, ['--url', gateway.url]);
    expect(none.lines).toContainEqual(line('problem gateway: No connection to 127.0.0.1'));
  });

  it('tells a Redis that is not there, and not its password', async () => {
    const environment = { ...passthrough(), REDIS_URL: 'redis://u:canary-secret@127.0.0.1:1' };
    const { exitCode, output, lines } = await diagnose(environment);
    expect(exitCode).toBe(1);
    expect(lines).toContainEqual(line('problem redis: It cannot be reached (ECONNREFUSED)'));
    expect(output).not.toContain('canary-secret');
  });
});
