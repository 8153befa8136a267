import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql';
import type { UserError } from '../generated/graphql.ts';
import type { RowSource } from '../graph/client.ts';
import { isGraphError, sleep } from '../graph/errors.ts';
import type { PartnerChanges } from '../graph/types.ts';
import type { RequestContext } from './context.ts';
import { partnerNotFound, refused, refusedByGraph } from './errors.ts';
import { type HandOver, handOverOf, isFromBefore, type PartnerView, viewOf } from './handOver.ts';
import type { RevisedProperty } from './meaning.ts';
import type { PartnerModel, Payload } from './model.ts';

/** A change to one partner that is there. */
interface Change {
  readonly id: string;
  readonly ifRevision: string | null | undefined;
  /** The properties that the change depends on, which are read before; undefined if nothing has to be read. */
  readonly dependsOn: readonly RevisedProperty[] | undefined;
  /** Others change single entries of a list, so a change that replaces one has to wait for them. */
  readonly replacesList?: boolean;
  /** A delete that is rejected leaves what earlier changes handed on as it was. */
  readonly deletes?: boolean;
  /** Decides what to write. `view` is what was read, undefined if nothing had to be. */
  readonly plan: (view: PartnerView | undefined) => Write | { readonly userErrors: UserError[] };
  /** The body, to find in it what Graph rejects; absent if the refusal is about `fieldOf` anyway. */
  readonly sent?: PartnerChanges;
  /** The input field of a refusal whose words name no property of the body. */
  readonly fieldOf?: (error: unknown) => string[];
  /** The input field of a property that another client has changed at the same time. */
  readonly fieldOfProperty?: (property: string) => string[];
}

/** What a change sends, and how to see that Graph did it. */
interface Write {
  /** Gives the partner as Graph answers it, undefined if it answers without. */
  readonly send: () => Promise<PartnerModel | undefined>;
  /** The JSON that is written to each property; absent if the partner is gone afterwards. */
  readonly written?: Readonly<Partial<Record<RevisedProperty, string>>>;
  /** Judges what Graph shows after it; `isFromBefore` tells if a property shows a value from before the change. */
  readonly judge: (
    seen: PartnerModel,
    isFromBefore: (property: RevisedProperty) => boolean,
  ) => Visibility;
}

/** Waits for its turn, reads if it has to, writes, and looks whether Graph shows the change. */
export async function changePartner(
  change: Change,
  context: RequestContext,
  info: GraphQLResolveInfo,
): Promise<Payload> {
  const { graph, call, locks, clock } = context;
  const { id, dependsOn, fieldOfProperty } = change;
  const note = (kind: keyof typeof notShown, properties: readonly string[]): void => {
    if (properties.length > 0) {
      const message = notShown[kind](properties.join(', '));
      const path = responsePathAsArray(info.path);
      context.notices.push({ code: 'CHANGE_NOT_VISIBLE_YET', message, path });
    }
  };
  try {
    const outcome = await locks.run({
      id,
      call,
      read: async (isUnproven) =>
        dependsOn !== undefined || (isUnproven && change.replacesList)
          ? graph.getSource(id, call)
          : undefined,
      async change(turn, source) {
        const view =
          dependsOn && source && (await readView(context, source, turn.handOver, dependsOn));
        if (dependsOn !== undefined && view === undefined) {
          return { payload: refused([partnerNotFound]) };
        }
        if (view !== undefined && !change.deletes) {
          turn.handOn(view.pending);
        }
        const write = findRevisionConflict(view, change) ?? change.plan(view);
        if ('userErrors' in write) {
          note('earlier', view?.behind ?? []);
          return { payload: refused(write.userErrors, view?.partner) };
        }
        await turn.confirm();
        const answered = await write.send();
        const before = { pending: view?.pending ?? turn.handOver, read: view?.read.wire };
        const after = write.written ? handOverOf(write.written, before, clock.now()) : {};
        turn.handOn(after);
        return { write, id, answered, handOver: after };
      },
    });
    if ('payload' in outcome) {
      return outcome.payload;
    }
    if (outcome.write.written === undefined) {
      return { ...refused([]), deletedComplianceManagementPartnerId: id };
    }
    const { partner, visibility } = await untilShown(context, outcome);
    if (visibility.kind === 'behind' || visibility.kind === 'ignored') {
      note(visibility.kind, visibility.properties);
    }
    const foreign = visibility.kind === 'foreign' ? visibility.properties : [];
    const fields = foreign.map(fieldOfProperty ?? ((property) => ['input', property]));
    return { ...refused(fields.map(changedElsewhere), partner), changed: true };
  } catch (error) {
    return refusedByGraph(error, {
      sent: change.sent,
      field: change.fieldOf?.(error),
      id,
      context,
    });
  }
}

/** Says that the partner is not as the user believes, or nothing if it is or if the user does not care. */
function findRevisionConflict(
  view: PartnerView | undefined,
  { ifRevision }: Change,
): { readonly userErrors: UserError[] } | undefined {
  if (ifRevision == null || ifRevision === view?.partner.revision()) {
    return undefined;
  }
  const message =
    'The partner changed since this revision, so nothing was written. Read its current values and try again.';
  return { userErrors: [{ code: 'CONFLICT', message, field: ['input', 'ifRevision'] }] };
}

/** Something was written, and another client of Graph has replaced it. */
function changedElsewhere(field: string[]): UserError {
  return {
    code: 'CONFLICT',
    message:
      'The change was written, but Microsoft Graph now holds another value, from another change at the same time. Read the partner, then decide again.',
    field,
  };
}

/** What Graph shows of a change that it has accepted. */
export interface Visibility {
  /**
   * `behind`: values from before, because reads lag or Graph ignores these properties. `ignored`: nothing is missing but
   * what Graph may ignore, because the partner itself sets it. `foreign`: another client of Graph changed it.
   */
  readonly kind: 'shown' | 'behind' | 'ignored' | 'foreign';
  readonly properties: readonly string[];
}

/** Graph's reads have been seen to lag by three seconds; together these are longer. */
export const pausesMs = [250, 500, 1_000, 2_000];
/** What has to be left of the operation's time for a read. */
const readMs = 500;

interface AcceptedWrite {
  readonly id: string;
  readonly write: Write;
  /** The answer, undefined if it came without the partner. */
  readonly answered: PartnerModel | undefined;
  readonly handOver: HandOver;
}

/**
 * Looks whether Graph shows a change that it has accepted, and reads again as long as it shows what was there before
 * and there is time.
 * @throws GraphError with `mayHaveBeenApplied` if the partner cannot be read even once.
 */
async function untilShown(
  context: RequestContext,
  { id, write, answered, handOver }: AcceptedWrite,
): Promise<{ readonly partner: PartnerModel; readonly visibility: Visibility }> {
  const { graph, call, clock } = context;
  const first = answered ?? (await graph.readBack(id, call));
  const judged = (partner: PartnerModel) => ({
    partner,
    visibility: write.judge(partner, (property) =>
      isFromBefore(property, partner.wire, { handOver, first: first.wire }),
    ),
  });
  let seen = judged(first);
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
    seen = judged(partner);
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

/** Tells the caller of a change that Graph accepted and does not show. */
const notShown = {
  ignored: (names: string) =>
    `Microsoft Graph accepted the change but does not show it in ${names}. ` +
    'It may ignore these properties, so the gateway did not read again.',
  behind: (names: string) =>
    `Microsoft Graph accepted the change but does not show it yet in ${names}. ` +
    'Its reads can lag by seconds. Read the partner again later.',
  earlier: (names: string) =>
    `Microsoft Graph does not show the last write to ${names} yet. ` +
    'The partner is shown as it was written.',
};
