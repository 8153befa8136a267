import type {
  ComplianceManagementPartnerFilter,
  ComplianceManagementPartnerOrder,
  QueryComplianceManagementPartnersArgs,
} from '../../../src/generated/graphql.ts';
import type { ModelPartner } from './modelPartner.ts';
import { folded, instant, positionOfName, states } from './vocabulary.ts';

/** A cursor that an answer gave out, and the row that it stands for as it was then. */
export interface HeldCursor {
  readonly text: string;
  readonly orderBy: readonly ComplianceManagementPartnerOrder[];
  readonly filter: ComplianceManagementPartnerFilter | null;
  readonly row: ModelPartner;
}

/** The arguments of the list with what is known of their cursors; `unknown` is a text that the gateway never gave out. */
export interface ListRequest
  extends Pick<QueryComplianceManagementPartnersArgs, 'first' | 'last' | 'filter'> {
  readonly orderBy: readonly ComplianceManagementPartnerOrder[];
  readonly after?: HeldCursor | 'unknown';
  readonly before?: HeldCursor | 'unknown';
}

/** What the list has to answer. */
export interface ModelPage {
  readonly rows: readonly ModelPartner[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly totalCount: number;
}

/** The arguments that the list refuses. */
export function refusedArguments(request: ListRequest): readonly string[] {
  const { first, last, filter, orderBy, after, before } = request;
  const isUsableCount = (count: number | null | undefined): boolean =>
    count == null || (count >= 0 && count <= 1000);
  const isUsableCursor = (cursor: HeldCursor | 'unknown' | undefined): boolean =>
    cursor === undefined || (cursor !== 'unknown' && isSameOrder(cursor.orderBy, orderBy));
  return [
    ...(isUsableCount(first) ? [] : ['first']),
    ...(isUsableCount(last) ? [] : ['last']),
    ...(isUsableCursor(after) ? [] : ['after']),
    ...(isUsableCursor(before) ? [] : ['before']),
    ...(filter && hasMeaninglessNull(filter) ? ['filter'] : []),
  ];
}

/** The page of a request of which nothing is refused. */
export function pageOf(partners: readonly ModelPartner[], request: ListRequest): ModelPage {
  const { filter, orderBy, after, before } = request;
  const all = orderBy.length === 0 ? partners : partners.toSorted(comparison(orderBy));
  const passes = (partner: ModelPartner): boolean => !filter || passesFilter(partner, filter);
  const start = after === undefined ? 0 : boundary(all, after, 'behind');
  const end = before === undefined ? all.length : boundary(all, before, 'ahead');
  const between = all.slice(start, Math.max(start, end)).filter(passes);
  const { first, last } = request;
  const head = between.slice(0, first ?? (last == null ? 100 : undefined));
  const rows = last == null ? head : head.slice(Math.max(0, head.length - last));
  const [top, bottom] = [rows.at(0), rows.at(-1)];
  // An empty page stands where it would have begun, or ended if that is earlier; the last 0 of something at its end.
  const [headEnd] = head.slice(-1).map((partner) => all.indexOf(partner) + 1);
  const emptyAt = last === 0 && first == null ? end : Math.min(start, end);
  const place = (last === 0 && first == null ? undefined : headEnd) ?? emptyAt;
  const ahead = all.slice(0, top ? all.indexOf(top) : place);
  const behind = all.slice(bottom ? all.indexOf(bottom) + 1 : place);
  return {
    rows,
    hasNextPage: behind.some(passes),
    hasPreviousPage: ahead.some(passes),
    totalCount: all.filter(passes).length,
  };
}

/** How many rows stand before a cursor's place, with its own row or without. */
function boundary(
  all: readonly ModelPartner[],
  cursor: HeldCursor | 'unknown',
  side: 'ahead' | 'behind',
): number {
  if (cursor === 'unknown') {
    throw new Error('an unknown cursor has no place');
  }
  const { row, orderBy } = cursor;
  // In Graph's order a cursor goes with its row, in another one it stays where the row stood.
  const compare =
    orderBy.length === 0
      ? (left: ModelPartner, right: ModelPartner) => left.serial - right.serial
      : comparison(orderBy);
  const isBefore = (partner: ModelPartner): boolean => {
    const difference = compare(partner, row);
    return side === 'behind' ? difference <= 0 : difference < 0;
  };
  return all.filter(isBefore).length;
}

/** Whether two orders have the same keys in the same directions. */
export function isSameOrder(
  left: readonly ComplianceManagementPartnerOrder[],
  right: readonly ComplianceManagementPartnerOrder[],
): boolean {
  const signature = (keys: readonly ComplianceManagementPartnerOrder[]) =>
    keys.map(({ field, direction = 'ASC' }) => `${field} ${direction}`).join();
  return signature(left) === signature(right);
}

/** Null has a meaning for `eq` of the name and the state, and for nothing else. */
function hasMeaninglessNull(filter: ComplianceManagementPartnerFilter): boolean {
  const { partnerState, displayName, lastHeartbeatDateTime, onboarded, and, or, not } = filter;
  const { eq: _state, ...stateRest } = partnerState ?? {};
  const { eq: _name, ...nameRest } = displayName ?? {};
  const values: readonly unknown[] = [
    ...[partnerState, displayName, lastHeartbeatDateTime, onboarded, and, or, not],
    ...Object.values(stateRest),
    ...Object.values(nameRest),
    ...Object.values(lastHeartbeatDateTime ?? {}),
  ];
  const nested = [...(and ?? []), ...(or ?? []), ...(not ? [not] : [])];
  return values.includes(null) || nested.some(hasMeaninglessNull);
}

function passesFilter(partner: ModelPartner, filter: ComplianceManagementPartnerFilter): boolean {
  const { partnerState, displayName, lastHeartbeatDateTime, onboarded, and, or, not } = filter;
  const state = partner.partnerState;
  const name = partner.displayName === null ? null : folded(partner.displayName);
  const heartbeat = instant(partner.lastHeartbeatDateTime);
  const before = instant(lastHeartbeatDateTime?.before ?? null);
  const after = instant(lastHeartbeatDateTime?.after ?? null);
  const { eq, contains, startsWith } = displayName ?? {};
  if (partnerState?.eq !== undefined && state !== partnerState.eq) {
    return false;
  }
  if (partnerState?.in && (state === null || !partnerState.in.includes(state))) {
    return false;
  }
  if (partnerState?.notIn && state !== null && partnerState.notIn.includes(state)) {
    return false;
  }
  if (eq !== undefined && name !== (eq === null ? null : folded(eq))) {
    return false;
  }
  if (contains != null && (name === null || name.indexOf(folded(contains)) === -1)) {
    return false;
  }
  if (startsWith != null && (name === null || name.indexOf(folded(startsWith)) !== 0)) {
    return false;
  }
  if (before !== null && (heartbeat === null || heartbeat >= before)) {
    return false;
  }
  if (after !== null && (heartbeat === null || heartbeat <= after)) {
    return false;
  }
  return (
    (onboarded ?? []).every((platform) => partner.onboarded[platform] === true) &&
    (and ?? []).every((each) => passesFilter(partner, each)) &&
    (!or || or.some((each) => passesFilter(partner, each))) &&
    (!not || !passesFilter(partner, not))
  );
}

type Comparison = (left: ModelPartner, right: ModelPartner) => number;

function comparison(orderBy: readonly ComplianceManagementPartnerOrder[]): Comparison {
  return (left, right) => {
    for (const { field, direction } of orderBy) {
      const [one, other] = [rankIn(left, field), rankIn(right, field)];
      if (one !== other) {
        const isFirst = other === null || (one !== null && one < other !== (direction === 'DESC'));
        return isFirst ? -1 : 1;
      }
    }
    return left.id === right.id ? 0 : left.id < right.id ? -1 : 1;
  };
}

function rankIn(
  partner: ModelPartner,
  field: ComplianceManagementPartnerOrder['field'],
): number | null {
  const { displayName, partnerState, lastHeartbeatDateTime } = partner;
  switch (field) {
    case 'DISPLAY_NAME':
      return displayName === null ? null : positionOfName(displayName);
    case 'PARTNER_STATE':
      return partnerState === null ? null : states.indexOf(partnerState);
    case 'LAST_HEARTBEAT_DATE_TIME':
      return instant(lastHeartbeatDateTime);
  }
}
