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

type OwnIdentity = Exclude<IdentityConfig, { readonly mode: 'passthrough' }>;
type Outbound = OwnIdentity['outbound'];

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
  const { startIdentity } = await import('./identity/verifyToken.ts');
  const { inbound, mode, outbound } = settings;
  const identity = startIdentity({
    ...inboundOptions(inbound, mode),
    ...surroundings,
    proxies: config.proxies,
  });
  const authorizer = createAuthorizer(identity.identify, {
    READ: inbound.readPermissions,
    WRITE: inbound.writePermissions,
  });
  const credentials = await createOutbound(config, settings, surroundings);
  const stopWatching = surroundings.measurements.watchKeyAge(() => identity.keys.ageMs);
  const app = {
    clientId: outbound.clientId ?? '',
    tenantId: outbound.kind === 'registration' ? outbound.tenantId : '',
  };
  return {
    credentials: guardCredentials(credentials, authorizer),
    tenantKeys: createOwnTenantKeys(app, authorizer, mode === 'on-behalf-of'),
    authorizer,
    isReady: () => identity.keys.isReady,
    keyAgeMs: () => identity.keys.ageMs,
    async close() {
      stopWatching();
      identity.keys.close();
      await credentials.close();
    },
  };
}

/** If a credential's file cannot be used, the start says so; the gateway would be ready, and reject every caller. */
async function checkCredential(outbound: Outbound): Promise<void> {
  if (outbound.kind !== 'registration' || outbound.credential.kind === 'secret') {
    return;
  }
  const { credential } = outbound;
  const { createProve } = await import('./identity/outbound/clientProof.ts');
  const { OutboundIdentityError } = await import('./identity/outbound/token.ts');
  await createProve(credential)('', '').catch((error: unknown) => {
    if (!(error instanceof OutboundIdentityError)) {
      throw error;
    }
    const { message, facts } = error;
    const isCertificate = credential.kind === 'certificate';
    const name = isCertificate ? 'AZURE_CLIENT_CERTIFICATE_PATH' : 'AZURE_FEDERATED_TOKEN_FILE';
    const problem = facts.systemCode ? message.replace(/\.$/, ` (${facts.systemCode}).`) : message;
    throw new ConfigError([`${name} cannot be used: ${problem}`]);
  });
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
  { mode, outbound }: OwnIdentity,
  surroundings: Dependencies,
): Promise<OutboundCredentials> {
  const { createOutboundCredentials } = await import('./identity/outbound/credentials.ts');
  const options = { mode, cloud, scope: cloudOf(cloud).scope, outbound };
  return createOutboundCredentials(options, { ...surroundings, proxies });
}
