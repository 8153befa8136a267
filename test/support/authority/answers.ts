import type { AuthorityFault } from './faults.ts';
import type { AuthorityKey } from './signingKeys.ts';

/** An HTTP answer as data. */
export interface AuthorityAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the metadata document of a tenant says; `common` and its like name a template instead of a tenant. */
export function metadataOf(url: string, tenant: string): AuthorityAnswer {
  const issuerTenant = isTenantId(tenant) ? tenant : '{tenantid}';
  return {
    status: 200,
    body: {
      token_endpoint: `${url}/${tenant}/oauth2/v2.0/token`,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
      jwks_uri: `${url}/${tenant}/discovery/v2.0/keys`,
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      issuer: `${url}/${issuerTenant}/v2.0`,
      authorization_endpoint: `${url}/${tenant}/oauth2/v2.0/authorize`,
      end_session_endpoint: `${url}/${tenant}/oauth2/v2.0/logout`,
      claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'tid', 'ver'],
    },
  };
}

/** What the key document says: each key names its issuer, as Entra's v2.0 documents do. */
export function keysOf(issuer: string, keys: readonly AuthorityKey[]): AuthorityAnswer {
  return { status: 200, body: { keys: keys.map(({ jwk }) => ({ ...jwk, issuer })) } };
}

/** A refusal in the form of Entra's token endpoint. */
export function refusalOf(
  status: number,
  error: string,
  [code, sentence]: readonly [code: number, sentence: string],
  more: object = {},
): AuthorityAnswer {
  return {
    status,
    body: {
      error,
      error_description: `AADSTS${code}: ${sentence} Trace ID: 00000000-0000-0000-0000-00000000aaaa`,
      error_codes: [code],
      timestamp: '2026-02-11 08:30:05Z',
      trace_id: '00000000-0000-0000-0000-00000000aaaa',
      correlation_id: '00000000-0000-0000-0000-00000000bbbb',
      ...more,
    },
  };
}

/** The claims that Conditional Access asks for where a test does not say. */
export const defaultClaims =
  '{"access_token":{"capolids":{"essential":true,"values":["11111111-2222-3333-4444-555555555555"]}}}';

/** The answer that a fault gives; undefined where it gives none. */
export function answerOfFault(fault: AuthorityFault): AuthorityAnswer | undefined {
  switch (fault.kind) {
    case 'status': {
      const headers = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
      const code = fault.status === 429 ? 90033 : 90024;
      return {
        ...refusalOf(fault.status, 'temporarily_unavailable', [code, 'Try later.']),
        headers,
      };
    }
    case 'rubbish':
      return {
        status: 200,
        body: fault.body ?? '<html>Sign in</html>',
        headers: { 'content-type': fault.contentType ?? 'application/json' },
      };
    case 'redirect':
      return { status: 302, body: '', headers: { location: fault.location } };
    case 'interaction-required':
      return refusalOf(
        400,
        'interaction_required',
        [50079, 'The user is required to use multi-factor authentication.'],
        { suberror: 'basic_action', claims: fault.claims ?? defaultClaims },
      );
    case 'hang':
    case 'reset':
      return undefined;
  }
}

export function isTenantId(text: string): boolean {
  return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text);
}
