import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { CredentialConfig } from '../../src/config/identity.ts';
import type { GraphCall } from '../../src/graph/request.ts';
import { createOutboundCredentials } from '../../src/identity/outbound/credentials.ts';
import type { OutboundParts } from '../../src/identity/outbound/token.ts';
import { Secret } from '../../src/shared/secret.ts';
import { contoso, gatewayClient } from './authority/people.ts';
import {
  type AuthorityOptions,
  startAuthority,
  type TestAuthority,
} from './authority/startAuthority.ts';
import { readUnchecked } from './authority/tokenEndpoint.ts';
import { useClosing } from './closing.ts';
import { testCall } from './graphClients.ts';
import { recordingLog } from './logs.ts';
import { recordingMeasurements } from './measurements.ts';
import { createVirtualClock } from './virtualClock.ts';

/** Makes what credentials take from the outside, with all that they tell; time stands still. */
export function createOutboundWorld(change: Partial<OutboundParts> = {}) {
  const clock = createVirtualClock();
  const log = recordingLog();
  const measurements = recordingMeasurements();
  const parts: OutboundParts = { clock, log, measurements, chance: () => 0.5, ...change };
  return { clock, lines: log.lines, events: measurements.events, parts };
}

type OutboundOptions = Parameters<typeof createOutboundCredentials>[0];

interface CredentialsWish {
  readonly mode?: OutboundOptions['mode'];
  readonly tenantId?: string;
  readonly clientId?: string;
  readonly credential?: CredentialConfig;
}

export interface TokenWish {
  readonly call?: GraphCall;
  readonly withFreshToken?: boolean;
}

/** Starts an authority for the tests of a file, and makes credentials that trust it, on behalf of users unless said. */
export function useOutbound(options: AuthorityOptions = {}) {
  const closeLater = useClosing();
  let authority: TestAuthority;
  beforeAll(async () => {
    authority = await startAuthority(options);
  });
  afterEach(() => authority.faults.clear());
  afterAll(() => authority.close());
  return {
    get authority() {
      return authority;
    },
    create({ mode = 'on-behalf-of', ...change }: CredentialsWish = {}) {
      const world = createOutboundWorld({
        certificateAuthorities: [authority.certificateAuthority],
      });
      const outbound: OutboundOptions['outbound'] = {
        kind: 'registration',
        authorityHost: `${authority.url}/`,
        tenantId: contoso.id,
        clientId: gatewayClient.clientId,
        credential: { kind: 'secret', secret: new Secret(gatewayClient.secret) },
        ...change,
      };
      const scope = 'https://graph.microsoft.com/.default';
      const credentials = createOutboundCredentials(
        { mode, cloud: 'global', scope, outbound },
        world.parts,
      );
      closeLater(credentials.close);
      /** Asks for a token as one operation of a caller with this token would. */
      const ask = async (token = authority.mint(), wish: TokenWish = {}): Promise<string> => {
        const { call = callOf(token), withFreshToken = false } = wish;
        return (await credentials.tokenFor(call, { withFreshToken })).reveal();
      };
      return { ...world, credentials, ask };
    },
    /** How many token requests something makes. */
    async requestsOf(action: () => Promise<unknown>): Promise<number> {
      const before = authority.count('token');
      await action();
      return authority.count('token') - before;
    },
  };
}

/** A call of an operation of its own, for a caller with this token. */
export function callOf(token: string): GraphCall {
  return testCall({ callerToken: new Secret(token) });
}

/** The claims in a token. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return readUnchecked(token)?.claims ?? {};
}
