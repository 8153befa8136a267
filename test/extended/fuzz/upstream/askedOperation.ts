import {
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  everything,
  removeAssignmentMutation,
  updateMutation,
} from '../../../support/documents.ts';
import type { Choices } from '../choices.ts';

/** An operation whose calls of Graph are answered by an untrustworthy upstream. */
export interface AskedOperation {
  readonly kind: 'list' | 'get' | 'several' | 'add' | 'update' | 'delete' | 'assign' | 'unassign';
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The partners that it is about. */
  readonly ids: readonly string[];
}

const target = { group: { groupId: '0c65e46a-e46a-0c65-6ae4-650c6ae4650c' } };
const input = { id: 'row-1', displayName: 'Fleet' };
const assignment = { id: 'row-1', platform: 'MAC_OS', target };

/** One of each kind, with all that can be selected. */
export const askedOperations: readonly AskedOperation[] = [
  {
    kind: 'list',
    document: `query ($first: Int) { complianceManagementPartners(first: $first) {
      totalCount nodes { ...Everything revision } edges { cursor } pageInfo { hasNextPage endCursor } } } ${everything}`,
    variables: { first: 100 },
    ids: [],
  },
  {
    kind: 'get',
    document: `query ($id: ID!) { complianceManagementPartner(id: $id) { ...Everything revision } } ${everything}`,
    variables: { id: 'row-1' },
    ids: ['row-1'],
  },
  {
    kind: 'several',
    document: `{ a: complianceManagementPartner(id: "row-1") { ...Everything }
      b: complianceManagementPartner(id: "row-2") { ...Everything revision } } ${everything}`,
    variables: {},
    ids: ['row-1', 'row-2'],
  },
  {
    kind: 'add',
    document: addMutation,
    variables: { input: { displayName: 'Fleet' } },
    ids: ['row-9'],
  },
  { kind: 'update', document: updateMutation, variables: { input }, ids: ['row-1'] },
  {
    kind: 'delete',
    document: deleteMutation,
    variables: { input: { id: 'row-1' } },
    ids: ['row-1'],
  },
  {
    kind: 'assign',
    document: addAssignmentMutation,
    variables: { input: assignment },
    ids: ['row-1'],
  },
  {
    kind: 'unassign',
    document: removeAssignmentMutation,
    variables: { input: assignment },
    ids: ['row-1'],
  },
];

/** Draws one; adds more often than the others, because a wrong answer about an add does most harm. */
export const randomAsked = (choices: Choices): AskedOperation =>
  choices.pick([...askedOperations, ...askedOperations.filter(({ kind }) => kind === 'add')]);
