import { LRUCache } from 'lru-cache';
import { type Credentials, readTokenClaims } from '../../graph/credentials.ts';
import { GraphError, isConfigurationFault, isGraphError } from '../../graph/errors.ts';
import { EndController, type EndSignal } from '../../shared/clock.ts';
import { isGuid } from '../../shared/forms.ts';
import { withinLimit } from '../network.ts';
import { createSource, type OutboundOptions } from './sources.ts';
import {
  type AcquiredToken,
  acceptAnswer,
  OutboundIdentityError,
  type OutboundParts,
  type TokenFlow,
  type TokenOrder,
  type TokenSource,
  tokenFactsOf,
} from './token.ts';
import { createTokenCache, identityKeyOf } from './tokenCache.ts';

/** Tokens that the gateway gets itself. */
export interface OutboundCredentials extends Credentials {
  /** Cuts the connections to the token endpoint. */
  close(): Promise<void>;
}

/**
 * In the mode `app-only`, gets the gateway's own token for Graph, one for all callers, and renews it before its end.
 *
 * In the mode `on-behalf-of`, exchanges the caller's token for this gateway, which is validated before, for one for Graph.
 * What the exchange asks of the user goes to the caller as claims; the gateway does not declare the capability `cp1`, so
 * Graph challenges its tokens only if Conditional Access does, and the caller's next token is another subject here.
 */
export function createOutboundCredentials(
  options: OutboundOptions,
  parts: OutboundParts,
): OutboundCredentials {
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
    async tokenFor(call, { withFreshToken }) {
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
    close() {
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
export function createAcquisition(
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
