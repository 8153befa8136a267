import DataLoader from 'dataloader';
import { type Lookup, maximumBatchSize } from '../graph/batch.ts';
import type { GraphClient } from '../graph/client.ts';
import { abortErrorOf, type EndReason } from '../graph/errors.ts';
import { type GraphCall, idKeyOf } from '../graph/request.ts';
import type { EndSignal } from '../shared/clock.ts';
import { type LoopShare, laterTurn } from '../shared/loopShare.ts';
import { GatewayError, toGatewayError } from './errors.ts';
import { createPartnerRows, type ListBounds, type PartnerRows } from './list/rows.ts';
import type { PartnerModel } from './model.ts';
import { createNames, type Names } from './names.ts';

/**
 * The reads of one operation: each is done once, however many fields ask for it, and several ids go in one call. It
 * belongs to one caller, so that no two callers are ever in one batch. Throws what the caller is to see.
 */
export interface PartnerReads {
  /** Gives one partner; null if Graph has none with this id. */
  get(id: string): Promise<PartnerModel | null>;
  /** The list, shared by all fields that look at it. */
  readonly rows: PartnerRows;
  /** The names behind the ids in rows. */
  readonly names: Names;
}

/** An operation's share of the event loop. */
interface OperationShare extends LoopShare {
  /** How much of the operation's work waits for a turn. */
  waiting(): number;
}

/** Starts the reads of an operation; nothing is read before it is needed. */
export function createPartnerReads(
  graph: GraphClient<PartnerModel>,
  call: GraphCall,
  maximum: ListBounds,
  share: OperationShare,
): PartnerReads {
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

  // One batch after the other: Graph asks for that where one would be enough.
  let lastBatch: Promise<unknown> = Promise.resolve();

  async function readMany(ids: readonly string[]): Promise<readonly Lookup<PartnerModel>[]> {
    const [id] = ids;
    if (ids.length === 1 && id !== undefined) {
      return [await graph.get(id, call)];
    }
    const batch = lastBatch.then(() => graph.getMany(ids, call));
    lastBatch = batch.catch(() => undefined);
    return batch;
  }

  const loader = once(
    () =>
      new DataLoader<string, PartnerModel | null>(
        async (ids) => (await readMany(ids)).map((lookup) => lookup ?? null),
        { maxBatchSize: maximumBatchSize, cacheKeyFn: idKeyOf },
      ),
  );
  const rows = once((): PartnerRows => {
    const read = createPartnerRows(graph.listPages(call), maximum, share);
    return {
      atLeast: (count) => noted(read.atLeast(count)),
      inOrder: (order) => noted(read.inOrder(order)),
      share,
    };
  });
  const names = once(() => createNames({ graph, call, whenIdle }));
  return {
    get: (id) => noted(loader().load(id)),
    get rows() {
      return rows();
    },
    get names() {
      return names();
    },
  };
}

function once<Made>(make: () => Made): () => Made {
  let made: Made | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Gives an operation its share of the event loop until the operation ends; who waits then gets the reason as an error. */
export function shareUntilEnd(
  share: LoopShare,
  signal: Pick<EndSignal, 'aborted' | 'reason'>,
): OperationShare {
  let waiting = 0;
  return {
    isUsedUp: share.isUsedUp,
    waiting: () => waiting,
    async nextTurn() {
      waiting += 1;
      await share.nextTurn();
      waiting -= 1;
      if (!signal.aborted) {
        return;
      }
      if (signal.reason === ('deadline' satisfies EndReason)) {
        const message = "The operation's time ended while the gateway worked on its rows.";
        throw new GatewayError('UPSTREAM_TIMEOUT', `${message} Ask for less at once.`);
      }
      throw toGatewayError(abortErrorOf(signal));
    },
  };
}
