import {
  addMutation,
  deleteMutation,
  totalCountQuery,
  updateMutation,
} from '../../support/documents.ts';
import type { GraphQLAnswer } from '../../support/testGateways.ts';

export const laneOperations = ['read', 'add', 'update', 'delete'] as const;
export type LaneOperation = (typeof laneOperations)[number];

/** What an operation is to do. */
export interface Intent {
  readonly operation: LaneOperation;
  /** The row that is updated or deleted. */
  readonly id: string;
  /** The name that is written; no row has it before. */
  readonly name: string;
}

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

interface Row {
  readonly id: string;
  readonly displayName?: string | null;
}

/** A success says what is so; a failure that does not speak of doubt says that nothing was written. */
export function tellsTheTruth(
  { operation, id, name }: Intent,
  { result }: Pick<GraphQLAnswer, 'result'>,
  rows: readonly Row[],
): boolean {
  const code = result.errors?.[0]?.extensions['code'];
  if (code === 'OUTCOME_UNKNOWN') {
    return operation !== 'read';
  }
  const named = rows.filter(({ displayName }) => displayName === name);
  const written = {
    read: [],
    add: named,
    update: named.filter((row) => row.id === id),
    delete: rows.some((row) => row.id === id) ? [] : [{ id }],
  }[operation];
  if (code !== undefined) {
    return written.length === 0;
  }
  const data = JSON.stringify(result.data);
  if (operation === 'read') {
    const holdsAll = rows.every((row) => data.includes(JSON.stringify(row.id)));
    return data.includes(`"totalCount":${rows.length},`) && holdsAll;
  }
  const [only] = written;
  return (
    written.length === 1 &&
    data.includes(`"${only?.id}"`) &&
    (operation === 'delete' || data.includes(`"${name}"`)) &&
    data.includes('"userErrors":[]')
  );
}
