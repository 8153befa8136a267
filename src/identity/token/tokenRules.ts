import type { Caller } from '../caller.ts';
import type { IssuerRoots } from '../issuers.ts';

/** Which tokens the gateway takes, as somebody configures it. */
export interface TokenRuleSettings {
  readonly issuerRoots: IssuerRoots;
  readonly tenantIds: readonly string[];
  /** The gateway's client id, and the application ID URIs that it has. */
  readonly audiences: readonly string[];
  readonly kinds: readonly Caller['kind'][];
  /** The apps that may call; all of the tenants where it is absent. */
  readonly clientIds?: readonly string[] | undefined;
  /** A user's token needs one of these scopes; any where it is absent. */
  readonly scopes?: readonly string[] | undefined;
  /** An application's token needs one of these roles; any where it is absent. */
  readonly roles?: readonly string[] | undefined;
}

/** The same, made for looking things up. */
export interface TokenRules {
  readonly issuerRoots: IssuerRoots;
  readonly tenantIds: ReadonlySet<string>;
  readonly audiences: ReadonlySet<string>;
  readonly kinds: ReadonlySet<Caller['kind']>;
  readonly clientIds: ReadonlySet<string> | undefined;
  readonly scopes: ReadonlySet<string> | undefined;
  readonly roles: ReadonlySet<string> | undefined;
}

/** Makes rules of settings. Ids are compared in lower case, which is how Entra writes them into tokens. */
export function createTokenRules(settings: TokenRuleSettings): TokenRules {
  const { issuerRoots, tenantIds, audiences, kinds, clientIds, scopes, roles } = settings;
  return {
    issuerRoots,
    tenantIds: new Set(tenantIds.map((id) => id.toLowerCase())),
    audiences: new Set(audiences),
    kinds: new Set(kinds),
    clientIds: clientIds && new Set(clientIds.map((id) => id.toLowerCase())),
    scopes: scopes && new Set(scopes),
    roles: roles && new Set(roles),
  };
}
