import { type HttpAnswer, type ProxiedRequest, type RequestHead, toBytes } from './http.ts';
import type { Wire } from './wire.ts';

/** What a fault of a request has at hand. */
export interface Exchange {
  readonly request: ProxiedRequest;
  /** The upstream's if the fault has the request executed, else one that looks like it. */
  readonly answer: HttpAnswer;
  readonly wire: Wire;
  /** The proxy's own URL, without a slash at the end. */
  readonly origin: string;
  nowMs(): number;
  /** Waits on the proxy's clock, whether the client is there or not. */
  wait(ms: number): Promise<void>;
  /** Has the upstream execute the request, in the fault's own time. */
  execute(): Promise<HttpAnswer>;
}

interface FaultTraits {
  /** How many requests or connections it strikes; 1 if absent. */
  readonly times?: number;
  /** How long it strikes, from when it was scripted; for ever if absent. */
  readonly forMs?: number;
}

/** Strikes a connection as it is accepted, before TLS. */
export interface ConnectionFault extends FaultTraits {
  readonly at: 'connection';
  readonly play: (wire: Wire) => Promise<void> | void;
}

/** Strikes a request, once its head is there or once it is complete. */
export interface RequestFault extends FaultTraits {
  readonly at: 'head' | 'request';
  /** Which requests; all if absent. */
  readonly fits?: (head: RequestHead) => boolean;
  /** Whether the upstream executes the request before the fault plays. */
  readonly executes: boolean;
  /** The connection goes on with its next request when this ends, unless it was ended. */
  readonly play: (exchange: Exchange) => Promise<void> | void;
}

export type Fault = ConnectionFault | RequestFault;

/** No fault at all: the upstream executes the request, and its answer goes to the client as it is. */
export const passOn: RequestFault = {
  at: 'request',
  executes: true,
  play: ({ wire, answer }) => wire.write(toBytes(answer)),
};

/** The same fault after the upstream has executed the request and answered. */
export const executed = <F extends RequestFault>(fault: F): F => ({
  ...fault,
  at: 'request',
  executes: true,
});

/** The same fault for so many requests or connections. */
export const times = <F extends Fault>(count: number, fault: F): F => ({ ...fault, times: count });

/** The same fault for all that comes. */
export const always = <F extends Fault>(fault: F): F => times(Number.POSITIVE_INFINITY, fault);

/** The same fault for all that comes within a time of the proxy's clock. */
export const lasting = <F extends Fault>(forMs: number, fault: F): F => ({
  ...always(fault),
  forMs,
});

/** The same fault for some requests only. */
export const onlyFor = (fits: (head: RequestHead) => boolean, fault: RequestFault) => ({
  ...fault,
  fits,
});
