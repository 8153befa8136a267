import type { GraphCall } from '../../src/graph/request.ts';
import {
  type AcquisitionMeasurement,
  createOnBehalfOfCredentials,
  type OnBehalfOfOptions,
  type OutboundCredentials,
  type OutboundParts,
} from '../../src/identity/outbound/credentials.ts';
import type { TokenLookup } from '../../src/identity/outbound/tokenCache.ts';
import { Secret } from '../../src/shared/secret.ts';
import { readUnchecked } from './authority/clientProof.ts';
import { contoso, gatewayClient } from './authority/people.ts';
import type { TestAuthority } from './authority/startAuthority.ts';
import { testCall } from './graphClients.ts';
import { type RecordedLine, recordingLog } from './logs.ts';
import { createVirtualClock, type VirtualClock } from './virtualClock.ts';

/** The surroundings of credentials, with all that they tell. */
export interface OutboundWorld {
  readonly clock: VirtualClock;
  readonly parts: OutboundParts;
  readonly measured: readonly AcquisitionMeasurement[];
  readonly lookups: readonly TokenLookup[];
  readonly lines: readonly RecordedLine[];
  /** The states that the breaker towards the token endpoint has had. */
  readonly breaker: readonly string[];
}

/** Makes surroundings that trust the test authority and whose time stands still. */
export function createOutboundWorld(authority: TestAuthority): OutboundWorld {
  const clock = createVirtualClock();
  const log = recordingLog();
  const measured: AcquisitionMeasurement[] = [];
  const lookups: TokenLookup[] = [];
  const breaker: string[] = [];
  return {
    breaker,
    clock,
    measured,
    lookups,
    lines: log.lines,
    parts: {
      clock,
      log,
      chance: () => 0.5,
      onBreaker: (state) => breaker.push(state),
      certificateAuthorities: [authority.certificateAuthority],
      onAcquire: (measurement) => measured.push(measurement),
      onLookup: (lookup) => lookups.push(lookup),
    },
  };
}

/** What a configuration against the test authority would say. */
export function optionsFor(authority: TestAuthority): OnBehalfOfOptions {
  return {
    cloud: 'global',
    authorityHost: `${authority.url}/`,
    scope: 'https://graph.microsoft.com/.default',
    tenantId: contoso.id,
    clientId: gatewayClient.clientId,
    credential: { kind: 'secret', secret: new Secret(gatewayClient.secret) },
  };
}

/** Credentials on behalf of users, with a shorter way to ask them. */
export interface TestCredentials extends OutboundWorld {
  readonly credentials: OutboundCredentials;
  /** Asks for a token as one operation of a caller with this token would. */
  ask(assertion: string, wish?: { call?: GraphCall; withFreshToken?: boolean }): Promise<string>;
}

export function createTestCredentials(
  authority: TestAuthority,
  options: Partial<OnBehalfOfOptions> = {},
): TestCredentials {
  const world = createOutboundWorld(authority);
  const all = { ...optionsFor(authority), ...options };
  const credentials = createOnBehalfOfCredentials(all, world.parts);
  return {
    ...world,
    credentials,
    async ask(assertion, { call = callOf(assertion), withFreshToken = false } = {}) {
      return (await credentials.tokenFor(call, { withFreshToken })).reveal();
    },
  };
}

/** A call of an operation of its own, for a caller with this token. */
export function callOf(token: string): GraphCall {
  return testCall({ callerToken: new Secret(token) });
}

/** The claims in a token that the authority gave out. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return readUnchecked(token)?.claims ?? {};
}

/** The header of one. */
export function headerOf(token: string): Readonly<Record<string, unknown>> {
  return readUnchecked(token)?.header ?? {};
}
