import { setMaxListeners } from 'node:events';
import { LRUCache } from 'lru-cache';
import { type Credentials, readTokenClaims } from '../../graph/credentials.ts';
import { GraphCredentialError, isConfigurationFault, isGraphError } from '../../graph/errors.ts';
import type { GraphCall } from '../../graph/request.ts';
import type { Clock } from '../../shared/clock.ts';
import { isGuid } from '../../shared/guid.ts';
import type { ProxySettings } from '../../shared/proxy.ts';
import type { Secret } from '../../shared/secret.ts';
import type { Log } from '../../telemetry/log.ts';
import { type ClientCredential, createReadProof } from './clientProof.ts';
import { createGrantSource } from './grants.ts';
import { createManagedIdentitySource, type ManagedIdentityEndpoint } from './managedIdentity.ts';
import {
  type AcquiredToken,
  OutboundIdentityError,
  type TokenFlow,
  type TokenOrder,
  type TokenSource,
  tokenFactsOf,
} from './token.ts';
import {
  type Identity,
  identityKeyOf,
  ownSubject,
  subjectOf,
  TokenCache,
  type TokenCacheParts,
} from './tokenCache.ts';
import {
  createTokenTransport,
  type GuardParts,
  guardTransport,
  type TokenTransport,
} from './tokenEndpoint.ts';

/** Tokens that the gateway gets itself. */
export interface OutboundCredentials extends Credentials {
  /** Cuts the connections to the token endpoint. */
  close(): Promise<void>;
}

/** The one place where tokens for one cloud come from. */
interface TokenPlace {
  readonly cloud: string;
  /** With https; only its origin counts. */
  readonly authorityHost: string;
  /** Graph's root with `/.default` behind it. */
  readonly scope: string;
}

/** What all credentials take from the outside. */
export interface OutboundParts extends AcquisitionParts, TokenCacheParts, GuardParts {
  /** Certificates of authorities that the token endpoint's may be signed by, beside the machine's own, in PEM. */
  readonly certificateAuthorities?: readonly string[] | undefined;
  /** The forward proxies that may lead to the token endpoint. */
  readonly proxies?: ProxySettings | undefined;
}

/** As whom the gateway asks. */
type AppIdentity =
  | {
      readonly kind: 'registration';
      readonly tenantId: string;
      readonly clientId: string;
      readonly credential: ClientCredential;
    }
  | {
      readonly kind: 'managed-identity';
      readonly endpoint: ManagedIdentityEndpoint;
      /** Of a user-assigned identity; undefined means the machine's own. */
      readonly clientId: string | undefined;
    };

export interface AppOnlyOptions extends TokenPlace {
  readonly identity: AppIdentity;
}

/** Gets the gateway's own token for Graph, one for all callers, and renews it before its end. */
export function createAppOnlyCredentials(
  options: AppOnlyOptions,
  parts: OutboundParts,
): OutboundCredentials {
  const { cloud, scope, identity } = options;
  const tenant = identity.kind === 'registration' ? identity.tenantId : '';
  const client = identity.clientId ?? '';
  const common = { cloud, client, mode: 'app-only', scopes: [scope], claims: '' };
  const own = { ...common, tenant, subject: ownSubject };
  return createCredentials(
    {
      ...createOwnSource(options, parts),
      cache: { maximumTokens: 1, refreshesAhead: true },
      wantOf: () => ({ identity: own, assertion: undefined }),
    },
    parts,
  );
}

interface Source {
  readonly flow: TokenFlow;
  readonly transport: TokenTransport;
  readonly source: TokenSource;
}

function createOwnSource(options: AppOnlyOptions, parts: OutboundParts): Source {
  const { identity, scope } = options;
  if (identity.kind === 'registration') {
    return createRegistrationSource('client-credentials', { ...options, ...identity }, parts);
  }
  const { endpoint, clientId } = identity;
  const way = { ...parts, proxies: undefined, allowsPlainHttp: true };
  const transport = guardTransport(
    createTokenTransport(endpoint.url, way),
    { countsAnswers: true },
    parts,
  );
  const resource = scope.replace(/\/\.default$/, '');
  const source = createManagedIdentitySource(
    { endpoint, clientId, resource },
    { transport, clock: parts.clock },
  );
  return { flow: 'managed-identity', transport, source };
}

function createRegistrationSource(
  flow: 'client-credentials' | 'on-behalf-of',
  options: Pick<OnBehalfOfOptions, 'authorityHost' | 'scope' | 'clientId' | 'credential'>,
  parts: OutboundParts,
): Source {
  const transport = guardTransport(
    createTokenTransport(new URL(options.authorityHost), parts),
    { countsAnswers: flow === 'client-credentials' },
    parts,
  );
  const readProof = createReadProof(options.credential);
  const source = createGrantSource(
    { ...options, flow },
    { transport, readProof, now: parts.clock.now },
  );
  return { flow, transport, source };
}

export interface OnBehalfOfOptions extends TokenPlace {
  /** Where users are whose token names no tenant. */
  readonly tenantId: string;
  readonly clientId: string;
  readonly credential: ClientCredential;
  /** Users whose tokens are kept at the same time. */
  readonly maximumTokens?: number;
}

/**
 * Exchanges the caller's token for this gateway, which is validated before, for one for Graph. What the
 * exchange asks of the user goes to the caller as claims; the gateway does not declare the capability `cp1`, so Graph
 * challenges its tokens only if Conditional Access does, and the caller's next token is another subject here.
 */
export function createOnBehalfOfCredentials(
  options: OnBehalfOfOptions,
  parts: OutboundParts,
): OutboundCredentials {
  const { cloud, scope, clientId: client, tenantId, maximumTokens = 10_000 } = options;
  const common = { cloud, client, mode: 'on-behalf-of', scopes: [scope], claims: '' };
  return createCredentials(
    {
      ...createRegistrationSource('on-behalf-of', options, parts),
      cache: { maximumTokens, refreshesAhead: false },
      wantOf({ callerToken: assertion }) {
        if (assertion === undefined) {
          throw new GraphCredentialError(
            'unauthenticated',
            'Send a token for this gateway in the header "Authorization: Bearer …".',
          );
        }
        const tenant = tenantIn(assertion) ?? tenantId;
        return { identity: { ...common, tenant, subject: subjectOf(assertion) }, assertion };
      },
    },
    parts,
  );
}

interface CredentialsOptions extends Source {
  readonly cache: ConstructorParameters<typeof TokenCache>[0];
  /** Whose token a call needs, and what is exchanged for it. */
  readonly wantOf: (call: GraphCall) => {
    readonly identity: Identity;
    readonly assertion: Secret | undefined;
  };
}

function createCredentials(
  { flow, transport, source, cache: cacheOptions, wantOf }: CredentialsOptions,
  parts: OutboundParts,
): OutboundCredentials {
  const closing = createClosing();
  const acquire = createAcquisition(flow, { ...parts, closing: closing.signal }, source);
  const cache = new TokenCache(cacheOptions, parts);
  return {
    hasOwnTokens: true,
    async tokenFor(call, { withFreshToken }) {
      const { identity, assertion } = wantOf(call);
      const { requestId, trace } = call;
      return cache.tokenFor({
        key: identityKeyOf(identity),
        call,
        withFreshToken,
        acquire: () => acquire({ tenant: identity.tenant, assertion, requestId, trace }),
      });
    },
    close() {
      closing.abort();
      cache.close();
      return transport.close();
    },
  };
}

/** The tenant that issued the token and that alone can exchange it; a guest's is the one where they are a guest. */
function tenantIn(assertion: Secret): string | undefined {
  const { tenantId = '' } = readTokenClaims(assertion.reveal()) ?? {};
  return isGuid(tenantId) ? tenantId.toLowerCase() : undefined;
}

type AcquisitionOutcome = 'token' | 'refused' | 'throttled' | 'unavailable' | 'misconfigured';

/** One acquisition as metrics see it. */
export interface AcquisitionMeasurement {
  readonly flow: TokenFlow;
  readonly outcome: AcquisitionOutcome;
  readonly durationMs: number;
}

interface AcquisitionParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly onAcquire?: ((measurement: AcquisitionMeasurement) => void) | undefined;
  /** Fires when the gateway stops: no request waits for a token any more. */
  readonly closing?: AbortSignal | undefined;
}

const limitMs = 10_000;
const toldAgainAfterMs = 60 * 60 * 1000;

/** Puts a time limit, a measurement and a log line around a source of tokens. */
export function createAcquisition(
  flow: TokenFlow,
  { clock, log, onAcquire, closing }: AcquisitionParts,
  source: TokenSource,
): (order: TokenOrder) => Promise<AcquiredToken> {
  const told = new LRUCache<string, number>({ max: 100 });

  /** A wrong secret fails every call; one line an hour is enough to be seen. */
  function tell(error: unknown, { requestId, trace }: TokenOrder): void {
    const traceId = trace?.traceId;
    const fields = { requestId, traceId, operation: flow, ...tokenFactsOf(error) };
    if (isConfigurationFault(error)) {
      log.error(`Configuration fault: ${error.message}`, fields);
      return;
    }
    if (!(error instanceof OutboundIdentityError)) {
      log.warn('No token for Microsoft Graph was got', fields);
      return;
    }
    const problem = JSON.stringify([error.message, fields.code, fields.codes]);
    const toldAtMs = told.get(problem);
    if (toldAtMs === undefined || clock.now() >= toldAtMs + toldAgainAfterMs) {
      told.set(problem, clock.now());
      log.error(`No token for Microsoft Graph can be got: ${error.message}`, fields);
    }
  }

  return async (order) => {
    const startedAtMs = clock.now();
    const endTrace = order.trace?.startToken(flow);
    const measure = (outcome: AcquisitionOutcome): void => {
      onAcquire?.({ flow, outcome, durationMs: clock.now() - startedAtMs });
      endTrace?.(outcome);
    };
    try {
      const acquired = await withinLimit(clock, closing, (signal) => source(order, signal));
      measure('token');
      return acquired;
    } catch (error) {
      measure(acquisitionOutcomeOf(error));
      tell(error, order);
      throw error;
    }
  };
}

/** Makes what ends acquisitions; as many as there are users may listen to it. */
export function createClosing(): AbortController {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  return closing;
}

/** Which failure it was; what is none of ours counts as the gateway's own fault. */
function acquisitionOutcomeOf(error: unknown): AcquisitionOutcome {
  switch (isGraphError(error) ? error.code : undefined) {
    case 'unauthenticated':
      return 'refused';
    case 'throttled':
      return 'throttled';
    case undefined:
      return 'misconfigured';
    default:
      return 'unavailable';
  }
}

/** Gives up after the limit, and when the gateway stops, whatever the source waits for. */
function withinLimit<Result>(
  clock: Clock,
  closing: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limit = new AbortController();
  return new Promise((resolve, reject) => {
    const giveUp = (message: string): void => {
      const error = new GraphCredentialError('unavailable', message);
      reject(error);
      limit.abort(error);
      stop();
    };
    const onClosing = (): void =>
      giveUp('The gateway stopped before it had a token for Microsoft Graph.');
    const stopTimer = clock.startTimer(limitMs, () =>
      giveUp('The request for a Microsoft Graph token timed out.'),
    );
    const stop = (): void => {
      stopTimer();
      closing?.removeEventListener('abort', onClosing);
    };
    closing?.addEventListener('abort', onClosing);
    if (closing?.aborted) {
      onClosing();
    }
    run(limit.signal).then(resolve, reject).finally(stop);
  });
}
