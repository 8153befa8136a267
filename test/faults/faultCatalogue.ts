import type { BadCertificate, TestCertificates } from '../support/certificates.ts';
import * as lies from '../support/faultProxy/falseAnswers.ts';
import {
  always,
  executed,
  type Fault,
  lasting,
  onlyFor,
  type RequestFault,
} from '../support/faultProxy/fault.ts';
import type { End, RetryAfter } from '../support/faultProxy/faults.ts';
import * as faults from '../support/faultProxy/faults.ts';
import type { FaultProxy } from '../support/faultProxy/startFaultProxy.ts';

/**
 * What a client can know of a request that meets a fault, and so what it may do: one name for each rule.
 *
 * `neverConnected`: the request did not go out. `throttled`, `unavailableForATime` (503 with Retry-After), `serverError`
 * (500, 502, 504, 503 without), `unauthenticated`, `redirected`: it was answered so. `lost`: it went out, and the answer
 * did not come, or not whole. `unbelievable`: a success came that cannot be one. `late`: the right answer comes, but
 * slowly. `endless`: page after page comes. `harmless`: the right answer comes in an odd form.
 */
type FaultKind =
  | ('neverConnected' | 'throttled' | 'unavailableForATime' | 'serverError' | 'unauthenticated')
  | ('redirected' | 'lost' | 'unbelievable' | 'late' | 'endless' | 'harmless');

/** What a fault is armed on. */
interface ArmingStage {
  /** Speaks TLS with the good certificate if the fault needs TLS. */
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
  /** One attempt, all of them, or a time of the proxy's clock. */
  readonly lasts: 'once' | 'always' | 'aTime';
  arm(stage: ArmingStage): Promise<void> | void;
  /** Whether the upstream executes the request that meets it, if only late. */
  readonly executes?: boolean;
  readonly isTls?: boolean;
  /** Needs a connection that was used before and is idle. */
  readonly needsIdleConnection?: boolean;
  /** Only lists can meet it. */
  readonly isForListsOnly?: boolean;
  /** What the client is pointed at in place of the proxy. */
  readonly url?: URL;
}

/** A fault that is armed in a way of its own, and only so. */
const special = (
  number: number,
  name: string,
  kind: FaultKind,
  lasts: NamedFault['lasts'],
  arm: NamedFault['arm'],
  traits: Partial<NamedFault> = {},
): NamedFault => ({ number, name, kind, lasts, arm, ...traits });

type Several<Made> = (
  number: number,
  name: string,
  kind: FaultKind,
  make: (stage: ArmingStage) => Made,
  traits?: Partial<NamedFault>,
) => readonly [NamedFault, NamedFault, ...NamedFault[]];

/** The same fault for one attempt and for all. */
const onceAndAlways: Several<Fault> = (number, name, kind, make, traits) => {
  const arm =
    (ever: (fault: Fault) => Fault): NamedFault['arm'] =>
    (stage) =>
      stage.proxy.script(ever(make(stage)));
  const once = arm((fault) => fault);
  return [
    special(number, `${name}, once`, kind, 'once', once, traits),
    special(number, `${name}, always`, kind, 'always', arm(always), traits),
  ];
};

/** The same fault for one attempt and for all, after the upstream has executed the request. */
const afterExecution: Several<RequestFault> = (number, name, kind, make, traits) =>
  onceAndAlways(number, `${name}, executed`, kind, (stage) => executed(make(stage)), {
    executes: true,
    ...traits,
  });

/** Executed and not, for one attempt and for all. */
const executedOrNot: Several<RequestFault> = (...given) => [
  ...onceAndAlways(...given),
  ...afterExecution(...given),
];

/** What fault 18 asks for. */
const challengedClaims = { access_token: { nbf: { essential: true, value: '1770000000' } } };

const minuteMs = 60_000;
const tls = { isTls: true };
const forLists = { isForListsOnly: true };

const unreachable: readonly NamedFault[] = [
  special(1, 'refused, back after 1 s', 'neverConnected', 'aTime', ({ proxy }) =>
    proxy.refuseConnections(1000),
  ),
  special(1, 'refused, always', 'neverConnected', 'always', ({ proxy }) =>
    proxy.refuseConnections(),
  ),
  special(2, 'a host that is in no DNS', 'neverConnected', 'always', () => undefined, {
    url: new URL('https://graph.invalid'),
  }),
  ...onceAndAlways(3, 'TLS handshake hangs', 'neverConnected', faults.hangAtConnect, tls),
  ...onceAndAlways(3, 'RST before TLS', 'neverConnected', faults.resetAtConnect, tls),
  ...onceAndAlways(3, 'FIN before TLS', 'neverConnected', faults.closeAtConnect, tls),
  ...['selfSigned', 'unknownAuthority', 'wrongHost', 'expired', 'notYetValid'].map((name) => {
    const arm: NamedFault['arm'] = ({ proxy, certificates }) =>
      proxy.present(certificates.bad[name as BadCertificate]);
    return special(4, `bad certificate: ${name}`, 'neverConnected', 'always', arm, tls);
  }),
];

const ends: readonly End[] = ['stall', 'reset', 'close'];

const lost: readonly NamedFault[] = [
  ...executedOrNot(5, 'RST', 'lost', faults.reset),
  ...executedOrNot(5, 'FIN', 'lost', faults.hangUp),
  ...(['close', 'reset'] as const).map((end) => {
    const name = `idle connection ends by ${end} as the client sends`;
    return onceAndAlways(6, name, 'lost', () => faults.closeAsItSends(end), {
      needsIdleConnection: true,
    })[0];
  }),
  ...executedOrNot(7, 'silence', 'lost', faults.silence),
  ...ends.flatMap((end) =>
    executedOrNot(8, `head, then ${end}`, 'lost', () => faults.headThen(end)),
  ),
  ...(['length', 'chunked', 'untilClose'] as const).flatMap((framing) => {
    const hasEnd = framing !== 'untilClose';
    const body = `${hasEnd ? framing : 'close-delimited'} body`;
    const [whole, half] = hasEnd
      ? (['lost', 'lost'] as const)
      : (['harmless', 'unbelievable'] as const);
    const make = (place: Parameters<typeof faults.cut>[1], end: End) => () =>
      faults.cut(framing, place, end);
    return ends
      .slice(hasEnd ? 0 : 1)
      .flatMap((end) => [
        ...afterExecution(
          9,
          `${body} whose JSON is whole, then ${end}`,
          whole,
          make('after the JSON', end),
        ),
        ...afterExecution(
          9,
          `${body} cut in its JSON, then ${end}`,
          half,
          make('in the JSON', end),
        ),
      ]);
  }),
  ...(['head', 'body'] as const).flatMap((from) =>
    afterExecution(10, `drip from the ${from}`, 'late', () => faults.drip(100, from)),
  ),
  ...executedOrNot(10, 'flood of interim answers', 'unbelievable', () => faults.interimFlood()),
  ...afterExecution(10, 'some interim answers', 'harmless', () => faults.interimFlood(3)),
];

const retryAfters: Readonly<Record<string, RetryAfter | undefined>> = {
  'with 2': '2',
  'with 2.128': '2.128',
  'with a date': { dateInSeconds: 2 },
  'with a past date': { dateInSeconds: -60 },
  'with 3600': '3600',
  'with rubbish': 'soon',
  without: undefined,
};

const kindOf = (code: number): FaultKind => (code === 503 ? 'unavailableForATime' : 'serverError');

const refusals: readonly NamedFault[] = [
  ...Object.entries(retryAfters).flatMap(([what, retryAfter]) =>
    onceAndAlways(11, `429 ${what}`, 'throttled', () => faults.status(429, retryAfter)),
  ),
  // Each operation has a token of its own, with the name of its fault.
  onceAndAlways(12, '429 for one tenant only', 'throttled', () =>
    onlyFor(
      ({ headers }) => /one-tenant/.test(headers['authorization'] ?? ''),
      faults.status(429, '2'),
    ),
  )[1],
  ...[500, 502, 503, 504].flatMap((code) => [
    ...executedOrNot(13, `${code} without`, 'serverError', () => faults.status(code)),
    ...executedOrNot(13, `${code} with Retry-After`, kindOf(code), () => faults.status(code, '1')),
  ]),
  special(14, 'outage of 60 s: refused', 'neverConnected', 'aTime', ({ proxy }) =>
    proxy.refuseConnections(minuteMs),
  ),
  special(14, 'outage of 60 s: 503', 'serverError', 'aTime', ({ proxy }) =>
    proxy.script(lasting(minuteMs, faults.status(503))),
  ),
  ...onceAndAlways(18, '401 with claims', 'unauthenticated', () =>
    faults.unauthenticated(challengedClaims),
  ),
  ...onceAndAlways(18, '401 without claims', 'unauthenticated', () => faults.unauthenticated()),
];

const bodies: readonly (readonly [number, name: string, make: () => RequestFault])[] = [
  [15, '200 with HTML', faults.htmlPage],
  [15, '200 with nothing', () => faults.jsonText('')],
  [15, '200 with null', () => faults.jsonText('null')],
  [15, '204', faults.noContent],
  [15, 'truncated JSON', lies.truncatedJson],
  [15, 'duplicate keys', lies.duplicateKeys],
  [15, 'wrong types', lies.wrongTypes],
  [16, '100 MB', () => lies.hugeBody(100_000_000)],
  [16, 'gzip bomb', lies.gzipBomb],
  [16, 'five encodings', () => lies.stackedEncodings(5)],
  [16, 'unknown encoding', lies.unknownEncoding],
];

const linkElsewhere = ({ elsewhere }: ArmingStage): RequestFault =>
  lies.nextLink(() => elsewhere.href);

const falsehoods: readonly NamedFault[] = [
  ...bodies.flatMap(([number, name, make]) => executedOrNot(number, name, 'unbelievable', make)),
  ...executedOrNot(16, '64 KB of headers', 'lost', () => lies.hugeHeaders(65_536)),
  ...([302, 303, 307, 308] as const).flatMap((code) =>
    onceAndAlways(17, `${code} elsewhere`, 'redirected', ({ elsewhere }) =>
      faults.redirect(code, elsewhere),
    ),
  ),
  ...afterExecution(17, 'nextLink elsewhere', 'unbelievable', linkElsewhere, forLists),
  ...afterExecution(17, 'looping nextLink', 'unbelievable', lies.loopingNextLink, forLists),
  ...[0, 100].map((rows) => {
    const name = `endless pages of ${rows} rows`;
    return onceAndAlways(17, name, 'endless', () => lies.endlessPages(rows), forLists)[1];
  }),
];

const delays: readonly NamedFault[] = [
  ...afterExecution(22, 'answer after 60 s', 'late', () => faults.slow(minuteMs)),
  // The gateway may have given up, looked and found nothing by then.
  ...onceAndAlways(22, 'execution after 60 s', 'late', () => faults.lateExecution(minuteMs), {
    executes: true,
  }),
];

/**
 * The faults that can come from between the gateway and Graph; the others come from the authority, the clock, callers
 * and the system.
 *
 * What is armed strikes the requests that come after; a connection fault needs connections that are new. Retry-After
 * dates, outages and delays follow the proxy's clock.
 */
export const faultCatalogue: readonly NamedFault[] = [
  ...unreachable,
  ...lost,
  ...refusals,
  ...falsehoods,
  ...delays,
];
