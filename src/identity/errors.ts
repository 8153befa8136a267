/** What a caller can do about it: bring another token, have something granted, or come back later. */
type IdentityErrorCode = 'unauthenticated' | 'forbidden' | 'unavailable';

const unauthenticated = {
  'token-missing': 'Send a token for this gateway in the header "Authorization: Bearer …".',
  'token-too-large': 'The token is larger than this gateway reads.',
  'token-malformed': 'The token is not a signed JSON Web Token.',
  'algorithm-not-allowed': 'The token must be signed with RS256.',
  'header-not-allowed': "The token's header says something that this gateway does not accept.",
  'key-unknown': 'The token is signed with an unknown key.',
  'signature-invalid': "The token's signature is not valid.",
  'claims-malformed':
    'The token lacks a claim that this gateway needs, or has one of a wrong type.',
  'audience-is-graph':
    'The token is for Microsoft Graph, and this gateway takes tokens for itself only. Ask for a token with a scope of ' +
    "the gateway's own application, such as api://<client id of the gateway>/.default.",
  'audience-not-allowed': 'The token is for something else than this gateway.',
  'issuer-not-allowed': 'The token comes from an issuer that this gateway does not trust.',
  'key-issuer-mismatch': 'The token is signed with a key that is not for its issuer.',
  'token-expired': 'The token has expired.',
  'token-not-yet-valid': 'The token is not valid yet.',
  'token-from-the-future': 'The token says that it was issued in the future.',
  'not-an-access-token':
    "The token is neither a user's access token, which has scopes, nor an application's own.",
} as const;

const forbidden = {
  'tenant-not-allowed': "The token's tenant may not use this gateway.",
  'client-not-allowed': "The token's application may not use this gateway.",
  'users-not-allowed':
    'This gateway takes tokens that applications have for themselves, not tokens of users.',
  'applications-not-allowed':
    'This gateway acts on behalf of users; it does not take tokens that applications have for themselves.',
  'roles-missing':
    'The application has no role for this gateway. An administrator has to assign one.',
  'permission-missing': 'The token does not have the permission that this gateway requires.',
} as const;

const unavailable = {
  'keys-unavailable':
    'The gateway cannot check tokens at the moment, because it has no keys to check them with.',
  'wait-ended': 'The operation ended before the gateway had the keys to check the token with.',
} as const;

/** Why exactly, for programs, logs and metrics. */
type IdentityReason =
  | keyof typeof unauthenticated
  | keyof typeof forbidden
  | keyof typeof unavailable;

/**
 * A rejected caller. The messages are all here, word for word, so that none can carry a piece of a token; they
 * are fit for the caller.
 */
export class IdentityError extends Error {
  readonly code: IdentityErrorCode;
  readonly reason: IdentityReason;

  constructor(reason: IdentityReason) {
    super({ ...unauthenticated, ...forbidden, ...unavailable }[reason]);
    this.name = 'IdentityError';
    const code = reason in forbidden ? 'forbidden' : 'unauthenticated';
    this.code = reason in unavailable ? 'unavailable' : code;
    this.reason = reason;
  }
}
