import { isJsonObject, parseJson } from '../shared/json.ts';

const maximumNesting = 8;

/** What a body with an error says, whichever of Intune's shapes it has. */
interface GraphErrorBody {
  /** All codes, outermost first; empty ones left out. */
  readonly codes: readonly string[];
  /** The innermost text that was meant for people, still to be cleaned. */
  readonly message: string;
  readonly requestId: string | undefined;
  readonly clientRequestId: string | undefined;
  readonly date: string | undefined;
  /** Intune's own word on when to come back, in the form of a `Retry-After` header. */
  readonly retryAfter: string | undefined;
}

/**
 * Reads Graph's error envelope. Intune's messages may be plain text, JSON in a string, or that twice over, and inner
 * errors nest, in either spelling. Undefined if the JSON is no such envelope; nothing makes this throw.
 */
export function readErrorBody(envelope: unknown): GraphErrorBody | undefined {
  const error = isJsonObject(envelope) ? envelope['error'] : undefined;
  if (!isJsonObject(error)) {
    return undefined;
  }
  const codes = new Set<string>();
  let message = '';
  let requestId: string | undefined;
  let clientRequestId: string | undefined;
  let date: string | undefined;
  let retryAfter: string | undefined;
  let level: unknown = error;
  for (let depth = 0; isJsonObject(level) && depth < maximumNesting; depth += 1) {
    const inner = unwrapMessage(level['message']);
    for (const code of [nonEmptyText(level['code']), ...inner.codes]) {
      if (code !== undefined) {
        codes.add(code);
      }
    }
    // The outermost text wins: inner errors repeat it or say less ("Please retry after").
    message ||= inner.message;
    retryAfter ??= inner.retryAfter;
    requestId ??= nonEmptyText(level['request-id']);
    clientRequestId ??= nonEmptyText(level['client-request-id']);
    date ??= nonEmptyText(level['date']);
    level = level['innerError'] ?? level['innererror'];
  }
  return { codes: [...codes], message, requestId, clientRequestId, date, retryAfter };
}

/** Peels a message that is JSON in a string: `{"Message": …}`, or `{"ErrorCode": …, "Message": <the same again>}`. */
function unwrapMessage(outer: unknown) {
  const codes: (string | undefined)[] = [];
  let retryAfter: string | undefined;
  let message = typeof outer === 'string' ? outer : '';
  for (let depth = 0; depth < maximumNesting; depth += 1) {
    const inner = message.trimStart().startsWith('{') ? parseLenientJson(message) : undefined;
    if (!isJsonObject(inner)) {
      break;
    }
    codes.push(nonEmptyText(inner['ErrorCode']));
    const seconds = inner['RetryAfter'];
    retryAfter ??= typeof seconds === 'number' ? String(seconds) : nonEmptyText(seconds);
    const text = inner['Message'] ?? inner['message'];
    message = typeof text === 'string' ? text : '';
  }
  return { message, codes, retryAfter };
}

/** Intune puts raw line breaks into its inner JSON strings, which JSON itself does not allow. */
function parseLenientJson(text: string): unknown {
  return parseJson(text) ?? parseJson(text.replace(/\p{Cc}+/gu, ' '));
}

function nonEmptyText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** What a `WWW-Authenticate` header says about a better token. */
interface Challenge {
  /** The claims request as JSON text, or as it came if it cannot be decoded. */
  readonly claims: string | undefined;
  /** Whether Intune's own service speaks: it means a missing role, which no new token fixes. */
  readonly isIntuneRole: boolean;
}

/** Reads all lines of the header at once; parameters may come in any order. */
function readChallenge(header: string | readonly string[] | undefined): Challenge {
  const text = [header ?? []].flat().join(', ');
  const encoded = /[\s,]claims="([^"]{1,8192})"/i.exec(text)?.[1];
  return {
    claims: encoded === undefined ? undefined : decodeClaims(encoded),
    isIntuneRole: /realm="urn:intune:service/i.test(text),
  };
}

function decodeClaims(encoded: string): string {
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  return isJsonObject(parseJson(decoded)) ? decoded : encoded;
}

const httpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Reads a `Retry-After` header as milliseconds from now: seconds with or without decimals (Graph sends both) or an
 * HTTP date, one in the past counting as zero. Undefined if it is missing or makes no sense.
 */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}(\.\d+)?$/.test(text)) {
    return Math.ceil(Number(text) * 1000);
  }
  const atMs = httpDate.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

/** All that an answer says that is no success. */
export interface Refusal extends Challenge {
  /** Graph's own error, if there is one in the body. */
  readonly error: GraphErrorBody | undefined;
  /** When to come back, in milliseconds: the header says so, or Intune's own error does. */
  readonly retryAfterMs: number | undefined;
  /**
   * Whether Graph's front door turned the request away before anything was done with it: a 503 whose header says when
   * to come back. A word of Intune's behind the door does not count.
   */
  readonly wasRejectedUnread: boolean;
}

interface RefusedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly json?: unknown;
  readonly refusal?: Refusal;
}

/** Reads what an answer says that is no success, unless it was read already. */
export function refusalOf(response: RefusedResponse, nowMs: number): Refusal {
  if (response.refusal !== undefined) {
    return response.refusal;
  }
  const { status, headers } = response;
  const error = readErrorBody(response.json ?? parseJson(response.body.toString('utf8')));
  const saidMs = parseRetryAfterMs([headers['retry-after']].flat()[0], nowMs);
  return {
    ...readChallenge(headers['www-authenticate']),
    error,
    retryAfterMs: saidMs ?? parseRetryAfterMs(error?.retryAfter, nowMs),
    wasRejectedUnread: status === 503 && saidMs !== undefined,
  };
}

/** How long to hold back after a 429 that does not say; Graph often leaves it out. */
const assumedPauseMs = 1000;

/** How long a 429 asks to hold back, in milliseconds. */
export const throttlePauseMsOf = ({ retryAfterMs }: Refusal): number =>
  retryAfterMs ?? assumedPauseMs;
