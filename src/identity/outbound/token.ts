import { parseRetryAfterMs } from '../../graph/errorBody.ts';
import { GraphError, isGraphError } from '../../graph/errors.ts';
import type { GraphCall, GraphResponse } from '../../graph/request.ts';
import type { Clock } from '../../shared/clock.ts';
import { errnoCodeOf } from '../../shared/forms.ts';
import { isJsonObject, parseJson } from '../../shared/json.ts';
import { Secret } from '../../shared/secret.ts';
import type { Log, LogFields } from '../../telemetry/log.ts';
import type { Measurements } from '../../telemetry/metrics.ts';
import type { AuthorityWay } from '../network.ts';

/** What tokens of the gateway's own take from the outside. */
export interface OutboundParts extends AuthorityWay {
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Measurements;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
}

/** How a token is got, as metrics name it. */
export type TokenFlow = 'on-behalf-of' | 'client-credentials' | 'managed-identity';

/** One token that is needed. */
export interface TokenOrder {
  readonly tenant: string;
  /** What is exchanged for it, if a user stands behind it. */
  readonly assertion: Secret | undefined;
  /** The one that asked first. */
  readonly call: GraphCall;
}

/** A token with its life, counted from when it was asked for. */
export interface AcquiredToken {
  readonly token: Secret;
  readonly usableForMs: number;
  /** When a new one is got beside it. */
  readonly refreshAfterMs: number;
}

/** Where tokens are got, one at a time and without a memory; the signal fires when it takes too long. */
export type TokenSource = (order: TokenOrder, signal: AbortSignal) => Promise<TokenAnswer>;

/** What a token endpoint answered; the JSON is undefined if the body is none. */
export type TokenAnswer = Required<Pick<GraphResponse, 'status' | 'headers' | 'json'>>;

/** What the log may say about a token that did not come; nothing of it comes from a secret. */
type TokenFacts = Pick<LogFields, 'code' | 'codes' | 'status' | 'systemCode'>;

/** An answer that is no grant, as the cause of what it means to a caller. */
class TokenRefusal extends Error {
  readonly facts: TokenFacts;

  constructor(message: string, facts: TokenFacts = {}) {
    super(message);
    this.facts = facts;
  }
}

/** The gateway itself is set up wrongly, so no caller gets a token. To callers, this is an internal error. */
export class OutboundIdentityError extends TokenRefusal {}

/** Gathers the facts from an error or its cause. */
export function tokenFactsOf(error: unknown): TokenFacts {
  const source = isGraphError(error) ? (error.details.cause ?? error) : error;
  return source instanceof TokenRefusal ? source.facts : { systemCode: errnoCodeOf(source) };
}

const marginMs = 5 * 60 * 1000;

/** The token that an answer grants. @throws what its refusal means, or that nothing in it can be used. */
export function acceptAnswer(flow: TokenFlow, answer: TokenAnswer, nowMs: number): AcquiredToken {
  const body = isJsonObject(answer.json) ? answer.json : {};
  if (answer.status !== 200) {
    throw refusalErrorOf(flow, answer, body, nowMs);
  }
  const token = body['access_token'];
  // Managed identities give the time of the end, in seconds since the epoch.
  const endMs = msOf(body['expires_on']);
  const expiresInMs = msOf(body['expires_in']) ?? (endMs && Math.max(0, endMs - nowMs));
  const isSendable = typeof token === 'string' && /^[\w.~+/-]+=*$/.test(token);
  if (!isSendable || expiresInMs === undefined) {
    const message = "The token endpoint's answer cannot be believed.";
    throw new GraphError('unavailable', message);
  }
  // A distance from the end, since a token travels and clocks differ: a quarter of a life that is short.
  const usableForMs = expiresInMs - Math.min(marginMs, expiresInMs / 4);
  const refreshInMs = msOf(body['refresh_in']) ?? 0;
  const isSensible = refreshInMs > 0 && refreshInMs < usableForMs;
  const refreshAfterMs = isSensible ? refreshInMs : (usableForMs * 3) / 4;
  return { token: new Secret(token), usableForMs, refreshAfterMs };
}

/** Numbers may come as texts. */
function msOf(seconds: unknown): number | undefined {
  const isNumber = typeof seconds === 'number' || typeof seconds === 'string';
  return isNumber && /^\d{1,12}$/.test(String(seconds)) ? Number(seconds) * 1000 : undefined;
}

const passing = ['temporarily_unavailable', 'server_error'];
const aboutUsers = ['interaction_required', 'invalid_grant', 'consent_required', 'login_required'];

/** Judges an answer that is no grant: whom it concerns, and what can be done. Nothing of its own text is repeated. */
function refusalErrorOf(
  flow: TokenFlow,
  { status, headers }: TokenAnswer,
  { error, suberror, claims: askedClaims, error_codes }: Readonly<Record<string, unknown>>,
  nowMs: number,
): Error {
  const code = wordOf(error);
  const facts = { status, code, codes: codesOf(error_codes) };
  const cause = new TokenRefusal('The token endpoint gave no token.', facts);
  const retryAfterMs = parseRetryAfterMs([headers['retry-after']].flat()[0], nowMs);
  if (status === 429) {
    const message = 'The gateway has requested too many tokens from Microsoft Entra.';
    const details = { retryAfterMs: retryAfterMs ?? 1000, cause };
    return new GraphError('throttled', message, details);
  }
  // Without an OAuth error it is not the endpoint that speaks, but something on the way to it.
  if (status < 400 || status >= 500 || code === undefined || passing.includes(code)) {
    const message = 'The token endpoint cannot give tokens at the moment.';
    const details = { fault: 'not-connected', retryAfterMs, cause } as const;
    return new GraphError('unavailable', message, details);
  }
  if (flow !== 'on-behalf-of' || !aboutUsers.includes(code)) {
    return new OutboundIdentityError(operatorHintOf(flow, facts.codes), facts);
  }
  const claims = claimsOf(askedClaims);
  const message = messageForUser(claims, [code, suberror].includes('consent_required'));
  return new GraphError('unauthenticated', message, { claims, cause });
}

function messageForUser(claims: string | undefined, needsConsent: boolean): string {
  if (claims !== undefined) {
    return 'Microsoft Entra requires further claims of this user. Get a new token that meets them.';
  }
  return needsConsent
    ? 'This gateway has no consent to act for this user in Microsoft Graph. An administrator can grant it.'
    : 'Microsoft Entra does not exchange this token any more: get a new one.';
}

/** Takes only what can be one of OAuth's words, because it goes into logs. */
function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[a-z_]{1,64}$/.test(value) ? value : undefined;
}

/** What Conditional Access asks for, as JSON text. */
function claimsOf(value: unknown): string | undefined {
  const isFit = typeof value === 'string' && value.length <= 8192;
  return isFit && isJsonObject(parseJson(value)) ? value : undefined;
}

function codesOf(value: unknown): readonly string[] {
  const numbers: readonly unknown[] = Array.isArray(value) ? value.slice(0, 5) : [];
  return numbers.filter(Number.isSafeInteger).map((number) => `AADSTS${number}`);
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
  return `${known ?? 'Microsoft Entra rejects the registration or the credential of this gateway'}.`;
}
