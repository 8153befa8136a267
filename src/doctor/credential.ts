import type { Config } from '../config/config.ts';
import type { CredentialConfig, IdentityConfig } from '../config/identity.ts';
import type { Surroundings } from '../dependencies.ts';
import { isGraphError } from '../graph/errors.ts';
import { readTokenClaims, type TokenClaims } from '../graph/tokenClaims.ts';
import { OutboundIdentityError } from '../identity/outbound/tokenFacts.ts';
import { createOutbound } from '../identityMode.ts';
import type { Secret } from '../shared/secret.ts';
import { type ProbeParts, reasonOf, withinTimeout } from './probes/probeParts.ts';
import { readCertificateLife } from './probes/readCertificateLife.ts';

/** What became of asking for a token as the gateway itself. */
export type OwnTokenFacts =
  /** Undefined claims: the token is none that others can read. */
  | { readonly kind: 'granted'; readonly claims: TokenClaims | undefined }
  /** The gateway is set up wrongly; the sentence says how. */
  | { readonly kind: 'refused'; readonly message: string; readonly codes: readonly string[] }
  | { readonly kind: 'unavailable'; readonly message: string };

/** The gateway's own credential. */
export interface CredentialFacts {
  readonly ownToken: OwnTokenFacts;
  /** Until when the certificate can be used; undefined where there is none that can be read. */
  readonly certificateEndsAtMs: number | undefined;
}

export type OwnIdentity = Exclude<IdentityConfig, { readonly mode: 'passthrough' }>;

/**
 * Asks for a token as the gateway itself. In the mode on-behalf-of, which needs a user for its own tokens, this still
 * proves that the registration and its credential are taken.
 */
export async function probeCredential(
  config: Config,
  identity: OwnIdentity,
  surroundings: Surroundings,
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
  surroundings: Surroundings,
  parts: ProbeParts,
): Promise<OwnTokenFacts> {
  const asItself = { ...identity, mode: 'app-only' } as const;
  const credentials = await createOutbound(config, asItself, surroundings);
  try {
    const token = await withinTimeout(parts, (signal): Promise<Secret> => {
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
