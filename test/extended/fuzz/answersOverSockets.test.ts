import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Clock, delay, systemClock } from '../../../src/shared/clock.ts';
import { type ScriptedServer, startScriptedServer } from '../../support/scriptedServer.ts';
import {
  type GraphQLAnswer,
  startTestGateway,
  type TestGateway,
} from '../../support/testGateways.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';
import { built, createChoices } from './choices.ts';
import { playInLanes, playRandomCases } from './fuzzRun.ts';
import { findAnswerProblem } from './judgeAnswer.ts';
import { type AskedOperation, randomAsked } from './upstream/askedOperation.ts';
import { type AskedOf, randomAnswer, type UpstreamAnswer } from './upstream/randomAnswer.ts';

/** A request that reached the upstream, with what it was answered. */
interface Exchange extends AskedOf {
  readonly answer: UpstreamAnswer;
  /** Whether only the first half of it was sent. */
  readonly isCut?: boolean;
}

interface Result {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly {
    readonly extensions?: Readonly<Record<string, unknown>> | undefined;
  }[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Whether an answer says that the write was surely not executed: written down again, without the gateway's help. */
function isSureRefusal({
  answer: { status, headers },
  isCut = false,
}: Pick<Exchange, 'answer' | 'isCut'>): boolean {
  const retryAfter = headers.find(([name]) => name === 'retry-after')?.[1] ?? '';
  const saysWhen =
    /^\d{1,9}(\.\d+)?$/.test(retryAfter) || /^\w{3}, \d{2} \w{3} \d{4}/.test(retryAfter);
  if (isCut) {
    return false;
  }
  return (
    (status >= 400 && status < 500 && status !== 408) ||
    (status >= 300 && status < 400 && status !== 303) ||
    status === 501 ||
    (status === 503 && saysWhen)
  );
}

const mayRepeat = ({ answer: { status } }: Exchange): boolean => status === 429 || status === 503;

/** Says what in an answer is not true of what happened upstream; undefined where nothing is. */
function findLie(
  { kind }: AskedOperation,
  result: Result,
  exchanges: readonly Exchange[],
): string | undefined {
  const codes = (result.errors ?? []).map(({ extensions }) => extensions?.['code']);
  const payload = payloadOf(result);
  const isSuccess = codes.length === 0 && (payload?.userErrors ?? []).length === 0;
  if (kind === 'get' && isSuccess && result.data?.['complianceManagementPartner'] === null) {
    const { status = 0 } = exchanges.at(-1)?.answer ?? {};
    return [200, 400, 404, 410, 422].includes(status)
      ? undefined
      : `a ${status} reads as no partner`;
  }
  const method = { add: 'POST', update: 'PATCH', assign: 'PATCH', unassign: 'PATCH' }[String(kind)];
  const writes = exchanges.filter((one) => one.method === method && !one.isBatch);
  const last = writes.at(-1);
  if (method === undefined || last === undefined) {
    return undefined;
  }
  if (writes.slice(0, -1).some((one) => !isSureRefusal(one) || !mayRepeat(one))) {
    return 'a write that may have been executed was sent again';
  }
  if (codes.includes('OUTCOME_UNKNOWN')) {
    return undefined;
  }
  if (!isSuccess) {
    // Another caller's change at the same time is reported as a conflict, with the partner as it is.
    const isTold = payload?.complianceManagementPartner != null;
    return isSureRefusal(last) || isTold
      ? undefined
      : `a ${last.answer.status} is reported as if nothing was written`;
  }
  const wasFound = JSON.stringify(result.extensions ?? {}).includes('FOUND_AFTER_UNCLEAR_ANSWER');
  if (isSureRefusal(last) || (last.answer.status >= 300 && !wasFound)) {
    return `a ${last.answer.status} is reported as a success`;
  }
  return payload?.complianceManagementPartner == null ? 'a success has no partner' : undefined;
}

interface Payload {
  readonly complianceManagementPartner?: unknown;
  readonly userErrors?: readonly unknown[];
}

function payloadOf({ data }: Result): Payload | undefined {
  const [payload] = Object.values(data ?? {});
  return typeof payload === 'object' && payload !== null ? payload : undefined;
}

/** The codes by which an answer may say that Graph, the way to it or the token is at fault. */
const codesOfTheTable: ReadonlySet<string> = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'APPROVAL_REQUIRED',
  'TENANT_NOT_LICENSED',
  'THROTTLED',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_BAD_RESPONSE',
  'OUTCOME_UNKNOWN',
  'OVERLOADED',
]);

const wanted = volumeOf(10_000);

const noBytes = new Uint8Array();

interface Case {
  readonly asked: AskedOperation;
  /** What each answer is drawn from; those after them are the simplest ones. */
  readonly answers: readonly Uint8Array[];
  /** Which of the answers is cut off in the middle; none where there is no such answer. */
  readonly cutAt: number;
}

const cases = built(
  500,
  (choices): Case => ({
    asked: randomAsked(choices),
    cutAt: choices.below(60),
    answers: Array.from({ length: 4 }, () => choices.bytes(110)),
  }),
);

interface Played {
  readonly one: Case;
  readonly exchanges: Exchange[];
  answer?: GraphQLAnswer;
}

/** By their tokens, until all of a group are judged: what was sent can arrive after its caller has its answer. */
const group = new Map<string, Played>();
let graph: ScriptedServer;
let gateway: TestGateway;
let nextToken = 1;
/** How many answers were given. */
let answered = 0;

beforeAll(async () => {
  graph = await startScriptedServer((response, { method, url, headers }) => {
    const played = group.get(String(headers.authorization));
    if (played === undefined) {
      response.socket?.end();
      return;
    }
    const { one, exchanges } = played;
    const isBatch = url.endsWith('/$batch');
    const request = {
      method,
      isBatch,
      isCollection: /complianceManagementPartners(\?|$)/.test(url),
    };
    const answer = randomAnswer(
      request,
      one.asked,
      createChoices(one.answers[exchanges.length] ?? noBytes),
    );
    const bytes = bytesOf(answer);
    const isCut = exchanges.length === one.cutAt;
    exchanges.push({ ...request, answer, isCut });
    answered += 1;
    response.socket?.end(isCut ? bytes.subarray(0, bytes.length / 2) : bytes);
  });
  // What Graph asks to wait for is over soon, and so is the time of an operation.
  const clock: Clock = {
    ...systemClock,
    startTimer: (delayMs, callback) => systemClock.startTimer(delayMs / 20, callback),
  };
  gateway = await startTestGateway(
    {
      GRAPH_BASE_URL: graph.url.href,
      GRAPH_BREAKER_OPEN_MS: '10',
      NODE_ENV: 'production',
      LOG_LEVEL: 'info',
    },
    { clock },
  );
});

afterAll(async () => {
  await gateway.stop(0);
  await graph.close();
});

/** By hand, because Node.js would not write half of these headers. */
function bytesOf({ status, headers, body }: UpstreamAnswer): Buffer {
  const lines = [
    `HTTP/1.1 ${status} Whatever`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(status === 204 || status === 304 ? [] : [`content-length: ${body.length}`]),
    'connection: close',
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

async function play(one: Case): Promise<readonly string[]> {
  const token = `Bearer case-${nextToken++}`;
  const played: Played = { one, exchanges: [] };
  group.set(token, played);
  const { document, variables } = one.asked;
  played.answer = await gateway.run(document, variables, { authorization: token });
  return [];
}

function problemOf({ one: { asked }, exchanges, answer }: Played): string[] {
  if (answer === undefined) {
    return [`${asked.kind}: there is no answer`];
  }
  const { status, headers, text, result } = answer;
  const seen = { status, contentType: String(headers['content-type']), text };
  const problem =
    findAnswerProblem(seen, { upstreamCodes: codesOfTheTable }) ??
    findLie(asked, result, exchanges);
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

describe("generated answers of Graph's, over sockets", () => {
  it(
    'make no gateway fail, hang or lie',
    async () => {
      const played = await playRandomCases({
        count: wanted,
        played: () => answered,
        atOnce: 400,
        cases,
        async play(together) {
          await playInLanes(together, 40, play);
          await delay(systemClock, settlingMs);
          const problems = [...group.values()].flatMap(problemOf);
          group.clear();
          return problems;
        },
      });
      expect(played).toBeGreaterThanOrEqual(wanted);
      expect(gateway.logLines.filter((line) => line.includes('unexpectedly'))).toEqual([]);
    },
    timeLimitMs(wanted),
  );
});
