import type {
  AuthenticationResult,
  Configuration,
  INetworkModule,
  NetworkRequestOptions,
  NetworkResponse,
} from '@azure/msal-node';
import { GraphCredentialError } from '../../graph/errors.ts';
import { isGuid } from '../../shared/guid.ts';
import type { ClientProof, ReadProof } from './clientProof.ts';
import {
  type AcquiredToken,
  OutboundIdentityError,
  type TokenFlow,
  type TokenOrder,
  type TokenSource,
} from './token.ts';
import { readGrant, refusalErrorOf } from './tokenAnswer.ts';
import type { TokenAnswer, TokenTransport } from './tokenEndpoint.ts';

interface MsalSourceOptions {
  readonly flow: 'on-behalf-of' | 'client-credentials';
  /** Of which the origin counts. */
  readonly authorityHost: string;
  readonly clientId: string;
  readonly scope: string;
}

interface MsalSourceParts {
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

/** MSAL's own words stay out: they quote what it was given. */
function unusable(error: unknown): Error {
  const isOurs = error instanceof GraphCredentialError || error instanceof OutboundIdentityError;
  const message = "The token endpoint's answer cannot be used.";
  return isOurs ? error : new GraphCredentialError('unavailable', message);
}

interface TokenExchangeParts {
  readonly flow: TokenFlow;
  /** The authority's own: MSAL only knows `https:`. */
  readonly protocol: string;
  readonly transport: TokenTransport;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/**
 * MSAL's network for one acquisition. MSAL only ever sees a grant: of an answer with 429 or 5xx it would make a
 * throttle, and it reduces what goes wrong here to "network error". What came is kept here instead.
 */
class TokenExchange implements INetworkModule {
  readonly #parts: TokenExchangeParts;
  #failure: unknown;
  #granted: AcquiredToken | undefined;

  constructor(parts: TokenExchangeParts) {
    this.#parts = parts;
  }

  /** What went wrong on the way, in the gateway's own terms. */
  get failure(): unknown {
    return this.#failure;
  }

  /** What the endpoint granted. */
  get granted(): AcquiredToken | undefined {
    return this.#granted;
  }

  sendGetRequestAsync<Body>(
    url: string,
    options?: NetworkRequestOptions,
  ): Promise<NetworkResponse<Body>> {
    return this.#send('GET', url, options);
  }

  sendPostRequestAsync<Body>(
    url: string,
    options?: NetworkRequestOptions,
  ): Promise<NetworkResponse<Body>> {
    return this.#send('POST', url, options);
  }

  async #send<Body>(
    method: 'GET' | 'POST',
    url: string,
    { headers = {}, body }: NetworkRequestOptions = {},
  ): Promise<NetworkResponse<Body>> {
    const { transport, protocol, signal } = this.#parts;
    try {
      const place = new URL(url);
      place.protocol = protocol;
      const answer = await transport.send({ method, url: place, headers, body, signal });
      this.#granted = this.#readGranted(answer);
      // The body's form is MSAL's own to check; that it is an object with a token was checked above.
      return { status: answer.status, headers: {}, body: answer.json as Body };
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #readGranted(answer: TokenAnswer): AcquiredToken {
    const { flow, now } = this.#parts;
    if (answer.status !== 200) {
      throw refusalErrorOf(flow, answer, now());
    }
    const granted = readGrant(answer.json, now());
    if (granted === undefined) {
      const message = "The token endpoint's answer cannot be believed.";
      throw new GraphCredentialError('unavailable', message);
    }
    return granted;
  }
}
