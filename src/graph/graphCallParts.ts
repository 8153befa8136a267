import type { Clock } from '../shared/clock.ts';
import type { Send } from './request.ts';
import type { Routes } from './routes.ts';

/** What reads and writes are built over. */
export interface GraphCallParts {
  readonly send: Send;
  readonly routes: Routes;
  readonly clock: Clock;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
}
