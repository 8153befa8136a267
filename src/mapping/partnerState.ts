import type { PartnerState } from '../generated/graphql.ts';
import type { PartnerTenantState } from '../graph/types.ts';

/** A state that may be sent. */
export type KnownPartnerState = Exclude<PartnerState, 'UNKNOWN_FUTURE_VALUE'>;

const wireByState = {
  UNKNOWN: 'unknown',
  UNAVAILABLE: 'unavailable',
  ENABLED: 'enabled',
  TERMINATED: 'terminated',
  REJECTED: 'rejected',
  UNRESPONSIVE: 'unresponsive',
} as const satisfies Readonly<Record<KnownPartnerState, PartnerTenantState>>;

/** Graph's spelling of all states that the schema has. */
export const wirePartnerStates: readonly (typeof wireByState)[KnownPartnerState][] =
  Object.values(wireByState);

const stateByWire: ReadonlyMap<string, KnownPartnerState> = new Map(
  (Object.keys(wireByState) as KnownPartnerState[]).map((state) => [wireByState[state], state]),
);

/** The states that may be sent, for messages that say what would be right. */
export const knownPartnerStates = Object.keys(wireByState) as readonly KnownPartnerState[];

/**
 * Gives the schema's state for any text: an unlisted one becomes `UNKNOWN_FUTURE_VALUE`, so that one row with a new
 * state (or the reference page's own `"String"`) never fails a read. Graph's `unknown` is a state, not a fallback.
 */
export function partnerStateFromWire(wire: string): PartnerState {
  return stateByWire.get(wire) ?? 'UNKNOWN_FUTURE_VALUE';
}

/** Gives Graph's spelling, or undefined for the one state that is never sent. */
export function partnerStateToWire(state: PartnerState): PartnerTenantState | undefined {
  return state === 'UNKNOWN_FUTURE_VALUE' ? undefined : wireByState[state];
}
