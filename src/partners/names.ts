import DataLoader from 'dataloader';
import { type Lookup, maximumBatchSize, maximumGroupsAtOnce } from '../graph/batch.ts';
import type { GraphClient } from '../graph/client.ts';
import { type GraphError, isGraphError } from '../graph/errors.ts';
import { type GraphCall, idKeyOf, isPartnerId } from '../graph/request.ts';
import { isGuid } from '../shared/forms.ts';
import { GatewayError, toGatewayError } from './errors.ts';

/**
 * The names behind the ids of one operation, each read once. They are not worth a row: null if there is none or if it
 * cannot be read. Of fields that fail for one reason, the first throws it and the others are null.
 */
export interface Names {
  group(id: string): Promise<string | null>;
  filter(id: string): Promise<string | null>;
}

interface NamesParts {
  readonly graph: Pick<GraphClient, 'getGroupNames' | 'getFilterNames'>;
  readonly call: GraphCall;
  /** Resolves after a turn of the event loop at whose end no read is open and no row waits for its own turn. */
  readonly whenIdle: () => Promise<void>;
}

/** One kind of names. */
interface NameKind {
  readonly what: string;
  /** Of three calls of `getByIds`, or of five batches. */
  readonly maximum: number;
  readonly atOnce: number;
  readonly isReadable: (id: string) => boolean;
  readonly read: (ids: readonly string[]) => Promise<readonly Lookup<string>[]>;
}

/** Starts the names of an operation; nothing is read before a field asks. */
export function createNames({ graph, call, whenIdle }: NamesParts): Names {
  const told = new Set<string>();
  let asked = 0;

  /** Waits until a turn of the event loop brings no further id, so that all rows share one look-up. */
  async function whenAllAsked(): Promise<void> {
    for (let known = -1; known !== asked; ) {
      known = asked;
      await whenIdle();
    }
  }

  function tellOnce(what: string, error: GatewayError): null {
    const key = `${what} ${String(error.extensions['code'])}`;
    if (told.has(key)) {
      return null;
    }
    told.add(key);
    throw error;
  }

  function readerOf({ what, maximum, atOnce, isReadable, read }: NameKind): Names['group'] {
    const ids = new Set<string>();
    const loader = new DataLoader<string, string | null>(
      async (keys) => (await read(keys)).map((lookup) => lookup ?? null),
      {
        maxBatchSize: atOnce,
        batchScheduleFn(dispatch) {
          whenAllAsked().then(dispatch);
        },
      },
    );
    return async (id) => {
      if (!isReadable(id)) {
        return null;
      }
      const key = idKeyOf(id);
      if (!ids.has(key) && ids.size >= maximum) {
        const message = `The operation requests the names of more than ${maximum} ${what}; the others are null. Request smaller pages.`;
        return tellOnce(what, new GatewayError('TOO_MANY_NAMES', message, { allowed: maximum }));
      }
      ids.add(key);
      asked += 1;
      try {
        return await loader.load(key);
      } catch (error) {
        if (isGraphError(error)) {
          return tellOnce(what, nameError(what, error));
        }
        throw error;
      }
    };
  }

  let lastBatch: Promise<unknown> = Promise.resolve();
  return {
    group: readerOf({
      what: 'groups',
      maximum: 3 * maximumGroupsAtOnce,
      atOnce: maximumGroupsAtOnce,
      // One id of another form would fail the call for all.
      isReadable: isGuid,
      read: (ids) => graph.getGroupNames(ids, call),
    }),
    filter: readerOf({
      what: 'assignment filters',
      maximum: 5 * maximumBatchSize,
      atOnce: maximumBatchSize,
      isReadable: isPartnerId,
      read(ids) {
        // One batch after the other, as for partners.
        const batch = lastBatch.then(() => graph.getFilterNames(ids, call));
        lastBatch = batch.catch(() => undefined);
        return batch;
      },
    }),
  };
}

function nameError(what: string, error: GraphError): GatewayError {
  const {
    extensions: { code, ...extensions },
  } = toGatewayError(error) as GatewayError;
  const [permission] = error.details.requiredScopes ?? [];
  const grant = permission && ` The least privileged permission for it is ${permission}.`;
  return new GatewayError(
    code as ConstructorParameters<typeof GatewayError>[0],
    `The names of ${what} cannot be read. ${error.message}${grant ?? ''}`,
    extensions,
    error,
  );
}
