import { connect } from 'node:net';
import type { Pool } from 'undici';
import {
  addMutation,
  deleteMutation,
  listQuery,
  pageInput,
  totalCountQuery,
  updateMutation,
} from '../../support/documents.ts';
import { graphqlRequest } from '../../support/rawConnection.ts';

import { hostileRequest } from './hostileRequests.ts';

/** Sends one thing that callers do, or should not do. */
export type SoakOperation = (caller: SoakCaller) => Promise<void>;

export interface SoakCaller {
  readonly pool: Pool;
  readonly url: URL;
  readonly token: string;
  /** From 0 to 1, 1 excluded. */
  readonly chance: () => number;
}

/** Posts an operation; gives the answer's data, whatever else it has. */
async function run(caller: SoakCaller, query: string, variables: object = {}): Promise<unknown> {
  const answer = await caller.pool.request({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${caller.token}` },
    body: JSON.stringify({ query, variables }),
  });
  return ((await answer.body.json()) as { data?: unknown }).data;
}

/** Sends a part of a request and goes away. */
function leave(caller: SoakCaller, text: string, share: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(Number(caller.url.port), caller.url.hostname);
    socket.on('error', () => undefined).on('close', () => resolve());
    socket.write(text.slice(0, Math.ceil(text.length * share)));
    setTimeout(() => socket.destroy(), caller.chance() * 60);
  });
}

/** Adds a partner, changes it and takes it away again, so that what Graph holds does not grow. */
async function comeAndGo(caller: SoakCaller): Promise<void> {
  const input = {
    ...pageInput,
    windowsOnboarded: undefined,
    windowsEnrollmentAssignments: undefined,
  };
  const data = await run(caller, addMutation, { input });
  const id = /"id":"([^"]+)"/.exec(JSON.stringify(data ?? null))?.[1];
  if (id !== undefined) {
    await run(caller, updateMutation, { input: { id, androidOnboarded: false } });
    await run(caller, deleteMutation, { input: { id } });
  }
}

const get =
  (path: string): SoakOperation =>
  async ({ pool }) => {
    const answer = await pool.request({ method: 'GET', path });
    await answer.body.dump();
  };
const ask =
  (query: string, variables: object = {}): SoakOperation =>
  async (caller) => {
    await run(caller, query, variables);
  };
const filtered = `{ complianceManagementPartners(filter: { displayName: { contains: "a" } }, orderBy: [{ field: DISPLAY_NAME }]) { totalCount nodes { id } } }`;
const byIds = `{ a: complianceManagementPartner(id: "one") { id } b: complianceManagementPartner(id: "two") { id revision } }`;

/** All of them are equally frequent. */
export const soakOperations: readonly SoakOperation[] = [
  ask(listQuery, { first: 20 }),
  ask(totalCountQuery),
  ask(filtered),
  ask(byIds),
  ask('{ viewer { tenantId operations { name isPermitted } } }'),
  comeAndGo,
  ask('{ complianceManagementPartners { nodes { nothing } } }'),
  ask('{ not GraphQL'),
  ask(addMutation, { input: { displayName: '' } }),
  (caller) =>
    run(
      caller,
      `{ complianceManagementPartners(first: ${Math.floor(caller.chance() * 50)}) { nodes { id } } }`,
    ).then(() => undefined),
  (caller) => leave(caller, graphqlRequest({ query: listQuery }), 1),
  (caller) =>
    leave(caller, graphqlRequest({ query: addMutation, variables: { input: pageInput } }), 1),
  (caller) => leave(caller, graphqlRequest({ query: listQuery }), 0.6),
  (caller) => leave(caller, 'no HTTP\r\n\r\n', 1),
  ask(`{ __typename } # ${'x'.repeat(70_000)}`),
  async ({ pool, chance }) => {
    const { body = null, ...hostile } = hostileRequest(Math.floor(chance() * 1e9));
    const answer = await pool.request({ ...hostile, body });
    await answer.body.dump();
  },
  get('/readyz'),
  get('/schema.graphql'),
  get('/nothing'),
];
