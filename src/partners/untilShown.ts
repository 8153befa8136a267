import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql';
import type { UserError } from '../generated/graphql.ts';
import { isGraphError, sleep } from '../graph/errors.ts';
import type { PartnerSource } from '../graph/readAnswer.ts';
import type { PartnerResource } from '../graph/types.ts';
import type { Notice, RequestContext } from './context.ts';
import { type HandedProperty, type HandOver, type PartnerView, viewOf } from './handOver.ts';
import type { Visibility } from './visibility.ts';

/** Graph's reads have been seen to lag by three seconds; together these are longer. */
export const pausesMs = [250, 500, 1_000, 2_000];
/** What has to be left of the operation's time for a read. */
const readMs = 500;

/** A partner as Graph shows it after a change, and what it shows of the change. */
interface Seen {
  readonly partner: PartnerResource;
  readonly visibility: Visibility;
}

/**
 * Looks whether Graph shows a change that it has accepted, and reads again as long as it shows what was there before
 * and there is time. `answered` is the answer to the change, undefined if it came without the partner.
 * @throws GraphError with `mayHaveBeenApplied` if the partner cannot be read even once.
 */
export async function untilShown(
  context: RequestContext,
  { id, answered }: { readonly id: string; readonly answered: PartnerResource | undefined },
  judge: (seen: PartnerResource, first: PartnerResource) => Visibility,
): Promise<Seen> {
  const { graph, call, clock } = context;
  const first = answered ?? (await graph.readBack(id, call));
  let seen: Seen = { partner: first, visibility: judge(first, first) };
  for (const pauseMs of pausesMs) {
    if (seen.visibility.kind !== 'behind' || !hasTimeFor(pauseMs, context)) {
      break;
    }
    const partner = await sleep(clock, pauseMs, call.signal)
      .then(() => graph.get(id, call))
      .catch(noneIfGraphFails);
    if (partner === undefined) {
      break;
    }
    seen = { partner, visibility: judge(partner, first) };
  }
  return seen;
}

/** Whether the operation's time lasts for a pause and a read behind it. */
function hasTimeFor(pauseMs: number, { clock, call }: RequestContext): boolean {
  return clock.now() + pauseMs + readMs <= call.deadlineMs;
}

/**
 * Gives a partner as a change has to see it. While a read cannot be told from one that lags, it is made again; if it
 * stays so, what it shows counts. `properties` are those that the change depends on.
 * @throws GraphError if it cannot be read again.
 */
export async function readView(
  context: RequestContext,
  source: PartnerSource,
  {
    handOver,
    properties,
  }: { readonly handOver: HandOver; readonly properties: readonly HandedProperty[] },
): Promise<PartnerView | undefined> {
  const { graph, call, clock } = context;
  let view = viewOf(source, handOver, clock.now());
  for (const pauseMs of pausesMs) {
    if (
      !view.unclear.some((property) => properties.includes(property)) ||
      !hasTimeFor(pauseMs, context)
    ) {
      break;
    }
    await sleep(clock, pauseMs, call.signal);
    const again = await graph.getSource(source.partner.id, call);
    if (again === undefined) {
      return undefined;
    }
    view = viewOf(again, handOver, clock.now());
  }
  const unclear = new Set<string>(view.unclear.filter((property) => properties.includes(property)));
  const pending = Object.entries(view.pending).filter(([property]) => !unclear.has(property));
  return { ...view, pending: Object.fromEntries(pending) };
}

/** The change was made, so a read that fails afterwards is no failure of it. */
function noneIfGraphFails(error: unknown): undefined {
  if (!isGraphError(error)) {
    throw error;
  }
}

/** Tells that a change was accepted and does not show; nothing if it shows. */
export function noticesOf(visibility: Visibility, info: GraphQLResolveInfo): Notice[] {
  switch (visibility.kind) {
    case 'shown':
    case 'foreign':
      return [];
    case 'ignored':
      return notVisible(
        `Microsoft Graph accepted the change but does not show it in ${visibility.properties.join(', ')}. ` +
          'It may ignore these properties, so the gateway did not read again.',
        info,
      );
    case 'behind':
      return notVisible(
        `Microsoft Graph accepted the change but does not show it yet in ${visibility.properties.join(', ')}. ` +
          'Its reads can lag by seconds. Read the partner again later.',
        info,
      );
  }
}

/** Tells that a partner is shown with what an earlier change wrote, which reads do not show. */
export function noticesOfView(view: PartnerView | undefined, info: GraphQLResolveInfo): Notice[] {
  const names = view?.behind.join(', ') ?? '';
  return names === ''
    ? []
    : notVisible(
        `Microsoft Graph does not show the last write to ${names} yet. ` +
          'The partner is shown as it was written.',
        info,
      );
}

function notVisible(message: string, info: GraphQLResolveInfo): Notice[] {
  return [{ code: 'CHANGE_NOT_VISIBLE_YET', message, path: responsePathAsArray(info.path) }];
}

/** Says that something was written and that another client of Graph has replaced it. */
export function changedElsewhere(field: string[]): UserError {
  return {
    code: 'CONFLICT',
    message:
      'The change was written, but Microsoft Graph now holds another value, from another change at the same time. Read the partner, then decide again.',
    field,
  };
}
