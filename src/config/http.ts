import { errnoCodeOf } from '../shared/forms.ts';
import { ConfigError, StartError } from './readers.ts';
import type { Settings } from './variables.ts';

export const httpSettings = {
  connections: {
    /** From the first byte of a request, or from the connection's beginning, to the end of its headers. */
    headersTimeoutMs: 'HEADERS_TIMEOUT_MS',
    /** The same to the end of its body. */
    requestTimeoutMs: 'REQUEST_TIMEOUT_MS',
    /** How long an answer may wait for its reader without a byte being taken. */
    responseIdleTimeoutMs: 'RESPONSE_IDLE_TIMEOUT_MS',
    keepAliveTimeoutMs: 'KEEP_ALIVE_TIMEOUT_MS',
    limit: 'MAX_CONNECTIONS',
    /** What bodies may take that are still arriving. */
    arriving: {
      bodies: 'MAX_ARRIVING_BODIES',
      /** All that has arrived of them together. */
      bytes: 'MAX_ARRIVING_BODY_BYTES',
      /** How fast each has to arrive, on average, after a few seconds; 0 sets no bound. */
      bytesPerSecond: 'MIN_BODY_BYTES_PER_SECOND',
    },
  },
  /** From when on requests are rejected before they are read; 0 sets no bound. */
  shedding: {
    /** How late the event loop may be, on average, before the concurrency limit drops. */
    eventLoopDelayMs: 'SHED_EVENT_LOOP_DELAY_MS',
    heapPercent: 'SHED_HEAP_PERCENT',
    /** How many requests may be open at the same time, whatever the event loop says. */
    openRequests: 'SHED_OPEN_REQUESTS',
  },
  /** What a request may have at the most: what a process of this kind bears in one request. */
  limits: {
    /** In `warn-only` what merely costs time passes; what protects the process itself never does. */
    mode: 'LIMITS_MODE',
    bodyBytes: 'LIMIT_BODY_BYTES',
    /** Objects and arrays inside each other, in the body and in the parameters of a GET. */
    jsonDepth: 'LIMIT_JSON_DEPTH',
    documentBytes: 'LIMIT_DOCUMENT_BYTES',
    tokens: 'LIMIT_TOKENS',
    depth: 'LIMIT_DEPTH',
    introspectionDepth: 'LIMIT_INTROSPECTION_DEPTH',
    aliases: 'LIMIT_ALIASES',
    /** Those of `__schema` and `__type`, and all below. */
    introspectionAliases: 'LIMIT_INTROSPECTION_ALIASES',
    rootFields: 'LIMIT_ROOT_FIELDS',
    directives: 'LIMIT_DIRECTIVES',
    /** Conditions of all filters of an operation, each element of a list counted. */
    filterConditions: 'LIMIT_FILTER_CONDITIONS',
    filterDepth: 'LIMIT_FILTER_DEPTH',
    filterText: 'LIMIT_FILTER_TEXT',
    /** Of one list. */
    orderKeys: 'LIMIT_ORDER_KEYS',
    pageRows: 'LIMIT_PAGE_ROWS',
    /** Of an answer's data and errors, as JSON; for a mutation, of each of the two. */
    answerBytes: 'LIMIT_ANSWER_BYTES',
    answerValues: 'LIMIT_ANSWER_VALUES',
    errors: 'LIMIT_ERRORS',
  },
} as const;

export type Limits = Settings<typeof httpSettings.limits>;

/** Where Apollo's hosted Sandbox runs: the page that a browser would send queries from. */
export const hostedSandbox = 'https://studio.apollographql.com';

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
