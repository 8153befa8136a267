import { type CloudName, cloudNames, cloudOf } from '../config/clouds.ts';
import type { IdentityConfig } from '../config/identity.ts';
import type { Dependencies } from '../dependencies.ts';
import { readTokenClaims, type TokenClaims } from '../graph/credentials.ts';
import { IdentityError } from '../identity/errors.ts';
import { startIdentity } from '../identity/startIdentity.ts';
import { readCompactToken } from '../identity/verifyToken.ts';
import { inboundOptions } from '../identityMode.ts';
import { embeddedGraphToken, type Secret } from '../shared/secret.ts';
import { type ProbeParts, withinTimeout } from './endpoint.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { type PermissionNeeds, permissionFinding } from './permission.ts';

/** What a token that callers send turned out to be. */
export type TokenFacts =
  /** One for the embedded Graph, which takes a single one. */
  | { readonly kind: 'embedded'; readonly isTaken: boolean }
  /** One for Graph, as it says itself: nothing of it is proven. */
  | {
      readonly kind: 'claims';
      readonly claims: TokenClaims;
      readonly audience: string | undefined;
      readonly notBeforeMs: number | undefined;
    }
  /** Nothing that others than its issuer can read. */
  | { readonly kind: 'opaque' }
  /** One for the gateway, which takes it from this caller. */
  | {
      readonly kind: 'taken';
      readonly isUser: boolean;
      readonly permissions: readonly string[];
      readonly expiresAtMs: number;
    }
  /** The gateway does not take it, and says why. */
  | { readonly kind: 'refused'; readonly message: string };

/** Compares a token with the one of the embedded Graph. */
export function readEmbeddedToken(token: Secret): TokenFacts {
  return { kind: 'embedded', isTaken: token.reveal() === embeddedGraphToken };
}

/** Reads a token for Graph without proving anything, as the mode passthrough does. */
export function readGraphToken(token: Secret): TokenFacts {
  const claims = readTokenClaims(token.reveal());
  if (claims === undefined) {
    return { kind: 'opaque' };
  }
  const { aud, nbf } = payloadOf(token);
  return {
    kind: 'claims',
    claims,
    audience: typeof aud === 'string' ? aud : undefined,
    notBeforeMs: typeof nbf === 'number' ? nbf * 1000 : undefined,
  };
}

function payloadOf(token: Secret): Readonly<Record<string, unknown>> {
  try {
    return readCompactToken(token.reveal()).payload;
  } catch {
    return {};
  }
}

/** Shows a token to the gateway's own judgement of callers, with the authority's keys as they are now. */
export async function probeCallerToken(
  token: Secret,
  { inbound, mode }: Exclude<IdentityConfig, { readonly mode: 'passthrough' }>,
  surroundings: Dependencies,
  parts: ProbeParts,
): Promise<TokenFacts> {
  const identity = startIdentity({
    ...inboundOptions(inbound, mode),
    ...surroundings,
    proxies: parts.proxies,
    keyTimeoutMs: parts.timeoutMs,
  });
  try {
    const caller = await withinTimeout(parts, (signal) => identity.identify(token, signal));
    const isUser = caller.kind === 'user';
    const permissions = caller.kind === 'user' ? caller.scopes : caller.roles;
    return { kind: 'taken', isUser, permissions, expiresAtMs: caller.expiresAtMs };
  } catch (error) {
    const message =
      error instanceof IdentityError ? error.message : 'Graph did not confirm the token in time.';
    return { kind: 'refused', message };
  } finally {
    identity.keys.close();
  }
}

/** What the judgement needs beside the token. */
export interface TokenView {
  readonly cloud: CloudName;
  /** What the operations need of the token at hand. */
  readonly needs: PermissionNeeds;
  readonly nowMs: number;
}

/** Graph's id as an application, which is the same in all clouds. */
const graphAppId = '00000003-0000-0000-c000-000000000000';
const soonMs = 5 * 60_000;
const toleratedMs = 60_000;

const newGraphToken = (cloud: CloudName): string =>
  `Get a new one, for example: az account get-access-token --resource ${cloudOf(cloud).graphRoot}`;

/** Judges a token that a caller would send. */
export function tokenFindings(facts: TokenFacts, view: TokenView): readonly Finding[] {
  switch (facts.kind) {
    case 'embedded':
      return facts.isTaken
        ? [ok('token', 'The embedded Graph takes it.')]
        : [
            problem(
              'token',
              'The embedded Graph takes one token only, and this is another one.',
              'Send embedded-graph-token, or name a Graph with GRAPH_CLOUD.',
            ),
          ];
    case 'opaque':
      return [
        warning(
          'token',
          'The token is opaque here; only Graph can verify it.',
          'Send a query with it, or get one from Microsoft Entra.',
        ),
      ];
    case 'refused':
      return [
        problem(
          'token',
          `The gateway would not take the token: ${facts.message}`,
          'Get a token for this gateway from its authority, or change AUTH_TENANTS, AUTH_AUDIENCES or AUTH_CLIENTS.',
        ),
      ];
    case 'taken': {
      const who = `The token of ${facts.isUser ? 'a user' : 'an application'}`;
      return [
        lifeFinding(facts, view.nowMs, 'Get a new one from the authority.'),
        permissionFinding('token', who, facts.permissions, view.needs),
      ];
    }
    case 'claims':
      return graphTokenFindings(facts, view);
  }
}

function graphTokenFindings(
  { claims, audience, notBeforeMs }: Extract<TokenFacts, { readonly kind: 'claims' }>,
  { cloud, needs, nowMs }: TokenView,
): readonly Finding[] {
  const { scopes, roles, expiresAtMs } = claims;
  const remedy = newGraphToken(cloud);
  const isUser = scopes.length > 0;
  const who = isUser
    ? 'The token of a user, who also needs a role in Intune,'
    : 'The token of an application';
  return [
    audienceFinding(audience, cloud),
    lifeFinding({ expiresAtMs, notBeforeMs }, nowMs, remedy),
    tenantFinding(claims.tenantId),
    permissionFinding('token', who, isUser ? scopes : roles, needs),
  ];
}

function audienceFinding(audience: string | undefined, cloud: CloudName): Finding {
  const { graphRoot } = cloudOf(cloud);
  const name = audience?.toLowerCase().replace(/\/$/, '');
  if (name === graphRoot || name === graphAppId) {
    return ok('token', 'It is for Microsoft Graph.');
  }
  const other = cloudNames.find((candidate) => cloudOf(candidate).graphRoot === name);
  const remedy = newGraphToken(cloud);
  return other === undefined
    ? problem('token', 'It is not for Microsoft Graph, which will reject it with 401.', remedy)
    : problem('token', `It is for Graph in the cloud ${other}, and this is ${cloud}.`, remedy);
}

interface TokenLife {
  readonly expiresAtMs: number | undefined;
  readonly notBeforeMs?: number | undefined;
}

function lifeFinding({ expiresAtMs, notBeforeMs }: TokenLife, nowMs: number, remedy: string) {
  if (expiresAtMs === undefined) {
    return problem('token', 'It does not say when it ends.', remedy);
  }
  const minutes = Math.round((expiresAtMs - nowMs) / 60_000);
  if (expiresAtMs <= nowMs) {
    return problem('token', `It ended ${-minutes} minutes ago.`, remedy);
  }
  if (notBeforeMs !== undefined && notBeforeMs > nowMs + toleratedMs) {
    const message = 'It is not valid yet.';
    return problem('token', message, "Wait, or set this machine's clock.");
  }
  return expiresAtMs - nowMs < soonMs
    ? warning('token', `It ends in ${minutes} minutes.`, remedy)
    : ok('token', `It is valid for ${minutes} minutes.`);
}

function tenantFinding(tenantId: string | undefined): Finding {
  // Only a GUID is shown; any other content of the claim may be private.
  return tenantId !== undefined && /^[\da-f-]{36}$/i.test(tenantId)
    ? ok('token', `It is of the tenant ${tenantId}.`)
    : problem('token', 'It names no tenant.', 'Get one from Microsoft Entra.');
}
