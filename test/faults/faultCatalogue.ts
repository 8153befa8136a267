import type { BadCertificate, TestCertificates } from '../support/certificates.ts';
import {
  duplicateKeys,
  endlessPages,
  gzipBomb,
  hugeBody,
  hugeHeaders,
  loopingNextLink,
  nextLink,
  stackedEncodings,
  truncatedJson,
  unknownEncoding,
  wrongTypes,
} from '../support/faultProxy/falseAnswers.ts';
import {
  always,
  executed,
  type Fault,
  lasting,
  onlyForToken,
  type RequestFault,
} from '../support/faultProxy/fault.ts';
import {
  closeAsItSends,
  closeAtConnect,
  cut,
  drip,
  type End,
  hangAtConnect,
  hangUp,
  headThen,
  htmlPage,
  interimFlood,
  jsonText,
  lateExecution,
  noContent,
  type RetryAfter,
  redirect,
  reset,
  resetAtConnect,
  silence,
  slow,
  status,
  unauthenticated,
} from '../support/faultProxy/faults.ts';
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
type FaultKind =
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
type Lasting = 'oneAttempt' | 'allAttempts' | 'aTime';

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

type Make<Made = Fault> = (stage: ArmingStage) => Made;

/** A fault that is armed in a way of its own, and only so. */
const special = (
  number: number,
  name: string,
  kind: FaultKind,
  lasts: Lasting,
  arm: NamedFault['arm'] = () => undefined,
  more: Partial<NamedFault> = {},
): NamedFault => ({
  ...{ number, name, kind, lasts, arm, executes: false, transport: 'http', url: undefined },
  ...{ needsIdleConnection: false, isForListsOnly: false },
  ...more,
});

const arming =
  (make: Make, ever = (fault: Fault): Fault => fault): NamedFault['arm'] =>
  (stage) =>
    stage.proxy.script(ever(make(stage)));

const once = (number: number, name: string, kind: FaultKind, make: Make, more = {}): NamedFault =>
  special(number, `${name}, once`, kind, 'oneAttempt', arming(make), more);

const forAll = (number: number, name: string, kind: FaultKind, make: Make, more = {}): NamedFault =>
  special(number, `${name}, always`, kind, 'allAttempts', arming(make, always), more);

type Several<Made = Fault> = (
  number: number,
  name: string,
  kind: FaultKind,
  make: Make<Made>,
  more?: Partial<NamedFault>,
) => readonly NamedFault[];

/** The same fault for one attempt and for all. */
const onceAndAlways: Several = (...given) => [once(...given), forAll(...given)];

/** The same fault for one attempt and for all, after the upstream has executed the request. */
const afterExecution: Several<RequestFault> = (number, name, kind, make, more) =>
  onceAndAlways(number, `${name}, executed`, kind, (stage) => executed(make(stage)), {
    executes: true,
    ...more,
  });

/** Executed and not, for one attempt and for all. */
const executedOrNot: Several<RequestFault> = (...given) => [
  ...onceAndAlways(...given),
  ...afterExecution(...given),
];

/** The one token that fault 12 throttles. */
export const throttledToken = 'token-of-the-throttled-tenant';

/** What fault 18 asks for. */
const challengedClaims = { access_token: { nbf: { essential: true, value: '1770000000' } } };

const minuteMs = 60_000;
const dripMs = 100;
const https = { transport: 'https' } as const;
const forLists = { isForListsOnly: true };
const badCertificates = [
  ...['selfSigned', 'unknownAuthority', 'wrongHost', 'expired', 'notYetValid'],
] as readonly BadCertificate[];

const present =
  (name: BadCertificate): NamedFault['arm'] =>
  ({ proxy, certificates }) =>
    proxy.present(certificates.bad[name]);

const unreachable: readonly NamedFault[] = [
  special(1, 'refused, back after 1 s', 'neverConnected', 'aTime', ({ proxy }) =>
    proxy.refuseConnections(1000),
  ),
  special(1, 'refused, always', 'neverConnected', 'allAttempts', ({ proxy }) =>
    proxy.refuseConnections(),
  ),
  special(2, 'a host that is in no DNS', 'neverConnected', 'allAttempts', undefined, {
    url: new URL('https://graph.invalid'),
  }),
  ...onceAndAlways(3, 'TLS handshake hangs', 'neverConnected', hangAtConnect, https),
  ...onceAndAlways(3, 'RST before TLS', 'neverConnected', resetAtConnect, https),
  ...onceAndAlways(3, 'FIN before TLS', 'neverConnected', closeAtConnect, https),
  ...badCertificates.map((name) =>
    special(4, `bad certificate: ${name}`, 'badCertificate', 'allAttempts', present(name), https),
  ),
];

const ends: readonly End[] = ['stall', 'reset', 'close'];

const lost: readonly NamedFault[] = [
  ...executedOrNot(5, 'RST', 'lost', reset),
  ...executedOrNot(5, 'FIN', 'lost', hangUp),
  ...(['close', 'reset'] as const).map((end) => {
    const name = `idle connection ends by ${end} as the client sends`;
    return once(6, name, 'lost', () => closeAsItSends(end), { needsIdleConnection: true });
  }),
  ...executedOrNot(7, 'silence', 'lost', silence),
  ...ends.flatMap((end) => executedOrNot(8, `head, then ${end}`, 'lost', () => headThen(end))),
  ...(['length', 'chunked'] as const).flatMap((framing) =>
    ends.flatMap((end) => [
      ...afterExecution(9, `${framing} body whose JSON is whole, then ${end}`, 'lost', () =>
        cut(framing, 'after the JSON', end),
      ),
      ...afterExecution(9, `${framing} body cut in its JSON, then ${end}`, 'lost', () =>
        cut(framing, 'in the JSON', end),
      ),
    ]),
  ),
  ...(['reset', 'close'] as const).flatMap((end) => [
    ...afterExecution(9, `close-delimited body whose JSON is whole, then ${end}`, 'harmless', () =>
      cut('untilClose', 'after the JSON', end),
    ),
    ...afterExecution(9, `close-delimited body cut in its JSON, then ${end}`, 'unbelievable', () =>
      cut('untilClose', 'in the JSON', end),
    ),
  ]),
  ...(['head', 'body'] as const).flatMap((from) =>
    afterExecution(10, `drip from the ${from}`, 'late', () => drip(dripMs, from)),
  ),
  ...executedOrNot(10, 'flood of interim answers', 'unbelievable', () => interimFlood()),
  ...afterExecution(10, 'some interim answers', 'harmless', () => interimFlood(3)),
];

const retryAfters: readonly (readonly [what: string, retryAfter: RetryAfter])[] = [
  ['2', '2'],
  ['2.128', '2.128'],
  ['a date', { dateInSeconds: 2 }],
  ['a past date', { dateInSeconds: -60 }],
  ['3600', '3600'],
  ['rubbish', 'soon'],
];

const refusals: readonly NamedFault[] = [
  ...retryAfters.flatMap(([what, retryAfter]) =>
    onceAndAlways(11, `429 with ${what}`, 'throttled', () => status(429, retryAfter)),
  ),
  ...onceAndAlways(11, '429 without', 'throttled', () => status(429)),
  forAll(12, '429 for one tenant only', 'throttled', () =>
    onlyForToken(throttledToken, status(429, '2')),
  ),
  ...[500, 502, 503, 504].flatMap((code) => {
    const [name, make] = [`${code} with Retry-After`, () => status(code, '1')];
    const kindOf = (kind: FaultKind): FaultKind => (code === 503 ? kind : 'serverError');
    return [
      ...executedOrNot(13, `${code} without`, 'serverError', () => status(code)),
      ...onceAndAlways(13, name, kindOf('unavailableForATime'), make),
      ...afterExecution(13, name, kindOf('falseRefusal'), make),
    ];
  }),
  special(14, 'outage of 60 s: refused', 'neverConnected', 'aTime', ({ proxy }) =>
    proxy.refuseConnections(minuteMs),
  ),
  special(14, 'outage of 60 s: 503', 'serverError', 'aTime', ({ proxy }) =>
    proxy.script(lasting(minuteMs, status(503))),
  ),
  ...onceAndAlways(18, '401 with claims', 'unauthenticated', () =>
    unauthenticated(challengedClaims),
  ),
  ...onceAndAlways(18, '401 without claims', 'unauthenticated', () => unauthenticated()),
];

const falsehoods: readonly NamedFault[] = [
  ...executedOrNot(15, '200 with HTML', 'unbelievable', htmlPage),
  ...executedOrNot(15, '200 with nothing', 'unbelievable', () => jsonText('')),
  ...executedOrNot(15, '200 with null', 'unbelievable', () => jsonText('null')),
  ...executedOrNot(15, '204', 'unbelievable', noContent),
  ...executedOrNot(15, 'truncated JSON', 'unbelievable', truncatedJson),
  ...executedOrNot(15, 'duplicate keys', 'unbelievable', duplicateKeys),
  ...executedOrNot(15, 'wrong types', 'unbelievable', wrongTypes),
  ...executedOrNot(16, '100 MB', 'unbelievable', () => hugeBody(100_000_000)),
  ...executedOrNot(16, 'gzip bomb', 'unbelievable', gzipBomb),
  ...executedOrNot(16, 'five encodings', 'unbelievable', () => stackedEncodings(5)),
  ...executedOrNot(16, 'unknown encoding', 'unbelievable', unknownEncoding),
  ...executedOrNot(16, '64 KB of headers', 'lost', () => hugeHeaders(65_536)),
  ...([302, 303, 307, 308] as const).flatMap((code) =>
    onceAndAlways(17, `${code} elsewhere`, 'redirected', ({ elsewhere }) =>
      redirect(code, elsewhere),
    ),
  ),
  ...afterExecution(
    17,
    'nextLink elsewhere',
    'unbelievable',
    ({ elsewhere }) => nextLink(() => elsewhere.href),
    forLists,
  ),
  ...afterExecution(17, 'looping nextLink', 'unbelievable', loopingNextLink, forLists),
  ...[0, 100].map((rows) =>
    forAll(17, `endless pages of ${rows} rows`, 'endless', () => endlessPages(rows), forLists),
  ),
];

const delays: readonly NamedFault[] = [
  ...afterExecution(22, 'answer after 60 s', 'late', () => slow(minuteMs)),
  // The gateway may have given up, looked and found nothing by then.
  ...onceAndAlways(22, 'execution after 60 s', 'late', () => lateExecution(minuteMs), {
    executes: true,
  }),
];

/**
 * The faults that can come from between the gateway and Graph. The rest of the list comes from elsewhere: 19 and 20
 * from the authority that gives out tokens, 21 from the clock, 23 from the gateway's own callers, 24 and 25 from the
 * system.
 *
 * What is armed strikes the requests that come after; a connection fault needs connections that are new. Retry-After
 * dates, outages and delays follow the proxy's clock. Over https a gateway that does not trust the certificates'
 * authority fails with a bad certificate whenever nothing worse happens.
 */
export const faultCatalogue: readonly NamedFault[] = [
  ...unreachable,
  ...lost,
  ...refusals,
  ...falsehoods,
  ...delays,
];
