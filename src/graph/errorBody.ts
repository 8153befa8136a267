import { isJsonObject, parseJson } from '../shared/json.ts';

const maximumNesting = 8;

/**
 * Reads Graph's error envelope. Intune's messages may be plain text, JSON in a string, or that twice over, and inner
 * errors nest, in either spelling. Undefined if the JSON is no such envelope; nothing makes this throw.
 */
export function readErrorBody(envelope: unknown): Refusal['error'] {
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
export interface Refusal {
  /** Graph's own error, if there is one in the body, whichever of Intune's shapes it has. */
  readonly error:
    | {
        /** All codes, outermost first; empty ones left out. */
        readonly codes: readonly string[];
        /** The outermost text that was meant for people, still to be cleaned. */
        readonly message: string;
        readonly requestId: string | undefined;
        readonly clientRequestId: string | undefined;
        readonly date: string | undefined;
        /** Intune's own word on when to come back, in the form of a `Retry-After` header. */
        readonly retryAfter: string | undefined;
      }
    | undefined;
  /** The claims request of a challenge as JSON text, or as it came if it cannot be decoded. */
  readonly claims: string | undefined;
  /** Whether Intune's own service challenges: it means a missing role, which no new token fixes. */
  readonly isIntuneRole: boolean;
  /** When to come back, in milliseconds: the header says so, or Intune's own error does. */
  readonly retryAfterMs: number | undefined;
  /**
   * Whether Graph's front door turned the request away before anything was done with it: a 503 whose header says when
   * to come back. A word of Intune's behind the door does not count.
   */
  readonly wasRejectedUnread: boolean;
}

/** Reads what an answer says that is no success. All lines of a header count; parameters may come in any order. */
export function refusalOf(
  response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly body: Buffer;
    readonly json?: unknown;
  },
  nowMs: number,
): Refusal {
  const { status, headers, body, json } = response;
  const error = readErrorBody(json ?? parseJson(body.toString('utf8')));
  const challenge = [headers['www-authenticate'] ?? []].flat().join(', ');
  const encodedClaims = /[\s,]claims="([^"]{1,8192})"/i.exec(challenge)?.[1];
  const saidMs = parseRetryAfterMs([headers['retry-after']].flat()[0], nowMs);
  return {
    error,
    claims: encodedClaims === undefined ? undefined : decodeClaims(encodedClaims),
    isIntuneRole: /realm="urn:intune:service/i.test(challenge),
    retryAfterMs: saidMs ?? parseRetryAfterMs(error?.retryAfter, nowMs),
    wasRejectedUnread: status === 503 && saidMs !== undefined,
  };
}

/** How long a 429 asks to hold back, in milliseconds; Graph often leaves it out. */
export const throttlePauseMsOf = ({ retryAfterMs = 1000 }: Refusal): number => retryAfterMs;
