import type { Secret } from '../shared/secret.ts';
import { type CloudName, cloudOf } from './graph.ts';
import type { Readers } from './readers.ts';
import { read, variableNames } from './variables.ts';

/** Of a gateway that has tokens of its own. */
export interface OwnIdentityConfig {
  readonly mode: 'on-behalf-of' | 'app-only';
  /** Which callers' tokens are taken. */
  readonly inbound: {
    /** Where the keys come from, without a slash at the end. */
    readonly authorityHost: string;
    readonly tenantIds: readonly string[];
    /** What tokens for this gateway are made for. */
    readonly audiences: readonly string[];
    /** The apps that may call; all if it is undefined. */
    readonly clientIds: readonly string[] | undefined;
    /** The scopes (of users) or roles (of applications) of which one suffices, the least privileged first. */
    readonly readPermissions: readonly string[];
    readonly writePermissions: readonly string[];
  };
  readonly outbound: RegistrationConfig | ManagedIdentityConfig;
}

/** The gateway's own registration. */
interface RegistrationConfig {
  readonly kind: 'registration';
  readonly authorityHost: string;
  readonly tenantId: string;
  readonly clientId: string;
  /** How the gateway proves to Entra that it is the app that it says it is. */
  readonly credential:
    | { readonly kind: 'secret'; readonly secret: Secret }
    | {
        readonly kind: 'certificate';
        readonly path: string;
        readonly passphrase: Secret | undefined;
        readonly sendsChain: boolean;
      }
    | { readonly kind: 'federated-token'; readonly path: string };
}

/** The identity of the machine that the gateway runs on. */
interface ManagedIdentityConfig {
  readonly kind: 'managed-identity';
  /** Of a user-assigned identity; undefined means the machine's own. */
  readonly clientId: string | undefined;
  /** App Service and Container Apps name their own place; undefined means the metadata service. */
  readonly endpoint: { readonly url: URL; readonly header: Secret } | undefined;
}

/** What has no meaning if Graph alone judges callers. */
const callerRules = [...variableNames].filter((name) => /^AUTH_(?!MODE$)/.test(name));
const defaultReadPermissions = ['CompliancePartners.Read', 'CompliancePartners.ReadWrite'];
const defaultWritePermissions = ['CompliancePartners.ReadWrite'];

/** Reads whose token goes to Graph, who may call, and all that the mode needs. */
export function readIdentity(
  readers: Readers,
  cloud: CloudName,
  upstream: 'graph' | 'emulator',
): { readonly mode: 'passthrough' } | OwnIdentityConfig {
  const mode = read(readers, 'AUTH_MODE');
  if (mode === 'passthrough') {
    // An operator who sets one of them believes that it holds.
    for (const name of callerRules.filter((rule) => readers.text(rule) !== undefined)) {
      readers.report(
        `${name} is set, but with AUTH_MODE=passthrough Microsoft Graph alone judges callers: take it away, or set another mode.`,
      );
    }
    return { mode };
  }
  if (upstream === 'emulator') {
    readers.report(
      `AUTH_MODE is "${mode}", which gets tokens for a Graph of Microsoft's: name it with GRAPH_CLOUD or GRAPH_BASE_URL.`,
    );
  }
  const host = read(readers, 'AZURE_AUTHORITY_HOST')?.href ?? cloudOf(cloud).authorityHost;
  const authorityHost = host.replace(/\/$/, '');
  const tenantId = read(readers, 'AZURE_TENANT_ID');
  const clientId = read(readers, 'AZURE_CLIENT_ID');
  const credential = readCredential(readers);
  const isManaged = mode === 'app-only' && credential === undefined;
  readers.need('AZURE_TENANT_ID', `AUTH_MODE=${mode} needs the tenant's id`);
  if (!isManaged) {
    readers.need('AZURE_CLIENT_ID', `AUTH_MODE=${mode} needs the gateway's client id`);
  }
  if (credential === undefined && mode === 'on-behalf-of') {
    readers.report(
      'AUTH_MODE=on-behalf-of needs a credential: AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE.',
    );
  }
  if (isManaged) {
    // The client id is the machine's then, and says nothing of what callers ask tokens for.
    readers.need(
      'AUTH_AUDIENCES',
      'with a managed identity the gateway cannot know the client id in the tokens of callers',
    );
  }
  const audiences = read(readers, 'AUTH_AUDIENCES');
  const ownAudiences = clientId === undefined ? [] : [clientId, `api://${clientId}`];
  const inbound = {
    authorityHost,
    tenantIds: read(readers, 'AUTH_TENANTS') ?? (tenantId === undefined ? [] : [tenantId]),
    audiences: audiences ?? ownAudiences,
    clientIds: read(readers, 'AUTH_CLIENTS'),
    readPermissions: read(readers, 'AUTH_READ_PERMISSIONS') ?? defaultReadPermissions,
    writePermissions: read(readers, 'AUTH_WRITE_PERMISSIONS') ?? defaultWritePermissions,
  };
  if (isManaged) {
    return { mode, inbound, outbound: readManagedIdentity(readers, clientId) };
  }
  const outbound = {
    kind: 'registration',
    authorityHost,
    tenantId: tenantId ?? '',
    clientId: clientId ?? '',
    // Without one the problem is reported above, and nothing is started.
    credential: credential ?? { kind: 'federated-token', path: '' },
  } as const;
  return { mode, inbound, outbound };
}

function readManagedIdentity(
  readers: Readers,
  clientId: string | undefined,
): ManagedIdentityConfig {
  const url = read(readers, 'IDENTITY_ENDPOINT');
  const header = read(readers, 'IDENTITY_HEADER');
  if ((url === undefined) !== (header === undefined)) {
    readers.report('IDENTITY_ENDPOINT and IDENTITY_HEADER go together: set both or none.');
  }
  const endpoint = url !== undefined && header !== undefined ? { url, header } : undefined;
  return { kind: 'managed-identity', clientId, endpoint };
}

const names = [
  'AZURE_CLIENT_SECRET',
  'AZURE_CLIENT_CERTIFICATE_PATH',
  'AZURE_FEDERATED_TOKEN_FILE',
] as const;

/** Reads the one credential that is set; undefined if there is none. */
function readCredential(readers: Readers): RegistrationConfig['credential'] | undefined {
  const given = names.filter((name) => readers.text(name) !== undefined);
  if (given.length > 1) {
    readers.report(`${given.join(' and ')} are both set: the gateway proves itself in one way.`);
  }
  const secret = read(readers, 'AZURE_CLIENT_SECRET');
  if (secret !== undefined) {
    return { kind: 'secret', secret };
  }
  const certificate = read(readers, 'AZURE_CLIENT_CERTIFICATE_PATH');
  if (certificate !== undefined) {
    return {
      kind: 'certificate',
      path: certificate,
      passphrase: read(readers, 'AZURE_CLIENT_CERTIFICATE_PASSWORD'),
      sendsChain: read(readers, 'AZURE_CLIENT_SEND_CERTIFICATE_CHAIN'),
    };
  }
  const path = read(readers, 'AZURE_FEDERATED_TOKEN_FILE');
  return path === undefined ? undefined : { kind: 'federated-token', path };
}
