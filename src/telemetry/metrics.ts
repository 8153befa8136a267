/** One attempt to have a call of Graph answered, as metrics see it: no ids, no addresses. */
export interface AttemptMeasurement {
  readonly method: string;
  /** The path without version and id. */
  readonly route: string;
  readonly durationMs: number;
  readonly attempt: number;
  readonly repeatReason: string | undefined;
  /** Where an answer came. */
  readonly status?: number;
  /** Where none came: the gateway's code for it. */
  readonly errorType?: string;
}

/** One HTTP request to the gateway. */
export interface RequestMeasurement {
  readonly method: string;
  /** The route's pattern; undefined where there is none, so that no caller can make up new ones. */
  readonly route: string | undefined;
  readonly durationMs: number;
  /** Undefined where the caller had left before its answer. */
  readonly status: number | undefined;
  /** Where it failed: a stable code. */
  readonly errorType: string | undefined;
  /** What its document asked for: `query` or `mutation`. */
  readonly operationType: string | undefined;
}

export type MeasureAttempt = (measurement: AttemptMeasurement) => void;

/** Where requests go to: Graph, or where tokens for it come from. */
export type Upstream = 'graph' | 'authority';

export type BreakerState = 'closed' | 'half-open' | 'open';

/** What the gateway measures. */
export interface Measurements {
  readonly attempt: MeasureAttempt;
  /** One more or one less is under way to Graph. */
  underWay(change: 1 | -1): void;
  request(measurement: RequestMeasurement): void;
  /** Reads the age of the keys that check callers' tokens when somebody collects; the result ends that. */
  watchKeyAge(readMs: () => number | undefined): () => void;
  /** Reads how many tokens of the gateway's own are kept. */
  watchTokenCache(readSize: () => number): () => void;
  /** A request that was held back before it was sent. */
  heldBack(reason: 'budget' | 'breaker' | 'bulkhead', upstream: Upstream): void;
  breakerState(state: BreakerState, upstream: Upstream): void;
  /** A caller's request that was rejected because of overload. */
  shed(reason: 'heap' | 'event-loop' | 'open-requests' | 'arriving-bodies'): void;
  /** A caller's connection that was ended by the gateway. */
  connectionCut(
    reason: 'request-timeout' | 'slow-body' | 'malformed' | 'response-idle' | 'limit',
  ): void;
  /** One attempt to get a token of the gateway's own. */
  tokenAcquired(acquisition: {
    readonly flow: string;
    readonly outcome: string;
    readonly durationMs: number;
  }): void;
  /** How a token of the gateway's own was found. */
  tokenLookedUp(lookup: 'hit' | 'miss' | 'joined'): void;
  /** A write whose outcome nobody knows. */
  outcomeUnknown(operation: string): void;
  /** A change that was locked within this replica only, because Redis could not be asked. */
  lockedAlone(): void;
  /** How much a request or a document has of what is limited. */
  limitSeen(limit: string, seen: number): void;
  /** A request that is beyond a limit. */
  limitExceeded(limit: string, outcome: 'rejected' | 'warned'): void;
  /** A request for a document that is not in the manifest of trusted ones. */
  untrustedDocument(outcome: 'rejected' | 'warned'): void;
  /** The manifest of trusted documents has changed. */
  trustedDocumentsReloaded(outcome: 'loaded' | 'rejected'): void;
}
