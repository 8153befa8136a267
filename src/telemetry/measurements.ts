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

export type MeasureAttempt = (measurement: AttemptMeasurement) => void;

export type BreakerState = 'closed' | 'half-open' | 'open';

/** What the gateway measures of the way to Graph. */
export interface Measurements {
  readonly attempt: MeasureAttempt;
  /** A request that was held back before it was sent. */
  heldBack(reason: 'budget' | 'breaker' | 'bulkhead'): void;
  breakerState(state: BreakerState): void;
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
  /** How much a request or a document has of what is limited. */
  limitSeen(limit: string, seen: number): void;
  /** A request that is beyond a limit. */
  limitExceeded(limit: string, outcome: 'rejected' | 'warned'): void;
  /** A request for a document that is not in the manifest of trusted ones. */
  untrustedDocument(outcome: 'rejected' | 'warned'): void;
}
