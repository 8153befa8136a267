import { isJsonObject, parseJson } from '../shared/json.ts';

const maximumNesting = 8;

/** What a body with an error says, whichever of Intune's shapes it has. */
export interface GraphErrorBody {
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

interface Findings {
  readonly codes: string[];
  message: string;
  requestId: string | undefined;
  clientRequestId: string | undefined;
  date: string | undefined;
  retryAfter: string | undefined;
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
  const findings: Findings = {
    codes: [],
    message: '',
    requestId: undefined,
    clientRequestId: undefined,
    date: undefined,
    retryAfter: undefined,
  };
  let level: unknown = error;
  for (let depth = 0; isJsonObject(level) && depth < maximumNesting; depth += 1) {
    readLevel(level, findings);
    level = level['innerError'] ?? level['innererror'];
  }
  return findings;
}

function readLevel(level: Readonly<Record<string, unknown>>, findings: Findings): void {
  addCode(findings, level['code']);
  const { message, codes, retryAfter } = unwrapMessage(level['message']);
  for (const code of codes) {
    addCode(findings, code);
  }
  // The outermost text wins: inner errors repeat it or say less ("Please retry after").
  findings.message ||= message;
  findings.requestId ??= nonEmptyText(level['request-id']);
  findings.clientRequestId ??= nonEmptyText(level['client-request-id']);
  findings.retryAfter ??= retryAfter;
  findings.date ??= nonEmptyText(level['date']);
}

interface UnwrappedMessage {
  readonly message: string;
  readonly codes: readonly string[];
  readonly retryAfter: string | undefined;
}

/** Peels a message that is JSON in a string: `{"Message": …}`, or `{"ErrorCode": …, "Message": <the same again>}`. */
function unwrapMessage(outer: unknown): UnwrappedMessage {
  const codes: string[] = [];
  let retryAfter: string | undefined;
  let message = typeof outer === 'string' ? outer : '';
  for (let depth = 0; depth < maximumNesting; depth += 1) {
    const inner = message.trimStart().startsWith('{') ? parseLenientJson(message) : undefined;
    if (!isJsonObject(inner)) {
      break;
    }
    const code = nonEmptyText(inner['ErrorCode']);
    if (code !== undefined) {
      codes.push(code);
    }
    retryAfter ??= textOf(inner['RetryAfter']);
    const text = inner['Message'] ?? inner['message'];
    message = typeof text === 'string' ? text : '';
  }
  return { message, codes, retryAfter };
}

/** Intune puts raw line breaks into its inner JSON strings, which JSON itself does not allow. */
function parseLenientJson(text: string): unknown {
  return parseJson(text) ?? parseJson(text.replace(/\p{Cc}+/gu, ' '));
}

function addCode(findings: Findings, code: unknown): void {
  const text = nonEmptyText(code);
  if (text !== undefined && !findings.codes.includes(text)) {
    findings.codes.push(text);
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'number' ? String(value) : nonEmptyText(value);
}

function nonEmptyText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** What a `WWW-Authenticate` header says about a better token. */
interface Challenge {
  /** The claims request as JSON text, or as it came where it cannot be decoded. */
  readonly claims: string | undefined;
  /** Whether Intune's own service speaks: it means a missing role, which no new token fixes. */
  readonly isIntuneRole: boolean;
}

/** Reads all lines of the header at once; parameters may come in any order. */
export function readChallenge(header: string | readonly string[] | undefined): Challenge {
  const text = typeof header === 'string' ? header : (header ?? []).join(', ');
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
