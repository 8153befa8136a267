import { deepStrictEqual } from 'node:assert/strict';
import type {
  AddComplianceManagementPartnerInput,
  AddEnrollmentAssignmentInput,
  AssignmentTargetInput,
  UpdateComplianceManagementPartnerInput,
  UserErrorCode,
} from '../../../src/generated/graphql.ts';
import type { HeldCursor } from './modelList.ts';
import {
  allPlatforms,
  assignmentsOf,
  type Changes,
  changed,
  entryOf,
  type Generation,
  isSameFilter,
  isSameTarget,
  type ModelEntry,
  type ModelPartner,
  newPartner,
  onboardedOf,
  seededPartners,
  stateOf,
} from './modelPartner.ts';

/**
 * What is known of revisions: which text stands for which state of which partner. An observation fails if it changed
 * without a change that a user can make, or did not change with one.
 */
export class Revisions {
  readonly #byPartner = new Map<string, Map<string, string>>();

  observe(partner: ModelPartner, revision: unknown): void {
    const state = stateOf(partner);
    const known = this.#byPartner.get(partner.id) ?? new Map<string, string>();
    const [sameRevision] = [...known].find(([, text]) => text === revision) ?? [state];
    const expected = { revision: known.get(state) ?? String(revision), state: sameRevision };
    // An expectation costs more than all the rest here.
    if (revision !== expected.revision || state !== expected.state) {
      deepStrictEqual({ revision, state }, expected);
    }
    this.#byPartner.set(partner.id, known.set(state, expected.revision));
  }

  /** The revision of the partner as it is now; each was observed when the partner came to be as it is. */
  current(partner: ModelPartner): string {
    return this.#byPartner.get(partner.id)?.get(stateOf(partner)) ?? 'never observed';
  }

  /** The revision of some other state that this partner had, the oldest first. */
  stale(partner: ModelPartner): string {
    const all = [...(this.#byPartner.get(partner.id)?.values() ?? [])];
    return all.find((revision) => revision !== this.current(partner)) ?? 'never given';
  }
}

/** A user error as `CODE input.field`; several if Graph reports the first that it finds. */
type Problem = readonly string[];

/** What a mutation has to answer. */
export interface Outcome {
  readonly partner: ModelPartner | null;
  readonly problems: readonly Problem[];
  /** How many writes reach Graph for it. */
  readonly writes: number;
}

/** The partner that a change is meant for, and the revision that it is based on. */
export type Meant = Pick<UpdateComplianceManagementPartnerInput, 'id' | 'ifRevision'>;

/** An id that may stand in a path. */
export const isLegalId = (id: string): boolean =>
  /^[\w.~=-]{1,256}$/.test(id) && id.replaceAll('.', '') !== '';

const problem = (code: UserErrorCode, ...field: readonly string[]): Problem => [
  `${code} ${['input', ...field].join('.')}`,
];
const bad = (...field: readonly string[]): Problem => problem('BAD_USER_INPUT', ...field);

function refused(problems: readonly Problem[], writes: number): Outcome {
  return { partner: null, problems, writes };
}

/** The id that Graph gives to the partner with this number among those that it gave one. */
export const givenId = (number: number): string => `given-${number}`;

/** The simple model: a list of partners, and what each operation does to it. */
export class ModelGraph {
  readonly generation: Generation;
  readonly revisions = new Revisions();
  /** In Graph's own order. */
  partners: readonly ModelPartner[];
  /** Cursors that were given out, the newest first. */
  cursors: readonly HeldCursor[] = [];
  #givenIds = 0;
  #lastSerial: number;
  /** Ids that a partner had at some time. */
  readonly #formerIds: Set<string>;

  constructor(generation: Generation) {
    this.generation = generation;
    this.partners = seededPartners(generation);
    this.#lastSerial = this.partners.length;
    this.#formerIds = new Set(this.partners.map(({ id }) => id));
  }

  find(id: string): ModelPartner | undefined {
    return this.partners.find((partner) => partner.id.toLowerCase() === id.toLowerCase());
  }

  add({ id, ...changes }: AddComplianceManagementPartnerInput): Outcome {
    const beforehand = [
      ...(id == null || isLegalId(id) ? [] : [bad('id')]),
      ...refusedBeforehand(changes, this.generation),
    ];
    if (beforehand.length > 0) {
      return refused(beforehand, 0);
    }
    const byGraph = refusedByGraph(changes, this.generation);
    if (byGraph.length > 0) {
      return refused(byGraph, 1);
    }
    const inTheWay = id == null ? undefined : this.find(id);
    if (inTheWay !== undefined) {
      return { partner: inTheWay, problems: [problem('CONFLICT', 'id')], writes: 1 };
    }
    this.#givenIds += id == null ? 1 : 0;
    const added = id ?? givenId(this.#givenIds);
    // A partner that comes back under its id is the same row to old cursors, which then stand where it stands now.
    if (this.#formerIds.has(added)) {
      this.cursors = this.cursors.filter(({ orderBy }) => orderBy.length > 0);
    }
    this.#formerIds.add(added);
    this.#lastSerial += 1;
    const blank = newPartner(added, this.#lastSerial, this.generation.platforms);
    return this.#put(changed(blank, changes));
  }

  update(input: UpdateComplianceManagementPartnerInput): Outcome {
    const { id: _id, ifRevision: _revision, ...changes } = input;
    const isEmpty = Object.keys(changes).length === 0;
    const beforehand = refusedBeforehand(changes, this.generation);
    return this.#change(input, beforehand, !isEmpty, (partner) => {
      const byGraph = refusedByGraph(changes, this.generation);
      if (isEmpty) {
        return undefined;
      }
      return byGraph.length > 0 ? refused(byGraph, 1) : this.#put(changed(partner, changes));
    });
  }

  addAssignment(input: AddEnrollmentAssignmentInput): Outcome {
    const entry = entryOf(input.target);
    return this.#changeAssignments(input, (entries) => {
      const same = entries.filter((other) => isSameTarget(other, entry));
      if (same.some((other) => isSameFilter(other, entry))) {
        return entries;
      }
      return same.length > 0 ? 'otherFilter' : [...entries, entry];
    });
  }

  removeAssignment(input: AddEnrollmentAssignmentInput): Outcome {
    const entry = entryOf(input.target);
    const isMeant = (other: ModelEntry): boolean =>
      isSameTarget(other, entry) && (!entry.target?.filter || isSameFilter(other, entry));
    return this.#changeAssignments(input, (entries) =>
      entries.some(isMeant) ? entries.filter((other) => !isMeant(other)) : entries,
    );
  }

  delete(input: Meant): Outcome {
    return this.#change(input, [], true, (partner) => {
      this.partners = this.partners.filter((other) => other !== partner);
      return { partner: null, problems: [], writes: 1 };
    });
  }

  /**
   * Finds the partner that a change is meant for and changes it; undefined if there is nothing to do. A blind change is
   * sent without a look, unless it is based on a revision.
   */
  #change(
    { id, ifRevision }: Meant,
    beforehand: readonly Problem[],
    isBlind: boolean,
    change: (partner: ModelPartner) => Outcome | undefined,
  ): Outcome {
    const rejected = [...(isLegalId(id) ? [] : [bad('id')]), ...beforehand];
    const partner = this.find(id);
    if (rejected.length > 0) {
      return refused(rejected, 0);
    }
    if (partner === undefined) {
      return refused([problem('NOT_FOUND', 'id')], isBlind && ifRevision == null ? 1 : 0);
    }
    if (ifRevision != null && ifRevision !== this.revisions.current(partner)) {
      return { partner, problems: [problem('CONFLICT', 'ifRevision')], writes: 0 };
    }
    return change(partner) ?? { partner, problems: [], writes: 0 };
  }

  #changeAssignments(
    input: AddEnrollmentAssignmentInput,
    change: (entries: readonly ModelEntry[]) => readonly ModelEntry[] | 'otherFilter',
  ): Outcome {
    const { platform, target } = input;
    const { platforms, hasFilters, isKnownBeforehand } = this.generation;
    const isUnknown = !platforms.includes(platform);
    const isStray = !hasFilters && hasFilter(target);
    const beforehand = [
      ...(isUnknown ? [bad('platform')] : []),
      ...(isStray ? [bad('target', kindOf(target), 'filter')] : []),
    ].filter(() => isKnownBeforehand);
    return this.#change(input, beforehand, false, (partner) => {
      const entries = partner[assignmentsOf(platform)] ?? [];
      const next = change(entries);
      if (next === entries) {
        return undefined;
      }
      if (next === 'otherFilter') {
        const conflict = problem('CONFLICT', 'target', kindOf(target), 'filter');
        return { partner, problems: [conflict], writes: 0 };
      }
      if (isUnknown) {
        return refused([bad('platform')], 1);
      }
      // Graph holds a type that it would not take again.
      const isOdd = next.some((entry) => entry.target?.odataType !== undefined);
      const isNew = next.length > entries.length;
      return isOdd || (isNew && isStray)
        ? refused([bad('target')], 1)
        : this.#put({ ...partner, [assignmentsOf(platform)]: next });
    });
  }

  /** Puts a partner in the place of the one with its id, or at the end. */
  #put(partner: ModelPartner): Outcome {
    const others = this.partners.filter(({ id }) => id !== partner.id);
    this.partners = [...others, partner].sort((left, right) => left.serial - right.serial);
    return { partner, problems: [], writes: 1 };
  }
}

/** What changes have that a generation does not know: fields, and the paths of filters down to the kind of target. */
function unknownIn(changes: Changes, { platforms, hasFilters }: Generation) {
  const fields = allPlatforms
    .filter((platform) => !platforms.includes(platform))
    .flatMap((platform) => [onboardedOf(platform), assignmentsOf(platform)])
    .filter((field) => changes[field] !== undefined);
  const filters = allPlatforms
    .map(assignmentsOf)
    .flatMap((field) =>
      (changes[field] ?? []).flatMap(({ target }, index) =>
        target && hasFilter(target) && !hasFilters
          ? [[field, String(index), 'target', kindOf(target)]]
          : [],
      ),
    );
  return { fields, filters };
}

/** What the gateway rejects in properties before it asks Graph: all of it. */
function refusedBeforehand(changes: Changes, generation: Generation): readonly Problem[] {
  const { fields, filters } = unknownIn(changes, generation);
  const isUnknown = (field: string): boolean => fields.some((each) => each === field);
  const cannotBeNull = [
    ...(['displayName', 'partnerState', 'lastHeartbeatDateTime'] as const),
    ...allPlatforms.map(onboardedOf),
  ];
  return [
    ...cannotBeNull
      .filter((field) => changes[field] === null)
      .filter((field) => !generation.isKnownBeforehand || !isUnknown(field))
      .map((field) => bad(field)),
    ...(changes.partnerState === 'UNKNOWN_FUTURE_VALUE' ? [bad('partnerState')] : []),
    ...[
      ...fields.map((field) => bad(field)),
      ...filters.map((path) => bad(...path, 'filter')),
    ].filter(() => generation.isKnownBeforehand),
  ];
}

/** What Graph rejects in properties: nothing, or one problem at the first of these fields that it comes across. */
function refusedByGraph(changes: Changes, generation: Generation): readonly Problem[] {
  const { fields, filters } = unknownIn(changes, generation);
  // Graph names the property of the filter, which does not say in which of several targets it stands.
  const targets =
    filters.length > 1
      ? ['BAD_USER_INPUT null']
      : filters.flatMap((path) => bad(...path.slice(0, -1)));
  const any = [...fields.flatMap((field) => bad(field)), ...targets];
  return any.length > 0 ? [any] : [];
}

/** Which of the five kinds a target is. */
const kindOf = (target: AssignmentTargetInput): string => Object.keys(target)[0] ?? '';

const hasFilter = (target: AssignmentTargetInput): boolean =>
  Object.values(target).some((content) => content?.filter != null);
