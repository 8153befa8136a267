import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/configError.ts';
import type { Environment } from '../../src/config/readers.ts';

const tenant = '6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001';
const client = '9a7e0a11-3b5c-4d7e-8f90-000000000010';
const registered = {
  GRAPH_CLOUD: 'global',
  AZURE_TENANT_ID: tenant,
  AZURE_CLIENT_ID: client,
  AZURE_CLIENT_SECRET: 'hunter2',
};
const identityOf = (environment: Environment) => readConfig(environment).identity;

function problemsOf(environment: Environment): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
  return [];
}

describe("the identity's configuration", () => {
  it("passes callers' tokens on where nothing is set", () => {
    expect(identityOf({})).toEqual({ mode: 'passthrough' });
  });

  it('takes tokens of the own tenant for the own app, and asks at the authority of the cloud', () => {
    expect(identityOf({ ...registered, AUTH_MODE: 'on-behalf-of' })).toMatchObject({
      mode: 'on-behalf-of',
      inbound: {
        authorityHost: 'https://login.microsoftonline.com',
        tenantIds: [tenant],
        audiences: [client, `api://${client}`],
        clientIds: undefined,
        readPermissions: ['CompliancePartners.Read', 'CompliancePartners.ReadWrite'],
        writePermissions: ['CompliancePartners.ReadWrite'],
      },
      outbound: { kind: 'registration', tenantId: tenant, clientId: client },
    });
    expect(
      identityOf({ ...registered, GRAPH_CLOUD: 'china', AUTH_MODE: 'app-only' }),
    ).toMatchObject({ inbound: { authorityHost: 'https://login.chinacloudapi.cn' } });
  });

  it('takes what is set instead', () => {
    const identity = identityOf({
      ...registered,
      AUTH_MODE: 'app-only',
      AZURE_AUTHORITY_HOST: 'https://login.example/',
      AUTH_AUDIENCES: 'api://partners , other',
      AUTH_TENANTS: `${tenant},2c8d7f3a-91ab-4c0e-8f43-7b5d2e9a0002`,
      AUTH_CLIENTS: 'f407e4d0-1a2b-4c3d-8e4f-000000000020',
      AUTH_READ_PERMISSIONS: 'Read',
      AUTH_WRITE_PERMISSIONS: 'Write',
    });
    expect(identity).toMatchObject({
      inbound: {
        authorityHost: 'https://login.example',
        tenantIds: [tenant, '2c8d7f3a-91ab-4c0e-8f43-7b5d2e9a0002'],
        audiences: ['api://partners', 'other'],
        clientIds: ['f407e4d0-1a2b-4c3d-8e4f-000000000020'],
        readPermissions: ['Read'],
        writePermissions: ['Write'],
      },
      outbound: { authorityHost: 'https://login.example' },
    });
  });

  it.each<[string, Environment, object]>([
    ['a secret', { AZURE_CLIENT_SECRET: 'hunter2' }, { kind: 'secret' }],
    [
      'a certificate',
      {
        AZURE_CLIENT_CERTIFICATE_PATH: '/run/cert.pem',
        AZURE_CLIENT_CERTIFICATE_PASSWORD: 'hunter2',
        AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: 'true',
      },
      { kind: 'certificate', path: '/run/cert.pem', sendsChain: true },
    ],
    [
      'a federated token',
      { AZURE_FEDERATED_TOKEN_FILE: '/run/token' },
      { kind: 'federated-token', path: '/run/token' },
    ],
  ])('proves itself with %s, which is never shown', (_what, environment, credential) => {
    const config = readConfig({
      ...registered,
      AZURE_CLIENT_SECRET: '',
      AUTH_MODE: 'on-behalf-of',
      ...environment,
    });
    expect(config.identity).toMatchObject({ outbound: { credential } });
    expect(`${JSON.stringify(config)}${inspect(config, { depth: 9 })}`).not.toContain('hunter2');
  });

  it('is the identity of the machine where an app-only gateway has no credential', () => {
    const environment = {
      GRAPH_CLOUD: 'global',
      AUTH_MODE: 'app-only',
      AZURE_TENANT_ID: tenant,
      AUTH_AUDIENCES: 'api://partners',
    };
    expect(identityOf(environment)).toMatchObject({
      outbound: { kind: 'managed-identity', clientId: undefined, endpoint: undefined },
    });
    expect(
      identityOf({
        ...environment,
        AZURE_CLIENT_ID: client,
        IDENTITY_ENDPOINT: 'http://localhost:42356/msi/token',
        IDENTITY_HEADER: 'hunter2',
      }),
    ).toMatchObject({
      outbound: {
        clientId: client,
        endpoint: { url: new URL('http://localhost:42356/msi/token') },
      },
    });
  });

  it.each<[string, Environment, string[]]>([
    [
      'nothing but the mode',
      { AUTH_MODE: 'on-behalf-of', GRAPH_CLOUD: 'global' },
      [
        "AZURE_TENANT_ID is missing: AUTH_MODE=on-behalf-of needs the tenant's id.",
        "AZURE_CLIENT_ID is missing: AUTH_MODE=on-behalf-of needs the gateway's client id.",
        'AUTH_MODE=on-behalf-of needs a credential: AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE.',
      ],
    ],
    [
      'the embedded Graph',
      { ...registered, GRAPH_CLOUD: 'emulator', AUTH_MODE: 'app-only' },
      [
        'AUTH_MODE is "app-only", which gets tokens for a Graph of Microsoft\'s: name it with GRAPH_CLOUD or GRAPH_BASE_URL.',
      ],
    ],
    [
      'a tenant by its name',
      { ...registered, AUTH_MODE: 'app-only', AZURE_TENANT_ID: 'contoso.example' },
      ['AZURE_TENANT_ID must be a GUID.'],
    ],
    [
      'allow-lists of names, or of nothing',
      {
        ...registered,
        AUTH_MODE: 'app-only',
        AUTH_TENANTS: `${tenant},contoso.example`,
        AUTH_CLIENTS: ' , ',
      },
      [
        'AUTH_TENANTS must be GUIDs, with commas between.',
        'AUTH_CLIENTS has nothing between its commas.',
      ],
    ],
    [
      'rules for callers where Graph alone judges them',
      { GRAPH_CLOUD: 'global', AUTH_TENANTS: tenant, AUTH_WRITE_PERMISSIONS: 'Write' },
      ['AUTH_TENANTS', 'AUTH_WRITE_PERMISSIONS'].map(
        (name) =>
          `${name} is set, but with AUTH_MODE=passthrough Microsoft Graph alone judges callers: take it away, or set another mode.`,
      ),
    ],
    [
      'two credentials',
      { ...registered, AUTH_MODE: 'app-only', AZURE_FEDERATED_TOKEN_FILE: '/run/token' },
      [
        'AZURE_CLIENT_SECRET and AZURE_FEDERATED_TOKEN_FILE are both set: the gateway proves itself in one way.',
      ],
    ],
    [
      'a machine without an audience',
      { GRAPH_CLOUD: 'global', AUTH_MODE: 'app-only', AZURE_TENANT_ID: tenant },
      [
        'AUTH_AUDIENCES is missing: with a managed identity the gateway cannot know the client id that callers ask tokens for.',
      ],
    ],
    [
      'half a place of the platform',
      {
        GRAPH_CLOUD: 'global',
        AUTH_MODE: 'app-only',
        AZURE_TENANT_ID: tenant,
        AUTH_AUDIENCES: 'a',
        IDENTITY_HEADER: 'x',
      },
      ['IDENTITY_ENDPOINT and IDENTITY_HEADER go together: set both or none.'],
    ],
  ])('refuses %s', (_what, environment, problems) => {
    expect(problemsOf(environment)).toEqual(problems);
  });
});
