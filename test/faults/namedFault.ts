import type { TestCertificates } from '../support/certificates.ts';
import { always, executed, type Fault, type RequestFault } from '../support/faultProxy/fault.ts';
import type { FaultProxy } from '../support/faultProxy/startFaultProxy.ts';

/**
 * What a client can know of a request that meets a fault, and so what it may do: one name for each rule.
 *
 * `neverConnected`, `badCertificate`: the request did not go out. `throttled`, `unavailableForATime` (503 with
 * Retry-After), `serverError` (500, 502, 504, 503 without), `unauthenticated`, `redirected`: it was answered so.
 * `falseRefusal`: the answer asked for a retry as if not executed, but it was; this is undetectable.
 * `lost`: it went out, and the answer did not come, or not whole. `unbelievable`: a success came that cannot be one.
 * `late`: the right answer comes, but slowly. `endless`: page after page comes. `harmless`: the right answer comes in an
 * odd form.
 */
export type FaultKind =
  | 'neverConnected'
  | 'badCertificate'
  | 'throttled'
  | 'unavailableForATime'
  | 'falseRefusal'
  | 'serverError'
  | 'unauthenticated'
  | 'redirected'
  | 'lost'
  | 'unbelievable'
  | 'late'
  | 'endless'
  | 'harmless';

/** For how long a fault strikes: one attempt, all of them, or a time of the proxy's clock. */
export type Lasting = 'oneAttempt' | 'allAttempts' | { readonly ms: number };

/** What a fault is armed on. */
export interface ArmingStage {
  /** Speaks TLS with the good certificate where the fault's transport is https. */
  readonly proxy: FaultProxy;
  readonly certificates: TestCertificates;
  /** The root of another server, which must never see a token. */
  readonly elsewhere: URL;
}

/** A fault that a test can put between the gateway and Graph. */
export interface NamedFault {
  /** Its number in the list of the faults that the gateway is held against. */
  readonly number: number;
  /** Unique, and fit for the name of a test. */
  readonly name: string;
  readonly kind: FaultKind;
  /** Whether the upstream executes the request that meets it, if only late. */
  readonly executes: boolean;
  readonly lasts: Lasting;
  readonly transport: 'http' | 'https';
  /** Needs a connection that was used before and is idle. */
  readonly needsIdleConnection: boolean;
  /** Only lists can meet it. */
  readonly isForListsOnly: boolean;
  /** What the client is pointed at in place of the proxy. */
  readonly url: URL | undefined;
  arm(stage: ArmingStage): Promise<void> | void;
}

type Arm = NamedFault['arm'];
type Traits = Partial<Omit<NamedFault, 'arm' | 'lasts'>> &
  Pick<NamedFault, 'number' | 'name' | 'kind'>;

const defaults = {
  executes: false,
  transport: 'http',
  needsIdleConnection: false,
  isForListsOnly: false,
  url: undefined,
} as const;

/** A fault that is armed in a way of its own, and only so. */
export function special(lasts: Lasting, traits: Traits, arm: Arm = () => undefined): NamedFault {
  return { ...defaults, ...traits, lasts, arm };
}

/** The same fault for one attempt and for all. */
export function onceAndAlways(
  traits: Traits,
  makeFault: (stage: ArmingStage) => Fault,
): readonly NamedFault[] {
  return [once(traits, makeFault), forAll(traits, makeFault)];
}

export function once(traits: Traits, makeFault: (stage: ArmingStage) => Fault): NamedFault {
  const name = `${traits.name}, once`;
  return special('oneAttempt', { ...traits, name }, (stage) =>
    stage.proxy.script(makeFault(stage)),
  );
}

export function forAll(traits: Traits, makeFault: (stage: ArmingStage) => Fault): NamedFault {
  const name = `${traits.name}, always`;
  return special('allAttempts', { ...traits, name }, (stage) =>
    stage.proxy.script(always(makeFault(stage))),
  );
}

/** The same fault for one attempt and for all, after the upstream has executed the request. */
export function afterExecution(
  traits: Traits,
  makeFault: (stage: ArmingStage) => RequestFault,
): readonly NamedFault[] {
  return onceAndAlways({ ...traits, name: `${traits.name}, executed`, executes: true }, (stage) =>
    executed(makeFault(stage)),
  );
}

/** Executed and not, for one attempt and for all. */
export function executedOrNot(
  traits: Traits,
  makeFault: (stage: ArmingStage) => RequestFault,
): readonly NamedFault[] {
  return [...onceAndAlways(traits, makeFault), ...afterExecution(traits, makeFault)];
}
