import type { Config } from '../config/config.ts';
import { cloudOf } from '../config/graph.ts';
import type { OwnIdentityConfig } from '../config/identity.ts';
import { ConfigError } from '../config/readers.ts';
import {
  type Credentials,
  callerKeyOf,
  createTenantKeys,
  passthroughCredentials,
  type TenantKeys,
} from '../graph/credentials.ts';
import { GraphError } from '../graph/errors.ts';
import type { GraphCall } from '../graph/request.ts';
import { digestOf } from '../shared/secret.ts';
import type { Caller } from './claims.ts';
import { IdentityError } from './errors.ts';
import type { OutboundParts } from './outbound/token.ts';

/** Lets callers in that prove who they are and hold a permission for what they do. */
export interface Authorizer {
  /** The permissions of which one suffices, the least privileged first. */
  readonly permissions: Readonly<Record<'READ' | 'WRITE', readonly string[]>>;
  /** Validates the token once for each operation. @throws IdentityError if the caller is rejected. */
  identify(call: GraphCall): Promise<Caller>;
  /** @throws IdentityError if the caller is rejected, or lacks the permission. */
  authorize(call: GraphCall, kind: 'READ' | 'WRITE'): Promise<Caller>;
  /** Who was authenticated with a call; undefined if no caller was. */
  callerOf(call: GraphCall): Caller | undefined;
}

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

/** Starts the mode that the configuration asks for; what a mode does not need is not loaded. @throws ConfigError */
export async function startIdentityMode(
  config: Config,
  parts: OutboundParts,
): Promise<IdentityMode> {
  const own = config.identity;
  if (own.mode === 'passthrough') {
    return {
      credentials: passthroughCredentials,
      tenantKeys: createTenantKeys(),
      authorizer: undefined,
      isReady: () => true,
      close: async () => undefined,
    };
  }
  await checkCredential(own.outbound);
  const { startIdentity } = await import('./verifyToken.ts');
  const identity = startIdentity({ ...inboundOptions(own), ...parts, proxies: config.proxies });
  const authorizer = createAuthorizer(identity.identify, {
    READ: own.inbound.readPermissions,
    WRITE: own.inbound.writePermissions,
  });
  const credentials = await createOutbound(config, own, parts);
  const stopWatching = parts.measurements.watchKeyAge(() => identity.keys.ageMs);
  return {
    credentials: {
      ...credentials,
      // Every query and mutation asks before; this is the last look, so that one which forgets to ask fails instead of
      // lending the gateway's permissions to any caller.
      tokenFor(call, wish) {
        if (authorizer.callerOf(call) === undefined) {
          throw new GraphError('unauthenticated', 'This call was not authorized.');
        }
        return credentials.tokenFor(call, wish);
      },
    },
    tenantKeys: createOwnTenantKeys(own, authorizer),
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
export function inboundOptions({ inbound, mode }: OwnIdentityConfig) {
  const { authorityHost, tenantIds, audiences, clientIds } = inbound;
  const kinds = mode === 'on-behalf-of' ? (['user'] as const) : (['user', 'application'] as const);
  return { authority: new URL(authorityHost), tenantIds, audiences, clientIds, kinds };
}

function createAuthorizer(
  identifyBearer: (token: GraphCall['callerToken'], signal: GraphCall['signal']) => Promise<Caller>,
  permissions: Authorizer['permissions'],
): Authorizer {
  const identifying = new WeakMap<GraphCall, Promise<Caller>>();
  const callers = new WeakMap<GraphCall, Caller>();

  function identify(call: GraphCall): Promise<Caller> {
    const asking = identifying.get(call) ?? identifyBearer(call.callerToken, call.signal);
    identifying.set(call, asking);
    return asking;
  }

  return {
    permissions,
    identify,
    async authorize(call, kind) {
      const caller = await identify(call);
      // A user's scopes and an application's roles: one never counts for the other.
      const held = caller.kind === 'user' ? caller.scopes : caller.roles;
      if (!permissions[kind].some((permission) => held.includes(permission))) {
        throw new IdentityError('permission-missing');
      }
      callers.set(call, caller);
      return caller;
    },
    callerOf: (call) => callers.get(call),
  };
}

/** Makes what gets the gateway's own tokens; what a mode does not need is not loaded. */
export async function createOutbound(
  { cloud, proxies }: Config,
  { mode, outbound }: OwnIdentityConfig,
  parts: OutboundParts,
) {
  const { createOutboundCredentials } = await import('./outbound/credentials.ts');
  const { scope } = cloudOf(cloud);
  return createOutboundCredentials({ mode, cloud, scope, outbound }, { ...parts, proxies });
}

/** Counts calls for the gateway's own app, in its own tenant or in the one of the user on whose behalf it calls. */
function createOwnTenantKeys(
  { mode, outbound }: OwnIdentityConfig,
  { callerOf }: Pick<Authorizer, 'callerOf'>,
): TenantKeys {
  const clientId = outbound.clientId ?? '';
  const ownTenantId = outbound.kind === 'registration' ? outbound.tenantId : '';
  const tenantIdOf = (call: GraphCall): string =>
    (mode === 'on-behalf-of' ? callerOf(call)?.tenantId : undefined) ?? ownTenantId;
  // Callers of one tenant come one after the other, if not always.
  let last = { tenantId: '', key: '' };
  return {
    keyOf(call) {
      const tenantId = tenantIdOf(call);
      if (last.key === '' || last.tenantId !== tenantId) {
        last = { tenantId, key: digestOf(JSON.stringify([tenantId, clientId])) };
      }
      return last.key;
    },
    // A managed identity does not say in which tenant it is, but it is in one only.
    tenantOf: (call) => ({ id: tenantIdOf(call) || `of ${clientId}`, isProven: true }),
    accept: () => undefined,
    reject: () => undefined,
    callerOf(call) {
      const caller = callerOf(call);
      return caller && callerKeyOf(caller.tenantId, caller.subject);
    },
    isAccepted: (call) => callerOf(call) !== undefined,
  };
}
