import type { CredentialFacts, OwnIdentity, OwnTokenFacts } from '../credential.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';
import { type PermissionNeeds, permissionFinding } from '../permission.ts';

/** What the judgement hangs on beside the facts. */
export interface CredentialView {
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
        'Mend the registration in Entra, or the AZURE_ variables that name it and its credential.',
      ),
    ];
  }
  if (facts.kind === 'unavailable') {
    return [
      problem(
        'credential',
        `Whether the credential is good could not be found out: ${facts.message}`,
        'Make the place that gives tokens reachable first, then look again.',
      ),
    ];
  }
  const taken = ok('credential', "The gateway's own credential is taken: a token for Graph came.");
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
    : ok('credential', `The client certificate is good until ${end}.`);
}
