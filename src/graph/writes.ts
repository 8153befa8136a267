import { type GraphError, GraphProtocolError, GraphResponseError, isGraphError } from './errors.ts';
import type { GraphCallParts } from './graphCallParts.ts';
import { readHeaders, writeHeaders } from './headers.ts';
import { readAdded, readDeleted, readGot, readUpdated } from './readAnswer.ts';
import type { GraphReads } from './reads.ts';
import type { GraphCall } from './request.ts';
import type { NewPartnerResource, PartnerChanges, PartnerResource, WirePlatform } from './types.ts';

/** Writes to the resource, each sent once. All of them throw the GraphError family and nothing else. */
export interface GraphWrites {
  /** Adds a partner and gives it as Graph holds it now. */
  add(partner: NewPartnerResource, call: GraphCall): Promise<PartnerResource>;
  /** Changes exactly what is given; gives the partner as Graph answers it, undefined if it answers without. */
  update(
    id: string,
    changes: PartnerChanges,
    call: GraphCall,
  ): Promise<PartnerResource | undefined>;
  /** Replaces a platform's list by entries that are JSON already, sent as they are. */
  replaceAssignments(
    id: string,
    platform: WirePlatform,
    assignments: readonly string[],
    call: GraphCall,
  ): Promise<PartnerResource | undefined>;
  /** Reads a partner that was written for sure: a failure says that the change may have been made. */
  readBack(id: string, call: GraphCall): Promise<PartnerResource>;
  /**
   * Deletes a partner. Throws `notFound` where Graph itself says that there is none. A delete in doubt is done where Graph
   * itself says so afterwards, to it or to one look.
   */
  delete(id: string, call: GraphCall): Promise<void>;
}

/** Builds the writes over one way of sending; `get` reads back what a success leaves out. */
export function createWrites(
  { send, routes, clock }: GraphCallParts,
  { get }: Pick<GraphReads, 'get'>,
): GraphWrites {
  async function patch(
    id: string,
    body: string,
    call: GraphCall,
  ): Promise<PartnerResource | undefined> {
    const url = routes.partner(id);
    const response = await send({ operation: 'update', url, headers: writeHeaders, body, call });
    return readUpdated(response, clock.now(), id);
  }

  /** Asks once for a partner whose delete nobody knows the outcome of; only Graph's own 404 decides. */
  async function isGone(id: string, call: GraphCall): Promise<boolean> {
    try {
      const url = routes.partner(id);
      const response = await send({ operation: 'get', url, headers: readHeaders, call });
      readGot(response, clock.now(), id);
      return false;
    } catch (error) {
      return saysItIsGone(error);
    }
  }

  return {
    async add(partner, call) {
      const body = JSON.stringify(partner);
      const url = routes.collection;
      const response = await send({ operation: 'add', url, headers: writeHeaders, body, call });
      const added = readAdded(response, clock.now());
      if ('partner' in added) {
        return added.partner;
      }
      return readBack(routes.parsePartnerLocation(added.location), (id) => get(id, call));
    },

    update: (id, changes, call) => patch(id, JSON.stringify(changes), call),

    replaceAssignments: (id, platform, assignments, call) =>
      patch(id, `{"${platform}EnrollmentAssignments":[${assignments.join()}]}`, call),

    readBack: (id, call) => readBack(id, (known) => get(known, call)),

    async delete(id, call) {
      try {
        const url = routes.partner(id);
        const response = await send({ operation: 'delete', url, headers: readHeaders, call });
        readDeleted(response, clock.now(), id);
      } catch (error) {
        const isInDoubt = isGraphError(error) && error.mayHaveBeenApplied;
        // A refusal is looked into as well: a delete has no input that could be wrong.
        const canBeLookedInto =
          isInDoubt || (error instanceof GraphResponseError && error.code === 'invalidRequest');
        if (!canBeLookedInto || !(saysItIsGone(error) || (await isGone(id, call)))) {
          throw error;
        }
        // In doubt, an attempt that broke off without an answer was the one that did it.
        if (!isInDoubt) {
          throw notFoundInsteadOf(error);
        }
      }
    },
  };
}

/** A 410 may come from something in between, and a 400 of Intune's from anything. */
function saysItIsGone(error: unknown): boolean {
  return isGraphError(error) && error.code === 'notFound' && error.details.answer?.status === 404;
}

/** Intune has answered a delete of what is not there with a 400 that says nothing. */
function notFoundInsteadOf(error: GraphError): GraphResponseError {
  return new GraphResponseError('notFound', 'Microsoft Graph has no partner with this id.', {
    ...error.details,
    cause: error,
  });
}

/** Reads a partner that was written for sure; whatever goes wrong now must not look as if it was not. */
async function readBack(
  id: string | undefined,
  get: (id: string) => Promise<PartnerResource | undefined>,
): Promise<PartnerResource> {
  const message = 'Microsoft Graph reported success but the partner could not be read back.';
  let cause: unknown;
  try {
    const partner = id === undefined ? undefined : await get(id);
    if (partner !== undefined) {
      return partner;
    }
  } catch (error) {
    cause = error;
  }
  const { answer, answeredId } = isGraphError(cause) ? cause.details : {};
  throw new GraphProtocolError('badResponse', message, {
    cause,
    answer,
    answeredId,
    mayHaveBeenApplied: true,
  });
}
