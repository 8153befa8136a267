import { expect } from '@jest/globals';
import type { Reply } from '../../support/testGateways.ts';
import type { Outcome, Problem, Revisions } from './modelGraph.ts';
import type { ModelPage } from './modelList.ts';
import { type ModelPartner, shown } from './modelPartner.ts';

/** What a list answered. */
export interface Connection {
  readonly edges: readonly { readonly cursor: string; readonly node: object }[];
  readonly nodes: readonly Record<string, unknown>[];
  readonly pageInfo: object;
  readonly totalCount: number;
}

/** Gives the value of the one root field; fails where the operation had errors. */
export function dataOf({ status, result }: Reply): unknown {
  expect(result.errors).toBeUndefined();
  expect(status).toBe(200);
  return Object.values(result.data ?? {})[0];
}

/** Fails unless an operation of one field was rejected for one of these arguments. */
export function verifyRefused({ status, result }: Reply, names: readonly string[]): void {
  const extensions = result.errors?.map((error) => error.extensions);
  expect({ status, extensions }).toEqual({
    status: 200,
    extensions: [expect.objectContaining({ code: 'BAD_USER_INPUT' })],
  });
  expect(names).toContain(extensions?.[0]?.['argumentName']);
}

/** Fails unless a partner is shown as it has to be; learns its revision. */
export function verifyPartner(
  actual: unknown,
  expected: ModelPartner | null,
  revisions: Revisions,
): void {
  if (expected === null) {
    expect(actual).toBeNull();
    return;
  }
  const { revision, ...fields } = (actual ?? {}) as Record<string, unknown>;
  expect(fields).toEqual(shown(expected));
  revisions.observe(expected, revision);
}

/** Fails unless a payload says what became of a mutation; `rest` is what only this payload has. */
export function verifyPayload(
  payload: unknown,
  { partner, problems }: Outcome,
  rest: object,
  revisions: Revisions,
): void {
  const {
    complianceManagementPartner: actual,
    userErrors,
    ...others
  } = payload as Record<string, unknown>;
  verifyProblems(userErrors as readonly ActualProblem[], problems);
  verifyPartner(actual, partner, revisions);
  expect(others).toEqual(rest);
}

interface ActualProblem {
  readonly code: string;
  readonly message: string;
  readonly field: readonly string[] | null;
}

function verifyProblems(actual: readonly ActualProblem[], expected: readonly Problem[]): void {
  const missing = [...expected];
  for (const { code, message, field } of actual) {
    const text = JSON.stringify(field);
    const index = missing.findIndex(
      (problem) =>
        problem.code === code && problem.fields.some((each) => JSON.stringify(each) === text),
    );
    if (index === -1 || message.trim() === '') {
      expect({ unexpected: { code, message, field } }).toEqual({ expected: missing });
    }
    missing.splice(index, 1);
  }
  if (missing.length > 0) {
    expect(missing).toEqual([]);
  }
}

/** Fails unless a list is the page that it has to be; learns the revisions. */
export function verifyConnection(
  { edges, nodes, pageInfo, totalCount }: Connection,
  page: ModelPage,
  revisions: Revisions,
): void {
  const { rows, hasNextPage, hasPreviousPage } = page;
  const actual = {
    nodes: nodes.map(({ revision: _revision, ...fields }) => fields),
    ofEdges: edges.map(({ node }) => node),
    cursors: new Set(edges.map(({ cursor }) => cursor)).size,
    pageInfo,
    totalCount,
  };
  expect(actual).toEqual({
    nodes: rows.map(shown),
    ofEdges: rows.map(({ id }) => ({ id })),
    cursors: rows.length,
    pageInfo: {
      hasNextPage,
      hasPreviousPage,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: page.totalCount,
  });
  for (const [index, row] of rows.entries()) {
    revisions.observe(row, nodes[index]?.['revision']);
  }
}
