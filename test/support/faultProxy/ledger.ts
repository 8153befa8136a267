import type { RequestHead } from './fault.ts';

/** A request whose head arrived at the proxy, whatever became of it. */
export interface ReceivedRequest extends RequestHead {
  /** The name of the fault that it met; undefined where it passed through. */
  readonly fault: string | undefined;
}

/** A request that the proxy gave to the upstream. */
export interface ForwardedRequest {
  readonly method: string;
  readonly path: string;
  /** What the upstream answered, so that it is known to have executed it; undefined where it broke off. */
  readonly status: number | undefined;
}

/** What happened at a proxy until now. */
export interface FaultProxyRecord {
  /** Oldest first. */
  readonly received: readonly ReceivedRequest[];
  /** In the order of the upstream's answers. */
  readonly forwarded: readonly ForwardedRequest[];
  /** How many requests are with the upstream at this moment. */
  readonly underWay: number;
  /** How many connections were accepted. */
  readonly connections: number;
  /** How many of them are there still. */
  readonly openConnections: number;
}

/** The record as the proxy keeps it. */
export interface Ledger {
  readonly record: FaultProxyRecord;
  received(request: ReceivedRequest): void;
  /** Notes a request as under way until `answer` settles. */
  forwarded(request: RequestHead, answer: Promise<{ readonly status: number }>): void;
  /** Notes a connection; the returned function notes its end. */
  connected(): () => void;
  /** Waits until the record is as wanted. */
  until(holds: (record: FaultProxyRecord) => boolean): Promise<void>;
  /** Rejects all that waits, and all that will. */
  close(): void;
}

interface Watcher {
  readonly holds: (record: FaultProxyRecord) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Opens an empty ledger. */
export function createLedger(): Ledger {
  const received: ReceivedRequest[] = [];
  const forwarded: ForwardedRequest[] = [];
  const record = { received, forwarded, underWay: 0, connections: 0, openConnections: 0 };
  const watchers = new Set<Watcher>();
  let isClosed = false;

  function look(): void {
    for (const watcher of watchers) {
      if (watcher.holds(record)) {
        watchers.delete(watcher);
        watcher.resolve();
      } else if (isClosed) {
        watchers.delete(watcher);
        watcher.reject(new Error('The fault proxy was closed before what was waited for'));
      }
    }
  }

  return {
    record,
    received(request) {
      received.push(request);
      look();
    },
    forwarded({ method, path }, answer) {
      record.underWay += 1;
      const note = (status: number | undefined): void => {
        record.underWay -= 1;
        forwarded.push({ method, path, status });
        look();
      };
      answer.then(
        ({ status }) => note(status),
        () => note(undefined),
      );
      look();
    },
    connected() {
      record.connections += 1;
      record.openConnections += 1;
      look();
      return () => {
        record.openConnections -= 1;
        look();
      };
    },
    until: (holds) =>
      new Promise((resolve, reject) => {
        watchers.add({ holds, resolve, reject });
        look();
      }),
    close() {
      isClosed = true;
      look();
    },
  };
}
