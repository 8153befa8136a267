import {
  addMutation,
  deleteMutation,
  totalCountQuery,
  updateMutation,
} from '../../support/documents.ts';
import {
  graphqlRequest,
  openConnection,
  type RawConnection,
  readAnswer,
} from '../../support/rawConnection.ts';
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

/** Counts what was done of an intent. */
export const executionsIn = (rows: readonly Row[], intent: Intent): number =>
  writtenIn(rows, intent).length;

/** A success says what is so; a failure that does not speak of doubt says that nothing was written. */
export function tellsTheTruth(
  intent: Intent,
  { result }: Pick<Reply, 'result'>,
  rows: readonly Row[],
): boolean {
  const { operation, name } = intent;
  const code = result.errors?.[0]?.extensions['code'];
  if (code === 'OUTCOME_UNKNOWN') {
    return operation !== 'read';
  }
  const written = writtenIn(rows, intent);
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

/** A caller of one operation, with a row, a token and a request id of its own. */
export interface LaneCaller {
  readonly intent: Intent;
  /** Goes to Graph with all that is done for this caller, so that it can be counted. */
  readonly token: string;
  readonly requestId: string;
}

/** How it ended for a caller. */
export interface Ending {
  /** `ok`, the code of the top-level error, or `cut` where the connection ended without an answer. */
  readonly code: string;
  readonly status: number | undefined;
  readonly result: Reply['result'];
}

/** Reads one row, so that what others do at the same time changes nothing in the answer. */
const rowQuery = 'query ($id: ID!) { complianceManagementPartner(id: $id) { id displayName } }';

/** The end of a caller that did not wait for it. */
export const left: Ending = { code: 'left', status: undefined, result: {} };

/** What became of one operation, for its caller and at Graph. */
export interface Seen {
  readonly code: string;
  readonly status: number | undefined;
  /** Requests of the operation's own method that arrived for this caller, whatever became of them. */
  readonly calls: number;
  /** How often Graph holds that it was done; a read does nothing. */
  readonly executions: number;
  /** Whether what the answer says, if there is one, is what Graph holds. */
  readonly isTrue: boolean;
}

/** Makes a caller for each operation; the name is theirs alone. */
export function fourCallers(name: string): readonly LaneCaller[] {
  return laneOperations.map((operation) => {
    const id = `${name}-${operation}`;
    return {
      intent: { operation, id, name: `After ${id}` },
      token: `token-of-${id}`,
      requestId: `request-of-${id}`,
    };
  });
}

const nameBefore = (id: string): string => `Before ${id}`;

/** Makes four callers, and puts the rows that they want read, changed or deleted. */
export async function putFourCallers(
  { put }: Pick<LaneGraph, 'put'>,
  name: string,
): Promise<readonly LaneCaller[]> {
  const callers = fourCallers(name);
  for (const { intent } of callers) {
    if (intent.operation !== 'add') {
      await put({ id: intent.id, displayName: nameBefore(intent.id) });
    }
  }
  return callers;
}

/** The bytes by which a caller asks; the connection ends with the answer, unless more is sent over it. */
export function bytesOf(
  { intent, token, requestId }: LaneCaller,
  { Connection = 'close', query = documentFor(intent)[0] } = {},
): string {
  const [, variables] = documentFor(intent);
  const Authorization = `Bearer ${token}`;
  return graphqlRequest(
    { query, variables },
    { Authorization, 'Client-Request-Id': requestId, Connection },
  );
}

function documentFor(intent: Intent): [document: string, variables: object] {
  return intent.operation === 'read' ? [rowQuery, { id: intent.id }] : documentOf(intent);
}

/** Asks over a connection that is there already. */
export async function askOver(connection: RawConnection, caller: LaneCaller): Promise<Ending> {
  connection.send(bytesOf(caller));
  return endingOf(await connection.closed);
}

/** Asks over a connection of the caller's own; one that cannot be made is one that was cut. */
export async function ask(url: string, caller: LaneCaller): Promise<Ending> {
  const connection = await openConnection(url).catch(() => undefined);
  return connection === undefined ? endingOf('') : askOver(connection, caller);
}

/** Understands all that came over a connection that has ended. */
export function endingOf(text: string): Ending {
  const answer = readAnswer(text);
  const length = Number(answer?.headers['content-length']?.[0] ?? Number.NaN);
  if (answer === undefined || Buffer.byteLength(answer.text) !== length) {
    return { code: 'cut', status: undefined, result: {} };
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

/** Looks at what became of a caller's operation. */
export function seenOf(
  { graph, proxy }: SeenStage,
  { intent, token }: LaneCaller,
  ending: Ending,
): Seen {
  const calls = proxy.received.filter(
    ({ method, headers }) =>
      method === methodOf[intent.operation] && headers['authorization'] === `Bearer ${token}`,
  );
  const rows = graph.partners();
  return {
    code: ending.code,
    status: ending.status,
    calls: calls.length,
    executions: executionsIn(rows, intent),
    isTrue: isTrue(intent, ending, rows),
  };
}

function isTrue(intent: Intent, { code, result }: Ending, rows: readonly Row[]): boolean {
  if (code === 'cut' || code === 'left') {
    return true;
  }
  if (intent.operation === 'read' && code === 'ok') {
    const row = { id: intent.id, displayName: nameBefore(intent.id) };
    return JSON.stringify(result.data) === JSON.stringify({ complianceManagementPartner: row });
  }
  return tellsTheTruth(intent, { result }, rows);
}

/** What was seen of each operation that met a fault, as often as it met it. */
export type SeenByOperation = Readonly<Record<LaneOperation, readonly Seen[]>>;

/** Gives each operation what was seen of it. */
export const byOperation = <One extends Seen>(
  seenOfEach: (operation: LaneOperation) => readonly One[],
): Readonly<Record<LaneOperation, readonly One[]>> => ({
  read: seenOfEach('read'),
  add: seenOfEach('add'),
  update: seenOfEach('update'),
  delete: seenOfEach('delete'),
});

/** A caller and how it ended for it. */
export interface Met {
  readonly caller: LaneCaller;
  readonly ending: Ending;
}

/** Lets all callers do something at the same time, and gives how it ended for each. */
export function meet(
  callers: readonly LaneCaller[],
  how: (caller: LaneCaller) => Promise<Ending>,
): Promise<readonly Met[]> {
  return Promise.all(callers.map(async (caller) => ({ caller, ending: await how(caller) })));
}

/** Looks at what became of each. */
export function lookAt(stage: SeenStage, met: readonly Met[]): SeenByOperation {
  return byOperation((operation) =>
    met
      .filter(({ caller }) => caller.intent.operation === operation)
      .map(({ caller, ending }) => seenOf(stage, caller, ending)),
  );
}
