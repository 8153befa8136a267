import type { Config } from '../config/config.ts';
import { cloudOf } from '../config/graph.ts';
import type { InboundConfig, OwnIdentityConfig } from '../config/identity.ts';
import { ConfigError } from '../config/readers.ts';
import {
  type Credentials,
  createTenantKeys,
  passthroughCredentials,
  type TenantKeys,
} from '../graph/credentials.ts';
import {
  type Authorizer,
  createAuthorizer,
  createOwnTenantKeys,
  guardCredentials,
} from './authorizer.ts';
import type { OutboundCredentials } from './outbound/credentials.ts';
import type { OutboundParts } from './outbound/token.ts';

/** Whose token goes to Graph, and who may call. */
export interface IdentityMode {
  readonly credentials: Credentials;
  readonly tenantKeys: TenantKeys;
  /** Undefined if Graph alone authorizes callers. */
  readonly authorizer: Authorizer | undefined;
  /** Whether callers can be judged. */
  isReady(): boolean;
  close(): Promise<void>;
}

const passthrough = (): IdentityMode => ({
  credentials: passthroughCredentials,
  tenantKeys: createTenantKeys(),
  authorizer: undefined,
  isReady: () => true,
  close: async () => undefined,
});

/** Starts the mode that the configuration asks for; what a mode does not need is not loaded. @throws ConfigError */
export async function startIdentityMode(
  config: Config,
  parts: OutboundParts,
): Promise<IdentityMode> {
  const { identity: settings } = config;
  if (settings.mode === 'passthrough') {
    return passthrough();
  }
  await checkCredential(settings.outbound);
  const { startIdentity } = await import('./verifyToken.ts');
  const { inbound, mode, outbound } = settings;
  const identity = startIdentity({
    ...inboundOptions(inbound, mode),
    ...parts,
    proxies: config.proxies,
  });
  const authorizer = createAuthorizer(identity.identify, {
    READ: inbound.readPermissions,
    WRITE: inbound.writePermissions,
  });
  const credentials = await createOutbound(config, settings, parts);
  const stopWatching = parts.measurements.watchKeyAge(() => identity.keys.ageMs);
  const app = {
    clientId: outbound.clientId ?? '',
    tenantId: outbound.kind === 'registration' ? outbound.tenantId : '',
  };
  return {
    credentials: guardCredentials(credentials, authorizer),
    tenantKeys: createOwnTenantKeys(app, authorizer, mode === 'on-behalf-of'),
    authorizer,
    isReady: () => identity.keys.isReady,
    async close() {
      stopWatching();
      identity.keys.close();
      await credentials.close();
    },
  };
}

/** If a credential's file cannot be used, the start says so; the gateway would be ready, and reject every caller. */
async function checkCredential(outbound: OwnIdentityConfig['outbound']): Promise<void> {
  if (outbound.kind !== 'registration' || outbound.credential.kind === 'secret') {
    return;
  }
  const { credential } = outbound;
  const { createProve } = await import('./outbound/clientProof.ts');
  const { OutboundIdentityError } = await import('./outbound/token.ts');
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
  { mode, outbound }: OwnIdentityConfig,
  parts: OutboundParts,
): Promise<OutboundCredentials> {
  const { createOutboundCredentials } = await import('./outbound/credentials.ts');
  const options = { mode, cloud, scope: cloudOf(cloud).scope, outbound };
  return createOutboundCredentials(options, { ...parts, proxies });
}
