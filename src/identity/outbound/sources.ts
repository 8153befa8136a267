import type { IdentityConfig } from '../../config/identity.ts';
import { sleep } from '../../graph/errors.ts';
import type { Clock } from '../../shared/clock.ts';
import { isGuid } from '../../shared/forms.ts';
import { createProve } from './clientProof.ts';
import {
  OutboundIdentityError,
  type OutboundParts,
  type TokenOrder,
  type TokenSource,
} from './token.ts';
import { createTokenEndpoint, type TokenEndpoint, type TokenRequest } from './tokenEndpoint.ts';

export interface OutboundOptions {
  readonly mode: 'on-behalf-of' | 'app-only';
  readonly cloud: string;
  /** Graph's root with `/.default` behind it. */
  readonly scope: string;
  /** As whom the gateway asks for tokens. */
  readonly outbound: Exclude<IdentityConfig, { readonly mode: 'passthrough' }>['outbound'];
}

/** Makes the source of tokens with the way to it. */
export function createSource({ mode, scope, outbound }: OutboundOptions, parts: OutboundParts) {
  if (outbound.kind === 'managed-identity') {
    const { url, headers } = machineRequestOf(outbound, scope);
    const endpoint = createTokenEndpoint(url, outbound.kind, parts);
    const path = `${url.pathname}${url.search}`;
    const source = createMachineSource({ path, headers }, endpoint, parts.clock);
    return { flow: outbound.kind, endpoint, source };
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
  endpoint: TokenEndpoint,
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
  request: Pick<TokenRequest, 'path' | 'headers'>,
  endpoint: TokenEndpoint,
  clock: Clock,
): TokenSource {
  return async (_order, signal) => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await endpoint.send({ ...request, signal });
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
export function decideMachineRetry(status: number, attempt: number): number | undefined {
  const isPassing = [404, 410, 429].includes(status) || status >= 500;
  const delayMs = Math.max(status === 410 ? 3_000 : 0, 1_000 * 2 ** (attempt - 1));
  return isPassing && attempt < 4 ? delayMs : undefined;
}
