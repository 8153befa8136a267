import { errnoCodeOf } from '../shared/errnoCode.ts';
import { ConfigError, type Readers, StartError, shown } from './readers.ts';
import { read, type ValueOf } from './variables.ts';

/** How long callers' connections may take, and how many there may be. */
export interface ConnectionConfig {
  /** From the first byte of a request, or from the connection's beginning, to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** The same to the end of its body. */
  readonly requestTimeoutMs: number;
  /** How long an answer may wait for its reader without a byte being taken. */
  readonly responseIdleTimeoutMs: number;
  /** How long a connection without a request is kept. */
  readonly keepAliveTimeoutMs: number;
  /** How many connections there may be at the same time. */
  readonly limit: number;
  /** What bodies may take that are still arriving. */
  readonly arriving: {
    readonly bodies: number;
    /** All that has arrived of them together. */
    readonly bytes: number;
    /** How fast each has to arrive, on average, after a few seconds; 0 sets no bound. */
    readonly bytesPerSecond: number;
  };
}

/** Reads the bounds of connections. */
export function readConnections(readers: Readers): ConnectionConfig {
  const connections = {
    headersTimeoutMs: read(readers, 'HEADERS_TIMEOUT_MS'),
    requestTimeoutMs: read(readers, 'REQUEST_TIMEOUT_MS'),
    responseIdleTimeoutMs: read(readers, 'RESPONSE_IDLE_TIMEOUT_MS'),
    keepAliveTimeoutMs: read(readers, 'KEEP_ALIVE_TIMEOUT_MS'),
    limit: read(readers, 'MAX_CONNECTIONS'),
    arriving: {
      bodies: read(readers, 'MAX_ARRIVING_BODIES'),
      bytes: read(readers, 'MAX_ARRIVING_BODY_BYTES'),
      bytesPerSecond: read(readers, 'MIN_BODY_BYTES_PER_SECOND'),
    },
  };
  if (connections.headersTimeoutMs > connections.requestTimeoutMs) {
    readers.report(
      'HEADERS_TIMEOUT_MS must not be more than REQUEST_TIMEOUT_MS: the headers are a part of the request.',
    );
  }
  return connections;
}

/** Where something was to listen, and which variables say so. */
interface ListenPlace {
  /** What cannot be done there, such as "it cannot listen". */
  readonly what: string;
  readonly host: string;
  readonly port: number;
  /** Undefined if the host cannot be set. */
  readonly hostVariable?: string;
  readonly portVariable: string;
}

/** Codes of a host that has no address, or another machine's. */
const hostCodes = /^(ENOTFOUND|EAI_\w+|EADDRNOTAVAIL)$/;
/** Codes of an address that this user may not take: no second start changes that. */
const configCodes = /^(EADDRNOTAVAIL|EACCES|EINVAL)$/;

/** Understands why nothing could listen: the address is wrong, or something else keeps the machine from it. */
export function listenErrorOf(
  error: unknown,
  { what, host, port, hostVariable, portVariable }: ListenPlace,
): Error {
  const code = errnoCodeOf(error) ?? 'unknown';
  const failure = `${what} at ${host}:${port} (${code})`;
  if (/^E[MN]FILE$/.test(code)) {
    return new StartError(`${failure}; raise the limit of open files (ulimit -n).`, code);
  }
  if (hostVariable !== undefined && hostCodes.test(code)) {
    return new ConfigError([`${hostVariable} is not an address of this machine: ${failure}.`]);
  }
  if (configCodes.test(code)) {
    return new ConfigError([`${portVariable} cannot be used: ${failure}.`]);
  }
  const variables = [hostVariable, portVariable].filter((name) => name !== undefined).join(' and ');
  const free = hostVariable === undefined ? 'port' : 'address';
  return new StartError(`${failure}; set ${variables} to a free ${free}.`, code);
}

/** Where Apollo's hosted Sandbox runs: the page that a browser would send queries from. */
export const hostedSandbox = 'https://studio.apollographql.com';

/** Reads the origins whose pages may call the gateway from a browser. */
export function readCorsOrigins(
  readers: Readers,
  upstream: 'graph' | 'emulator',
): readonly string[] {
  const origins = read(readers, 'CORS_ORIGINS') ?? [];
  for (const origin of origins) {
    const problem = findOriginProblem(origin);
    if (problem !== undefined) {
      readers.report(`CORS_ORIGINS has "${shown(origin)}"; ${problem}.`);
    }
  }
  // With the embedded Graph there is nothing to protect from it.
  return [...new Set(upstream === 'emulator' ? [...origins, hostedSandbox] : origins)];
}

/** Says why a text is no origin that a browser would send. */
function findOriginProblem(text: string): string | undefined {
  if (text.includes('*')) {
    return 'name each origin: callers send tokens, and no page of the whole web is to send them';
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    return 'an origin is http:// or https:// and a host, such as https://app.example';
  }
  return url.origin === text ? undefined : `browsers would send "${shown(url.origin)}"`;
}

/** What `/` shows: Apollo Sandbox from the internet, an explorer from the package itself, one or the other, or nothing. */
export type ExplorerMode = ValueOf<'EXPLORER'>;

/** From when on requests are rejected before they are read. */
export interface SheddingConfig {
  /** How late the event loop may be, on average, before fewer requests are let in at the same time; 0 sets no bound. */
  readonly eventLoopDelayMs: number;
  /** How much of the heap's limit may be in use; 0 sets no bound. */
  readonly heapPercent: number;
  /** How many requests may be open at the same time, whatever the event loop says; 0 sets no bound. */
  readonly openRequests: number;
}

/** Reads when to shed. */
export function readShedding(readers: Readers): SheddingConfig {
  return {
    eventLoopDelayMs: read(readers, 'SHED_EVENT_LOOP_DELAY_MS'),
    heapPercent: read(readers, 'SHED_HEAP_PERCENT'),
    openRequests: read(readers, 'SHED_OPEN_REQUESTS'),
  };
}

/** What a request may have at the most, and what happens to those that have more. */
export interface Limits {
  /** In `warn-only` what merely costs time passes; what protects the process itself never does. */
  readonly mode: 'enforce' | 'warn-only';
  readonly bodyBytes: number;
  /** Objects and arrays inside each other, in the body and in the parameters of a GET. */
  readonly jsonDepth: number;
  readonly documentBytes: number;
  readonly tokens: number;
  /** Fields inside each other. */
  readonly depth: number;
  /** The same, counted from `__schema` or `__type`. */
  readonly introspectionDepth: number;
  readonly aliases: number;
  /** Those of `__schema` and `__type`, and all below. */
  readonly introspectionAliases: number;
  readonly rootFields: number;
  readonly directives: number;
  /** Conditions of all filters of an operation, each element of a list counted. */
  readonly filterConditions: number;
  /** Filters inside each other by `and`, `or` and `not`. */
  readonly filterDepth: number;
  /** Characters of a text in a filter. */
  readonly filterText: number;
  /** Of one list. */
  readonly orderKeys: number;
  /** The sizes of all pages that an operation asks for. */
  readonly pageRows: number;
  /** Of an answer's data and errors, as JSON; for a mutation, of each of the two. */
  readonly answerBytes: number;
  /** Objects and fields of an answer's data. */
  readonly answerValues: number;
  /** How many errors about a document or its variables are reported. */
  readonly errors: number;
}

/** Reads the limits. Their upper bounds are what a process of this kind bears in one request. */
export function readLimits(readers: Readers): Limits {
  const limits: Limits = {
    mode: read(readers, 'LIMITS_MODE'),
    bodyBytes: read(readers, 'LIMIT_BODY_BYTES'),
    jsonDepth: read(readers, 'LIMIT_JSON_DEPTH'),
    documentBytes: read(readers, 'LIMIT_DOCUMENT_BYTES'),
    tokens: read(readers, 'LIMIT_TOKENS'),
    depth: read(readers, 'LIMIT_DEPTH'),
    introspectionDepth: read(readers, 'LIMIT_INTROSPECTION_DEPTH'),
    aliases: read(readers, 'LIMIT_ALIASES'),
    introspectionAliases: read(readers, 'LIMIT_INTROSPECTION_ALIASES'),
    rootFields: read(readers, 'LIMIT_ROOT_FIELDS'),
    directives: read(readers, 'LIMIT_DIRECTIVES'),
    filterConditions: read(readers, 'LIMIT_FILTER_CONDITIONS'),
    filterDepth: read(readers, 'LIMIT_FILTER_DEPTH'),
    filterText: read(readers, 'LIMIT_FILTER_TEXT'),
    orderKeys: read(readers, 'LIMIT_ORDER_KEYS'),
    pageRows: read(readers, 'LIMIT_PAGE_ROWS'),
    answerBytes: read(readers, 'LIMIT_ANSWER_BYTES'),
    answerValues: read(readers, 'LIMIT_ANSWER_VALUES'),
    errors: read(readers, 'LIMIT_ERRORS'),
  };
  if (limits.documentBytes > limits.bodyBytes) {
    readers.report(
      'LIMIT_DOCUMENT_BYTES must not be more than LIMIT_BODY_BYTES: a document comes in a body.',
    );
  }
  return limits;
}

/** Whether callers may send documents of their own. */
export type TrustedDocumentsConfig =
  | { readonly mode: 'off' }
  | {
      /** What becomes of documents that are not in the manifest: told to the operator, or rejected. */
      readonly mode: 'log-unknown' | 'enforce';
      /** The file with the manifest, or a directory of such files. */
      readonly path: string;
    };

/** Reads the mode and the manifest's path; the file itself is read when the gateway starts. */
export function readTrustedDocuments(readers: Readers): TrustedDocumentsConfig {
  const mode = read(readers, 'TRUSTED_DOCUMENTS_MODE');
  const path = read(readers, 'TRUSTED_DOCUMENTS_PATH');
  if (path !== undefined) {
    readers.need(
      'TRUSTED_DOCUMENTS_MODE',
      'with TRUSTED_DOCUMENTS_PATH it is one of off, log-unknown, enforce',
    );
  }
  if (mode === undefined || mode === 'off') {
    return { mode: 'off' };
  }
  readers.need('TRUSTED_DOCUMENTS_PATH', `TRUSTED_DOCUMENTS_MODE=${mode} needs a manifest`);
  return { mode, path: path ?? '' };
}
