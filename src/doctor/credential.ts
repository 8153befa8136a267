import type { Config } from '../config/config.ts';
import type { CredentialConfig, OwnIdentityConfig } from '../config/identity.ts';
import { readTokenClaims } from '../graph/credentials.ts';
import { isGraphError } from '../graph/errors.ts';
import { createOutbound } from '../identity/identityMode.ts';
import { readCertificate } from '../identity/outbound/clientProof.ts';
import { OutboundIdentityError } from '../identity/outbound/token.ts';
import { readNamedFile } from '../shared/namedFile.ts';
import { type CheckParts, reasonOf, withinTimeout } from './endpoint.ts';
import { type Finding, findingsOf } from './finding.ts';
import { graphNeeds, permissionFinding } from './token.ts';

const { ok, warning, problem } = findingsOf('credential');

/** Looks at the gateway's own credential: whether tokens are given for it, what they permit, and how long it lasts. */
export async function checkCredential(
  config: Config,
  identity: OwnIdentityConfig,
  parts: CheckParts,
): Promise<readonly Finding[]> {
  const { outbound } = identity;
  const credential = outbound.kind === 'registration' ? outbound.credential : undefined;
  const [ofToken, endsAtMs] = await Promise.all([
    checkOwnToken(config, identity, parts),
    credential?.kind === 'certificate' ? readCertificateLife(credential) : undefined,
  ]);
  return endsAtMs === undefined ? ofToken : [...ofToken, certificateFinding(endsAtMs, parts.nowMs)];
}

/**
 * Asks for a token as the gateway itself. In the mode on-behalf-of, which needs a user for its own tokens, this still
 * proves that the registration and its credential are taken.
 */
async function checkOwnToken(
  config: Config,
  identity: OwnIdentityConfig,
  parts: CheckParts,
): Promise<readonly Finding[]> {
  const credentials = await createOutbound(config, { ...identity, mode: 'app-only' }, parts);
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
    return ownTokenFindings(token.reveal(), identity.mode);
  } catch (error) {
    return [refusalFinding(error)];
  } finally {
    await credentials.close();
  }
}

/** Judges what a token permits that the gateway got for itself. */
export function ownTokenFindings(
  token: string,
  mode: OwnIdentityConfig['mode'],
): readonly Finding[] {
  const taken = ok("The gateway's own credential works: it got a token for Graph.");
  const roles = readTokenClaims(token)?.roles;
  return mode === 'on-behalf-of' || roles === undefined
    ? [taken]
    : [taken, permissionFinding('credential', "The gateway's own token", roles, graphNeeds)];
}

function refusalFinding(error: unknown): Finding {
  if (error instanceof OutboundIdentityError) {
    const { codes = [], systemCode } = error.facts;
    const all = systemCode === undefined ? codes : [...codes, systemCode];
    const said = all.length === 0 ? '' : ` (${all.join(', ')})`;
    return problem(
      `No token is given to the gateway itself${said}: ${error.message}`,
      'Fix the registration in Entra, or the AZURE_ variables that name it and its credential.',
    );
  }
  const message = isGraphError(error) ? error.message : `No token came (${reasonOf(error)}).`;
  return problem(
    `The credential could not be checked: ${message}`,
    'Make the place that gives tokens reachable first, then look again.',
  );
}

/** When it ends, since the epoch. Undefined if the file cannot be used: the request for a token says what is wrong. */
export async function readCertificateLife(
  credential: Extract<CredentialConfig, { readonly kind: 'certificate' }>,
): Promise<number | undefined> {
  try {
    const pem = (await readNamedFile(credential.path)).toString('utf8');
    return Date.parse(readCertificate(pem, credential).leaf.validTo);
  } catch {
    return undefined;
  }
}

const dayMs = 86_400_000;
const soonDays = 30;

export function certificateFinding(endsAtMs: number, nowMs: number): Finding {
  const days = Math.floor((endsAtMs - nowMs) / dayMs);
  const end = new Date(endsAtMs).toISOString().slice(0, 10);
  const remedy = 'Add a new certificate to the registration, then put it into the file.';
  if (endsAtMs <= nowMs) {
    return problem(`The client certificate ended on ${end}.`, remedy);
  }
  return days < soonDays
    ? warning(`The client certificate ends in ${days} days, on ${end}.`, remedy)
    : ok(`The client certificate is valid until ${end}.`);
}
