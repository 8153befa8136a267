import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node';
import { GraphCredentialError } from '../../../graph/errors.ts';
import type { AcquiredToken, TokenFlow } from '../token.ts';
import { readGrant } from '../tokenAnswer.ts';
import type { TokenAnswer, TokenTransport } from '../tokenEndpoint.ts';
import { refusalErrorOf } from './refusalError.ts';

export interface TokenExchangeParts {
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
export class TokenExchange implements INetworkModule {
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
