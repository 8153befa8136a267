import { sleep } from '../../graph/errors.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Secret } from '../../shared/secret.ts';
import type { TokenSource } from './token.ts';
import { acceptAnswer } from './tokenAnswer.ts';
import type { TokenTransport } from './tokenEndpoint.ts';

/** Where the machine that the gateway runs on gives tokens. */
export type ManagedIdentityEndpoint =
  /** The metadata service of virtual machines and clusters. */
  | { readonly kind: 'imds'; readonly url: URL }
  /** App Service and Container Apps: `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`. */
  | { readonly kind: 'app-service'; readonly url: URL; readonly header: Secret };

interface ManagedIdentityOptions {
  readonly endpoint: ManagedIdentityEndpoint;
  /** Of a user-assigned identity; undefined means the machine's own. */
  readonly clientId: string | undefined;
  /** Graph's root, without a slash at the end. */
  readonly resource: string;
}

interface ManagedIdentityParts {
  readonly transport: TokenTransport;
  readonly clock: Clock;
}

/** The metadata service of Azure's machines, reachable from nowhere else. */
export const imdsEndpoint: ManagedIdentityEndpoint = {
  kind: 'imds',
  url: new URL('http://169.254.169.254/metadata/identity/oauth2/token'),
};

/**
 * Gets tokens from the machine. The machine keeps tokens itself and has no way to ask for another: a fresh one may be
 * the same as before.
 */
export function createManagedIdentitySource(
  options: ManagedIdentityOptions,
  { transport, clock }: ManagedIdentityParts,
): TokenSource {
  const method = 'GET';
  const request = { method, url: urlOf(options), headers: headersOf(options.endpoint) } as const;
  return async (_order, signal) => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await transport.send({ ...request, signal });
      const delayMs = decideManagedRetry(answer.status, attempt);
      if (delayMs === undefined) {
        return acceptAnswer('managed-identity', answer, clock.now());
      }
      await sleep(clock, delayMs, signal);
    }
  };
}

function urlOf({ endpoint, clientId, resource }: ManagedIdentityOptions): URL {
  const url = new URL(endpoint.url);
  url.searchParams.set('api-version', endpoint.kind === 'imds' ? '2018-02-01' : '2019-08-01');
  url.searchParams.set('resource', resource);
  if (clientId !== undefined) {
    url.searchParams.set('client_id', clientId);
  }
  return url;
}

/** A header of its own each, so that no redirect or form can cause such a request. */
function headersOf(endpoint: ManagedIdentityEndpoint): Readonly<Record<string, string>> {
  return endpoint.kind === 'imds'
    ? { metadata: 'true' }
    : { 'x-identity-header': endpoint.header.reveal() };
}

const maximumAttempts = 4;
const firstDelayMs = 1_000;
/** What Microsoft asks for after a 410, when the service is being updated. */
const updateDelayMs = 3_000;

/**
 * How long to wait before the machine is asked again; undefined if its answer is final. Its service answers 404 and
 * 410 while it starts, 429 and 5xx when it is busy.
 */
export function decideManagedRetry(status: number, attempt: number): number | undefined {
  const isPassing = status === 404 || status === 410 || status === 429 || status >= 500;
  if (!isPassing || attempt >= maximumAttempts) {
    return undefined;
  }
  return Math.max(status === 410 ? updateDelayMs : 0, firstDelayMs * 2 ** (attempt - 1));
}
