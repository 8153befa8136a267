import { type CloudName, cloudNames, cloudOf } from '../../config/clouds.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';
import { type PermissionNeeds, permissionFinding } from '../permission.ts';
import type { TokenFacts } from '../token.ts';

/** What the judgement hangs on beside the token. */
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
          'The token is none whose content can be read here; only Graph can judge it.',
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
    ? 'The token of a user, who needs a role in Intune beside it,'
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
    ? problem('token', 'It is not for Microsoft Graph, which will refuse it with 401.', remedy)
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
    : ok('token', `It is good for ${minutes} minutes.`);
}

function tenantFinding(tenantId: string | undefined): Finding {
  // Only a GUID is shown: whatever else stands in the claim is nobody's to print.
  return tenantId !== undefined && /^[\da-f-]{36}$/i.test(tenantId)
    ? ok('token', `It is of the tenant ${tenantId}.`)
    : problem('token', 'It names no tenant.', 'Get one from Microsoft Entra.');
}
