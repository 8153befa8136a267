import { isJsonObject } from '../shared/json.ts';
import { createBatches, type Lookup } from './batch.ts';
import { GraphError, isGraphError } from './errors.ts';
import { readPages } from './pages.ts';
import { readJsonBody, readPartner } from './readAnswer.ts';
import {
  type GraphCall,
  type GraphClientParts,
  type GraphOperation,
  type GraphResponse,
  type GraphRow,
  headerText,
  isPartnerId,
} from './request.ts';
import type { NewPartnerResource, PartnerChanges, WirePlatform } from './types.ts';

/** A partner with the body that it was read from, for what has to go back as it came. */
export interface RowSource<Row> {
  readonly partner: Row;
  readonly body: Buffer;
}

export type GraphClient<Row extends GraphRow = GraphRow> = ReturnType<
  typeof createGraphClient<Row>
>;

/** Makes the operations on the resource; each write is sent once. All of them throw GraphErrors and nothing else. */
export function createGraphClient<Row extends GraphRow>(parts: GraphClientParts<Row>) {
  const { send, routes, readRow, noteSeen, matchesSubmitted } = parts;
  const { getEach, ...names } = createBatches(parts);

  const sendGet = (id: string, call: GraphCall): Promise<GraphResponse> =>
    send({ operation: 'get', url: routes.partner(id), call });

  /**
   * Understands the answer to a get, in either form: bare, as OData has it, or in `{"value": {…}}`, as Graph's own
   * pages show it. Undefined for a success that is empty, as Intune has answered for a partner that it does not have.
   */
  function readGot(response: GraphResponse, id: string): Row | undefined {
    const asked = { operation: 'get', id } as const;
    const body = unwrap(readJsonBody(asked, response));
    return isEmptyEntity(body) ? undefined : readPartner(asked, response, readRow, body);
  }

  async function readSource(id: string, call: GraphCall): Promise<RowSource<Row> | undefined> {
    const response = await sendGet(id, call);
    const partner = noneIfNotFound(() => readGot(response, id));
    return partner && { partner, body: response.body };
  }

  async function readNoted(id: string, call: GraphCall): Promise<RowSource<Row> | undefined> {
    const source = await readSource(id, call);
    noteSeen(source ? [source.partner] : []);
    return source;
  }

  async function patch(id: string, body: string, call: GraphCall): Promise<Row | undefined> {
    const asked = { operation: 'update', id } as const;
    const url = routes.partner(id);
    const response = await send({ operation: 'update', url, body, call });
    // 204, or a 200 with nothing in it: the partner has to be read.
    return isEmptySuccess(response)
      ? undefined
      : readPartner(asked, response, readRow, unwrap(readJsonBody(asked, response)));
  }

  async function add(partner: NewPartnerResource, call: GraphCall): Promise<Row> {
    const asked = { operation: 'add' } as const;
    const body = JSON.stringify(partner);
    const response = await send({ operation: 'add', url: routes.collection, body, call });
    // A success without the partner says in these headers where it is.
    const location = headerText(response, 'location') ?? headerText(response, 'odata-entityid');
    const added =
      location !== undefined && isEmptySuccess(response, [200, 201, 204])
        ? await readBack(routes.parsePartnerLocation(location), call)
        : readPartner(asked, response, readRow, readJsonBody(asked, response, [201, 200]));
    if (!matchesSubmitted(partner, added)) {
      throw new GraphError('badResponse', anotherPartner, {
        mayHaveBeenApplied: true,
        answeredId: isPartnerId(added.id) ? added.id : undefined,
      });
    }
    return added;
  }

  /** Reads a partner that was written for sure; whatever goes wrong now must not look as if it was not. */
  async function readBack(id: string | undefined, call: GraphCall): Promise<Row> {
    let cause: unknown;
    try {
      const source = id === undefined ? undefined : await readSource(id, call);
      if (source !== undefined) {
        return source.partner;
      }
    } catch (error) {
      cause = error;
    }
    const { answer, answeredId } = isGraphError(cause) ? cause.details : {};
    const details = { cause, answer, answeredId, mayHaveBeenApplied: true };
    throw new GraphError('badResponse', notReadBack, details);
  }

  async function remove(id: string, call: GraphCall): Promise<void> {
    try {
      const asked = { operation: 'delete', id } as const;
      const response = await send({ operation: 'delete', url: routes.partner(id), call });
      // A page of something that stands between says nothing of the partner.
      if (!isEmptySuccess(response)) {
        readJsonBody(asked, response);
      }
    } catch (error) {
      const isInDoubt = isGraphError(error) && error.mayHaveBeenApplied;
      // A refusal is looked into as well: a delete has no input that could be wrong.
      const canBeLookedInto = isInDoubt || (isGraphError(error) && error.code === 'invalidRequest');
      if (!canBeLookedInto || !(saysItIsGone(error) || (await isGone(id, call)))) {
        throw error;
      }
      // In doubt, an attempt that broke off without an answer was the one that did it. Otherwise Intune has answered a
      // delete of what is not there with a 400 that says nothing.
      if (!isInDoubt) {
        const message = 'Microsoft Graph has no partner with this id.';
        throw new GraphError('notFound', message, { ...error.details, cause: error });
      }
    }
  }

  /** Asks once for a partner whose delete has an unknown outcome; only Graph's own 404 decides. */
  async function isGone(id: string, call: GraphCall): Promise<boolean> {
    try {
      readGot(await sendGet(id, call), id);
      return false;
    } catch (error) {
      return saysItIsGone(error);
    }
  }

  /** Notes in the log and the metrics a write whose outcome is unknown: an operator may have to look. */
  async function watched<Result>(
    operation: GraphOperation,
    call: GraphCall,
    writing: Promise<Result>,
  ): Promise<Result> {
    try {
      return await writing;
    } catch (error) {
      if (isGraphError(error) && error.mayHaveBeenApplied) {
        parts.measurements.outcomeUnknown(operation);
        parts.log.warn('A write may have been applied, or not', {
          requestId: call.requestId,
          traceId: call.trace?.traceId,
          operation,
          status: error.details.answer?.status,
          graphRequestId: error.details.answer?.requestId,
          code: error.code,
          mayHaveBeenApplied: true,
        });
      }
      throw error;
    }
  }

  return {
    /** Reads the list page by page, each page only when it is asked for. Pages may be empty. */
    listPages: (call: GraphCall) => readPages(parts, call),

    /** Reads one partner; undefined if Graph has none with this id. */
    get: async (id: string, call: GraphCall) => (await readNoted(id, call))?.partner,

    /** Reads one partner with what Graph wrote. */
    getSource: readNoted,

    /** Reads up to 20 partners in one call, in the order of the ids. Throws only if the call as a whole failed. */
    async getMany(ids: readonly string[], call: GraphCall): Promise<readonly Lookup<Row>[]> {
      const paths = ids.map((id) => routes.partnerInBatch(id));
      const lookups = await getEach({ operation: 'getMany', paths }, call, (item, index) =>
        noneIfNotFound(() => readGot(item, ids[index] ?? '')),
      );
      noteSeen(lookups.flatMap((lookup) => (lookup instanceof GraphError ? [] : (lookup ?? []))));
      return lookups;
    },

    ...names,

    /** Adds a partner and gives it as Graph holds it now. */
    async add(partner: NewPartnerResource, call: GraphCall): Promise<Row> {
      const added = await watched('add', call, add(partner, call));
      noteSeen([added]);
      return added;
    },

    /** Changes exactly what is given; gives the partner as Graph answers it, undefined if it answers without. */
    update: (id: string, changes: PartnerChanges, call: GraphCall) =>
      watched('update', call, patch(id, JSON.stringify(changes), call)),

    /** Replaces a platform's list by entries that are JSON already, sent as they are. */
    replaceAssignments(
      id: string,
      platform: WirePlatform,
      assignments: readonly string[],
      call: GraphCall,
    ): Promise<Row | undefined> {
      const body = `{"${platform}EnrollmentAssignments":[${assignments.join()}]}`;
      return watched('update', call, patch(id, body, call));
    },

    /** Reads a partner that was written for sure: a failure says that the change may have been made. */
    readBack: (id: string, call: GraphCall) => watched('update', call, readBack(id, call)),

    /**
     * Deletes a partner. Throws `notFound` if Graph itself says that there is none. A delete in doubt is done if Graph
     * itself says so afterwards, to it or to one look.
     */
    delete: (id: string, call: GraphCall) => watched('delete', call, remove(id, call)),
  };
}

const anotherPartner =
  "Microsoft Graph's answer cannot be believed: it has another id than the one that was sent, and not all else is as it was sent.";
const notReadBack = 'Microsoft Graph reported success but the partner could not be read back.';

/** Takes the wrapper off that Graph's own pages put around an entity. */
function unwrap(body: unknown): unknown {
  const isWrapped = isJsonObject(body) && body['id'] === undefined && isJsonObject(body['value']);
  return isWrapped ? body['value'] : body;
}

function isEmptyEntity(body: unknown): boolean {
  return (
    isJsonObject(body) &&
    Object.entries(body).every(([name, value]) => value === null || name.startsWith('@'))
  );
}

function isEmptySuccess({ body, status }: GraphResponse, expected = [200, 204]): boolean {
  return body.length === 0 && expected.includes(status);
}

function noneIfNotFound<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (isGraphError(error) && error.code === 'notFound') {
      return undefined;
    }
    throw error;
  }
}

/** A 410 may come from something in between, and a 400 of Intune's from anything. */
function saysItIsGone(error: unknown): boolean {
  return isGraphError(error) && error.code === 'notFound' && error.details.answer?.status === 404;
}
