import type { AuthorityFault } from '../../support/authority/faults.ts';
import type { MintWish } from '../../support/authority/mint.ts';
import { grace } from '../../support/authority/people.ts';
import type { IdentityStage } from '../../support/identityStage.ts';
import type { SkippingClock } from '../../support/virtualClock.ts';

/** What a fault of the authority or of the clock is armed on. */
export interface IdentityFaultStage extends IdentityStage {
  /** The gateway's clock. */
  readonly clock: SkippingClock;
  /** The authority's: what its tokens are dated by. */
  readonly authorityClock: SkippingClock;
}

interface FaultTraits {
  /** 200 if absent. */
  readonly status?: number;
  /** What the caller's token is, beside its scope; the time is the authority's, in milliseconds. */
  readonly wish?: (nowMs: number) => MintWish;
  /** Whether the caller's token was exchanged before. */
  readonly isKnownToken?: boolean;
  /** Whether only one user feels it. */
  readonly isForOneUser?: boolean;
  /** Whether it lasts as long as an operation may. */
  readonly isEndless?: boolean;
  /** Happens while Graph holds its answer back. */
  readonly meanwhile?: (stage: IdentityFaultStage) => void;
}

/** A fault of the list that does not come from between the gateway and Graph, and what each operation is promised. */
interface IdentityFault extends FaultTraits {
  readonly number: number;
  readonly name: string;
  readonly promise: string;
  readonly arm: (stage: IdentityFaultStage) => void | Promise<void>;
}

const fault = (
  number: number,
  name: string,
  promise: string,
  arm: IdentityFault['arm'],
  traits: FaultTraits = {},
): IdentityFault => ({ number, name, promise, arm, ...traits });

const hourMs = 3_600_000;
const minuteMs = 60_000;
const works = 'ok (1)';
const refused = 'UNAUTHENTICATED (0)';

/** What the caller of each case must do about the claims. */
export const interactionClaims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';

/** Strikes one user; no other one may feel it. */
const tokenFault = (what: string, promise: string, kind: AuthorityFault, traits?: FaultTraits) =>
  fault(
    19,
    `token endpoint: ${what}`,
    promise,
    ({ authority }) =>
      void authority.faults.set(kind, { endpoint: 'token', userObjectId: grace.objectId }),
    { wish: () => ({ user: grace }), isForOneUser: true, ...traits },
  );

const keysAre = (kind: AuthorityFault, { authority }: IdentityFaultStage): void =>
  void authority.faults.set(kind, { endpoint: 'keys' });
const down = { kind: 'status', status: 503 } as const;

/** Sends tokens with unknown keys; the gateway may request the keys once. */
async function floodWithKeys({ authority, gateway }: IdentityFaultStage): Promise<void> {
  const before = authority.count('keys');
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) => {
      const token = authority.mint({ header: { kid: `unknown-${index}` } });
      return gateway.run('{ viewer { authMode } }', {}, { authorization: `Bearer ${token}` });
    }),
  );
  const asked = authority.count('keys') - before;
  if (asked > 1 || answers.some(({ status }) => status !== 401)) {
    throw new Error(`${asked} requests for keys; ${answers.map(({ status }) => status)}`);
  }
}

const clockFault = (what: string, promise: string, skippedMs: number, traits?: FaultTraits) =>
  fault(21, `clock: ${what}`, promise, ({ clock }) => clock.skip(skippedMs), traits);

function datedAt(ms: number): Readonly<Record<string, number>> {
  const seconds = Math.floor(ms / 1000);
  return { iat: seconds, nbf: seconds };
}

/** The faults of the authority that gives out tokens, and of the gateway's own clock. */
export const identityFaults: readonly IdentityFault[] = [
  fault(
    18,
    "401 on a token of the gateway's own that was kept and is revoked",
    'ok (2)',
    ({ graph }) =>
      graph.faults.add({
        when: { path: 'complianceManagementPartners' },
        respond: { status: 401 },
      }),
    { isKnownToken: true },
  ),
  tokenFault('500', 'UPSTREAM_UNAVAILABLE (0)', { kind: 'status', status: 500 }),
  tokenFault('429 with 3600', 'THROTTLED (0)', { kind: 'status', status: 429, retryAfter: '3600' }),
  tokenFault('hangs', 'UPSTREAM_TIMEOUT (0)', { kind: 'hang' }, { isEndless: true }),
  // The exchange belongs to the execution; a bad token of the caller is rejected before it.
  tokenFault('interaction_required', refused, {
    kind: 'interaction-required',
    claims: interactionClaims,
  }),
  fault(20, 'keys: down for 2 h', works, (stage) => {
    keysAre(down, stage);
    stage.clock.skip(2 * hourMs);
    stage.authorityClock.skip(2 * hourMs);
  }),
  fault(20, 'keys: rubbish', works, (stage) =>
    keysAre({ kind: 'rubbish', body: '{"keys":7}' }, stage),
  ),
  fault(20, 'keys: rotated', works, ({ authority }) => void authority.rotateKeys()),
  fault(
    20,
    'keys: rotated while down',
    refused,
    (stage) => {
      keysAre(down, stage);
      stage.authority.rotateKeys();
    },
    { status: 401 },
  ),
  fault(20, 'keys: a flood of unknown ones', works, floodWithKeys),
  clockFault('2 min fast', works, 2 * minuteMs),
  // A token that was got a little while ago, as most are.
  clockFault('2 min slow', works, -2 * minuteMs, {
    wish: (nowMs) => ({ claims: datedAt(nowMs - 5 * minuteMs) }),
  }),
  clockFault('jumps 2 h ahead of a token', refused, 2 * hourMs, { status: 401 }),
  clockFault('jumps 2 h back before a token', refused, -2 * hourMs, { status: 401 }),
  clockFault('jumps an hour ahead while Graph answers', works, 0, {
    meanwhile: ({ clock }) => clock.skip(hourMs),
  }),
  clockFault('jumps an hour back while Graph answers', works, 0, {
    meanwhile: ({ clock }) => clock.skip(-hourMs),
  }),
];
