import { parseRetryAfterMs } from '../../graph/errorBody.ts';
import { GraphCredentialError } from '../../graph/errors.ts';
import { isJsonObject, parseJson } from '../../shared/json.ts';
import { Secret } from '../../shared/secret.ts';
import {
  type AcquiredToken,
  OutboundIdentityError,
  type TokenFlow,
  TokenRefusal,
} from './token.ts';
import type { TokenAnswer } from './tokenEndpoint.ts';

/** Reads what a token endpoint granted; undefined if it is nothing that could be used. Numbers may come as texts. */
export function readGrant(json: unknown, nowMs: number): AcquiredToken | undefined {
  if (!isJsonObject(json)) {
    return undefined;
  }
  const token = json['access_token'];
  const expiresInMs = msOf(json['expires_in']) ?? untilMs(json['expires_on'], nowMs);
  return typeof token === 'string' && isSendable(token) && expiresInMs !== undefined
    ? { token: new Secret(token), expiresInMs, refreshInMs: msOf(json['refresh_in']) }
    : undefined;
}

function msOf(seconds: unknown): number | undefined {
  const isNumber = typeof seconds === 'number' || typeof seconds === 'string';
  return isNumber && /^\d{1,12}$/.test(String(seconds)) ? Number(seconds) * 1000 : undefined;
}

/** Managed identities give the time of the end, in seconds since the epoch. */
function untilMs(seconds: unknown, nowMs: number): number | undefined {
  const endMs = msOf(seconds);
  return endMs === undefined ? undefined : Math.max(0, endMs - nowMs);
}

/** Whether it is a text that a header can carry. */
function isSendable(token: string): boolean {
  return /^[\w.~+/-]+=*$/.test(token);
}

/** The token that an answer grants. @throws what its refusal means, or that nothing in it can be used. */
export function acceptAnswer(flow: TokenFlow, answer: TokenAnswer, nowMs: number): AcquiredToken {
  if (answer.status !== 200) {
    throw refusalErrorOf(flow, answer, nowMs);
  }
  const granted = readGrant(answer.json, nowMs);
  if (granted === undefined) {
    const message = "The token endpoint's answer cannot be believed.";
    throw new GraphCredentialError('unavailable', message);
  }
  return granted;
}

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
      const message = 'The gateway has requested too many tokens from Microsoft Entra.';
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
    return 'Microsoft Entra requires further claims of this user. Get a new token that meets them.';
  }
  return needsConsent
    ? 'This gateway has no consent to act for this user in Microsoft Graph. An administrator can grant it.'
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

/** All that the judgement of a refusal depends on. */
export interface RefusalFacts {
  readonly flow: TokenFlow;
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  /** The OAuth error, undefined if the answer has none. */
  readonly error: string | undefined;
  readonly suberror: string | undefined;
  /** What Conditional Access asks for, as JSON text. */
  readonly claims: string | undefined;
}

/** Whom a refusal concerns, and what can be done about it. */
export type Refusal =
  /** This user only: with another token it may go. */
  | { readonly kind: 'user'; readonly claims: string | undefined; readonly needsConsent: boolean }
  | { readonly kind: 'throttled'; readonly retryAfterMs: number }
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number | undefined }
  /** The gateway itself: its secret, its registration, its consent. */
  | { readonly kind: 'misconfigured' };

const assumedPauseMs = 1000;
const passing: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error']);
const aboutUsers: ReadonlySet<string> = new Set([
  'interaction_required',
  'invalid_grant',
  'consent_required',
  'login_required',
]);

/** Judges an answer of a token endpoint that is no grant. */
export function decideRefusal(facts: RefusalFacts): Refusal {
  const { flow, status, retryAfterMs, error, suberror, claims } = facts;
  if (status === 429) {
    return { kind: 'throttled', retryAfterMs: retryAfterMs ?? assumedPauseMs };
  }
  const isRefusal = status >= 400 && status < 500;
  // Without an OAuth error it is not the endpoint that speaks, but something on the way to it.
  if (!isRefusal || error === undefined || passing.has(error)) {
    return { kind: 'unavailable', retryAfterMs };
  }
  if (flow === 'on-behalf-of' && aboutUsers.has(error)) {
    const needsConsent = error === 'consent_required' || suberror === 'consent_required';
    return { kind: 'user', claims, needsConsent };
  }
  return { kind: 'misconfigured' };
}

const hints: Readonly<Record<string, string>> = {
  AADSTS7000215: 'the client secret is wrong (its value is needed, not its id)',
  AADSTS7000222: 'the client secret has expired',
  AADSTS700027: 'the client certificate is not the one of the app registration, or has expired',
  AADSTS700016: 'the app is not registered in this tenant, or AZURE_CLIENT_ID is wrong',
  AADSTS7000229: 'the app has no service principal in this tenant: an administrator has to consent',
  AADSTS90002: 'this cloud does not have the tenant',
  AADSTS65001: 'the permissions of the app have no consent',
  AADSTS500011: 'the resource is not known in this tenant: the cloud may be the wrong one',
  AADSTS700213: 'no federated credential of the app fits the subject of the token file',
  AADSTS700211: 'no federated credential of the app fits the issuer of the token file',
  AADSTS700212: 'no federated credential of the app fits the audience of the token file',
  AADSTS700024: 'the client assertion is expired or not valid yet: a clock may be wrong',
  AADSTS1002012: 'the scope is not one that this flow takes',
};

/** Says in a sentence what an operator has to fix, as far as Entra's numbers say. */
function operatorHintOf(flow: TokenFlow, codes: readonly string[]): string {
  if (flow === 'managed-identity') {
    return 'this machine has no managed identity, or AZURE_CLIENT_ID is not one of its identities.';
  }
  const known = codes.map((code) => hints[code]).find((hint) => hint !== undefined);
  return `${known ?? 'Microsoft Entra refuses the registration or the credential of this gateway'}.`;
}
