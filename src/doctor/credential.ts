import type { Config } from '../config/config.ts';
import type { CredentialConfig, IdentityConfig } from '../config/identity.ts';
import type { Dependencies } from '../dependencies.ts';
import { readTokenClaims, type TokenClaims } from '../graph/credentials.ts';
import { isGraphError } from '../graph/errors.ts';
import { readCertificate } from '../identity/outbound/clientProof.ts';
import { OutboundIdentityError } from '../identity/outbound/token.ts';
import { createOutbound } from '../identityMode.ts';
import { readNamedFile } from '../shared/namedFile.ts';
import type { Secret } from '../shared/secret.ts';
import { type ProbeParts, reasonOf, withinTimeout } from './endpoint.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { type PermissionNeeds, permissionFinding } from './permission.ts';

/** What became of asking for a token as the gateway itself. */
type OwnTokenFacts =
  /** Undefined claims: the token is none that others can read. */
  | { readonly kind: 'granted'; readonly claims: TokenClaims | undefined }
  /** The gateway is set up wrongly; the sentence says how. */
  | { readonly kind: 'refused'; readonly message: string; readonly codes: readonly string[] }
  | { readonly kind: 'unavailable'; readonly message: string };

/** The gateway's own credential. */
export interface CredentialFacts {
  readonly ownToken: OwnTokenFacts;
  /** Until when the certificate can be used; undefined if there is none that can be read. */
  readonly certificateEndsAtMs: number | undefined;
}

type OwnIdentity = Exclude<IdentityConfig, { readonly mode: 'passthrough' }>;

/**
 * Asks for a token as the gateway itself. In the mode on-behalf-of, which needs a user for its own tokens, this still
 * proves that the registration and its credential are taken.
 */
export async function probeCredential(
  config: Config,
  identity: OwnIdentity,
  surroundings: Dependencies,
  parts: ProbeParts,
): Promise<CredentialFacts> {
  const { outbound } = identity;
  const [ownToken, certificateEndsAtMs] = await Promise.all([
    probeOwnToken(config, identity, surroundings, parts),
    outbound.kind === 'registration' ? endOf(outbound.credential) : undefined,
  ]);
  return { ownToken, certificateEndsAtMs };
}

async function probeOwnToken(
  config: Config,
  identity: OwnIdentity,
  surroundings: Dependencies,
  parts: ProbeParts,
): Promise<OwnTokenFacts> {
  const asItself = { ...identity, mode: 'app-only' } as const;
  const credentials = await createOutbound(config, asItself, surroundings);
  try {
    const token = await withinTimeout(parts, async (signal): Promise<Secret> => {
      const call = {
        requestId: surroundings.newId(),
        traceparent: undefined,
        callerToken: undefined,
        deadlineMs: parts.clock.now() + parts.timeoutMs,
        signal,
        writeSignal: signal,
      };
      return credentials.tokenFor(call, { withFreshToken: false });
    });
    return { kind: 'granted', claims: readTokenClaims(token.reveal()) };
  } catch (error) {
    return failureOf(error);
  } finally {
    await credentials.close();
  }
}

function failureOf(error: unknown): OwnTokenFacts {
  if (error instanceof OutboundIdentityError) {
    const { codes = [], systemCode } = error.facts;
    const all = systemCode === undefined ? codes : [...codes, systemCode];
    return { kind: 'refused', message: error.message, codes: all };
  }
  const message = isGraphError(error) ? error.message : `No token came (${reasonOf(error)}).`;
  return { kind: 'unavailable', message };
}

async function endOf(credential: CredentialConfig): Promise<number | undefined> {
  return credential.kind === 'certificate' ? readCertificateLife(credential) : undefined;
}

/**
 * Until when the client's certificate can be used, in milliseconds since the epoch; of several in the file, the one that
 * belongs to the key. Undefined if the file cannot be used: what is wrong with it is said by who asks for a token.
 */
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

/** What the judgement needs beside the facts. */
interface CredentialView {
  readonly mode: OwnIdentity['mode'];
  readonly needs: PermissionNeeds;
  readonly nowMs: number;
}

const dayMs = 86_400_000;
const soonDays = 30;

/** Judges the gateway's own credential: whether tokens are given for it, what they permit, and how long it lasts. */
export function credentialFindings(
  { ownToken, certificateEndsAtMs }: CredentialFacts,
  view: CredentialView,
): readonly Finding[] {
  return [
    ...ownTokenFindings(ownToken, view),
    ...(certificateEndsAtMs === undefined ? [] : [certificateFinding(certificateEndsAtMs, view)]),
  ];
}

function ownTokenFindings(
  facts: OwnTokenFacts,
  { mode, needs }: CredentialView,
): readonly Finding[] {
  if (facts.kind === 'refused') {
    const { message, codes } = facts;
    const said = codes.length === 0 ? '' : ` (${codes.join(', ')})`;
    return [
      problem(
        'credential',
        `No token is given to the gateway itself${said}: ${message}`,
        'Fix the registration in Entra, or the AZURE_ variables that name it and its credential.',
      ),
    ];
  }
  if (facts.kind === 'unavailable') {
    return [
      problem(
        'credential',
        `The credential could not be checked: ${facts.message}`,
        'Make the place that gives tokens reachable first, then look again.',
      ),
    ];
  }
  const taken = ok('credential', "The gateway's own credential works: it got a token for Graph.");
  if (mode === 'on-behalf-of' || facts.claims === undefined) {
    return [taken];
  }
  const { roles } = facts.claims;
  return [taken, permissionFinding('credential', "The gateway's own token", roles, needs)];
}

function certificateFinding(endsAtMs: number, { nowMs }: CredentialView): Finding {
  const days = Math.floor((endsAtMs - nowMs) / dayMs);
  const end = new Date(endsAtMs).toISOString().slice(0, 10);
  const remedy = 'Add a new certificate to the registration, then put it into the file.';
  if (endsAtMs <= nowMs) {
    return problem('credential', `The client certificate ended on ${end}.`, remedy);
  }
  return days < soonDays
    ? warning('credential', `The client certificate ends in ${days} days, on ${end}.`, remedy)
    : ok('credential', `The client certificate is valid until ${end}.`);
}
