import type { Credentials } from '../../graph/credentials.ts';
import type { ProxySettings } from '../../shared/proxy.ts';
import type { AcquisitionParts } from './acquisition.ts';
import type { GuardParts } from './authority/guardTransport.ts';
import type { TokenCacheParts } from './tokenCache.ts';

/** Tokens that the gateway gets itself. */
export interface OutboundCredentials extends Credentials {
  /** Cuts the connections to the token endpoint. */
  close(): Promise<void>;
}

/** The one place where tokens for one cloud come from. */
export interface TokenPlace {
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
