import type { Config } from '../config/config.ts';
import { type CloudName, cloudAt, cloudOf } from '../config/graph.ts';
import type { OwnIdentityConfig } from '../config/identity.ts';
import { readTokenClaims } from '../graph/credentials.ts';
import { requiredScopesOf } from '../graph/request.ts';
import { IdentityError } from '../identity/errors.ts';
import { inboundOptions } from '../identity/identityMode.ts';
import { startIdentity } from '../identity/verifyToken.ts';
import { isJsonObject, parseJson } from '../shared/json.ts';
import { embeddedGraphToken, type Secret } from '../shared/secret.ts';
import { type CheckParts, withinTimeout } from './endpoint.ts';
import { type CheckName, type Finding, findingsOf } from './finding.ts';

const { ok, warning, problem } = findingsOf('token');

/** The permissions of which one suffices, the least privileged first. */
interface PermissionNeeds {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/** What Graph wants for the operations of the gateway. */
export const graphNeeds: PermissionNeeds = {
  read: requiredScopesOf('list'),
  write: requiredScopesOf('add'),
};

/** Compares the granted permissions with those that reading and changing need. */
export function permissionFinding(
  check: CheckName,
  who: string,
  held: readonly string[],
  { read, write }: PermissionNeeds,
): Finding {
  const { ok, warning, problem } = findingsOf(check);
  const reads = read.find((name) => held.includes(name));
  const writes = write.find((name) => held.includes(name));
  const grant = ([least]: readonly string[]): string =>
    `Have an administrator grant ${least}; that is the least privileged one.`;
  if (reads === undefined && writes === undefined) {
    return problem(`${who} may neither read nor change partners.`, grant(read));
  }
  if (writes === undefined) {
    return warning(`${who} may read partners but not change them (${reads}).`, grant(write));
  }
  if (reads === undefined) {
    return warning(`${who} may change partners but not read them (${writes}).`, grant(read));
  }
  const least = writes === write[0] ? '' : `; ${write[0]} would be enough`;
  return ok(`${who} may read and change partners (${writes}${least}).`);
}

/** Looks at a token that callers send: as the gateway would judge it, or as it says itself if only Graph judges it. */
export async function checkToken(
  token: Secret,
  { identity, upstream, cloud }: Config,
  parts: CheckParts,
): Promise<readonly Finding[]> {
  if (identity.mode !== 'passthrough') {
    return checkCallerToken(token, identity, parts);
  }
  if (upstream.kind === 'graph') {
    return graphTokenFindings(token.reveal(), cloud, parts.nowMs);
  }
  return token.reveal() === embeddedGraphToken
    ? [ok('The embedded Graph takes it.')]
    : [
        problem(
          'The embedded Graph takes one token only, and this is another one.',
          `Send ${embeddedGraphToken}, or name a Graph with GRAPH_CLOUD.`,
        ),
      ];
}

/** Shows a token to the gateway's own judgement of callers, with the authority's keys as they are now. */
async function checkCallerToken(
  token: Secret,
  { inbound, mode }: OwnIdentityConfig,
  parts: CheckParts,
): Promise<readonly Finding[]> {
  const options = { ...inboundOptions(inbound, mode), ...parts, keyTimeoutMs: parts.timeoutMs };
  const identity = startIdentity(options);
  try {
    const caller = await withinTimeout(parts, (signal) => identity.identify(token, signal));
    const isUser = caller.kind === 'user';
    const { readPermissions: read, writePermissions: write } = inbound;
    return [
      lifeFinding(caller, parts.nowMs, 'Get a new one from the authority.'),
      permissionFinding(
        'token',
        `The token of ${isUser ? 'a user' : 'an application'}`,
        isUser ? caller.scopes : caller.roles,
        { read, write },
      ),
    ];
  } catch (error) {
    const reason =
      error instanceof IdentityError ? error.message : 'it could not be verified in time.';
    return [
      problem(
        `The gateway would not take the token: ${reason}`,
        'Get a token for this gateway from its authority, or change AUTH_TENANTS, AUTH_AUDIENCES or AUTH_CLIENTS.',
      ),
    ];
  } finally {
    identity.keys.close();
  }
}

/** Graph's id as an application, which is the same in all clouds. */
const graphAppId = '00000003-0000-0000-c000-000000000000';
const soonMs = 5 * 60_000;
const toleratedMs = 60_000;

/** Judges a token for Graph by what it says itself; nothing of it is proven, as in the mode passthrough. */
export function graphTokenFindings(
  token: string,
  cloud: CloudName,
  nowMs: number,
): readonly Finding[] {
  const claims = readTokenClaims(token);
  if (claims === undefined) {
    const message = 'The token is opaque here; only Graph can verify it.';
    return [warning(message, 'Send a query with it, or get one from Microsoft Entra.')];
  }
  const payload = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  const { aud, nbf } = isJsonObject(payload) ? payload : {};
  const { scopes, roles, expiresAtMs, tenantId } = claims;
  const notBeforeMs = typeof nbf === 'number' ? nbf * 1000 : undefined;
  const { graphRoot } = cloudOf(cloud);
  const remedy = `Get a new one, for example: az account get-access-token --resource ${graphRoot}`;
  const isUser = scopes.length > 0;
  const who = isUser
    ? 'The token of a user, who also needs a role in Intune,'
    : 'The token of an application';
  return [
    audienceFinding(aud, cloud, remedy),
    lifeFinding({ expiresAtMs, notBeforeMs }, nowMs, remedy),
    // Only a GUID is shown; any other content of the claim may be private.
    tenantId !== undefined && /^[\da-f-]{36}$/i.test(tenantId)
      ? ok(`It is of the tenant ${tenantId}.`)
      : problem('It names no tenant.', 'Get one from Microsoft Entra.'),
    permissionFinding('token', who, isUser ? scopes : roles, graphNeeds),
  ];
}

function audienceFinding(audience: unknown, cloud: CloudName, remedy: string): Finding {
  const name = typeof audience === 'string' ? audience.toLowerCase().replace(/\/$/, '') : '';
  if (name === graphAppId) {
    return ok('It is for Microsoft Graph.');
  }
  const named = cloudAt(name);
  if (named === undefined) {
    return problem('It is not for Microsoft Graph, which will reject it with 401.', remedy);
  }
  return named === cloud
    ? ok('It is for Microsoft Graph.')
    : problem(`It is for Graph in the cloud ${named}, and this is ${cloud}.`, remedy);
}

function lifeFinding(
  {
    expiresAtMs,
    notBeforeMs,
  }: { expiresAtMs: number | undefined; notBeforeMs?: number | undefined },
  nowMs: number,
  remedy: string,
): Finding {
  if (expiresAtMs === undefined) {
    return problem('It does not say when it ends.', remedy);
  }
  const minutes = Math.round((expiresAtMs - nowMs) / 60_000);
  if (expiresAtMs <= nowMs) {
    return problem(`It ended ${-minutes} minutes ago.`, remedy);
  }
  if (notBeforeMs !== undefined && notBeforeMs > nowMs + toleratedMs) {
    return problem('It is not valid yet.', "Wait, or set this machine's clock.");
  }
  return expiresAtMs - nowMs < soonMs
    ? warning(`It ends in ${minutes} minutes.`, remedy)
    : ok(`It is valid for ${minutes} minutes.`);
}
