import { GraphCredentialError } from '../../../graph/errors.ts';
import { isJsonObject, parseJson } from '../../../graph/json.ts';
import { parseRetryAfterMs } from '../../../graph/retryRules.ts';
import type { TokenFlow } from '../token.ts';
import type { TokenAnswer } from '../tokenEndpoint.ts';
import { OutboundIdentityError, TokenRefusal } from '../tokenFacts.ts';
import { decideRefusal, type Refusal, type RefusalFacts } from './decideRefusal.ts';
import { operatorHintOf } from './operatorHint.ts';

const maximumClaims = 8192;

/** Makes an error of an answer that is no grant; nothing of the answer's own text is in it. */
export function refusalErrorOf(flow: TokenFlow, answer: TokenAnswer, nowMs: number): Error {
  const body = isJsonObject(answer.json) ? answer.json : {};
  const facts: RefusalFacts = {
    flow,
    status: answer.status,
    retryAfterMs: retryAfterMsOf(answer, nowMs),
    error: wordOf(body['error']),
    suberror: wordOf(body['suberror']),
    claims: claimsOf(body['claims']),
  };
  const codes = codesOf(body['error_codes']);
  return errorOf(decideRefusal(facts), facts, codes);
}

function errorOf(refusal: Refusal, facts: RefusalFacts, codes: readonly string[]): Error {
  const said = { status: facts.status, code: facts.error, codes };
  const cause = new TokenRefusal(said);
  switch (refusal.kind) {
    case 'user':
      return new GraphCredentialError('unauthenticated', messageForUser(refusal), {
        claims: refusal.claims,
        cause,
      });
    case 'throttled': {
      const { retryAfterMs } = refusal;
      const message = 'Microsoft Entra is asked for too many tokens.';
      return new GraphCredentialError('throttled', message, { retryAfterMs, cause });
    }
    case 'unavailable': {
      const { retryAfterMs } = refusal;
      const message = 'The token endpoint cannot give tokens at the moment.';
      const details = { fault: 'not-connected', retryAfterMs, cause } as const;
      return new GraphCredentialError('unavailable', message, details);
    }
    case 'misconfigured':
      return new OutboundIdentityError(operatorHintOf(facts.flow, codes), said);
  }
}

function messageForUser({ claims, needsConsent }: Extract<Refusal, { kind: 'user' }>): string {
  if (claims !== undefined) {
    return 'Microsoft Entra asks for more before this user may go on: get a new token that meets the claims.';
  }
  return needsConsent
    ? 'Nobody consented to this gateway acting for this user in Microsoft Graph: an administrator can.'
    : 'Microsoft Entra does not exchange this token any more: get a new one.';
}

function retryAfterMsOf({ headers }: TokenAnswer, nowMs: number): number | undefined {
  const header = headers['retry-after'];
  return parseRetryAfterMs(Array.isArray(header) ? header[0] : header, nowMs);
}

/** Takes only what can be one of OAuth's words, because it goes into logs. */
function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[a-z_]{1,64}$/.test(value) ? value : undefined;
}

function claimsOf(value: unknown): string | undefined {
  const isFit = typeof value === 'string' && value.length <= maximumClaims;
  return isFit && isJsonObject(parseJson(value)) ? value : undefined;
}

function codesOf(value: unknown): readonly string[] {
  const numbers: readonly unknown[] = Array.isArray(value) ? value.slice(0, 5) : [];
  return numbers.filter(Number.isSafeInteger).map((number) => `AADSTS${number}`);
}
