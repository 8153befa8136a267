import type { AuthenticationResult, Configuration } from '@azure/msal-node';
import { GraphCredentialError } from '../../graph/errors.ts';
import { TokenExchange } from './authority/tokenExchange.ts';
import type { ReadProof } from './client/readProof.ts';
import type { ClientProof } from './clientProof.ts';
import type { TokenOrder, TokenSource } from './token.ts';
import type { TokenTransport } from './tokenEndpoint.ts';
import { OutboundIdentityError } from './tokenFacts.ts';

export interface MsalSourceOptions {
  readonly flow: 'on-behalf-of' | 'client-credentials';
  /** Of which the origin counts. */
  readonly authorityHost: string;
  readonly clientId: string;
  readonly scope: string;
}

export interface MsalSourceParts {
  readonly transport: TokenTransport;
  readonly readProof: ReadProof;
  readonly now: () => number;
}

type Msal = typeof import('@azure/msal-node');

/**
 * Gets tokens through MSAL, which is loaded with the first source. Each acquisition has a client of its own: what MSAL
 * remembers, throttles included, is shared by all users of one client.
 */
export function createMsalSource(options: MsalSourceOptions, parts: MsalSourceParts): TokenSource {
  const loading = import('@azure/msal-node');
  loading.catch(() => undefined);
  return async (order, signal) => {
    const [msal, proof] = await Promise.all([loading, parts.readProof()]);
    const { transport, now } = parts;
    const { protocol } = new URL(options.authorityHost);
    const exchange = new TokenExchange({ flow: options.flow, protocol, transport, now, signal });
    const client = createClient(msal, configurationOf(options, order, proof), exchange);
    const result = await ask(client, options, order).catch((error: unknown) => {
      throw exchange.failure ?? unusable(error);
    });
    if (exchange.granted === undefined || result?.accessToken !== exchange.granted.token.reveal()) {
      throw unusable(undefined);
    }
    return exchange.granted;
  };
}

function createClient(msal: Msal, auth: Configuration['auth'], exchange: TokenExchange) {
  try {
    return new msal.ConfidentialClientApplication({
      auth,
      system: {
        networkClient: exchange,
        loggerOptions: {
          piiLoggingEnabled: false,
          logLevel: msal.LogLevel.Error,
          loggerCallback: () => undefined,
        },
      },
    });
  } catch {
    throw new OutboundIdentityError('The credential of the client cannot be used.');
  }
}

/** Says where the endpoints are, so that nothing is discovered and no answer can name another place. */
function configurationOf(
  { authorityHost, clientId }: MsalSourceOptions,
  { tenant }: TokenOrder,
  proof: ClientProof,
): Configuration['auth'] {
  if (!/^[\w-][\w.-]{0,252}$/.test(tenant)) {
    throw new OutboundIdentityError('The tenant is neither an id nor a domain name.');
  }
  const { host } = new URL(authorityHost);
  // MSAL takes no other protocol; an authority on this machine may have another, which the exchange puts back.
  const authority = `https://${host}/${tenant}`;
  return {
    clientId,
    authority,
    knownAuthorities: [host],
    authorityMetadata: JSON.stringify({
      issuer: `${authority}/v2.0`,
      authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
      token_endpoint: `${authority}/oauth2/v2.0/token`,
      jwks_uri: `${authority}/discovery/v2.0/keys`,
    }),
    ...proof,
  };
}

type Client = ReturnType<typeof createClient>;

function ask(
  client: Client,
  { scope }: MsalSourceOptions,
  { assertion, requestId }: TokenOrder,
): Promise<AuthenticationResult | null> {
  const request = {
    scopes: [scope],
    skipCache: true,
    // Entra's own logs then name the operation, where its id has the form that they take.
    ...(isGuid(requestId) && { correlationId: requestId }),
  };
  return assertion === undefined
    ? client.acquireTokenByClientCredential(request)
    : client.acquireTokenOnBehalfOf({ ...request, oboAssertion: assertion.reveal() });
}

function isGuid(text: string): boolean {
  return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text);
}

/** MSAL's own words stay out: they quote what it was given. */
function unusable(error: unknown): Error {
  const isOurs = error instanceof GraphCredentialError || error instanceof OutboundIdentityError;
  const message = "The token endpoint's answer cannot be used.";
  return isOurs ? error : new GraphCredentialError('unavailable', message);
}
