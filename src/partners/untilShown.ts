import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql';
import type { RowSource } from '../graph/client.ts';
import { isGraphError, sleep } from '../graph/errors.ts';
import type { Notice, RequestContext } from './context.ts';
import { type HandOver, type PartnerView, viewOf } from './handOver.ts';
import type { RevisedProperty } from './meaning.ts';
import type { PartnerModel } from './model.ts';

/** What Graph shows of a change that it has accepted. */
export interface Visibility {
  /**
   * `behind`: values from before, because reads lag or Graph ignores these properties. `ignored`: nothing is missing but
   * what Graph may ignore, because the partner itself sets it. `foreign`: another client of Graph changed it.
   */
  readonly kind: 'shown' | 'behind' | 'ignored' | 'foreign';
  /** Those that do not show the change. */
  readonly properties: readonly string[];
}

/** Graph's reads have been seen to lag by three seconds; together these are longer. */
export const pausesMs = [250, 500, 1_000, 2_000];
/** What has to be left of the operation's time for a read. */
const readMs = 500;

/**
 * Looks whether Graph shows a change that it has accepted, and reads again as long as it shows what was there before
 * and there is time. `answered` is the answer to the change, undefined if it came without the partner.
 * @throws GraphError with `mayHaveBeenApplied` if the partner cannot be read even once.
 */
export async function untilShown(
  context: RequestContext,
  { id, answered }: { readonly id: string; readonly answered: PartnerModel | undefined },
  judge: (seen: PartnerModel, first: PartnerModel) => Visibility,
): Promise<{ readonly partner: PartnerModel; readonly visibility: Visibility }> {
  const { graph, call, clock } = context;
  const first = answered ?? (await graph.readBack(id, call));
  let seen = { partner: first, visibility: judge(first, first) };
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
  source: RowSource<PartnerModel>,
  handOver: HandOver,
  properties: readonly RevisedProperty[],
): Promise<PartnerView | undefined> {
  const { graph, call, clock } = context;
  let view = viewOf(source, handOver, clock.now());
  const unclear = () => view.unclear.filter((property) => properties.includes(property));
  for (const pauseMs of pausesMs) {
    if (unclear().length === 0 || !hasTimeFor(pauseMs, context)) {
      break;
    }
    await sleep(clock, pauseMs, call.signal);
    const again = await graph.getSource(source.partner.id, call);
    if (again === undefined) {
      return undefined;
    }
    view = viewOf(again, handOver, clock.now());
  }
  const pending = { ...view.pending };
  for (const property of unclear()) {
    delete pending[property];
  }
  return { ...view, pending };
}

/** The change was made, so a read that fails afterwards is no failure of it. */
function noneIfGraphFails(error: unknown): undefined {
  if (!isGraphError(error)) {
    throw error;
  }
}

/** Tells that a change was accepted and does not show; nothing if it shows. */
export function noticesOf(visibility: Visibility, info: GraphQLResolveInfo): Notice[] {
  if (visibility.kind !== 'behind' && visibility.kind !== 'ignored') {
    return [];
  }
  const names = visibility.properties.join(', ');
  return notVisible(
    visibility.kind === 'ignored'
      ? `Microsoft Graph accepted the change but does not show it in ${names}. ` +
          'It may ignore these properties, so the gateway did not read again.'
      : `Microsoft Graph accepted the change but does not show it yet in ${names}. ` +
          'Its reads can lag by seconds. Read the partner again later.',
    info,
  );
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
