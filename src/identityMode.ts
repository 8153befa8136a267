import { cloudOf } from './config/clouds.ts';
import type { Config } from './config/config.ts';
import type { IdentityConfig, InboundConfig } from './config/identity.ts';
import { ConfigError } from './config/readers.ts';
import type { Dependencies } from './dependencies.ts';
import {
  type Credentials,
  createTenantKeys,
  passthroughCredentials,
  type TenantKeys,
} from './graph/credentials.ts';
import {
  type Authorizer,
  createAuthorizer,
  createOwnTenantKeys,
  guardCredentials,
} from './identity/authorizer.ts';
import type { OutboundCredentials } from './identity/outbound/credentials.ts';

/** Whose token goes to Graph, and who may call. */
export interface IdentityMode {
  readonly credentials: Credentials;
  readonly tenantKeys: TenantKeys;
  /** Undefined if Graph alone authorizes callers. */
  readonly authorizer: Authorizer | undefined;
  /** Whether callers can be judged. */
  isReady(): boolean;
  /** How old the keys are with which callers' tokens are checked, in milliseconds. */
  keyAgeMs(): number | undefined;
  close(): Promise<void>;
}

type Outbound = Exclude<IdentityConfig, { readonly mode: 'passthrough' }>['outbound'];

const variableOf = {
  certificate: 'AZURE_CLIENT_CERTIFICATE_PATH',
  'federated-token': 'AZURE_FEDERATED_TOKEN_FILE',
} as const;

const passthrough = (): IdentityMode => ({
  credentials: passthroughCredentials,
  tenantKeys: createTenantKeys(),
  authorizer: undefined,
  isReady: () => true,
  keyAgeMs: () => undefined,
  close: async () => undefined,
});

/** Starts the mode that the configuration asks for; what a mode does not need is not loaded. @throws ConfigError */
export async function startIdentityMode(
  config: Config,
  surroundings: Dependencies,
): Promise<IdentityMode> {
  const { identity: settings } = config;
  if (settings.mode === 'passthrough') {
    return passthrough();
  }
  await checkCredential(settings.outbound);
  const { startIdentity } = await import('./identity/startIdentity.ts');
  const { inbound, mode, outbound } = settings;
  const identity = startIdentity({
    ...inboundOptions(inbound, mode),
    ...surroundings,
    proxies: config.proxies,
  });
  const authorizer = createAuthorizer(identity, {
    READ: inbound.readPermissions,
    WRITE: inbound.writePermissions,
  });
  const credentials = await createOutbound(config, settings, surroundings);
  const stopWatching = surroundings.measurements.watchKeyAge(() => identity.keyAgeMs);
  const app = {
    clientId: outbound.clientId ?? '',
    tenantId: outbound.kind === 'registration' ? outbound.tenantId : '',
  };
  return {
    credentials: guardCredentials(credentials, authorizer),
    tenantKeys: createOwnTenantKeys(app, authorizer, mode === 'on-behalf-of'),
    authorizer,
    isReady: () => identity.isReady,
    keyAgeMs: () => identity.keyAgeMs,
    async close() {
      stopWatching();
      await Promise.all([identity.close(), credentials.close()]);
    },
  };
}

/** Where the variable of a credential's file is at fault, that is said at the start and not by every request. */
async function checkCredential(outbound: Outbound): Promise<void> {
  const credential = outbound.kind === 'registration' ? outbound.credential : undefined;
  if (credential === undefined || credential.kind === 'secret') {
    return;
  }
  const { findCredentialProblem } = await import('./identity/outbound/clientProof.ts');
  const problem = await findCredentialProblem(credential);
  if (problem !== undefined) {
    throw new ConfigError([`${variableOf[credential.kind]} cannot be used: ${problem}`]);
  }
}

/** Whose tokens are accepted: on behalf of users only; with own permissions, from users and applications. */
export function inboundOptions(inbound: InboundConfig, mode: 'on-behalf-of' | 'app-only') {
  const { authorityHost, tenantIds, audiences, clientIds } = inbound;
  const kinds = mode === 'on-behalf-of' ? (['user'] as const) : (['user', 'application'] as const);
  return { authority: new URL(authorityHost), tenantIds, audiences, clientIds, kinds };
}

/** Makes what gets the gateway's own tokens; what a mode does not need is not loaded. */
export async function createOutbound(
  { cloud, proxies }: Config,
  settings: Exclude<IdentityConfig, { readonly mode: 'passthrough' }>,
  surroundings: Dependencies,
): Promise<OutboundCredentials> {
  const { scope, authorityHost: cloudsOwn } = cloudOf(cloud);
  const { measurements } = surroundings;
  const parts = {
    ...surroundings,
    proxies,
    onAcquire: measurements.tokenAcquired,
    onLookup: measurements.tokenLookedUp,
    watchSize: measurements.watchTokenCache,
    onBreaker: measurements.breakerState,
    onHeldBack: measurements.heldBack,
  };
  if (settings.mode === 'on-behalf-of') {
    const { createOnBehalfOfCredentials } = await import('./identity/outbound/credentials.ts');
    return createOnBehalfOfCredentials({ cloud, scope, ...settings.outbound }, parts);
  }
  const { createAppOnlyCredentials } = await import('./identity/outbound/credentials.ts');
  const { outbound } = settings;
  if (outbound.kind === 'registration') {
    const { authorityHost } = outbound;
    return createAppOnlyCredentials({ cloud, scope, authorityHost, identity: outbound }, parts);
  }
  const { imdsEndpoint } = await import('./identity/outbound/managedIdentity.ts');
  const { clientId, endpoint } = outbound;
  const place =
    endpoint === undefined ? imdsEndpoint : { kind: 'app-service' as const, ...endpoint };
  const identity = { kind: 'managed-identity' as const, clientId, endpoint: place };
  return createAppOnlyCredentials({ cloud, scope, authorityHost: cloudsOwn, identity }, parts);
}
