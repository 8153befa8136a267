import { describe, expect, it } from '@jest/globals';
import { type DocumentNode, execute, parse } from 'graphql';
import { readBody } from '../../../src/graph/body.ts';
import { createGraphClient } from '../../../src/graph/client.ts';
import type { Send, Transport } from '../../../src/graph/request.ts';
import { createRoutes } from '../../../src/graph/routes.ts';
import { formatError } from '../../../src/graphql/errorFormat.ts';
import { createSchema, readSdl } from '../../../src/graphql/schema.ts';
import type { RequestContext } from '../../../src/partners/context.ts';
import { createPartnerReads } from '../../../src/partners/reads.ts';
import type { SeenPartnerIds } from '../../../src/partners/seenPartnerIds.ts';
import { isAnswerToAdd } from '../../../src/partners/unclearAdd.ts';
import { type Clock, systemClock } from '../../../src/shared/clock.ts';
import { wholeLoop } from '../../../src/shared/loopShare.ts';
import {
  testCall,
  testClientParts,
  testIdempotency,
  testLocks,
} from '../../support/graphClients.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';
import { built, createChoices } from './choices.ts';
import { playRandomCases } from './fuzzRun.ts';
import { findAnswerProblem } from './judgeAnswer.ts';
import { type AskedOperation, randomAsked } from './upstream/askedOperation.ts';
import { codesOfTheTable } from './upstream/codesOfTheTable.ts';
import { type Exchange, findLie } from './upstream/findLie.ts';
import { randomAnswer } from './upstream/randomAnswer.ts';

const wanted = volumeOf(20_000);
const schema = createSchema(readSdl());
/** How many answers were given. */
let answered = 0;
const documents = new Map<string, DocumentNode>();
/** Pauses between the attempts of a batch are over at once. */
const impatient: Clock = {
  now: systemClock.now,
  startTimer: (_delayMs, callback) => systemClock.startTimer(0, callback),
};

const noBytes = new Uint8Array();

interface Case {
  readonly asked: AskedOperation;
  /** Where each answer is drawn from; those after them are the simplest ones. */
  readonly answers: readonly Uint8Array[];
}

const cases = built(
  500,
  (choices): Case => ({
    asked: randomAsked(choices),
    answers: Array.from({ length: 4 }, () => choices.bytes(110)),
  }),
);

function documentOf({ document }: AskedOperation): DocumentNode {
  const known = documents.get(document) ?? parse(document);
  documents.set(document, known);
  return known;
}

/** The gateway's own holds room for very many from the start, which is too much for each case. */
function knowNobody(): SeenPartnerIds {
  const ids = new Set<string>();
  return {
    has: (id) => ids.has(id),
    note(partners) {
      for (const { id } of partners) {
        ids.add(id);
      }
    },
  };
}

/** A client that understands what it is answered as the gateway does, without a socket. */
function contextOf({ asked, answers }: Case, exchanges: Exchange[]): RequestContext {
  const routes = createRoutes(new URL('http://upstream.example'), 'beta');
  const transport: Transport = async ({ operation, url }) => {
    const request = {
      method:
        { add: 'POST', getMany: 'POST', update: 'PATCH', delete: 'DELETE' }[String(operation)] ??
        'GET',
      isBatch: operation === 'getMany',
      isCollection: url.pathname === routes.collection.pathname,
    };
    const answer = randomAnswer(
      request,
      asked,
      createChoices(answers[exchanges.length] ?? noBytes),
    );
    exchanges.push({ ...request, answer });
    answered += 1;
    const lines = new Map<string, string[]>();
    for (const [name, value] of answer.headers) {
      lines.set(name, [...(lines.get(name) ?? []), value]);
    }
    const headers = Object.fromEntries(lines);
    return { status: answer.status, headers, body: answer.body };
  };
  const send: Send = async (request) =>
    readBody(request, await transport({ ...request, number: 1 }));
  const call = testCall();
  const seenPartnerIds = knowNobody();
  const graph = createGraphClient({
    ...testClientParts,
    send,
    routes,
    clock: impatient,
    noteSeen: seenPartnerIds.note,
    matchesSubmitted: isAnswerToAdd,
  });
  return {
    inexactVariables: [],
    requestId: 'fuzz',
    graph,
    apiVersion: 'beta',
    clock: impatient,
    call,
    authorizer: undefined,
    isTokenAccepted: () => false,
    authMode: 'PASSTHROUGH',
    reads: createPartnerReads(graph, call, { rows: 1_000, bytes: Infinity }),
    share: wholeLoop,
    answer: { bytes: 0, values: 0, excess: undefined, places: new Map() },
    seenPartnerIds,
    maximumRows: 1_000,
    notices: [],
    finish: () => undefined,
    noteMutation: () => undefined,
    locks: testLocks(),
    idempotency: testIdempotency(),
  };
}

async function problemOf(one: Case): Promise<string[]> {
  const exchanges: Exchange[] = [];
  const contextValue = contextOf(one, exchanges);
  const { asked } = one;
  const executed = await execute({
    schema,
    document: documentOf(asked),
    variableValues: asked.variables,
    contextValue,
  });
  const { data = null, errors } = executed;
  const result = {
    data,
    ...(errors && {
      errors: errors.map((error) => {
        const code = error.extensions['code'] ?? 'INTERNAL_SERVER_ERROR';
        const formatted = { ...error.toJSON(), extensions: { ...error.extensions, code } };
        return formatError(formatted, error);
      }),
    }),
    extensions: { notices: contextValue.notices },
  };
  const text = JSON.stringify(result);
  const seen = { status: 200, contentType: 'application/json', text };
  const problem =
    findAnswerProblem(seen, { upstreamCodes: codesOfTheTable }) ??
    findLie(asked, JSON.parse(text), exchanges);
  const told = exchanges.map(
    ({ method, answer }) =>
      `${method} ${answer.status} ${answer.headers.join('; ')} ${answer.body}`,
  );
  return problem === undefined
    ? []
    : [
        `${asked.kind}: ${problem}: ${text} ${errors?.map(({ originalError }) => originalError?.stack).join()} after\n${told.join('\n')}`,
      ];
}

describe("generated answers of Graph's", () => {
  it(
    'are understood, or are a named error that says truly what became of a write',
    async () => {
      const played = await playRandomCases({
        count: wanted,
        played: () => answered,
        atOnce: 50,
        cases,
        async play(together) {
          const problems: string[] = [];
          for (const one of together) {
            problems.push(...(await problemOf(one)));
          }
          return problems;
        },
      });
      expect(played).toBeGreaterThanOrEqual(wanted);
    },
    timeLimitMs(wanted),
  );
});
