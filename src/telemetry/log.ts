/** What may stand in a log line. There is no place for bodies, variables, headers or tokens. */
export interface LogFields {
  readonly requestId?: string | undefined;
  /** 32 hex digits. */
  readonly traceId?: string | undefined;
  /** What the document asks for: `query` or `mutation`, and its own name for it. */
  readonly operationType?: string | undefined;
  readonly operationName?: string | undefined;
  readonly operation?: string | undefined;
  readonly method?: string | undefined;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly codes?: readonly string[] | undefined;
  readonly durationMs?: number | undefined;
  readonly delayMs?: number | undefined;
  readonly attempt?: number | undefined;
  readonly route?: string | undefined;
  readonly graphClientRequestId?: string | undefined;
  readonly hasCallerLeft?: boolean | undefined;
  readonly state?: string | undefined;
  readonly graphRequestId?: string | undefined;
  /** Of all attempts of an operation, as far as they are not too many; and the status of the last one. */
  readonly graphRequestIds?: readonly string[] | undefined;
  readonly graphStatus?: number | undefined;
  readonly retries?: number | undefined;
  readonly graphCode?: string | undefined;
  readonly mayHaveBeenApplied?: boolean | undefined;
  readonly reason?: string | undefined;
  readonly fault?: string | undefined;
  readonly systemCode?: string | undefined;
  readonly url?: string | undefined;
  /** The path of a file that the operator needs. */
  readonly file?: string | undefined;
  readonly signal?: string | undefined;
  readonly upstream?: string | undefined;
  readonly limit?: string | undefined;
  readonly seen?: number | undefined;
  readonly allowed?: number | undefined;
  /** SHA-256 of a GraphQL document, in hexadecimal. */
  readonly documentHash?: string | undefined;
}

/** The one form in which the gateway tells what it does: a sentence and fields from the allow-list above. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields, error?: unknown): void;
}
