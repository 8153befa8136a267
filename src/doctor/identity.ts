import type { Config } from '../config/config.ts';
import { type CloudName, cloudAt, cloudOf } from '../config/graph.ts';
import type { OwnIdentityConfig } from '../config/identity.ts';
import { readTokenClaims } from '../graph/credentials.ts';
import { isGraphError } from '../graph/errors.ts';
import { requiredScopesOf } from '../graph/request.ts';
import { IdentityError } from '../identity/errors.ts';
import { createOutbound, inboundOptions } from '../identity/identityMode.ts';
import {
  createDocumentReader,
  DocumentError,
  loadKeySet,
  metadataUrlOf,
} from '../identity/keys.ts';
import { readCertificate } from '../identity/outbound/clientProof.ts';
import { OutboundIdentityError } from '../identity/outbound/token.ts';
import { startIdentity } from '../identity/verifyToken.ts';
import { isGuid } from '../shared/forms.ts';
import { isJsonObject, parseJson } from '../shared/json.ts';
import { readNamedFile } from '../shared/namedFile.ts';
import { embeddedGraphToken, type Secret } from '../shared/secret.ts';
import {
  type CheckParts,
  type EndpointFacts,
  probeEndpoint,
  reasonOf,
  unreachedFinding,
  withinTimeout,
} from './endpoint.ts';
import { type Finding, findingsOf } from './finding.ts';

const ofCredential = findingsOf('credential');
const ofToken = findingsOf('token');

/** Asks the authority in both ways at once: step by step, and for the keys as the gateway does. */
export async function checkAuthority({ inbound }: OwnIdentityConfig, parts: CheckParts) {
  const source = { authority: new URL(inbound.authorityHost), tenantIds: inbound.tenantIds };
  const url = metadataUrlOf(source);
  const read = createDocumentReader(parts);
  const [endpoint, keyProblem] = await Promise.all([
    probeEndpoint({ url }, parts),
    withinTimeout(parts, (signal) => loadKeySet(source, read, signal)).then(
      () => undefined,
      (error: unknown) => (error instanceof DocumentError ? error.problem : reasonOf(error)),
    ),
  ]);
  return { endpoint, finding: authorityFinding(url, endpoint, keyProblem) };
}

function authorityFinding(url: URL, endpoint: EndpointFacts, keyProblem: string | undefined) {
  const { ok, problem } = findingsOf('authority');
  if (keyProblem === undefined) {
    return ok(`${url.host} answers; its issuer is as expected, its keys are readable.`);
  }
  if (endpoint.kind === 'unreached') {
    return unreachedFinding('authority', url, endpoint);
  }
  return problem(
    `The metadata or keys of ${url.host} cannot be used: ${keyProblem}.`,
    endpoint.status === 400 || endpoint.status === 404
      ? 'The tenant is not known there: check AZURE_TENANT_ID, AUTH_TENANTS and GRAPH_CLOUD.'
      : 'Check AZURE_AUTHORITY_HOST and GRAPH_CLOUD, and proxies and firewalls between this machine and it.',
  );
}

/** Looks at the gateway's own credential: whether tokens are given for it, what they permit, and how long it lasts. */
export async function checkCredential(config: Config, own: OwnIdentityConfig, parts: CheckParts) {
  const findings = await Promise.all([
    checkOwnToken(config, own, parts),
    certificateFindings(own.outbound, parts.clock.now()),
  ]);
  return findings.flat();
}

/**
 * Asks for a token as the gateway itself. In the mode on-behalf-of, which needs a user for its own tokens, this still
 * proves that the registration and its credential are taken.
 */
async function checkOwnToken(config: Config, own: OwnIdentityConfig, parts: CheckParts) {
  const credentials = await createOutbound(config, { ...own, mode: 'app-only' }, parts);
  try {
    const token = await withinTimeout(parts, async (signal) => {
      const call = {
        requestId: parts.newId(),
        traceparent: undefined,
        callerToken: undefined,
        deadlineMs: parts.clock.now() + parts.timeoutMs,
        signal,
        writeSignal: signal,
      };
      return credentials.tokenFor(call, { withFreshToken: false });
    });
    return ownTokenFindings(token.reveal(), own.mode);
  } catch (error) {
    return [refusalFinding(error)];
  } finally {
    await credentials.close();
  }
}

/** Judges what a token permits that the gateway got for itself. */
function ownTokenFindings(token: string, mode: OwnIdentityConfig['mode']) {
  const taken = ofCredential.ok("The gateway's own credential works: it got a token for Graph.");
  const roles = readTokenClaims(token)?.roles;
  return mode === 'on-behalf-of' || roles === undefined
    ? [taken]
    : [taken, permissionFinding('credential', "The gateway's own token", roles, graphNeeds)];
}

function refusalFinding(error: unknown): Finding {
  if (error instanceof OutboundIdentityError) {
    const { codes = [], systemCode } = error.facts;
    const said = [...codes, systemCode ?? []].flat().join(', ');
    return ofCredential.problem(
      `No token is given to the gateway itself${said && ` (${said})`}: ${error.message}`,
      'Fix the registration in Entra, or the AZURE_ variables that name it and its credential.',
    );
  }
  const message = isGraphError(error) ? error.message : `No token came (${reasonOf(error)}).`;
  return ofCredential.problem(
    `The credential could not be checked: ${message}`,
    'Make the place that gives tokens reachable first, then look again.',
  );
}

const dayMs = 86_400_000;
const soonDays = 30;

/** When the certificate ends. Nothing if its file cannot be used: the request for a token says what is wrong. */
async function certificateFindings(outbound: OwnIdentityConfig['outbound'], nowMs: number) {
  if (outbound.kind !== 'registration' || outbound.credential.kind !== 'certificate') {
    return [];
  }
  const { credential } = outbound;
  let endsAtMs: number;
  try {
    const pem = await readNamedFile(credential.path);
    endsAtMs = Date.parse(readCertificate(pem.toString(), credential).leaf.validTo);
  } catch {
    return [];
  }
  const days = Math.floor((endsAtMs - nowMs) / dayMs);
  const end = new Date(endsAtMs).toISOString().slice(0, 10);
  const remedy = 'Add a new certificate to the registration, then put it into the file.';
  if (endsAtMs <= nowMs) {
    return [ofCredential.problem(`The client certificate ended on ${end}.`, remedy)];
  }
  return days < soonDays
    ? [ofCredential.warning(`The client certificate ends in ${days} days, on ${end}.`, remedy)]
    : [ofCredential.ok(`The client certificate is valid until ${end}.`)];
}

/** The permissions of which one suffices, the least privileged first. */
type PermissionNeeds = Readonly<Record<'read' | 'write', readonly string[]>>;

/** What Graph wants for the operations of the gateway. */
const graphNeeds: PermissionNeeds = {
  read: requiredScopesOf('list'),
  write: requiredScopesOf('add'),
};

/** Compares the granted permissions with those that reading and changing need. */
function permissionFinding(
  check: Finding['check'],
  who: string,
  held: readonly string[],
  { read, write }: PermissionNeeds,
): Finding {
  const { ok, warning, problem } = findingsOf(check);
  const reads = read.find((name) => held.includes(name));
  const writes = write.find((name) => held.includes(name));
  const grant = ([least]: readonly string[]): string =>
    `Have an administrator grant ${least}; that is the least privileged one.`;
  if (reads === undefined) {
    return writes === undefined
      ? problem(`${who} may neither read nor change partners.`, grant(read))
      : warning(`${who} may change partners but not read them (${writes}).`, grant(read));
  }
  if (writes === undefined) {
    return warning(`${who} may read partners but not change them (${reads}).`, grant(write));
  }
  const least = writes === write[0] ? '' : `; ${write[0]} would be enough`;
  return ok(`${who} may read and change partners (${writes}${least}).`);
}

/** Looks at a token that callers send: as the gateway would judge it, or as it says itself if only Graph judges it. */
export async function checkToken(token: Secret, config: Config, parts: CheckParts) {
  const { identity, upstream, cloud } = config;
  if (identity.mode !== 'passthrough') {
    return checkCallerToken(token, identity, parts);
  }
  if (upstream.kind === 'graph') {
    return graphTokenFindings(token.reveal(), cloud, parts.clock.now());
  }
  const message = 'The embedded Graph takes one token only, and this is another one.';
  const remedy = `Send ${embeddedGraphToken}, or name a Graph with GRAPH_CLOUD.`;
  const isIts = token.reveal() === embeddedGraphToken;
  return [isIts ? ofToken.ok('The embedded Graph takes it.') : ofToken.problem(message, remedy)];
}

/** Shows a token to the gateway's own judgement of callers, with the authority's keys as they are now. */
async function checkCallerToken(token: Secret, own: OwnIdentityConfig, parts: CheckParts) {
  const options = { ...inboundOptions(own), ...parts, keyTimeoutMs: parts.timeoutMs };
  const identity = startIdentity(options);
  try {
    const caller = await withinTimeout(parts, (signal) => identity.identify(token, signal));
    const [who, held] =
      caller.kind === 'user' ? ['a user', caller.scopes] : ['an application', caller.roles];
    const needs = { read: own.inbound.readPermissions, write: own.inbound.writePermissions };
    return [
      lifeFinding(caller.expiresAtMs, parts.clock.now(), 'Get a new one from the authority.'),
      permissionFinding('token', `The token of ${who}`, held, needs),
    ];
  } catch (error) {
    const reason =
      error instanceof IdentityError ? error.message : 'it could not be verified in time.';
    const remedy =
      'Get a token for this gateway from its authority, or change AUTH_TENANTS, AUTH_AUDIENCES or AUTH_CLIENTS.';
    return [ofToken.problem(`The gateway would not take the token: ${reason}`, remedy)];
  } finally {
    identity.keys.close();
  }
}

/** Graph's id as an application, which is the same in all clouds. */
const graphAppId = '00000003-0000-0000-c000-000000000000';
const soonMs = 5 * 60_000;
const toleratedMs = 60_000;

/** Judges a token for Graph by what it says itself; nothing of it is proven, as in the mode passthrough. */
function graphTokenFindings(token: string, cloud: CloudName, nowMs: number) {
  const claims = readTokenClaims(token);
  if (claims === undefined) {
    const message = 'The token is opaque here; only Graph can verify it.';
    return [ofToken.warning(message, 'Send a query with it, or get one from Microsoft Entra.')];
  }
  const payload = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  const { aud, nbf } = isJsonObject(payload) ? payload : {};
  const { scopes, roles, expiresAtMs, tenantId = '' } = claims;
  const notBeforeMs = typeof nbf === 'number' ? nbf * 1000 : undefined;
  const remedy = `Get a new one, for example: az account get-access-token --resource ${cloudOf(cloud).graphRoot}`;
  const [who, held] =
    scopes.length > 0
      ? ['The token of a user, who also needs a role in Intune,', scopes]
      : ['The token of an application', roles];
  return [
    audienceFinding(aud, cloud, remedy),
    lifeFinding(expiresAtMs, nowMs, remedy, notBeforeMs),
    // Only a GUID is shown; any other content of the claim may be private.
    isGuid(tenantId)
      ? ofToken.ok(`It is of the tenant ${tenantId}.`)
      : ofToken.problem('It names no tenant.', 'Get one from Microsoft Entra.'),
    permissionFinding('token', who, held, graphNeeds),
  ];
}

function audienceFinding(audience: unknown, cloud: CloudName, remedy: string): Finding {
  const name = typeof audience === 'string' ? audience.toLowerCase().replace(/\/$/, '') : '';
  const named = name === graphAppId ? cloud : cloudAt(name);
  if (named === undefined) {
    return ofToken.problem('It is not for Microsoft Graph, which will reject it with 401.', remedy);
  }
  return named === cloud
    ? ofToken.ok('It is for Microsoft Graph.')
    : ofToken.problem(`It is for Graph in the cloud ${named}, and this is ${cloud}.`, remedy);
}

function lifeFinding(endMs: number | undefined, nowMs: number, remedy: string, beginMs = nowMs) {
  if (endMs === undefined) {
    return ofToken.problem('It does not say when it ends.', remedy);
  }
  const minutes = Math.round((endMs - nowMs) / 60_000);
  if (endMs <= nowMs) {
    return ofToken.problem(`It ended ${-minutes} minutes ago.`, remedy);
  }
  if (beginMs > nowMs + toleratedMs) {
    return ofToken.problem('It is not valid yet.', "Wait, or set this machine's clock.");
  }
  return endMs - nowMs < soonMs
    ? ofToken.warning(`It ends in ${minutes} minutes.`, remedy)
    : ofToken.ok(`It is valid for ${minutes} minutes.`);
}
