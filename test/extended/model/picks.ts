import type {
  AddComplianceManagementPartnerInput,
  AssignmentTargetInput,
  ComplianceManagementPartnerFilter,
  ComplianceManagementPartnerOrder,
  Platform,
} from '../../../src/generated/graphql.ts';
import type { Changes } from './modelPartner.ts';

/** An id that is found when its turn comes, because only then it is known which partners there are. */
export type IdPick =
  | { readonly kind: 'existing'; readonly index: number; readonly isOtherCase: boolean }
  | { readonly kind: 'literal'; readonly id: string };

/** A revision that is found when its turn comes. */
export type RevisionPick = 'absent' | 'null' | 'current' | 'stale' | 'garbage';

/** A cursor that is found when its turn comes; a number counts from the one that was given out last. */
export type CursorPick = 'absent' | 'unknown' | number;

/** A target of some entry that the partner has when its turn comes; where it has none, the one that is given. */
export interface EntryPick {
  readonly index: number;
  readonly isOtherCase: boolean;
  readonly filter: 'same' | 'absent' | 'null';
}

/** Everything that one command needs to know. */
export type CommandPick =
  | { readonly kind: 'add'; readonly input: AddComplianceManagementPartnerInput }
  | {
      readonly kind: 'update';
      readonly id: IdPick;
      readonly revision: RevisionPick;
      readonly changes: Changes;
    }
  | {
      readonly kind: 'addAssignment' | 'removeAssignment';
      readonly id: IdPick;
      readonly revision: RevisionPick;
      readonly platform: Platform;
      readonly target: AssignmentTargetInput;
      readonly entry: EntryPick | undefined;
    }
  | { readonly kind: 'delete'; readonly id: IdPick; readonly revision: RevisionPick }
  | { readonly kind: 'read'; readonly id: IdPick }
  | { readonly kind: 'readSeveral'; readonly ids: readonly IdPick[] }
  | ListPick;

/** What one list asks for. */
export interface ListPick {
  readonly kind: 'list';
  readonly first: number | null | undefined;
  readonly last: number | null | undefined;
  readonly after: CursorPick;
  readonly before: CursorPick;
  /** How much of the list that gave out the cursors is kept, in the place of what stands here. */
  readonly keeps: 'order' | 'orderAndFilter' | 'nothing';
  readonly filter: ComplianceManagementPartnerFilter | null | undefined;
  readonly orderBy: readonly ComplianceManagementPartnerOrder[];
}
