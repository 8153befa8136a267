import { type HttpAnswer, type ProxiedRequest, type RequestHead, toBytes } from './http.ts';
import type { Wire } from './wire.ts';

/** What a fault of a request has at hand. */
export interface Exchange {
  readonly request: ProxiedRequest;
  /** The upstream's where the fault has the request executed, else one that looks like it. */
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
  /** How many requests or connections it strikes; 1 where absent. */
  readonly times?: number;
  /** How long it strikes, from when it was scripted; for ever where absent. */
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
  /** Which requests; all where absent. */
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
export function executed<F extends RequestFault>(fault: F): F {
  return { ...fault, at: 'request', executes: true };
}

/** The same fault for so many requests or connections. */
export function times<F extends Fault>(count: number, fault: F): F {
  return { ...fault, times: count };
}

/** The same fault for all that comes. */
export function always<F extends Fault>(fault: F): F {
  return times(Number.POSITIVE_INFINITY, fault);
}

/** The same fault for all that comes within a time of the proxy's clock. */
export function lasting<F extends Fault>(forMs: number, fault: F): F {
  return { ...always(fault), forMs };
}

/** The same fault for some requests only. */
export function onlyFor<F extends RequestFault>(fits: (head: RequestHead) => boolean, fault: F): F {
  return { ...fault, fits };
}

/** The same fault for the requests with one bearer token only, as one tenant or one user can be struck alone. */
export function onlyForToken<F extends RequestFault>(token: string, fault: F): F {
  return onlyFor(({ headers }) => headers['authorization'] === `Bearer ${token}`, fault);
}
