import DataLoader from 'dataloader';
import { type Lookup, maximumBatchSize, maximumGroupsAtOnce } from '../graph/batch.ts';
import type { GraphClient } from '../graph/client.ts';
import { GraphError, isGraphError } from '../graph/errors.ts';
import { type GraphCall, idKeyOf, isPartnerId } from '../graph/request.ts';
import { isGuid } from '../shared/forms.ts';
import { type LoopShare, laterTurn } from '../shared/loopShare.ts';
import { GatewayError, gatewayErrorOf, toGatewayError } from './errors.ts';
import { createPartnerRows, type PartnerRows } from './list/page.ts';
import type { PartnerModel } from './model.ts';

/** An operation's share of the event loop. */
interface OperationShare extends LoopShare {
  /** How much of the operation's work waits for a turn. */
  waiting(): number;
}

export type PartnerReads = ReturnType<typeof createPartnerReads>;

/**
 * Starts the reads of one operation; nothing is read before it is needed. Each is done once, however many fields ask for
 * it, and several ids go in one call. They belong to one caller, so that no two callers are ever in one batch. Throws
 * what the caller is to see.
 */
export function createPartnerReads(
  graph: GraphClient<PartnerModel>,
  call: GraphCall,
  maximum: { readonly rows: number; readonly bytes: number },
  share: OperationShare,
) {
  const reading = new Set<Promise<unknown>>();

  /** Translates the error of a read. Counts and page infos read on long after their resolver has returned. */
  function noted<Result>(read: Promise<Result>): Promise<Result> {
    const translated = read.catch((error: unknown) => {
      throw toGatewayError(error);
    });
    const end = (): void => {
      reading.delete(translated);
    };
    reading.add(translated);
    translated.then(end, end);
    return translated;
  }

  async function whenIdle(): Promise<void> {
    do {
      await Promise.allSettled(reading);
      await laterTurn();
    } while (reading.size > 0 || share.waiting() > 0);
  }

  const readBatch = oneByOne((ids: readonly string[]) => graph.getMany(ids, call));

  async function readMany(ids: readonly string[]): Promise<readonly Lookup<PartnerModel>[]> {
    const [id] = ids;
    return ids.length === 1 && id !== undefined ? [await graph.get(id, call)] : readBatch(ids);
  }

  const loader = new DataLoader<string, PartnerModel | null>(
    async (ids) => (await readMany(ids)).map((lookup) => lookup ?? null),
    { maxBatchSize: maximumBatchSize, cacheKeyFn: idKeyOf },
  );
  const rows = createPartnerRows(graph.listPages(call), maximum, share);
  return {
    /** Gives one partner; null if Graph has none with this id. */
    get: (id: string) => noted(loader.load(id)),
    /** The list, shared by all fields that look at it. */
    rows: {
      atLeast: (count) => noted(rows.atLeast(count)),
      inOrder: (order) => noted(rows.inOrder(order)),
      share,
    } satisfies PartnerRows,
    /** The names behind the ids in rows. */
    names: createNames(graph, call, whenIdle),
  };
}

/** Sends one batch after the other: Graph asks for that where one would be enough. */
function oneByOne<Result>(
  read: (ids: readonly string[]) => Promise<Result>,
): (ids: readonly string[]) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (ids) => {
    const batch = last.then(() => read(ids));
    last = batch.catch(() => undefined);
    return batch;
  };
}

/**
 * The names behind the ids of one operation, each read once. They are not worth a row: null if there is none or if it
 * cannot be read. Of fields that fail for one reason, the first throws it and the others are null.
 */
interface Names {
  group(id: string): Promise<string | null>;
  filter(id: string): Promise<string | null>;
}

interface NameKind {
  readonly what: string;
  /** Of three calls of `getByIds`, or of five batches. */
  readonly maximum: number;
  readonly atOnce: number;
  readonly isReadable: (id: string) => boolean;
  readonly read: (ids: readonly string[]) => Promise<readonly Lookup<string>[]>;
}

/**
 * Starts the names of an operation; nothing is read before a field asks. `whenIdle` resolves after a turn of the event
 * loop at whose end no read is open and no row waits for its own turn.
 */
function createNames(
  graph: Pick<GraphClient, 'getGroupNames' | 'getFilterNames'>,
  call: GraphCall,
  whenIdle: () => Promise<void>,
): Names {
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
      read: oneByOne((ids) => graph.getFilterNames(ids, call)),
    }),
  };
}

function nameError(what: string, error: GraphError): GatewayError {
  const [permission] = error.details.requiredScopes ?? [];
  const grant = permission ? ` The least privileged permission for it is ${permission}.` : '';
  const message = `The names of ${what} cannot be read. ${error.message}${grant}`;
  return gatewayErrorOf(new GraphError(error.code, message, error.details));
}
