import {
  addMutation,
  deleteMutation,
  totalCountQuery,
  updateMutation,
} from '../../support/documents.ts';
import type { Intent, LaneOperation } from './tellsTheTruth.ts';

/** The method of the requests by which an operation does what it is asked for. */
export const methodOf: Readonly<Record<LaneOperation, string>> = {
  read: 'GET',
  add: 'POST',
  update: 'PATCH',
  delete: 'DELETE',
};

/** The document and the variables that ask for what is intended. */
export function documentOf({ operation, id, name }: Intent): [document: string, variables: object] {
  switch (operation) {
    case 'read':
      return [totalCountQuery, {}];
    case 'add':
      return [addMutation, { input: { displayName: name, macOsOnboarded: true } }];
    case 'update':
      return [updateMutation, { input: { id, displayName: name } }];
    case 'delete':
      return [deleteMutation, { input: { id } }];
  }
}
