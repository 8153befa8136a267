import type {
  ComplianceManagementPartnerFilter,
  DisplayNameFilter,
  HeartbeatFilter,
  PartnerStateFilter,
} from '../../generated/graphql.ts';
import type { PartnerResource } from '../../graph/types.ts';
import { instantKeyOf } from '../dateTimeOffset.ts';
import { partnerStateFromWire, wirePlatformOf } from '../model.ts';
import { normalizeForComparison, valuesOf } from './rowValues.ts';

/** Whether a row is in the answer. */
export type PartnerPredicate = (row: PartnerResource) => boolean;

/** Makes the predicate of a filter that `findFilterProblem` finds nothing in. All texts of the filter are folded once. */
export function compilePartnerFilter(filter: ComplianceManagementPartnerFilter): PartnerPredicate {
  const { partnerState, displayName, lastHeartbeatDateTime, onboarded, and, or, not } = filter;
  const conditions: PartnerPredicate[] = [
    ...(partnerState ? [compileState(partnerState)] : []),
    ...(displayName ? [compileName(displayName)] : []),
    ...(lastHeartbeatDateTime ? [compileHeartbeat(lastHeartbeatDateTime)] : []),
    ...(onboarded ?? []).map(
      (platform): PartnerPredicate =>
        (row) =>
          row[`${wirePlatformOf(platform)}Onboarded`] === true,
    ),
    ...(and ?? []).map(compilePartnerFilter),
    ...(or ? [anyOf(or.map(compilePartnerFilter))] : []),
    ...(not ? [negate(compilePartnerFilter(not))] : []),
  ];
  return allOf(conditions);
}

function compileState({ eq, in: oneOf, notIn }: PartnerStateFilter): PartnerPredicate {
  return (row) => {
    const state = row.partnerState == null ? null : partnerStateFromWire(row.partnerState);
    return (
      (eq === undefined || state === eq) &&
      (oneOf == null || (state !== null && oneOf.includes(state))) &&
      (notIn == null || state === null || !notIn.includes(state))
    );
  };
}

function compileName({ eq, contains, startsWith }: DisplayNameFilter): PartnerPredicate {
  const whole = eq == null ? eq : normalizeForComparison(eq);
  const part = contains == null ? undefined : normalizeForComparison(contains);
  const start = startsWith == null ? undefined : normalizeForComparison(startsWith);
  return (row) => {
    const name = valuesOf(row).foldedName;
    return (
      (whole === undefined || name === whole) &&
      (part === undefined || name?.includes(part) === true) &&
      (start === undefined || name?.startsWith(start) === true)
    );
  };
}

function compileHeartbeat({ before, after }: HeartbeatFilter): PartnerPredicate {
  const upper = before == null ? undefined : instantKeyOf(before);
  const lower = after == null ? undefined : instantKeyOf(after);
  return (row) => {
    const heartbeat = valuesOf(row).instantKey;
    return (
      (before == null || isBefore(heartbeat, upper)) &&
      (after == null || isBefore(lower, heartbeat))
    );
  };
}

const isBefore = (left: string | undefined, right: string | undefined): boolean =>
  left !== undefined && right !== undefined && left < right;

const allOf =
  (predicates: readonly PartnerPredicate[]): PartnerPredicate =>
  (row) =>
    predicates.every((predicate) => predicate(row));

const anyOf =
  (predicates: readonly PartnerPredicate[]): PartnerPredicate =>
  (row) =>
    predicates.some((predicate) => predicate(row));

const negate =
  (predicate: PartnerPredicate): PartnerPredicate =>
  (row) =>
    !predicate(row);
