import type { BadCertificate } from '../support/certificates.ts';
import { lasting, onlyForToken } from '../support/faultProxy/fault.ts';
import {
  closeAsItSends,
  cut,
  drip,
  type End,
  hangUp,
  headThen,
  interimFlood,
  reset,
  silence,
} from '../support/faultProxy/faults/brokenAnswers.ts';
import {
  closeAtConnect,
  hangAtConnect,
  resetAtConnect,
} from '../support/faultProxy/faults/connectionFaults.ts';
import { lateExecution, slow } from '../support/faultProxy/faults/delays.ts';
import { gzipBomb, hugeBody, hugeHeaders } from '../support/faultProxy/faults/hugeAnswers.ts';
import {
  claimsChallenge,
  emptySuccess,
  htmlPage,
  jsonText,
  noContent,
  type RetryAfter,
  redirect,
  status,
  unauthenticated,
} from '../support/faultProxy/faults/plainAnswers.ts';
import {
  duplicateKeys,
  endlessPages,
  loopingNextLink,
  nextLink,
  stackedEncodings,
  truncatedJson,
  unknownEncoding,
  wrongTypes,
} from '../support/faultProxy/faults/twistedAnswers.ts';
import {
  afterExecution,
  executedOrNot,
  forAll,
  type NamedFault,
  once,
  onceAndAlways,
  special,
} from './namedFault.ts';

/** The one token that fault 12 throttles. */
export const throttledToken = 'token-of-the-throttled-tenant';

/** What fault 18 asks for. */
export const challengedClaims = {
  access_token: { nbf: { essential: true, value: '1770000000' } },
};

const minuteMs = 60_000;
const dripMs = 100;

const unreachable: readonly NamedFault[] = [
  special(
    { ms: 1000 },
    { number: 1, name: 'refused, back after 1 s', kind: 'neverConnected' },
    ({ proxy }) => proxy.refuseConnections(1000),
  ),
  special(
    'allAttempts',
    { number: 1, name: 'refused, always', kind: 'neverConnected' },
    ({ proxy }) => proxy.refuseConnections(),
  ),
  special('allAttempts', {
    number: 2,
    name: 'a host that is in no DNS',
    kind: 'neverConnected',
    url: new URL('https://graph.invalid'),
  }),
  ...[
    { name: 'TLS handshake hangs', fault: hangAtConnect },
    { name: 'RST before TLS', fault: resetAtConnect },
    { name: 'FIN before TLS', fault: closeAtConnect },
  ].flatMap(({ name, fault }) =>
    onceAndAlways({ number: 3, name, kind: 'neverConnected', transport: 'https' }, fault),
  ),
  ...(
    [
      'selfSigned',
      'unknownAuthority',
      'wrongHost',
      'expired',
      'notYetValid',
    ] satisfies BadCertificate[]
  ).map((name) =>
    special(
      'allAttempts',
      { number: 4, name: `bad certificate: ${name}`, kind: 'badCertificate', transport: 'https' },
      ({ proxy, certificates }) => proxy.present(certificates.bad[name]),
    ),
  ),
];

const ends: readonly End[] = ['stall', 'reset', 'close'];

const lost: readonly NamedFault[] = [
  ...executedOrNot({ number: 5, name: 'RST', kind: 'lost' }, reset),
  ...executedOrNot({ number: 5, name: 'FIN', kind: 'lost' }, hangUp),
  ...(['close', 'reset'] as const).map((end) =>
    once(
      {
        number: 6,
        name: `idle connection ends by ${end} as the client sends`,
        kind: 'lost',
        needsIdleConnection: true,
      },
      () => closeAsItSends(end),
    ),
  ),
  ...executedOrNot({ number: 7, name: 'silence', kind: 'lost' }, silence),
  ...ends.flatMap((end) =>
    executedOrNot({ number: 8, name: `head, then ${end}`, kind: 'lost' }, () => headThen(end)),
  ),
  ...(['length', 'chunked'] as const).flatMap((framing) =>
    ends.flatMap((end) => [
      ...afterExecution(
        { number: 9, name: `${framing} body whose JSON is whole, then ${end}`, kind: 'lost' },
        () => cut(framing, 'after the JSON', end),
      ),
      ...afterExecution(
        { number: 9, name: `${framing} body cut in its JSON, then ${end}`, kind: 'lost' },
        () => cut(framing, 'in the JSON', end),
      ),
    ]),
  ),
  ...(['reset', 'close'] as const).flatMap((end) => [
    ...afterExecution(
      {
        number: 9,
        name: `close-delimited body whose JSON is whole, then ${end}`,
        kind: 'harmless',
      },
      () => cut('untilClose', 'after the JSON', end),
    ),
    ...afterExecution(
      {
        number: 9,
        name: `close-delimited body cut in its JSON, then ${end}`,
        kind: 'unbelievable',
      },
      () => cut('untilClose', 'in the JSON', end),
    ),
  ]),
  ...(['head', 'body'] as const).flatMap((from) =>
    afterExecution({ number: 10, name: `drip from the ${from}`, kind: 'late' }, () =>
      drip(dripMs, from),
    ),
  ),
  ...executedOrNot({ number: 10, name: 'flood of interim answers', kind: 'unbelievable' }, () =>
    interimFlood(),
  ),
  ...afterExecution({ number: 10, name: 'some interim answers', kind: 'harmless' }, () =>
    interimFlood(3),
  ),
];

const retryAfters: readonly { readonly what: string; readonly retryAfter: RetryAfter }[] = [
  { what: '2', retryAfter: '2' },
  { what: '2.128', retryAfter: '2.128' },
  { what: 'a date', retryAfter: { dateInSeconds: 2 } },
  { what: 'a past date', retryAfter: { dateInSeconds: -60 } },
  { what: '3600', retryAfter: '3600' },
  { what: 'rubbish', retryAfter: 'soon' },
];

const refusals: readonly NamedFault[] = [
  ...retryAfters.flatMap(({ what, retryAfter }) =>
    onceAndAlways({ number: 11, name: `429 with ${what}`, kind: 'throttled' }, () =>
      status(429, retryAfter),
    ),
  ),
  ...onceAndAlways({ number: 11, name: '429 without', kind: 'throttled' }, () => status(429)),
  forAll({ number: 12, name: '429 for one tenant only', kind: 'throttled' }, () =>
    onlyForToken(throttledToken, status(429, '2')),
  ),
  ...[500, 502, 503, 504].flatMap((code) => [
    ...executedOrNot({ number: 13, name: `${code} without`, kind: 'serverError' }, () =>
      status(code),
    ),
    ...onceAndAlways(
      {
        number: 13,
        name: `${code} with Retry-After`,
        kind: code === 503 ? 'unavailableForATime' : 'serverError',
      },
      () => status(code, '1'),
    ),
    ...afterExecution(
      {
        number: 13,
        name: `${code} with Retry-After`,
        kind: code === 503 ? 'falseRefusal' : 'serverError',
      },
      () => status(code, '1'),
    ),
  ]),
  special(
    { ms: minuteMs },
    { number: 14, name: 'outage of 60 s: refused', kind: 'neverConnected' },
    ({ proxy }) => proxy.refuseConnections(minuteMs),
  ),
  special(
    { ms: minuteMs },
    { number: 14, name: 'outage of 60 s: 503', kind: 'serverError' },
    ({ proxy }) => proxy.script(lasting(minuteMs, status(503))),
  ),
  ...onceAndAlways({ number: 18, name: '401 with claims', kind: 'unauthenticated' }, () =>
    claimsChallenge(challengedClaims),
  ),
  ...onceAndAlways(
    { number: 18, name: '401 without claims', kind: 'unauthenticated' },
    unauthenticated,
  ),
];

const unbelievable = { kind: 'unbelievable' } as const;

const falsehoods: readonly NamedFault[] = [
  ...executedOrNot({ number: 15, name: '200 with HTML', ...unbelievable }, htmlPage),
  ...executedOrNot({ number: 15, name: '200 with nothing', ...unbelievable }, emptySuccess),
  ...executedOrNot({ number: 15, name: '200 with null', ...unbelievable }, () => jsonText('null')),
  ...executedOrNot({ number: 15, name: '204', ...unbelievable }, noContent),
  ...executedOrNot({ number: 15, name: 'truncated JSON', ...unbelievable }, truncatedJson),
  ...executedOrNot({ number: 15, name: 'duplicate keys', ...unbelievable }, duplicateKeys),
  ...executedOrNot({ number: 15, name: 'wrong types', ...unbelievable }, wrongTypes),
  ...executedOrNot({ number: 16, name: '100 MB', ...unbelievable }, () => hugeBody(100_000_000)),
  ...executedOrNot({ number: 16, name: 'gzip bomb', ...unbelievable }, () => gzipBomb(60_000_000)),
  ...executedOrNot({ number: 16, name: 'five encodings', ...unbelievable }, () =>
    stackedEncodings(5),
  ),
  ...executedOrNot({ number: 16, name: 'unknown encoding', ...unbelievable }, unknownEncoding),
  ...executedOrNot({ number: 16, name: '64 KB of headers', kind: 'lost' }, () =>
    hugeHeaders(65_536),
  ),
  ...([302, 303, 307, 308] as const).flatMap((code) =>
    onceAndAlways({ number: 17, name: `${code} elsewhere`, kind: 'redirected' }, ({ elsewhere }) =>
      redirect(code, elsewhere),
    ),
  ),
  ...afterExecution(
    { number: 17, name: 'nextLink elsewhere', ...unbelievable, isForListsOnly: true },
    ({ elsewhere }) => nextLink('nextLink elsewhere', () => elsewhere.href),
  ),
  ...afterExecution(
    { number: 17, name: 'looping nextLink', ...unbelievable, isForListsOnly: true },
    loopingNextLink,
  ),
  ...[0, 100].map((rows) =>
    forAll(
      { number: 17, name: `endless pages of ${rows} rows`, kind: 'endless', isForListsOnly: true },
      () => endlessPages(rows),
    ),
  ),
];

const delays: readonly NamedFault[] = [
  ...afterExecution({ number: 22, name: 'answer after 60 s', kind: 'late' }, () => slow(minuteMs)),
  // The gateway may have given up, looked and found nothing by then.
  ...onceAndAlways({ number: 22, name: 'execution after 60 s', kind: 'late', executes: true }, () =>
    lateExecution(minuteMs),
  ),
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
