import { graphqlRequest, openConnection, type RawConnection } from '../../support/rawConnection.ts';
import { readAnswer } from '../../support/rawHttp.ts';
import type { GraphQLAnswer } from '../../support/testGateways.ts';
import { documentOf } from './documentOf.ts';
import type { LaneGraph } from './startLaneGraph.ts';
import { type Intent, laneOperations } from './tellsTheTruth.ts';

/** Somebody who wants one thing done, with a row, a token and a request id that nobody else has. */
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
  readonly result: GraphQLAnswer['result'];
  /** By the machine's clock that only goes on. */
  readonly endedMs: number;
}

/** Reads one row, so that what others do at the same time changes nothing in the answer. */
const rowQuery = 'query ($id: ID!) { complianceManagementPartner(id: $id) { id displayName } }';

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

export const nameBefore = (id: string): string => `Before ${id}`;

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
  const endedMs = performance.now();
  const answer = readAnswer(Buffer.from(text));
  const length = Number(answer?.headers['content-length']?.[0] ?? Number.NaN);
  if (answer === undefined || Buffer.byteLength(answer.text) !== length) {
    return { code: 'cut', status: undefined, result: {}, endedMs };
  }
  const result = JSON.parse(answer.text) as GraphQLAnswer['result'];
  const code = String(result.errors?.[0]?.extensions['code'] ?? 'ok');
  return { code, status: answer.status, result, endedMs };
}
