import type {
  AddComplianceManagementPartnerInput,
  AddEnrollmentAssignmentInput,
  RemoveEnrollmentAssignmentInput,
  UpdateComplianceManagementPartnerInput,
} from '../../../src/generated/graphql.ts';
import type { Generation } from './generations.ts';
import {
  changed,
  isSameFilter,
  isSameTarget,
  kindOf,
  type ModelEntry,
  type ModelPartner,
  newPartner,
  targetOf,
} from './modelPartner.ts';
import {
  hasFilter,
  notFound,
  type Problem,
  problemAt,
  refusedBeforehand,
  refusedByGraph,
  refusedInChange,
} from './refusals.ts';
import type { Revisions } from './revisions.ts';
import { seededPartners } from './seeds.ts';

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
