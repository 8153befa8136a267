/** What a send costs, for whom, and how long it can be held back. */
export interface BudgetClaim {
  /** One app in one tenant, as a digest or another text that may stand in a store. */
  readonly key: string;
  /** 1, or the number of items of a batch: at most 20. */
  readonly requests: number;
  readonly isWrite: boolean;
  /** Until the operation's deadline. */
  readonly timeLeftMs: number;
  /** Ends the wait at once. */
  readonly signal: AbortSignal;
}

/** Keeps what goes to Graph below Graph's own limits, for each key apart. */
export interface GraphBudget {
  /**
   * Resolves when the claim may be sent.
   * @throws GraphHeldBackError `throttled` with the wait, at once where that is longer than the claim can be held back.
   * @throws GraphDeadlineError where its signal fires before its turn.
   */
  acquire(claim: BudgetClaim): Promise<void>;
  /** Holds back all sends of this key for so long, an hour at most; other keys go on. */
  pause(key: string, pauseMs: number): Promise<void>;
  close(): void;
}

/** How much may be sent for one key in a window. */
export interface BudgetLimits {
  readonly writes: number;
  /** Reads and writes together. */
  readonly requests: number;
  readonly windowSeconds: number;
}
