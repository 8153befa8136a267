import type {
  ComplianceManagementPartnerFilter,
  DisplayNameFilter,
  HeartbeatFilter,
  PartnerStateFilter,
  QueryComplianceManagementPartnersArgs,
} from '../../generated/graphql.ts';
import { instantKeyOf } from '../dateTimeOffset.ts';
import { type PartnerModel, wireByPlatform } from '../model.ts';
import { type CursorPlace, parseCursor } from './cursor.ts';
import {
  createPartnerOrder,
  foldedNameOf,
  heartbeatKeyOf,
  normalizeForComparison,
  type PartnerOrder,
} from './order.ts';

/** The size of a page by default, and the largest. */
export const defaultRows = 100;
export const maximumRows = 1000;

export interface PageArguments {
  readonly first: number | undefined;
  readonly last: number | undefined;
  readonly after: CursorPlace | undefined;
  readonly before: CursorPlace | undefined;
  readonly isIncluded: PartnerPredicate;
  /** Undefined means Graph's own order. */
  readonly order: PartnerOrder | undefined;
}

/** Understands the arguments of the list, or names the first that cannot be used. */
export function readPageArguments(
  args: QueryComplianceManagementPartnersArgs,
): PageArguments | { readonly argumentName: string; readonly problem: string } {
  const fields = (args.orderBy ?? []).map(({ field }) => field);
  const repeated = fields.find((field, place) => fields.indexOf(field) !== place);
  if (repeated !== undefined) {
    const problem = `The argument "orderBy" has ${repeated} more than once; order by each field once.`;
    return { argumentName: 'orderBy', problem };
  }
  const order = args.orderBy?.length ? createPartnerOrder(args.orderBy) : undefined;
  const after = readCursor('after', args.after, order);
  const before = readCursor('before', args.before, order);
  const problems: readonly [string, string | undefined][] = [
    ['first', findCountProblem('first', args.first)],
    ['last', findCountProblem('last', args.last)],
    ['after', after.problem],
    ['before', before.problem],
    ['filter', findFilterProblem(args.filter ?? {})],
  ];
  for (const [argumentName, problem] of problems) {
    if (problem !== undefined) {
      return { argumentName, problem };
    }
  }
  const last = args.last ?? undefined;
  return {
    first: args.first ?? (last === undefined ? defaultRows : undefined),
    last,
    after: after.place,
    before: before.place,
    isIncluded: args.filter ? compilePartnerFilter(args.filter) : () => true,
    order,
  };
}

function findCountProblem(name: string, count: number | null | undefined): string | undefined {
  const isUsable = count == null || (count >= 0 && count <= maximumRows);
  return isUsable
    ? undefined
    : `The argument "${name}" is ${count}; it must be from 0 to ${maximumRows}.`;
}

function readCursor(
  name: string,
  text: string | null | undefined,
  order: PartnerOrder | undefined,
): { readonly place?: CursorPlace; readonly problem?: string } {
  if (text == null) {
    return {};
  }
  const place = parseCursor(text);
  const signature = place?.kind === 'order' ? place.signature : undefined;
  if (place !== undefined && signature === order?.signature) {
    return { place };
  }
  const problem =
    place === undefined
      ? 'is not a cursor of this list; use one of an earlier answer.'
      : 'is a cursor of this list in another order; give the same orderBy, or leave it out.';
  return { problem: `The argument "${name}" ${problem}` };
}

/** Null means something for these two only; for all else it is unclear whether "no value" or "no condition" is meant. */
const nullable = /\.(partnerState|displayName)\.eq$/;

/** Finds the first null in a filter that has no meaning. How deep a filter is and how many conditions it has was bounded before. */
function findFilterProblem(filter: object, path = 'filter'): string | undefined {
  for (const [name, value] of Object.entries(filter)) {
    const here = `${path}.${name}`;
    if (value === null && !nullable.test(here)) {
      return `In the argument "filter": ${here} is null, which has no meaning; leave it out for no condition.`;
    }
    const isNested = typeof value === 'object' && value !== null;
    const problem = isNested ? findFilterProblem(value, here) : undefined;
    if (problem !== undefined) {
      return problem;
    }
  }
  return undefined;
}

type PartnerPredicate = (row: PartnerModel) => boolean;

/** Makes the predicate of a filter that `findFilterProblem` finds nothing in. All texts of the filter are folded once. */
function compilePartnerFilter(filter: ComplianceManagementPartnerFilter): PartnerPredicate {
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
  ];
  const alternatives = or?.map(compilePartnerFilter);
  const excluded = not && compilePartnerFilter(not);
  if (alternatives) {
    conditions.push((row) => alternatives.some((condition) => condition(row)));
  }
  if (excluded) {
    conditions.push((row) => !excluded(row));
  }
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
  const [upper, lower] = [before, after].map((instant) => instantKeyOf(instant ?? ''));
  return (row) => {
    const heartbeat = heartbeatKeyOf(row);
    return (
      (upper === undefined || (heartbeat !== undefined && heartbeat < upper)) &&
      (lower === undefined || (heartbeat !== undefined && heartbeat > lower))
    );
  };
}
