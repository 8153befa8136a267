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

/** A fault of the list that does not come from between the gateway and Graph, and what each operation is promised. */
interface IdentityFault {
  readonly number: 18 | 19 | 20 | 21;
  readonly name: string;
  /** The code of the top-level error; `ok` where there is none. */
  readonly code: string;
  readonly status: number;
  /** What the caller's token is, beside its scope; the time is the authority's, in milliseconds. */
  readonly wish?: (nowMs: number) => MintWish;
  /** How many requests of the operation's own method reach Graph; one where it works and none else, if absent. */
  readonly calls?: number;
  /** Whether the caller's token was exchanged before. */
  readonly isKnownToken?: boolean;
  /** Whether only one user feels it. */
  readonly isForOneUser?: boolean;
  /** Whether it lasts as long as an operation may. */
  readonly isEndless?: boolean;
  arm(stage: IdentityFaultStage): void | Promise<void>;
  /** Happens while Graph holds its answer back. */
  readonly meanwhile?: (stage: IdentityFaultStage) => void;
}

/** How many requests of the operation's own method reach Graph. */
export const callsOf = ({ code, calls }: IdentityFault): number => calls ?? (code === 'ok' ? 1 : 0);

const hourMs = 3_600_000;
const minuteMs = 60_000;

const works = { code: 'ok', status: 200 } as const;
const refused = { code: 'UNAUTHENTICATED', status: 401 } as const;
const unavailable = { code: 'UPSTREAM_UNAVAILABLE', status: 200 } as const;

/** What the caller of each case must do about the claims. */
export const interactionClaims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';

/** The user that the faults of the token endpoint strike; no other one may feel them. */
const struckUser = grace;
const atTheTokenEndpoint = { endpoint: 'token', userObjectId: struckUser.objectId } as const;

const tokenFault = (
  what: string,
  fault: AuthorityFault,
  promised: Pick<IdentityFault, 'code' | 'status' | 'isEndless'>,
): IdentityFault => ({
  number: 19,
  name: `token endpoint: ${what}`,
  ...promised,
  wish: () => ({ user: struckUser }),
  isForOneUser: true,
  arm: ({ authority }) => void authority.faults.set(fault, atTheTokenEndpoint),
});

const [down, rubbish] = [
  { kind: 'status', status: 503 },
  { kind: 'rubbish', body: '{"keys":7}' },
] as const;
const keysAre = (fault: AuthorityFault, { authority }: IdentityFaultStage): void =>
  void authority.faults.set(fault, { endpoint: 'keys' });

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

const keyFault = (
  what: string,
  promised: Pick<IdentityFault, 'code' | 'status'>,
  arm: IdentityFault['arm'],
): IdentityFault => ({ number: 20, name: `keys: ${what}`, ...promised, arm });

const clockFault = (
  what: string,
  promised: Pick<IdentityFault, 'code' | 'status' | 'wish' | 'meanwhile'>,
  skippedMs: number,
): IdentityFault => ({
  number: 21,
  name: `clock: ${what}`,
  ...promised,
  arm: ({ clock }) => clock.skip(skippedMs),
});

function datedAt(ms: number): Readonly<Record<string, number>> {
  const seconds = Math.floor(ms / 1000);
  return { iat: seconds, nbf: seconds };
}

/** The faults of the authority that gives out tokens, and of the gateway's own clock. */
export const identityFaults: readonly IdentityFault[] = [
  {
    number: 18,
    name: "401 on a token of the gateway's own that was kept and is revoked",
    ...works,
    calls: 2,
    isKnownToken: true,
    arm: ({ graph }) =>
      graph.faults.add({
        when: { path: 'complianceManagementPartners' },
        respond: { status: 401 },
      }),
  },
  tokenFault('500', { kind: 'status', status: 500 }, unavailable),
  tokenFault(
    '429 with 3600',
    { kind: 'status', status: 429, retryAfter: '3600' },
    { code: 'THROTTLED', status: 200 },
  ),
  tokenFault('hangs', { kind: 'hang' }, { code: 'UPSTREAM_TIMEOUT', status: 200, isEndless: true }),
  tokenFault(
    'interaction_required',
    { kind: 'interaction-required', claims: interactionClaims },
    // The exchange belongs to the execution; a bad token of the caller is rejected before it.
    { ...refused, status: 200 },
  ),
  keyFault('down for 2 h', works, (stage) => {
    keysAre(down, stage);
    stage.clock.skip(2 * hourMs);
    stage.authorityClock.skip(2 * hourMs);
  }),
  keyFault('rubbish', works, (stage) => keysAre(rubbish, stage)),
  keyFault('rotated', works, ({ authority }) => void authority.rotateKeys()),
  keyFault('rotated while down', refused, (stage) => {
    keysAre(down, stage);
    stage.authority.rotateKeys();
  }),
  keyFault('a flood of unknown ones', works, floodWithKeys),
  clockFault('2 min fast', works, 2 * minuteMs),
  // A token that was got a little while ago, as most are.
  clockFault(
    '2 min slow',
    { ...works, wish: (nowMs) => ({ claims: datedAt(nowMs - 5 * minuteMs) }) },
    -2 * minuteMs,
  ),
  clockFault('jumps 2 h ahead of a token', refused, 2 * hourMs),
  clockFault('jumps 2 h back before a token', refused, -2 * hourMs),
  ...[1, -1].map((sign) =>
    clockFault(
      `jumps an hour ${sign > 0 ? 'ahead' : 'back'} while Graph answers`,
      { ...works, meanwhile: ({ clock }) => clock.skip(sign * hourMs) },
      0,
    ),
  ),
];
