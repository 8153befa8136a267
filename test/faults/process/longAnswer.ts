import type { LaneCaller } from '../lane/laneCaller.ts';
import type { LaneGraph } from '../lane/startLaneGraph.ts';

const longName = 'x'.repeat(800_000);
const times = 15;

/** More than all buffers of the system between two sockets take. */
export const longAnswerBytes = longName.length * times;

const names = Array.from({ length: times }, (_, index) => `n${index}: displayName`);

/** Asks for it. */
export const longQuery = `query ($id: ID!) { complianceManagementPartner(id: $id) { ${names.join(' ')} } }`;

/** Gives the row that is read a name that makes a long answer. */
export async function lengthenName(
  { put, remove }: LaneGraph,
  { intent }: LaneCaller,
): Promise<void> {
  await remove([intent.id]);
  await put({ id: intent.id, displayName: longName });
}
