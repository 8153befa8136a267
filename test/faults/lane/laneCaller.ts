import {
  addMutation,
  deleteMutation,
  totalCountQuery,
  updateMutation,
} from '../../support/documents.ts';
import { graphqlRequest, openConnection, readAnswer } from '../../support/rawConnection.ts';
import type { Reply } from '../../support/testGateways.ts';
import type { LaneGraph } from './startFaultLane.ts';

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

export const methods = { read: 'GET', add: 'POST', update: 'PATCH', delete: 'DELETE' };

/** Finds the requests by which an operation does what it is asked for. */
export const isOwnOf =
  ({ operation }: Pick<Intent, 'operation'>) =>
  ({ method }: { readonly method: string }): boolean =>
    method === methods[operation];

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

/** The rows that were written as intended; what is deleted stands for itself. */
function writtenIn(rows: readonly Row[], { operation, id, name }: Intent): readonly Row[] {
  const named = rows.filter(({ displayName }) => displayName === name);
  return {
    read: [],
    add: named,
    update: named.filter((row) => row.id === id),
    delete: rows.some((row) => row.id === id) ? [] : [{ id }],
  }[operation];
}

/** A success says what is so; a failure that does not speak of doubt says that nothing was written. */
export function tellsTheTruth(
  intent: Intent,
  { result }: Pick<Reply, 'result'>,
  rows: readonly Row[],
): boolean {
  const { operation, name } = intent;
  const code = result.errors?.[0]?.extensions['code'];
  const written = writtenIn(rows, intent);
  if (code !== undefined) {
    return code === 'OUTCOME_UNKNOWN' ? operation !== 'read' : written.length === 0;
  }
  const data = JSON.stringify(result.data);
  if (operation === 'read') {
    const holdsAll = rows.every((row) => data.includes(JSON.stringify(row.id)));
    return data.includes(`"totalCount":${rows.length},`) && holdsAll;
  }
  return (
    written.length === 1 &&
    data.includes(`"${written[0]?.id}"`) &&
    (operation === 'delete' || data.includes(`"${name}"`)) &&
    data.includes('"userErrors":[]')
  );
}

/** A caller of one operation, with a row, a token and a request id of its own. */
export interface LaneCaller extends Intent {
  /** Goes to Graph with all that is done for this caller, so that it can be counted. */
  readonly token: string;
  readonly requestId: string;
}

/** How it ended for a caller. */
export interface Ending {
  /** `ok`, the code of the top-level error, `cut` if the connection ended without an answer, or `left`. */
  readonly code: string;
  readonly status?: number;
  readonly result: Reply['result'];
}

/** What became of one operation, for its caller and at Graph. */
export interface Seen {
  readonly operation: LaneOperation;
  readonly code: string;
  readonly status?: number | undefined;
  /** Requests of the operation's own method that arrived for this caller, whatever became of them. */
  readonly calls: number;
  /** How often Graph holds that it was done; a read does nothing. */
  readonly executions: number;
  /** Whether what the answer says, if there is one, is what Graph holds. */
  readonly isTrue: boolean;
}

/** Makes a caller for each operation; the name is theirs alone. */
export const fourCallers = (name: string): readonly LaneCaller[] =>
  laneOperations.map((operation) => {
    const id = `${name}-${operation}`;
    return {
      operation,
      id,
      name: `After ${id}`,
      token: `token-of-${id}`,
      requestId: `request-of-${id}`,
    };
  });

const nameBefore = (id: string): string => `Before ${id}`;

/** Makes four callers, and puts the rows that they want read, changed or deleted. */
export async function putFourCallers(
  { put }: Pick<LaneGraph, 'put'>,
  name: string,
): Promise<readonly [LaneCaller, ...LaneCaller[]]> {
  const [reader, adder, ...others] = fourCallers(name);
  for (const { id } of [reader, ...others] as LaneCaller[]) {
    await put({ id, displayName: nameBefore(id) });
  }
  return [reader, adder, ...others] as [LaneCaller, ...LaneCaller[]];
}

/** Reads one row, so that what others do at the same time changes nothing in the answer. */
const rowQuery = 'query ($id: ID!) { complianceManagementPartner(id: $id) { id displayName } }';

/** The bytes by which a caller asks; the connection ends with the answer, unless more is sent over it. */
export function bytesOf(caller: LaneCaller, { Connection = 'close', query = '' } = {}): string {
  const { operation, id, token, requestId } = caller;
  const [document, variables] = operation === 'read' ? [rowQuery, { id }] : documentOf(caller);
  return graphqlRequest(
    { query: query || document, variables },
    { Authorization: `Bearer ${token}`, 'Client-Request-Id': requestId, Connection },
  );
}

/** Asks over a connection, of the caller's own if none is given; one that cannot be made is one that was cut. */
export async function ask(
  url: string,
  caller: LaneCaller,
  connecting = openConnection(url),
): Promise<Ending> {
  const connection = await connecting.catch(() => undefined);
  connection?.send(bytesOf(caller));
  return endingOf((await connection?.closed) ?? '');
}

/** Understands all that came over a connection that has ended. */
export function endingOf(text: string): Ending {
  const answer = readAnswer(text);
  const length = Number(answer?.headers['content-length']?.[0] ?? Number.NaN);
  if (answer === undefined || Buffer.byteLength(answer.text) !== length) {
    return { code: 'cut', result: {} };
  }
  const result = JSON.parse(answer.text) as Reply['result'];
  const code = String(result.errors?.[0]?.extensions['code'] ?? 'ok');
  return { code, status: answer.status, result };
}

/** What has to be looked at to know what became of an operation. */
export interface SeenStage {
  readonly graph: { partners(): readonly Row[] };
  readonly proxy: {
    readonly received: readonly {
      readonly method: string;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    }[];
  };
}

/** How often Graph holds that a caller's operation was done. */
export const executionsOf = ({ graph }: Pick<SeenStage, 'graph'>, caller: LaneCaller): number =>
  writtenIn(graph.partners(), caller).length;

/** Looks at what became of a caller's operation. */
export function seenOf(stage: SeenStage, caller: LaneCaller, ending: Ending): Seen {
  const { operation, id, token } = caller;
  const { code, status, result } = ending;
  const own = stage.proxy.received
    .filter(isOwnOf(caller))
    .filter(({ headers }) => headers['authorization'] === `Bearer ${token}`);
  const read = { complianceManagementPartner: { id, displayName: nameBefore(id) } };
  const isTrue =
    operation === 'read' && code === 'ok'
      ? JSON.stringify(result.data) === JSON.stringify(read)
      : /cut|left/.test(code) || tellsTheTruth(caller, ending, stage.graph.partners());
  const executions = executionsOf(stage, caller);
  return { operation, code, status, calls: own.length, executions, isTrue };
}

/** A caller and how it ended for it. */
export type Met = readonly { readonly caller: LaneCaller; readonly ending: Ending }[];

/** Lets all callers do something at the same time, and gives how it ended for each. */
export const meet = (
  callers: readonly LaneCaller[],
  how: (caller: LaneCaller) => Promise<Ending>,
): Promise<Met> =>
  Promise.all(callers.map(async (caller) => ({ caller, ending: await how(caller) })));
