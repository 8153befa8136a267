import { isJsonObject } from '../shared/json.ts';
import { getManyItems } from './batch.ts';
import { GraphError } from './errors.ts';
import { readJsonBody } from './readAnswer.ts';
import { graphAnswerOf, protocolErrorOf } from './readRefusal.ts';
import {
  type GraphCall,
  type GraphClientParts,
  type GraphResponse,
  isSameId,
  requiredScopesOf,
  writeHeaders,
} from './request.ts';

/** A name, undefined if Graph has nothing with this id, or why the name could not be read. */
export type NameLookup = string | undefined | GraphError;

/** `getByIds` takes no more ids. Source: its page in Graph's reference. */
export const maximumGroupsAtOnce = 1000;

/**
 * Reads the names of groups in one call, in the order of the ids, which are GUIDs. Graph leaves out what it does not
 * have, and gives the id without a name if the token may not see it.
 * @throws GraphError if the call as a whole failed.
 */
export async function getGroupNames(
  { send, routes, clock }: GraphClientParts,
  ids: readonly string[],
  call: GraphCall,
): Promise<readonly NameLookup[]> {
  const operation = 'getGroups';
  const body = JSON.stringify({ ids, types: ['group'] });
  const url = routes.groupsByIds;
  const response = await send({ operation, url, headers: writeHeaders, body, call });
  const answer = readJsonBody({ operation }, response, clock.now(), [200]);
  const rows = isJsonObject(answer) ? answer['value'] : undefined;
  if (!Array.isArray(rows)) {
    throw protocolErrorOf({ operation }, response, 'it has no list');
  }
  const names = new Map<string, string | null>();
  for (const row of rows) {
    const { id, displayName } = isJsonObject(row) ? row : {};
    if (typeof id === 'string') {
      names.set(id.toLowerCase(), typeof displayName === 'string' ? displayName : null);
    }
  }
  const hidden = hiddenNameError(operation, response);
  return ids.map((id) => {
    const name = names.get(id.toLowerCase());
    return name === null ? hidden : name;
  });
}

/**
 * Reads the names of at most 20 assignment filters in one batch, in the order of the ids.
 * @throws GraphError if the call as a whole failed.
 */
export async function getFilterNames(
  parts: GraphClientParts,
  ids: readonly string[],
  call: GraphCall,
): Promise<readonly NameLookup[]> {
  const paths = ids.map((id) => parts.routes.filterInBatch(id));
  const answers = await getManyItems(parts, { operation: 'getFilters', paths }, call);
  return ids.map((id, index) => readFilterName(answers[index], parts.clock.now(), id));
}

function readFilterName(
  response: GraphResponse | undefined,
  nowMs: number,
  id: string,
): NameLookup {
  if (response === undefined) {
    const message = "Microsoft Graph's answer to a batch leaves out a request.";
    return new GraphError('badResponse', message);
  }
  if (response.status === 404) {
    return undefined;
  }
  const operation = 'getFilters';
  try {
    const filter = readJsonBody({ operation }, response, nowMs, [200]);
    const { id: answeredId, displayName } = isJsonObject(filter) ? filter : {};
    if (typeof answeredId !== 'string' || !isSameId(id, answeredId)) {
      return protocolErrorOf({ operation }, response, 'it is not about the filter');
    }
    return typeof displayName === 'string' ? displayName : hiddenNameError(operation, response);
  } catch (error) {
    if (error instanceof GraphError) {
      return error;
    }
    throw error;
  }
}

/** Graph shows the id of what a token may not read, and nothing else. */
function hiddenNameError(
  operation: 'getGroups' | 'getFilters',
  response: GraphResponse,
): GraphError {
  return new GraphError('forbidden', 'Microsoft Graph gives the id without a name.', {
    lacking: 'PERMISSION',
    requiredScopes: requiredScopesOf(operation),
    answer: graphAnswerOf(response),
  });
}
