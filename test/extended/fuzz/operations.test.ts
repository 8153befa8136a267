import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import type { Emulator } from '../../../src/emulator/server.ts';
import { createSchema, readSdl } from '../../../src/graphql/schema.ts';
import { everything } from '../../support/documents.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';
import { built } from './choices.ts';
import { playRandomCases } from './fuzzRun.ts';
import { findAnswerProblem } from './judgeAnswer.ts';
import { type OperationRequest, randomOperation } from './randomOperation.ts';
import { knownIds } from './randomValues.ts';

const wanted = volumeOf(4_000);
const schema = createSchema(readSdl());
const everyRow = `{ complianceManagementPartners(first: 1000) { nodes { ...Everything revision } totalCount } } ${everything}`;

let graph: Emulator | undefined;
let gateway: TestGateway | undefined;
let errorsLogged = 0;

async function close(): Promise<void> {
  await gateway?.stop(0);
  await graph?.close();
}

/** A fresh pair now and then: the list of the embedded Graph grows with each partner that is added. */
async function begin(): Promise<void> {
  await close();
  graph = await startTestGraph({
    seed: knownIds.map((id) => ({ id, displayName: id })),
    recordRequests: false,
  });
  gateway = await startTestGateway({
    GRAPH_BASE_URL: graph.baseUrl,
    NODE_ENV: 'production',
    INTROSPECTION: 'true',
    LOG_LEVEL: 'info',
  });
}

async function problemOf({ method, path, headers, body }: OperationRequest): Promise<string[]> {
  const answer = await request(`${gateway?.url}${path}`, { method, headers, body: body ?? null });
  const text = await answer.body.text();
  const contentType = String(answer.headers['content-type']);
  const seen = { status: answer.statusCode, contentType, text };
  const problem = findAnswerProblem(seen, { upstreamCodes: new Set() });
  return problem === undefined ? [] : [`${problem}: ${text.slice(0, 500)} to ${body ?? path}`];
}

/** What the gateway itself says of faults, and whether all that was written can be read. */
async function problemsAfterwards(): Promise<string[]> {
  const lines = (gateway?.logLines ?? []).filter((line) =>
    /"level":"?(50|60|error|fatal)/.test(line),
  );
  const news = lines.slice(errorsLogged);
  errorsLogged = lines.length;
  const { result, text } = await (gateway as TestGateway).run(everyRow);
  return [
    ...news,
    ...(result.errors === undefined ? [] : [`the list cannot be read: ${text.slice(0, 500)}`]),
  ];
}

describe('generated operations', () => {
  afterEach(close);

  it(
    'all have an answer that a caller can rely on, and none is a fault of the gateway',
    async () => {
      const played = await playRandomCases({
        count: wanted,
        atOnce: 40,
        cases: built(400, (choices) => randomOperation(schema, choices)),
        async begin() {
          await begin();
          errorsLogged = 0;
        },
        async play(operations) {
          const problems = (await Promise.all(operations.map(problemOf))).flat();
          return [...problems, ...(await problemsAfterwards())];
        },
      });
      expect(played).toBeGreaterThanOrEqual(wanted);
    },
    timeLimitMs(wanted),
  );
});
