import { afterEach } from '@jest/globals';
import { Pool } from 'undici';
import type { Emulator } from '../../../src/emulator/server.ts';
import type { Clock } from '../../../src/shared/clock.ts';
import { embeddedGraphToken } from '../../../src/shared/secret.ts';
import type { ServerCertificate } from '../../support/certificates.ts';
import type { FaultProxyRecord } from '../../support/faultProxy/ledger.ts';
import { type FaultProxy, startFaultProxy } from '../../support/faultProxy/startFaultProxy.ts';
import { startTestGraph } from '../../support/testGraphs.ts';

/** What a client saw of an answer: as much of it as came, and what became of the rest. */
export interface Sight {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  /** Absent where it was not complete. */
  readonly body?: Buffer;
  readonly text?: string;
  /** The code of the error that ended it, and what the system was asked when it came. */
  readonly code?: string;
  readonly syscall?: string;
}

export interface AskOptions {
  readonly token?: string;
  readonly path?: string;
  /** Ends the client's wait; the code is `LEFT` then. */
  readonly leave?: AbortSignal;
  readonly onStatus?: (status: number) => void;
  readonly headersTimeout?: number;
  readonly bodyTimeout?: number;
}

/** An embedded Graph without rows, a proxy before it, and a bare client before that. */
export interface FaultStage {
  readonly graph: Emulator;
  readonly proxy: FaultProxy;
  /** Adds a partner. */
  add(options?: AskOptions): Promise<Sight>;
  /** Reads the list. */
  list(options?: AskOptions): Promise<Sight>;
  ask(method: string, path: string, body: string | undefined, options?: AskOptions): Promise<Sight>;
  close(): Promise<void>;
}

export interface FaultStageOptions {
  readonly clock?: Clock;
  readonly tls?: ServerCertificate;
  /** The client's options for connecting, such as `ca`. */
  readonly connect?: object;
  readonly connections?: number;
}

export const collectionPath = '/beta/deviceManagement/complianceManagementPartners';

/** What to leave with, so that an answer that never comes can be told from one that breaks. */
export class Left extends Error {
  readonly code = 'LEFT';
}

/** Starters for a test file. All that they started is closed after each test. */
export interface FaultStages {
  start(options?: FaultStageOptions): Promise<FaultStage>;
  /** Closes something else too, before the stages. */
  closeLater(close: () => unknown): void;
}

/** To be called once at the top of a test file, because it registers hooks. */
export function useFaultStages(): FaultStages {
  const toClose: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of toClose.splice(0)) {
      await close();
    }
  });
  return {
    async start(options = {}) {
      const stage = await startFaultStage(options);
      toClose.push(stage.close);
      return stage;
    },
    closeLater: (close) => void toClose.unshift(close),
  };
}

/** Adds, and leaves once the client has the status. */
export function addAndLeave({ add }: FaultStage): Promise<Sight> {
  const leave = new AbortController();
  return add({ leave: leave.signal, onStatus: () => leave.abort(new Left()) });
}

/** Adds, and leaves once the request was received and executed so many times. */
export async function addAndLeaveUnanswered(
  { proxy, add }: FaultStage,
  executions: number,
): Promise<Sight> {
  const leave = new AbortController();
  const seen = add({ leave: leave.signal });
  await proxy.until(
    ({ received, forwarded }) => received.length === 1 && forwarded.length === executions,
  );
  leave.abort(new Left());
  return seen;
}

/** Not all connections: after one that it gave up the client opens another in advance. */
export const isClientGone = ({ connections, openConnections }: FaultProxyRecord): boolean =>
  openConnections < connections;

/** How undici shows a FIN and an RST. */
export const closed = { code: 'UND_ERR_SOCKET' };
export const wasReset = { code: 'ECONNRESET', syscall: 'read' };

async function startFaultStage(options: FaultStageOptions): Promise<FaultStage> {
  const { clock, tls, connect, connections = null } = options;
  const graph = await startTestGraph({
    seed: [],
    acceptToken: (token) => [embeddedGraphToken, 'token-of-another'].includes(token),
  });
  const proxy = await startFaultProxy({
    upstream: new URL(graph.baseUrl),
    ...(clock && { clock }),
    ...(tls && { tls }),
  });
  const pool = new Pool(proxy.url.origin, { connections, ...(connect && { connect }) });

  const ask: FaultStage['ask'] = async (method, path, body, asked = {}) => {
    const { token = embeddedGraphToken, leave, onStatus, ...timeouts } = asked;
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    let seen: Sight = {};
    try {
      const answer = await pool.request({
        method: method as 'GET',
        path: asked.path ?? path,
        headers,
        ...(body !== undefined && { body }),
        ...(leave && { signal: leave }),
        headersTimeout: timeouts.headersTimeout ?? 0,
        bodyTimeout: timeouts.bodyTimeout ?? 0,
      });
      seen = { status: answer.statusCode, headers: answer.headers };
      onStatus?.(answer.statusCode);
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      return { ...seen, body: bytes, text: bytes.toString('utf8') };
    } catch (error) {
      return { ...seen, ...errorSeen(error) };
    }
  };

  return {
    graph,
    proxy,
    ask,
    add: (asked) => ask('POST', collectionPath, '{"displayName":"Fleet"}', asked),
    list: (asked) => ask('GET', collectionPath, undefined, asked),
    async close() {
      await pool.destroy();
      await proxy.close();
      await graph.close();
    },
  };
}

/** The system's own errors are of another realm than a test's, so `instanceof` would not know them. */
function errorSeen(error: unknown): Pick<Sight, 'code' | 'syscall'> {
  if (typeof error !== 'object' || error === null || !('code' in error)) {
    return { code: String(error) };
  }
  const code = String(error.code);
  return 'syscall' in error ? { code, syscall: String(error.syscall) } : { code };
}
