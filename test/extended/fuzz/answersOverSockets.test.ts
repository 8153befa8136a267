import { expect, it } from '@jest/globals';
import type { Arbitrary } from 'fast-check';
import { type Clock, delay, systemClock } from '../../../src/shared/clock.ts';
import {
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  everything,
  removeAssignmentMutation,
  updateMutation,
} from '../../support/documents.ts';
import { useStages } from '../../support/stages.ts';
import type { Reply } from '../../support/testGateways.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';
import { findAnswerProblem } from './judgeAnswer.ts';
import { built, type Choices, createChoices, playRandomCases } from './randomCases.ts';
import { cutUp, randomJunk, randomText, words } from './randomValues.ts';

type Kind = 'list' | 'get' | 'several' | 'add' | 'update' | 'delete' | 'assign' | 'unassign';

const id = 'row-1';
const displayName = 'Fleet';
const someGroup = { group: { groupId: '0c65e46a-e46a-0c65-6ae4-650c6ae4650c' } };
const assignment = { id, platform: 'MAC_OS', target: someGroup };

/** An operation, and the partners that it is about. */
const operation = (kind: Kind, document: string, variables: object = {}, ids = [id]) => {
  return { kind, document, variables, ids };
};
type Operation = ReturnType<typeof operation>;

const add = operation('add', addMutation, { input: { displayName } }, ['row-9']);

/** One of each kind, with all that can be selected; more adds, because a wrong answer about an add does most harm. */
const operations: readonly Operation[] = [
  operation(
    'list',
    `{ complianceManagementPartners(first: 100) {
      totalCount nodes { ...Everything revision } edges { cursor } pageInfo { hasNextPage endCursor } } } ${everything}`,
  ),
  operation(
    'get',
    `{ complianceManagementPartner(id: "row-1") { ...Everything revision } } ${everything}`,
  ),
  operation(
    'several',
    `{ a: complianceManagementPartner(id: "row-1") { ...Everything }
      b: complianceManagementPartner(id: "row-2") { ...Everything revision } } ${everything}`,
    {},
    ['row-1', 'row-2'],
  ),
  add,
  add,
  operation('update', updateMutation, { input: { id, displayName } }),
  operation('delete', deleteMutation, { input: { id } }),
  operation('assign', addAssignmentMutation, { input: assignment }),
  operation('unassign', removeAssignmentMutation, { input: assignment }),
];

const collection = '/beta/deviceManagement/complianceManagementPartners';
const targetTypes = words(`
  #microsoft.graph.allLicensedUsersAssignmentTarget microsoft.graph.groupAssignmentTarget
  #microsoft.graph.exclusionGroupAssignmentTarget #microsoft.graph.everyoneTarget #`);
const entry = {
  target: {
    '@odata.type': '#microsoft.graph.groupAssignmentTarget',
    groupId: 'g-1',
    deviceAndAppManagementAssignmentFilterId: 'f-1',
    deviceAndAppManagementAssignmentFilterType: 'include',
  },
};

/** A partner with the name that is written, because the gateway would wait for it otherwise. */
const partnerOf = (id: string): object => ({
  id,
  displayName,
  macOsOnboarded: true,
  iosOnboarded: null,
  partnerState: 'enabled',
  lastHeartbeatDateTime: '2016-12-31T23:56:56.7799755+03:00',
  macOsEnrollmentAssignments: [entry, entry, {}],
  iosEnrollmentAssignments: null,
});
const page = {
  '@odata.context': 'https://graph.microsoft.com/beta/$metadata',
  '@odata.nextLink': undefined,
  value: words('row-1 row-2 row-3 row-4').map(partnerOf),
};
const batchOf = (ids: readonly string[]) => ({
  responses: ids.map((id, index) => ({
    id: String(index),
    status: 200,
    body: partnerOf(id),
    headers: { 'Content-Type': 'application/json' },
  })),
});
const inner = { 'request-id': 'r-1', code: 'Forbidden' };
const error = { error: { code: 'BadRequest', message: 'Not applicable', innerError: inner } };

const sentences = [
  'Not applicable to target tenant',
  'An error has occurred - Operation ID (for customer support): 00000000 - Activity ID: 0 - Url: https://fef.msub01.manage.microsoft.com/x',
  'User is not authorized to perform this operation',
  "Property 'linuxOnboarded' is not valid on 'microsoft.management.services.api.complianceManagementPartner'",
  'line\r\nbreak\u0000',
  'Bearer eyJhbGciOiJub25lIn0.eyJhIjoxfQ.x',
];

/** By the name of a member, what Graph and others may give in its place. */
const alternatives: Readonly<Record<string, readonly unknown[]>> = {
  partnerState: words('unknown rejected suspended String'),
  lastHeartbeatDateTime: ['0001-01-01T00:00:00Z', 'never'],
  target: [null],
  '@odata.type': targetTypes,
  deviceAndAppManagementAssignmentFilterType: ['none', 'x'],
  '@odata.nextLink': [
    ...[1, 2].map((token) => `${collection}?$skiptoken=${token}`),
    '?$skiptoken=3',
    '',
    'https://evil.example/steal',
    '//evil.example/',
    'http://[',
    'javascript:alert(1)',
    `${collection}/../../../x`,
    'data:application/json,{}',
  ],
  status: [404, 429, 500, 503, 401, 400, 999, 0],
  headers: [{ 'Content-Type': ['application/json'] }, { 'Retry-After': '0' }, {}],
  body: [error],
  code: [
    'Forbidden',
    'ResourceNotFound',
    'UnknownError',
    '',
    'TooManyRequests',
    'No method match route template',
    '__proto__',
  ],
  message: sentences.flatMap((Message) => {
    const ofError = JSON.stringify({ Message });
    const nested = { ErrorCode: 'Forbidden', RetryAfter: {}, Message: ofError };
    return [Message, ofError, JSON.stringify(nested)];
  }),
};

const json = { kind: 'json' } as const;
const oddTexts = words(`
  suspended String ENABLED __proto__ never 0001-01-01T00:00:00Z microsoft.graph.__proto__ constructor
  #microsoft.graph.scopeTagGroupAssignmentTarget #Microsoft.Graph.ConfigurationManagerCollectionAssignmentTarget`);
const oddMembers = words(
  '__proto__ constructor toString hasOwnProperty @odata.type __typename then resource',
);

/**
 * JSON of a value with alternatives in it, and with lists cut and turned; every tenth object has a member that is odd,
 * missing, there twice, or a stranger.
 */
function twisted(value: unknown, choices: Choices): string {
  if (Array.isArray(value)) {
    const items = choices.chance(25) ? value.toReversed().slice(choices.below(3)) : value;
    return `[${items.map((item) => twisted(item, choices))}]`;
  }
  if (typeof value !== 'object' || value === null) {
    return JSON.stringify(value);
  }
  const struck = choices.chance(10) ? choices.pick([...Object.keys(value), '']) : undefined;
  const odd = (name: string): string => {
    const text = choices.chance(30) ? JSON.stringify(choices.pick(oddTexts)) : '';
    return `${JSON.stringify(name)}:${text || randomJunk(json, choices)}`;
  };
  const members = Object.entries(value).flatMap(([name, right]) => {
    const others = Object.hasOwn(alternatives, name) && choices.chance(25) && alternatives[name];
    const drawn = others ? choices.pick(others) : right;
    if (drawn === undefined) {
      return [];
    }
    const member = `${JSON.stringify(name)}:${twisted(drawn, choices)}`;
    return name === struck
      ? choices.pick([[odd(name)], [], [member, member], [odd(name), member]])
      : [member];
  });
  return `{${struck === '' ? [...members, odd(choices.pick(oddMembers))] : members}}`;
}

/** What the upstream knows of a request. */
interface Seen {
  readonly method: string;
  readonly isBatch: boolean;
  readonly isCollection: boolean;
}

const rightTypes = ['application/json;odata.metadata=minimal;charset=utf-8', 'application/json'];
const oddTypes = [
  'APPLICATION/JSON; charset=utf-16',
  'application/problem+json',
  'text/html',
  '',
  'application/octet-stream',
  'application/json, text/html',
];
const oddHeaders = `
  retry-after: 0|retry-after: 0.01|retry-after: 3600|retry-after: -1|retry-after: 1e9
  retry-after: Wed, 21 Oct 2015 07:28:00 GMT|retry-after: soon|location: ${collection}/row-1
  location: ${collection}('row-2')|location: ${collection}/..%2f..|location: http://[
  location: https://evil.example${collection}/row-1|odata-entityid: ${collection}/row-3
  www-authenticate: Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="
  www-authenticate: Bearer claims="%%%"|www-authenticate: Bearer realm="urn:intune:service,x"
  www-authenticate: "|request-id: ${'r'.repeat(2_000)}|request-id: <script>|__proto__: x
  client-request-id: \u00ff\u00fe|date: yesterday|set-cookie: a=b|content-type: text/html
  content-encoding: gzip|content-encoding: br|x-filler: ${'x'.repeat(4_000)}`
  .trim()
  .split(/\n *|\|/);

const refusals = [...Array(20).keys()].map((more) => 400 + more).concat(422, 423, 451, 499);
const faults = [408, 500, 501, 502, 503, 504, 599];
const oddSuccesses = [200, 201, 202, 203, 204, 205, 206, 207, 226, 299];
const redirects = [300, 301, 302, 303, 304, 307, 308];

/** Draws an answer: right in half of the cases, or something that Graph would never say. */
function randomAnswer(seen: Seen, { ids }: Operation, choices: Choices) {
  const status = randomStatus(seen, choices);
  const isSuccess = status < 300 || choices.chance(10);
  const whole = isSuccess ? successText(seen, ids, choices) : twisted(error, choices);
  const sent = choices.chance(12) ? cutUp(whole, choices) : whole;
  const type = choices.pick(choices.chance(5) ? oddTypes : rightTypes);
  const isEmpty = [204, 205, 304].includes(status) || choices.chance(3);
  return {
    status,
    headers: [`content-type: ${type}`, ...choices.some(2, () => choices.pick(oddHeaders))],
    body: Buffer.from(isEmpty ? '' : sent),
  };
}

function randomStatus({ method, isBatch }: Seen, choices: Choices): number {
  const lot = choices.below(100);
  if (lot < 60) {
    return { POST: isBatch ? 200 : 201, DELETE: 204 }[method] ?? 200;
  }
  if (lot < 72) {
    return choices.pick(oddSuccesses);
  }
  return choices.pick(lot < 88 ? refusals : lot < 96 ? faults : redirects);
}

function successText(
  { method, isBatch, isCollection }: Seen,
  ids: readonly string[],
  choices: Choices,
): string {
  if (choices.chance(4)) {
    return choices.pick([randomJunk(json, choices), randomText(choices), '<html>down</html>', '']);
  }
  const isList = isCollection && method === 'GET';
  const whole = isList ? page : partnerOf(ids[0] ?? id);
  return twisted(isBatch ? batchOf(ids) : whole, choices);
}

/** A request that reached the upstream, with what it was answered. */
interface Exchange extends Seen {
  readonly answer: ReturnType<typeof randomAnswer>;
  /** Whether only the first half of it was sent. */
  readonly isCut: boolean;
}

/** Whether an answer says that the write was surely not executed: written down again, without the gateway's help. */
function isSureRefusal({ answer: { status, headers }, isCut }: Exchange): boolean {
  const retryAfter = headers.find((line) => line.startsWith('retry-after: ')) ?? '';
  const saysWhen = /: (\d{1,9}(\.\d+)?$|\w{3}, \d{2} \w{3} \d{4})/.test(retryAfter);
  const isOfCaller = status >= 300 && status < 500 && status !== 408 && status !== 303;
  return !isCut && (isOfCaller || status === 501 || (status === 503 && saysWhen));
}

const mayRepeat = ({ answer: { status } }: Exchange): boolean => status === 429 || status === 503;

/** Says what in an answer is not true of what happened upstream; undefined where nothing is. */
function findLie({ kind }: Operation, result: Reply['result'], exchanges: readonly Exchange[]) {
  const codes = (result.errors ?? []).map(({ extensions }) => extensions['code']);
  const [root] = Object.values(result.data ?? {});
  const payload: { complianceManagementPartner?: unknown; userErrors?: unknown[] } = Object(root);
  const isSuccess = codes.length === 0 && (payload.userErrors ?? []).length === 0;
  const isTold = payload.complianceManagementPartner != null;
  if (kind === 'get' && isSuccess && root === null) {
    const { status = 0 } = exchanges.at(-1)?.answer ?? {};
    const isNone = [200, 400, 404, 410, 422].includes(status);
    return isNone ? undefined : `a ${status} reads as no partner`;
  }
  const methods: Partial<Record<Kind, string>> = { add: 'POST', update: 'PATCH' };
  const method = methods[kind] ?? (kind.endsWith('assign') ? 'PATCH' : undefined);
  const writes = exchanges.filter((one) => one.method === method && !one.isBatch);
  const last = writes.at(-1);
  if (last === undefined) {
    return undefined;
  }
  if (writes.slice(0, -1).some((one) => !isSureRefusal(one) || !mayRepeat(one))) {
    return 'a write that may have been executed was sent again';
  }
  if (codes.includes('OUTCOME_UNKNOWN')) {
    return undefined;
  }
  const { status } = last.answer;
  if (!isSuccess) {
    // Another caller's change at the same time is reported as a conflict, with the partner as it is.
    const isTrue = isSureRefusal(last) || isTold;
    return isTrue ? undefined : `a ${status} is reported as if nothing was written`;
  }
  const wasFound = JSON.stringify(result.extensions ?? {}).includes('FOUND_AFTER_UNCLEAR_ANSWER');
  if (isSureRefusal(last) || (status >= 300 && !wasFound)) {
    return `a ${status} is reported as a success`;
  }
  return isTold ? undefined : 'a success has no partner';
}

/** The codes by which an answer may say that Graph, the way to it or the token is at fault. */
const codesOfTheTable = new Set(
  words(`
    UNAUTHENTICATED FORBIDDEN APPROVAL_REQUIRED TENANT_NOT_LICENSED THROTTLED OVERLOADED
    UPSTREAM_TIMEOUT UPSTREAM_UNAVAILABLE UPSTREAM_BAD_RESPONSE OUTCOME_UNKNOWN`),
);

const wanted = volumeOf(10_000);

const cases = built(500, (choices) => ({
  asked: choices.pick(operations),
  /** Which of the answers is cut off in the middle; none where there is no such answer. */
  cutAt: choices.below(60),
  /** What each answer is drawn from; those after them are the simplest ones. */
  answers: Array.from({ length: 4 }, () => choices.bytes(110)),
}));

interface Played {
  readonly one: typeof cases extends Arbitrary<infer Case> ? Case : never;
  readonly exchanges: Exchange[];
  answer?: Reply;
}

/** By hand, because Node.js would not write half of these headers. */
function bytesOf({ status, headers, body }: Exchange['answer']): Buffer {
  const lines = [
    `HTTP/1.1 ${status} Whatever`,
    ...headers,
    ...(status === 204 || status === 304 ? [] : [`content-length: ${body.length}`]),
    'connection: close',
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

function problemOf({ one: { asked }, exchanges, answer }: Played): string[] {
  if (answer === undefined) {
    return [`${asked.kind}: there is no answer`];
  }
  const { status, headers, text, result } = answer;
  const seen = { status, contentType: String(headers['content-type']), text };
  const problem = findAnswerProblem(seen, codesOfTheTable) ?? findLie(asked, result, exchanges);
  const told = exchanges.map(
    ({ method, answer: sent, isCut }) =>
      `${method} ${isCut ? 'cut ' : ''}${sent.status} ${sent.headers.join('; ')} ${sent.body}`,
  );
  return problem === undefined
    ? []
    : [`${asked.kind}: ${problem}: ${text} after\n${told.join('\n')}`];
}

/** For what is sent although it was answered already: that nothing comes can only be seen by waiting. */
const settlingMs = 50;

const { scripted } = useStages();

it(
  "generated answers of Graph's, over sockets, make no gateway fail, hang or lie",
  async () => {
    /** By their tokens, until all of a group are judged: what was sent can arrive after its caller has its answer. */
    const group = new Map<string, Played>();
    let [tokens, answered] = [0, 0];
    // What Graph asks to wait for is over soon, and so is the time of an operation.
    const clock: Clock = {
      ...systemClock,
      startTimer: (delayMs, callback) => systemClock.startTimer(delayMs / 20, callback),
    };
    const { gateway } = await scripted(
      ({ socket }, { method, url, headers }) => {
        const played = group.get(String(headers.authorization));
        if (played === undefined) {
          socket?.end();
          return;
        }
        const { one, exchanges } = played;
        const isCollection = /complianceManagementPartners(\?|$)/.test(url);
        const seen = { method, isBatch: url.endsWith('/$batch'), isCollection };
        const choices = createChoices(one.answers[exchanges.length] ?? new Uint8Array());
        const answer = randomAnswer(seen, one.asked, choices);
        const bytes = bytesOf(answer);
        const isCut = exchanges.length === one.cutAt;
        exchanges.push({ ...seen, answer, isCut });
        answered += 1;
        socket?.end(isCut ? bytes.subarray(0, bytes.length / 2) : bytes);
      },
      { GRAPH_BREAKER_OPEN_MS: '10', NODE_ENV: 'production', LOG_LEVEL: 'info' },
      { clock },
    );
    await playRandomCases({
      count: wanted,
      atOnce: 400,
      cases,
      played: () => answered,
      async play(together) {
        // A few at a time, so that one which waits holds up no other.
        const waiting = [...together];
        const work = async (): Promise<void> => {
          for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
            tokens += 1;
            const authorization = `Bearer case-${tokens}`;
            const played: Played = { one, exchanges: [] };
            group.set(authorization, played);
            const { document, variables } = one.asked;
            played.answer = await gateway.run(document, variables, { authorization });
          }
        };
        await Promise.all(Array.from({ length: 40 }, work));
        await delay(systemClock, settlingMs);
        const problems = [...group.values()].flatMap(problemOf);
        group.clear();
        return problems;
      },
    });
    expect(answered).toBeGreaterThanOrEqual(wanted);
    expect(gateway.logLines.filter((line) => line.includes('unexpectedly'))).toEqual([]);
  },
  timeLimitMs(wanted),
);
