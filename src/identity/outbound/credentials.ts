import { LRUCache } from 'lru-cache';
import type { OwnIdentityConfig } from '../../config/identity.ts';
import { readTokenClaims } from '../../graph/credentials.ts';
import { GraphError, isConfigurationFault, isGraphError, sleep } from '../../graph/errors.ts';
import type { GraphCall } from '../../graph/request.ts';
import { type Clock, EndController, type EndSignal } from '../../shared/clock.ts';
import { isGuid } from '../../shared/forms.ts';
import { withinLimit } from '../network.ts';
import { createProve } from './clientProof.ts';
import {
  type AcquiredToken,
  acceptAnswer,
  OutboundIdentityError,
  type OutboundParts,
  type TokenAnswer,
  type TokenFlow,
  type TokenOrder,
  type TokenSource,
  tokenFactsOf,
} from './token.ts';
import { createTokenCache, identityKeyOf } from './tokenCache.ts';
import { createTokenEndpoint } from './tokenEndpoint.ts';

interface OutboundOptions extends Pick<OwnIdentityConfig, 'mode' | 'outbound'> {
  readonly cloud: string;
  /** Graph's root with `/.default` behind it. */
  readonly scope: string;
}

/**
 * In the mode `app-only`, gets the gateway's own token for Graph, one for all callers, and renews it before its end.
 *
 * In the mode `on-behalf-of`, exchanges the caller's token for this gateway, which is validated before, for one for Graph.
 * What the exchange asks of the user goes to the caller as claims; the gateway does not declare the capability `cp1`, so
 * Graph challenges its tokens only if Conditional Access does, and the caller's next token is another subject here.
 */
export function createOutboundCredentials(options: OutboundOptions, parts: OutboundParts) {
  const { mode, cloud, scope, outbound } = options;
  const isOnBehalf = mode === 'on-behalf-of';
  const { flow, endpoint, source } = createSource(options, parts);
  const closing = new EndController();
  const acquire = createAcquisition(flow, source, parts, closing);
  const maximumTokens = isOnBehalf ? 10_000 : 1;
  const cache = createTokenCache({ ...parts, maximumTokens, refreshesAhead: !isOnBehalf, acquire });
  const ownTenant = outbound.kind === 'registration' ? outbound.tenantId : '';
  const common = { cloud, client: outbound.clientId ?? '', mode, scopes: [scope], claims: '' };
  return {
    hasOwnTokens: true,
    async tokenFor(call: GraphCall, { withFreshToken }: { readonly withFreshToken: boolean }) {
      const assertion = isOnBehalf ? call.callerToken : undefined;
      if (isOnBehalf && assertion === undefined) {
        const message = 'Send a token for this gateway in the header "Authorization: Bearer …".';
        throw new GraphError('unauthenticated', message);
      }
      // Only the tenant that issued the token can exchange it; a guest's is the one where they are a guest.
      const issuer = assertion && readTokenClaims(assertion.reveal())?.tenantId;
      const tenant = issuer && isGuid(issuer) ? issuer.toLowerCase() : ownTenant;
      const key = identityKeyOf({ ...common, tenant, assertion });
      return cache.tokenFor(key, { tenant, assertion, call }, withFreshToken);
    },
    /** Cuts the connections to the token endpoint. */
    close(): Promise<void> {
      closing.abort();
      cache.close();
      return endpoint.close();
    },
  };
}

const toldAgainAfterMs = 60 * 60 * 1000;
const endings = {
  late: 'The request for a Microsoft Graph token timed out.',
  ended: 'The gateway stopped before it had a token for Microsoft Graph.',
};
const outcomes: Readonly<Record<string, string>> = {
  unauthenticated: 'refused',
  throttled: 'throttled',
};

/** Puts a time limit, a measurement and a log line around a source of tokens. No order waits after `end` fired. */
function createAcquisition(
  flow: TokenFlow,
  source: TokenSource,
  { clock, log, measurements }: Pick<OutboundParts, 'clock' | 'log' | 'measurements'>,
  end: EndSignal,
): (order: TokenOrder) => Promise<AcquiredToken> {
  const told = new LRUCache<string, number>({ max: 100 });
  const errorOf = (why: keyof typeof endings) => new GraphError('unavailable', endings[why]);
  const limit = { clock, limitMs: 10_000, end, errorOf };

  /** A wrong secret fails every call; one line an hour is enough to be seen. */
  function report(error: unknown, { requestId, trace }: TokenOrder['call']): void {
    const ofCall = { requestId, traceId: trace?.traceId };
    const fields = { ...ofCall, operation: flow, ...tokenFactsOf(error) };
    if (isConfigurationFault(error)) {
      log.error(`Configuration fault: ${error.message}`, fields);
    } else if (!(error instanceof OutboundIdentityError)) {
      log.warn('No token for Microsoft Graph was got', fields);
    } else {
      const problem = JSON.stringify([error.message, fields.code, fields.codes]);
      if (clock.now() >= (told.get(problem) ?? 0) + toldAgainAfterMs) {
        told.set(problem, clock.now());
        log.error(`No token for Microsoft Graph can be got: ${error.message}`, fields);
      }
    }
  }

  return async (order) => {
    const startedAtMs = clock.now();
    const endTrace = order.call.trace?.startToken(flow);
    // What fails and is no error of Graph's counts as the gateway's own fault.
    let outcome = 'misconfigured';
    try {
      const answer = await withinLimit(limit, (signal) => source(order, signal));
      const acquired = acceptAnswer(flow, answer, clock.now());
      outcome = 'token';
      return acquired;
    } catch (error) {
      outcome = isGraphError(error) ? (outcomes[error.code] ?? 'unavailable') : outcome;
      report(error, order.call);
      throw error;
    } finally {
      measurements.tokenAcquired({ flow, outcome, durationMs: clock.now() - startedAtMs });
      endTrace?.(outcome);
    }
  };
}

/** Makes the source of tokens with the way to it. */
function createSource({ mode, scope, outbound }: OutboundOptions, parts: OutboundParts) {
  if (outbound.kind === 'managed-identity') {
    const { url, headers } = machineRequestOf(outbound, scope);
    const endpoint = createTokenEndpoint(url, outbound.kind, parts);
    const path = `${url.pathname}${url.search}`;
    const ask = (signal: AbortSignal) => endpoint.send({ path, headers, signal });
    return { flow: outbound.kind, endpoint, source: createMachineSource(ask, parts.clock) };
  }
  const flow = mode === 'app-only' ? 'client-credentials' : mode;
  const endpoint = createTokenEndpoint(new URL(outbound.authorityHost), flow, parts);
  return { flow, endpoint, source: createGrantSource(outbound, scope, endpoint) } as const;
}

type Registration = Extract<OutboundOptions['outbound'], { readonly kind: 'registration' }>;
type ManagedIdentity = Exclude<OutboundOptions['outbound'], Registration>;

/** Posts OAuth grants to Microsoft Entra's v2.0 token endpoint. Nothing is discovered, so no answer names another place. */
function createGrantSource(
  { authorityHost, clientId, credential }: Registration,
  scope: string,
  endpoint: ReturnType<typeof createTokenEndpoint>,
): TokenSource {
  const prove = createProve(credential);
  const headers = { 'content-type': 'application/x-www-form-urlencoded;charset=utf-8' };
  return async (order, signal) => {
    if (!/^[\w-][\w.-]{0,252}$/.test(order.tenant)) {
      throw new OutboundIdentityError('The tenant is neither an id nor a domain name.');
    }
    const path = `/${order.tenant}/oauth2/v2.0/token`;
    const proof = await prove(clientId, new URL(path, authorityHost).href);
    const form = { client_id: clientId, ...grantFields(scope, order), ...proof };
    const body = new URLSearchParams(form).toString();
    return endpoint.send({ path, headers, body, signal });
  };
}

function grantFields(scope: string, { assertion, call: { requestId } }: TokenOrder) {
  const grant =
    assertion === undefined
      ? { grant_type: 'client_credentials', scope }
      : {
          // The scopes that Microsoft's own libraries add.
          scope: `${scope} openid profile offline_access`,
          grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
          requested_token_use: 'on_behalf_of',
          assertion: assertion.reveal(),
        };
  // Entra's own logs then name the operation, if its id has the form that they take.
  return { ...grant, ...(isGuid(requestId) && { 'client-request-id': requestId }) };
}

/** Of virtual machines and clusters, reachable from nowhere else. */
const metadataService = new URL('http://169.254.169.254/metadata/identity/oauth2/token');

/** What the machine is asked: its metadata service, or that of App Service and Container Apps. */
export function machineRequestOf({ clientId, endpoint }: ManagedIdentity, scope: string) {
  const url = new URL(endpoint?.url ?? metadataService);
  const query = url.searchParams;
  query.set('api-version', endpoint ? '2019-08-01' : '2018-02-01');
  query.set('resource', scope.replace(/\/\.default$/, ''));
  if (clientId !== undefined) {
    query.set('client_id', clientId);
  }
  // A header of its own each, so that no redirect or form can cause such a request.
  const headers: Readonly<Record<string, string>> = endpoint
    ? { 'x-identity-header': endpoint.header.reveal() }
    : { metadata: 'true' };
  return { url, headers };
}

/** The machine keeps tokens itself and has no way to ask for another: a fresh one may be the same as before. */
function createMachineSource(
  ask: (signal: AbortSignal) => Promise<TokenAnswer>,
  clock: Clock,
): TokenSource {
  return async (_order, signal) => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await ask(signal);
      const delayMs = decideMachineRetry(answer.status, attempt);
      if (delayMs === undefined) {
        return answer;
      }
      await sleep(clock, delayMs, signal);
    }
  };
}

/**
 * How long to wait before the machine is asked again; undefined if its answer is final. Its service answers 404 and
 * 410 while it starts, and Microsoft asks for 3 s after a 410; it answers 429 and 5xx when it is busy.
 */
function decideMachineRetry(status: number, attempt: number): number | undefined {
  const isPassing = [404, 410, 429].includes(status) || status >= 500;
  const delayMs = Math.max(status === 410 ? 3_000 : 0, 1_000 * 2 ** (attempt - 1));
  return isPassing && attempt < 4 ? delayMs : undefined;
}
