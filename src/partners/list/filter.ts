import type {
  ComplianceManagementPartnerFilter,
  DisplayNameFilter,
  HeartbeatFilter,
  PartnerStateFilter,
} from '../../generated/graphql.ts';
import { instantKeyOf } from '../dateTimeOffset.ts';
import { type PartnerModel, wireByPlatform } from '../model.ts';
import { foldedNameOf, heartbeatKeyOf, normalizeForComparison } from './rowValues.ts';

/** Whether a row is in the answer. */
export type PartnerPredicate = (row: PartnerModel) => boolean;

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
          row[`${wireByPlatform[platform]}Onboarded`] === true,
    ),
    ...(and ?? []).map(compilePartnerFilter),
    ...(or ? [anyOf(or.map(compilePartnerFilter))] : []),
    ...(not ? [negate(compilePartnerFilter(not))] : []),
  ];
  return (row) => conditions.every((condition) => condition(row));
}

function compileState({ eq, in: oneOf, notIn }: PartnerStateFilter): PartnerPredicate {
  return ({ partnerState: state }) =>
    (eq === undefined || state === eq) &&
    (oneOf == null || (state !== null && oneOf.includes(state))) &&
    (notIn == null || state === null || !notIn.includes(state));
}

function compileName({ eq, contains, startsWith }: DisplayNameFilter): PartnerPredicate {
  const whole = eq == null ? eq : normalizeForComparison(eq);
  const part = contains == null ? undefined : normalizeForComparison(contains);
  const start = startsWith == null ? undefined : normalizeForComparison(startsWith);
  return (row) => {
    const name = foldedNameOf(row);
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
    const heartbeat = heartbeatKeyOf(row);
    return (
      (before == null || isBefore(heartbeat, upper)) &&
      (after == null || isBefore(lower, heartbeat))
    );
  };
}

const isBefore = (left: string | undefined, right: string | undefined): boolean =>
  left !== undefined && right !== undefined && left < right;

function anyOf(predicates: readonly PartnerPredicate[]): PartnerPredicate {
  return (row) => predicates.some((predicate) => predicate(row));
}

function negate(predicate: PartnerPredicate): PartnerPredicate {
  return (row) => !predicate(row);
}
