import type {
  ComplianceManagementPartnerFilter,
  ComplianceManagementPartnerOrder,
} from '../../../src/generated/graphql.ts';
import { type ModelPartner, onboardedOf } from './modelPartner.ts';
import { folded, instantOf, positionOfName, states } from './vocabulary.ts';

type Order = readonly ComplianceManagementPartnerOrder[];

/** A cursor that an answer gave out, and the row that it stands for as it was then. */
export interface HeldCursor {
  readonly text: string;
  readonly orderBy: Order;
  readonly filter: ComplianceManagementPartnerFilter | null;
  readonly row: ModelPartner;
}

/** The arguments of the list with what is known of their cursors; `unknown` is a text that the gateway never gave out. */
export interface ListRequest {
  readonly first?: number | null | undefined;
  readonly last?: number | null | undefined;
  readonly filter?: ComplianceManagementPartnerFilter | null | undefined;
  readonly orderBy: Order;
  readonly after?: HeldCursor | 'unknown' | undefined;
  readonly before?: HeldCursor | 'unknown' | undefined;
}

/** The arguments that the list rejects. */
export function refusedArguments(request: ListRequest): readonly string[] {
  const { first, last, filter, orderBy } = request;
  const isCount = (count: number | null | undefined): boolean =>
    count == null || (count >= 0 && count <= 1000);
  const isCursor = (cursor: ListRequest['after']): boolean =>
    cursor === undefined || (cursor !== 'unknown' && isSameOrder(cursor.orderBy, orderBy));
  return Object.entries({
    first: isCount(first),
    last: isCount(last),
    after: isCursor(request.after),
    before: isCursor(request.before),
    filter: !filter || !hasMeaninglessNull(filter),
  }).flatMap(([name, isGood]) => (isGood ? [] : [name]));
}

/** The page of a request of which nothing is rejected. */
export function pageOf(partners: readonly ModelPartner[], request: ListRequest) {
  const { first, last, filter, orderBy, after, before } = request;
  const all = orderBy.length === 0 ? partners : partners.toSorted(comparison(orderBy));
  const passes = (partner: ModelPartner): boolean => !filter || passesFilter(partner, filter);
  const start = after === undefined ? 0 : boundary(all, after, 'behind');
  const end = before === undefined ? all.length : boundary(all, before, 'ahead');
  const between = all.slice(start, Math.max(start, end)).filter(passes);
  const head = between.slice(0, first ?? (last == null ? 100 : undefined));
  const rows = last == null ? head : head.slice(Math.max(0, head.length - last));
  const [top, bottom] = [rows.at(0), rows.at(-1)];
  // An empty page stands where it would have begun, or ended if that is earlier; the last 0 of something at its end.
  const [headEnd] = head.slice(-1).map((partner) => all.indexOf(partner) + 1);
  const emptyAt = last === 0 && first == null ? end : Math.min(start, end);
  const place = (last === 0 && first == null ? undefined : headEnd) ?? emptyAt;
  return {
    rows,
    hasNextPage: all.slice(bottom ? all.indexOf(bottom) + 1 : place).some(passes),
    hasPreviousPage: all.slice(0, top ? all.indexOf(top) : place).some(passes),
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
  const inGraphsOrder: Comparison = (left, right) => left.serial - right.serial;
  const compare = orderBy.length === 0 ? inGraphsOrder : comparison(orderBy);
  return all.filter((partner) => compare(partner, row) < (side === 'behind' ? 1 : 0)).length;
}

/** Whether two orders have the same keys in the same directions. */
export function isSameOrder(left: Order, right: Order): boolean {
  const signatureOf = (order: Order): string =>
    order.map(({ field, direction = 'ASC' }) => `${field} ${direction}`).join();
  return signatureOf(left) === signatureOf(right);
}

/** Null has a meaning for `eq` of the name and the state, and for nothing else. */
function hasMeaninglessNull(filter: object): boolean {
  return Object.entries(filter).some(([name, value]) =>
    value === null ? name !== 'eq' : typeof value === 'object' && hasMeaninglessNull(value),
  );
}

function passesFilter(partner: ModelPartner, filter: ComplianceManagementPartnerFilter): boolean {
  const { displayName, partnerState: state } = partner;
  const name = displayName === null ? null : folded(displayName);
  const heartbeat = instantOf(partner.lastHeartbeatDateTime);
  const { eq, contains, startsWith } = filter.displayName ?? {};
  const { eq: sameState, in: among, notIn } = filter.partnerState ?? {};
  const { before, after } = filter.lastHeartbeatDateTime ?? {};
  const conditions = [
    sameState === undefined || state === sameState,
    !among || (state !== null && among.includes(state)),
    !notIn || state === null || !notIn.includes(state),
    eq === undefined || name === (eq === null ? null : folded(eq)),
    contains == null || (name !== null && name.indexOf(folded(contains)) !== -1),
    startsWith == null || (name !== null && name.indexOf(folded(startsWith)) === 0),
    before == null || (heartbeat !== null && heartbeat < Number(instantOf(before))),
    after == null || (heartbeat !== null && heartbeat > Number(instantOf(after))),
    (filter.onboarded ?? []).every((platform) => partner[onboardedOf(platform)] === true),
    (filter.and ?? []).every((each) => passesFilter(partner, each)),
    !filter.or || filter.or.some((each) => passesFilter(partner, each)),
    !filter.not || !passesFilter(partner, filter.not),
  ];
  return !conditions.includes(false);
}

type Comparison = (left: ModelPartner, right: ModelPartner) => number;

const ranks: Readonly<Record<string, (partner: ModelPartner) => number | null>> = {
  DISPLAY_NAME: ({ displayName }) => (displayName === null ? null : positionOfName(displayName)),
  PARTNER_STATE: ({ partnerState }) =>
    partnerState === null ? null : states.indexOf(partnerState),
  LAST_HEARTBEAT_DATE_TIME: ({ lastHeartbeatDateTime }) => instantOf(lastHeartbeatDateTime),
};

/** Rows without a value come last in both directions; the id decides between equals. */
function comparison(orderBy: Order): Comparison {
  return (left, right) => {
    for (const { field, direction } of orderBy) {
      const [one = null, other = null] = [ranks[field]?.(left), ranks[field]?.(right)];
      if (one !== other) {
        const isFirst = other === null || (one !== null && one < other !== (direction === 'DESC'));
        return isFirst ? -1 : 1;
      }
    }
    return left.id === right.id ? 0 : left.id < right.id ? -1 : 1;
  };
}
