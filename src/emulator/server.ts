import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { PartnerResource } from '../graph/types.ts';
import type { Clock } from '../shared/clock.ts';
import { answerMetadata } from './answerMetadata.ts';
import { answerBatch } from './batch.ts';
import { carryOut, type Stage } from './carryOut.ts';
import { catalogue } from './catalogue.ts';
import type { ServerCertificate } from './certificate.ts';
import { answerControl, isControl } from './control.ts';
import { deliver, prepareDelivery } from './deliver.ts';
import { createFaults, type Faults } from './faults.ts';
import { type EmulatorRequest, splitPath } from './http.ts';
import { createLaggingStore } from './laggingStore.ts';
import { listen } from './listen.ts';
import type { BetaGeneration } from './model.ts';
import { createPauses } from './pauses.ts';
import type { Oddity } from './quirks.ts';
import { parseRoute } from './route.ts';
import { answerRequest, type EmulatorParts } from './routes.ts';

/** How the embedded Graph is to behave. */
export interface EmulatorOptions {
  /** 127.0.0.1 where absent: a Graph with a published token belongs on this machine only. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly generation: BetaGeneration;
  readonly acceptToken: (token: string) => boolean;
  readonly clock: Clock;
  /** The id of a row that is added without one; a random UUID where absent. */
  readonly newId?: () => string;
  /** Rows in a page of the list; 1000 where absent, as in Intune. */
  readonly pageSize?: number;
  /** The rows at the start; partners of Intune's catalogue where absent. */
  readonly seed?: readonly PartnerResource[];
  /** What its answers have that no page promises; nothing where absent. */
  readonly oddities?: readonly Oddity[];
  /** By how much reads lag behind writes, in milliseconds of the clock; with `lagging-reads` 3,000 where absent. */
  readonly readLagMs?: number;
  /** Told of each request once its body is there. */
  readonly onRequest?: (request: SeenRequest) => void;
  /** Makes it speak TLS. */
  readonly certificate?: ServerCertificate | undefined;
  /** Lets programs on this machine script faults over HTTP; off if absent, and never on another host than loopback. */
  readonly hasControl?: boolean;
  /** Keeps each request; off where absent, because a server that runs for long would grow. */
  readonly recordRequests?: boolean;
}

/** A request that reached the embedded Graph. */
export interface SeenRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** The token included. */
  readonly headers: IncomingHttpHeaders;
  /** Empty where there was none, and where it was too large. */
  readonly body: string;
}

/** A running embedded Graph. */
export interface Emulator {
  /** Its root, without a path and a slash at the end. */
  readonly baseUrl: string;
  /** What reached it, oldest first; empty unless `recordRequests` is set. */
  readonly requests: readonly SeenRequest[];
  /** The script of faults, for tests. */
  readonly faults: Faults;
  /** The stored rows with the properties of all generations, in the order of the list. */
  partners(): readonly PartnerResource[];
  /** Ends it with all its connections, silent ones included. */
  close(): Promise<void>;
}

/** What has been seen of Intune. */
const usualLagMs = 3_000;
const bodyLimitBytes = 1024 * 1024;

/**
 * Starts a small Microsoft Graph on loopback: a real HTTP server for one resource, with the rows in memory. Rejects
 * where the port cannot be had.
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { clock } = options;
  const faults = createFaults();
  const pauses = createPauses(clock);
  const requests: SeenRequest[] = [];
  const lagMs = options.readLagMs ?? (options.oddities?.includes('lagging-reads') ? usualLagMs : 0);
  const parts: EmulatorParts = {
    ...createLaggingStore(options.seed ?? catalogue, { clock, lagMs }),
    generation: options.generation,
    pageSize: options.pageSize ?? 1000,
    acceptToken: options.acceptToken,
    newId: options.newId ?? randomUUID,
    oddities: new Set(options.oddities),
  };
  const stage: Stage = {
    parts,
    takeFault: faults.take,
    wait: pauses.wait,
    newStamp: ({ headers }) => ({
      requestId: randomUUID(),
      clientRequestId: String(headers['client-request-id'] || randomUUID()),
      nowMs: clock.now(),
    }),
  };

  function note(request: EmulatorRequest): void {
    const { method, path, headers, body } = request;
    const seen = { method, path, headers, body: body === 'tooLarge' ? '' : body.toString('utf8') };
    options.onRequest?.(seen);
    if (options.recordRequests === true) {
      requests.push(seen);
    }
  }

  const host = options.host ?? '127.0.0.1';
  const hasControl = options.hasControl === true && ['127.0.0.1', '::1'].includes(host);
  const listener = await listen({
    host,
    port: options.port,
    certificate: options.certificate,
    bodyLimitBytes,
    async handle(request, response) {
      if (hasControl && isControl(request)) {
        const stamp = stage.newStamp(request);
        deliver(response, prepareDelivery(answerControl(faults, request, stamp), stamp));
        return;
      }
      note(request);
      const { answer, kill, stamp } = await carryOut(stage, request, (on, at) => {
        const route = parseRoute(splitPath(request.path).path);
        switch (route.kind) {
          case 'batch':
            return answerBatch(on, { version: route.version, request, stamp: at });
          case 'metadata':
            return {
              answer: answerMetadata(on.parts, { version: route.version, request, stamp: at }),
            };
          default:
            return { answer: answerRequest(on.parts, request, at) };
        }
      });
      deliver(response, prepareDelivery(answer, stamp), kill);
    },
  });

  return {
    baseUrl: listener.baseUrl,
    requests,
    faults,
    partners: () => parts.store.rows(),
    close() {
      pauses.giveUp();
      return listener.close();
    },
  };
}
