import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql';
import type {
  AddEnrollmentAssignmentInput,
  DeleteComplianceManagementPartnerInput,
  RemoveEnrollmentAssignmentInput,
  UpdateComplianceManagementPartnerInput,
  UserError,
} from '../generated/graphql.ts';
import type { RowSource } from '../graph/client.ts';
import { isGraphError, sleep } from '../graph/errors.ts';
import type { PartnerChanges } from '../graph/types.ts';
import type { RequestContext } from './context.ts';
import { type HandOver, handOverOf, isFromBefore, type PartnerView, viewOf } from './handOver.ts';
import { partnerNotFound, payloadOf, refusedByGraph } from './inputRules.ts';
import {
  type AssignmentSource,
  findDifferences,
  planAddition,
  planRemoval,
  type RevisedProperty,
  revisedProperties,
} from './meaning.ts';
import { type PartnerModel, type Payload, wireByPlatform } from './model.ts';
import { assignmentToWire, partnerChangesToWire, targetToWire } from './partnerMapping.ts';

/** Carries out a mutation whose caller is authorized and whose input is free of problems. */
export type Run<Input> = (
  input: Input,
  context: RequestContext,
  info: GraphQLResolveInfo,
) => Payload | Promise<Payload>;

/** Reads if it has to, and sends exactly what was given. */
export const updatePartner: Run<UpdateComplianceManagementPartnerInput> = (
  input,
  context,
  info,
) => {
  const { id, ifRevision } = input;
  const changes = partnerChangesToWire(input);
  const properties = Object.keys(changes) as (keyof PartnerChanges)[];
  const isEmpty = properties.length === 0;
  return changePartner(
    {
      id,
      ifRevision,
      dependsOn: isEmpty ? [] : ifRevision == null ? undefined : revisedProperties,
      replacesList: properties.some((property) => property.endsWith('EnrollmentAssignments')),
      plan: () =>
        isEmpty
          ? { userErrors: [] }
          : {
              send: () => context.graph.update(id, changes, context.call),
              written: Object.fromEntries(
                properties.map((property) => [property, JSON.stringify(changes[property])]),
              ),
              judge: (seen, isFromBefore) => judgeUpdate(changes, seen, isFromBefore),
            },
      sent: changes,
    },
    context,
    info,
  );
};

/** Judges what Graph shows after an update: each property that was sent, by meaning. */
function judgeUpdate(
  sent: PartnerChanges,
  { wire: seen }: PartnerModel,
  isFromBefore: (property: RevisedProperty) => boolean,
): Visibility {
  const missing = findDifferences(sent, seen);
  const decisive = missing.filter(
    (property) => property !== 'partnerState' && property !== 'lastHeartbeatDateTime',
  );
  const foreign = decisive.filter((property) => !isFromBefore(property));
  if (foreign.length > 0) {
    return { kind: 'foreign', properties: foreign };
  }
  return { kind: decisive.length > 0 ? 'behind' : 'ignored', properties: missing };
}

/** Reads the partner if a revision is given, then deletes it. */
export const deletePartner: Run<DeleteComplianceManagementPartnerInput> = (
  { id, ifRevision },
  context,
  info,
) =>
  changePartner(
    {
      id,
      ifRevision,
      dependsOn: ifRevision == null ? undefined : revisedProperties,
      deletes: true,
      plan: () => ({ remove: () => context.graph.delete(id, context.call) }),
    },
    context,
    info,
  );

/** Adds an entry to a list, unless it is there. */
export const addAssignment: Run<AddEnrollmentAssignmentInput> = (input, context, info) => {
  const target = targetToWire(input.target);
  const newEntry = JSON.stringify(assignmentToWire({ target: input.target }));
  return changeList(input, (entries) => planAddition(entries, target, newEntry), context, info);
};

/** Removes an entry from a list; whatever its filter is, unless the input has one. */
export const removeAssignment: Run<RemoveEnrollmentAssignmentInput> = (input, context, info) => {
  const target = targetToWire(input.target);
  return changeList(input, (entries) => planRemoval(entries, target), context, info);
};

/** Reads the list, plans, writes if something has to be written, and looks whether Graph shows it. */
function changeList(
  { id, platform, ifRevision, target }: AddEnrollmentAssignmentInput,
  plan: (entries: readonly AssignmentSource[]) => ReturnType<typeof planAddition>,
  context: RequestContext,
  info: GraphQLResolveInfo,
): Promise<Payload> {
  const { graph, call } = context;
  const wirePlatform = wireByPlatform[platform];
  const property = `${wirePlatform}EnrollmentAssignments` as const;
  const isDone = ({ wire }: PartnerModel): boolean =>
    plan((wire[property] ?? []).map((assignment) => ({ assignment, text: '' }))).kind === 'done';
  return changePartner(
    {
      id,
      ifRevision,
      dependsOn: ifRevision == null ? [property] : revisedProperties,
      plan(view) {
        const list = view?.assignments(wirePlatform) ?? [];
        const planned = plan(list);
        if (planned.kind === 'otherFilter') {
          const field = ['input', 'target', Object.keys(target)[0] ?? '', 'filter'];
          const message =
            'The target already has another filter, so nothing was written. Remove it first, then add it with this one.';
          return { userErrors: [{ code: 'CONFLICT', message, field }] };
        }
        if (planned.kind === 'done' && (view === undefined || isDone(view.read))) {
          return { userErrors: [] };
        }
        // If only what was written last is as it should be, and no read shows it, another client may have taken it back.
        const entries = planned.kind === 'done' ? list.map(({ text }) => text) : planned.entries;
        return {
          send: () => graph.replaceAssignments(id, wirePlatform, entries, call),
          written: { [property]: `[${entries.join()}]` },
          judge: (seen, isFromBefore) =>
            isDone(seen)
              ? { kind: 'ignored', properties: [] }
              : { kind: isFromBefore(property) ? 'behind' : 'foreign', properties: [property] },
        };
      },
      // Graph rejects the list as a whole if its generation does not have the platform.
      fieldOf: (error) => {
        const names = isGraphError(error) ? (error.details.quotedNames ?? []) : [];
        return ['input', names.includes(property) ? 'platform' : 'target'];
      },
      fieldOfProperty: () => ['input', 'target'],
    },
    context,
    info,
  );
}

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
  readonly plan: (
    view: PartnerView | undefined,
  ) => Write | { readonly remove: () => Promise<void> } | { readonly userErrors: UserError[] };
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
  /** The JSON that is written to each property. */
  readonly written: Readonly<Partial<Record<RevisedProperty, string>>>;
  /** Judges what Graph shows after it; `isFromBefore` tells if a property shows a value from before the change. */
  readonly judge: (
    seen: PartnerModel,
    isFromBefore: (property: RevisedProperty) => boolean,
  ) => Visibility;
}

/** What Graph shows of a change that it has accepted. */
interface Visibility {
  /**
   * `behind`: values from before, because reads lag or Graph ignores these properties. `ignored`: nothing is missing but
   * what Graph may ignore, because the partner itself sets it; without properties, everything is shown as it was
   * written. `foreign`: another client of Graph changed it.
   */
  readonly kind: 'behind' | 'ignored' | 'foreign';
  /** Those that Graph does not show as they were written. */
  readonly properties: readonly string[];
}

/** Waits for its turn, reads if it has to, writes, and looks whether Graph shows the change. */
async function changePartner(
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
          return { payload: payloadOf([partnerNotFound]) };
        }
        if (view !== undefined && !change.deletes) {
          turn.handOn(view.pending);
        }
        const write = findRevisionConflict(view, change) ?? change.plan(view);
        if ('userErrors' in write) {
          note('earlier', view?.behind ?? []);
          return { payload: payloadOf(write.userErrors, view?.partner) };
        }
        await turn.confirm();
        if ('remove' in write) {
          await write.remove();
          turn.handOn({});
          return { payload: { ...payloadOf([]), deletedComplianceManagementPartnerId: id } };
        }
        const answered = await write.send();
        const before = { pending: view?.pending ?? turn.handOver, read: view?.read.wire };
        const handOver = handOverOf(write.written, before, clock.now());
        turn.handOn(handOver);
        return { answered, judge: write.judge, handOver };
      },
    });
    if ('payload' in outcome) {
      return outcome.payload;
    }
    const { judge, handOver } = outcome;
    const first = outcome.answered ?? (await graph.readBack(id, call));
    const judged = (seen: PartnerModel) =>
      judge(seen, (property) => isFromBefore(property, seen.wire, { handOver, first: first.wire }));
    const { partner, kind, properties } = await untilShown(context, id, { first, judged });
    if (kind !== 'foreign') {
      note(kind, properties);
      return { ...payloadOf([], partner), changed: true };
    }
    const fields = properties.map(fieldOfProperty ?? ((property) => ['input', property]));
    return { ...payloadOf(fields.map(changedElsewhere), partner), changed: true };
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

/** Graph's reads have been seen to lag by three seconds; together these are longer. */
export const pausesMs = [250, 500, 1_000, 2_000];
/** What has to be left of the operation's time for a read. */
const readMs = 500;

/**
 * Looks whether Graph shows a change that it has accepted, and reads again as long as it shows what was there before
 * and there is time. `first` is what it showed first.
 */
async function untilShown(
  context: RequestContext,
  id: string,
  {
    first,
    judged,
  }: { readonly first: PartnerModel; readonly judged: (seen: PartnerModel) => Visibility },
): Promise<Visibility & { readonly partner: PartnerModel }> {
  const { graph, call, clock } = context;
  let seen = { partner: first, ...judged(first) };
  for (const pauseMs of pausesMs) {
    if (seen.kind !== 'behind' || !hasTimeFor(pauseMs, context)) {
      break;
    }
    const partner = await sleep(clock, pauseMs, call.signal)
      .then(() => graph.get(id, call))
      .catch(noneIfGraphFails);
    if (partner === undefined) {
      break;
    }
    seen = { partner, ...judged(partner) };
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
async function readView(
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
