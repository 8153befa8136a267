import { deepStrictEqual } from 'node:assert/strict';
import type {
  AddComplianceManagementPartnerInput,
  AddEnrollmentAssignmentInput,
  AssignmentTargetInput,
  Platform,
  RemoveEnrollmentAssignmentInput,
  UpdateComplianceManagementPartnerInput,
  UserErrorCode,
} from '../../../src/generated/graphql.ts';
import {
  allPlatforms,
  type Changes,
  changed,
  fieldsOf,
  type Generation,
  isSameFilter,
  isSameTarget,
  kindOf,
  type ModelEntry,
  type ModelPartner,
  newPartner,
  stateOf,
  targetOf,
} from './modelPartner.ts';
import { seededPartners } from './seeds.ts';

/**
 * What is known of revisions: which text stood for which state of which partner. An observation fails if it
 * changed without a change that a user can make, or did not change with one.
 */
export class Revisions {
  readonly #byState = new Map<string, string>();
  readonly #byPartner = new Map<string, Map<string, string>>();

  observe(partner: ModelPartner, revision: unknown): void {
    const [text, state] = [String(revision), stateOf(partner)];
    const key = `${partner.id} ${state}`;
    const states = this.#byPartner.get(partner.id) ?? new Map<string, string>();
    const known = { revision: this.#byState.get(key) ?? text, state: states.get(text) ?? state };
    // An expectation costs more than all the rest here.
    if (typeof revision !== 'string' || known.revision !== text || known.state !== state) {
      deepStrictEqual({ revision, state }, known);
    }
    this.#byPartner.set(partner.id, states.set(text, state));
    this.#byState.set(key, text);
  }

  /** The revision of the partner as it is now; each was observed when the partner came to be as it is. */
  current(partner: ModelPartner): string {
    return this.#byState.get(`${partner.id} ${stateOf(partner)}`) ?? 'never observed';
  }

  /** The revision of some other state that this partner had, the oldest first. */
  stale(partner: ModelPartner): string {
    const others = [...(this.#byPartner.get(partner.id)?.keys() ?? [])];
    return others.find((revision) => revision !== this.current(partner)) ?? 'never given';
  }
}

/** What a mutation has to answer. */
export interface Outcome {
  readonly partner: ModelPartner | null;
  readonly problems: readonly Problem[];
  /** How many writes reach Graph for it. */
  readonly writes: number;
}

/** The simple model: a list of partners, and what each operation does to it. */
export class ModelGraph {
  readonly generation: Generation;
  readonly #revisions: Pick<Revisions, 'current'>;
  #partners: readonly ModelPartner[];
  #lastSerial: number;

  constructor(generation: Generation, revisions: Pick<Revisions, 'current'>) {
    this.generation = generation;
    this.#revisions = revisions;
    this.#partners = seededPartners(generation);
    this.#lastSerial = this.#partners.length;
  }

  /** In Graph's own order. */
  get partners(): readonly ModelPartner[] {
    return this.#partners;
  }

  find(id: string): ModelPartner | undefined {
    return this.#partners.find((partner) => partner.id.toLowerCase() === id.toLowerCase());
  }

  /** `givenId` is the id that Graph gives where the input has none. */
  add(input: AddComplianceManagementPartnerInput, givenId: string): Outcome {
    const { id, ...changes } = input;
    const beforehand = refusedBeforehand(id, changes, this.generation);
    if (beforehand.length > 0) {
      return refused(beforehand, 0);
    }
    const byGraph = refusedByGraph(changes, this.generation);
    if (byGraph.length > 0) {
      return refused(byGraph, 1);
    }
    const inTheWay = this.find(id ?? givenId);
    if (inTheWay !== undefined) {
      const partner = id == null ? null : inTheWay;
      return { partner, problems: [problemAt('CONFLICT', 'id')], writes: 1 };
    }
    this.#lastSerial += 1;
    const blank = newPartner(id ?? givenId, this.#lastSerial, this.generation);
    return this.#put(changed(blank, changes));
  }

  update(input: UpdateComplianceManagementPartnerInput): Outcome {
    const { id, ifRevision, ...changes } = input;
    const beforehand = refusedBeforehand(id, changes, this.generation);
    if (beforehand.length > 0) {
      return refused(beforehand, 0);
    }
    const isEmpty = Object.keys(changes).length === 0;
    const partner = this.find(id);
    if (partner === undefined) {
      return refused([notFound], isEmpty || ifRevision != null ? 0 : 1);
    }
    if (isEmpty || !this.#isMeant(partner, ifRevision)) {
      return this.#unchanged(partner, ifRevision);
    }
    const byGraph = refusedByGraph(changes, this.generation);
    return byGraph.length > 0 ? refused(byGraph, 1) : this.#put(changed(partner, changes));
  }

  addAssignment(input: AddEnrollmentAssignmentInput): Outcome {
    return this.#changeAssignment(input, (entries) => {
      const target = targetOf(input.target);
      const same = entries.filter((entry) => isSameTarget(entry.target, target));
      if (same.some((entry) => entry.target && isSameFilter(entry.target, target))) {
        return entries;
      }
      return same.length > 0 ? 'otherFilter' : [...entries, { target }];
    });
  }

  removeAssignment(input: RemoveEnrollmentAssignmentInput): Outcome {
    const target = targetOf(input.target);
    const isFilterMeant = Object.values(input.target).some((content) => content?.filter != null);
    const isMeant = (entry: ModelEntry): boolean =>
      entry.target !== null &&
      isSameTarget(entry.target, target) &&
      (!isFilterMeant || isSameFilter(entry.target, target));
    return this.#changeAssignment(input, (entries) =>
      entries.some(isMeant) ? entries.filter((entry) => !isMeant(entry)) : entries,
    );
  }

  delete(id: string, ifRevision: string | null | undefined): Outcome {
    const illegal = refusedBeforehand(id, {}, this.generation);
    if (illegal.length > 0) {
      return refused(illegal, 0);
    }
    const partner = this.find(id);
    if (partner === undefined) {
      return refused([notFound], ifRevision == null ? 1 : 0);
    }
    if (!this.#isMeant(partner, ifRevision)) {
      return this.#unchanged(partner, ifRevision);
    }
    this.#partners = this.#partners.filter((other) => other !== partner);
    return { partner: null, problems: [], writes: 1 };
  }

  #changeAssignment(
    input: AddEnrollmentAssignmentInput | RemoveEnrollmentAssignmentInput,
    change: (entries: readonly ModelEntry[]) => readonly ModelEntry[] | 'otherFilter',
  ): Outcome {
    const { id, platform, target, ifRevision } = input;
    const beforehand = refusedInChange(id, platform, target, this.generation);
    if (beforehand.length > 0) {
      return refused(beforehand, 0);
    }
    const partner = this.find(id);
    if (partner === undefined) {
      return refused([notFound], 0);
    }
    const entries = partner.assignments[platform] ?? [];
    const next = change(entries);
    if (!this.#isMeant(partner, ifRevision) || next === entries) {
      return this.#unchanged(partner, ifRevision);
    }
    if (next === 'otherFilter') {
      const problem = problemAt('CONFLICT', 'target', kindOf(target), 'filter');
      return { partner, problems: [problem], writes: 0 };
    }
    const { platforms, hasFilters } = this.generation;
    if (!platforms.includes(platform)) {
      return refused([problemAt('BAD_USER_INPUT', 'platform')], 1);
    }
    const isNew = next.length > entries.length;
    if (next.some(({ isRefused }) => isRefused) || (isNew && hasFilter(target) && !hasFilters)) {
      return refused([problemAt('BAD_USER_INPUT', 'target')], 1);
    }
    const assignments = { ...partner.assignments, [platform]: next };
    return this.#put({ ...partner, assignments });
  }

  #isMeant(partner: ModelPartner, ifRevision: string | null | undefined): boolean {
    return ifRevision == null || ifRevision === this.#revisions.current(partner);
  }

  #unchanged(partner: ModelPartner, ifRevision: string | null | undefined): Outcome {
    const problems = this.#isMeant(partner, ifRevision)
      ? []
      : [problemAt('CONFLICT', 'ifRevision')];
    return { partner, problems, writes: 0 };
  }

  /** Puts a partner in the place of the one with its id, or at the end. */
  #put(partner: ModelPartner): Outcome {
    const isThere = this.#partners.some(({ id }) => id === partner.id);
    this.#partners = isThere
      ? this.#partners.map((other) => (other.id === partner.id ? partner : other))
      : [...this.#partners, partner];
    return { partner, problems: [], writes: 1 };
  }
}

function refused(problems: readonly Problem[], writes: number): Outcome {
  return { partner: null, problems, writes };
}

/** A user error, and the fields that it may name; more than one where Graph tells of the first that it finds. */
export interface Problem {
  readonly code: UserErrorCode;
  readonly fields: readonly (readonly string[] | null)[];
}

/** The one problem at one field. */
function problemAt(code: UserErrorCode, ...field: string[]): Problem {
  return { code, fields: [['input', ...field]] };
}

/** There is no partner to work on. */
const notFound: Problem = problemAt('NOT_FOUND', 'id');

/** An id that may stand in a path. */
export function isLegalId(id: string): boolean {
  return /^[\w.~=-]{1,256}$/.test(id) && id.replaceAll('.', '') !== '';
}

/** What the gateway rejects in properties before it asks Graph: all of it. */
function refusedBeforehand(
  id: string | null | undefined,
  changes: Changes,
  generation: Generation,
): readonly Problem[] {
  const { platforms, isKnownBeforehand } = generation;
  const unknown = allPlatforms
    .filter((platform) => !platforms.includes(platform))
    .flatMap((platform) => Object.values(fieldsOf[platform]))
    .filter((field) => changes[field] !== undefined);
  return [
    ...(id == null || isLegalId(id) ? [] : ['id']),
    ...(['displayName', 'partnerState', 'lastHeartbeatDateTime'] as const).filter(
      (field) => changes[field] === null,
    ),
    ...(changes.partnerState === 'UNKNOWN_FUTURE_VALUE' ? ['partnerState'] : []),
    ...allPlatforms
      .filter((platform) => platforms.includes(platform) || !isKnownBeforehand)
      .map((platform) => fieldsOf[platform].onboarded)
      .filter((field) => changes[field] === null),
    ...(isKnownBeforehand ? unknown : []),
  ]
    .map((field) => problemAt('BAD_USER_INPUT', field))
    .concat(
      isKnownBeforehand
        ? strayFilters(changes, generation).map((path) =>
            problemAt('BAD_USER_INPUT', ...path, 'filter'),
          )
        : [],
    );
}

/** What Graph rejects in properties: nothing, or one problem at the first of these fields that it comes across. */
function refusedByGraph(changes: Changes, generation: Generation): readonly Problem[] {
  const { platforms } = generation;
  const ofPlatforms = allPlatforms
    .filter((platform) => !platforms.includes(platform))
    .flatMap((platform) => Object.values(fieldsOf[platform]))
    .filter((field) => changes[field] !== undefined);
  // Graph names the property of the filter, which does not say in which of several targets it stands.
  const targets = strayFilters(changes, generation).map((path) => path.slice(0, -1));
  const fields = [
    ...ofPlatforms.map((field) => ['input', field]),
    ...(targets.length > 1 ? [null] : targets.map((path) => ['input', ...path])),
  ];
  return fields.length > 0 ? [{ code: 'BAD_USER_INPUT', fields }] : [];
}

/** What the gateway refuses in the change of one assignment before it asks Graph. */
function refusedInChange(
  id: string,
  platform: Platform,
  target: AssignmentTargetInput,
  { platforms, hasFilters, isKnownBeforehand }: Generation,
): readonly Problem[] {
  const isStray = isKnownBeforehand && !hasFilters && hasFilter(target);
  return [
    ...(isLegalId(id) ? [] : [problemAt('BAD_USER_INPUT', 'id')]),
    ...(isKnownBeforehand && !platforms.includes(platform)
      ? [problemAt('BAD_USER_INPUT', 'platform')]
      : []),
    ...(isStray ? [problemAt('BAD_USER_INPUT', 'target', kindOf(target), 'filter')] : []),
  ];
}

/** Whether an input has a filter that is not null. */
function hasFilter(target: AssignmentTargetInput): boolean {
  return Object.values(target).some((content) => content?.filter != null);
}

/** The paths, down to the kind of target, of all filters that the generation does not know. */
function strayFilters(changes: Changes, { hasFilters }: Generation): readonly string[][] {
  return allPlatforms.flatMap((platform) => {
    const { assignments } = fieldsOf[platform];
    return (changes[assignments] ?? []).flatMap(({ target }, index) =>
      target && hasFilter(target) && !hasFilters
        ? [[assignments, String(index), 'target', kindOf(target)]]
        : [],
    );
  });
}
