import type { Secret } from '../shared/secret.ts';

interface CallerBase {
  /** In lower case, so that it can be part of a key. */
  readonly tenantId: string;
  /** The app that the caller uses, or is. */
  readonly clientId: string;
  /** Who it is within the tenant: the object's id, or the token's own subject if there is none. */
  readonly subject: string;
  readonly expiresAtMs: number;
  /** The token that says all this. */
  readonly token: Secret;
}

/** A user, through an app that may do what its scopes say. */
interface UserCaller extends CallerBase {
  readonly kind: 'user';
  readonly scopes: readonly string[];
}

/** An app as itself, that may do what its roles say. */
interface ApplicationCaller extends CallerBase {
  readonly kind: 'application';
  readonly roles: readonly string[];
}

/** Who calls the gateway, proven by a token that was made for it. */
export type Caller = UserCaller | ApplicationCaller;
