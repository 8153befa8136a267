import type { GraphQLResolveInfo } from 'graphql';
import type { UserError } from '../generated/graphql.ts';
import { isGraphError } from '../graph/errors.ts';
import type { RequestContext } from './context.ts';
import { partnerNotFound, userErrorsOrThrow } from './errors.ts';
import { type HandOver, handOverOf, isFromBefore, type PartnerView } from './handOver.ts';
import type { RevisedProperty } from './meaning.ts';
import type { PartnerModel, Payload } from './model.ts';
import { noticesOf, noticesOfView, readView, untilShown, type Visibility } from './untilShown.ts';

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
  /** The body, to find in it what Graph rejects. */
  readonly sent: object;
  /** The input field of a refusal whose words name no property of the body. */
  readonly fieldOf?: (error: unknown) => string[];
  /** The input field of a property that another client has changed at the same time. */
  readonly fieldOfProperty?: (property: string) => string[];
}

/** What a change sends, and how to see that Graph did it. */
interface Write {
  /** Gives the partner as Graph answers it, undefined if it answers without. */
  readonly send: () => Promise<PartnerModel | undefined>;
  /** The JSON that is written to each property; undefined if the partner is gone afterwards. */
  readonly written: Readonly<Partial<Record<RevisedProperty, string>>> | undefined;
  /** Judges what Graph shows after it; `isFromBefore` tells if a property shows a value from before the change. */
  readonly judge: (
    seen: PartnerModel,
    isFromBefore: (property: RevisedProperty) => boolean,
  ) => Visibility;
}

type Outcome =
  | { readonly payload: Payload }
  | {
      readonly write: Write;
      readonly answered: PartnerModel | undefined;
      readonly after: HandOver;
    };

/** Gives the payload of a mutation that changed nothing. */
export function refused(userErrors: UserError[], partner: PartnerModel | null = null): Payload {
  return {
    complianceManagementPartner: partner,
    deletedComplianceManagementPartnerId: null,
    changed: false,
    userErrors,
  };
}

/** Waits for its turn, reads if it has to, writes, and looks whether Graph shows the change. */
export async function changePartner(
  change: Change,
  context: RequestContext,
  info: GraphQLResolveInfo,
): Promise<Payload> {
  const { graph, call, locks, clock } = context;
  const { id, dependsOn, fieldOfProperty } = change;
  try {
    const outcome = await locks.run({
      id,
      call,
      read: async (isUnproven) =>
        dependsOn !== undefined || (isUnproven && change.replacesList)
          ? graph.getSource(id, call)
          : undefined,
      async change(turn, source): Promise<Outcome> {
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
          context.notices.push(...noticesOfView(view, info));
          return { payload: refused(write.userErrors, view?.partner) };
        }
        await turn.confirm();
        const answered = await write.send();
        const before = { pending: view?.pending ?? turn.handOver, read: view?.read.wire };
        const after = write.written ? handOverOf(write.written, before, clock.now()) : {};
        turn.handOn(after);
        return { write, answered, after };
      },
    });
    if ('payload' in outcome) {
      return outcome.payload;
    }
    const { write, answered, after: handOver } = outcome;
    if (write.written === undefined) {
      return { ...refused([]), deletedComplianceManagementPartnerId: id };
    }
    const { partner, visibility } = await untilShown(context, { id, answered }, (seen, first) =>
      write.judge(seen, (property) =>
        isFromBefore(property, seen.wire, { handOver, first: first.wire }),
      ),
    );
    context.notices.push(...noticesOf(visibility, info));
    const foreign = visibility.kind === 'foreign' ? visibility.properties : [];
    const fields = foreign.map(fieldOfProperty ?? ((property) => ['input', property]));
    return { ...refused(fields.map(changedElsewhere), partner), changed: true };
  } catch (error) {
    const userErrors = userErrorsOrThrow(error, change.sent, change.fieldOf?.(error));
    return refused(userErrors, await partnerInConflict(error, id, context));
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

/**
 * Reads once what a change collided with, if it was Graph itself that said so. Null for every other error, and if
 * the partner cannot be read: the conflict is what the user has to know, and that read's own failure is logged.
 */
export async function partnerInConflict(
  error: unknown,
  id: string,
  { graph, call }: Pick<RequestContext, 'graph' | 'call'>,
): Promise<PartnerModel | null> {
  if (!isGraphError(error) || error.code !== 'conflict' || error.mayHaveBeenApplied) {
    return null;
  }
  return (await graph.get(id, call).catch(() => undefined)) ?? null;
}

/** Says that something was written and that another client of Graph has replaced it. */
function changedElsewhere(field: string[]): UserError {
  return {
    code: 'CONFLICT',
    message:
      'The change was written, but Microsoft Graph now holds another value, from another change at the same time. Read the partner, then decide again.',
    field,
  };
}
