import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../../src/emulator/server.ts';
import { type RawAnswer, sendRaw } from '../../support/rawHttp.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';
import { built } from './choices.ts';
import { playRandomCases } from './fuzzRun.ts';
import { findAnswerProblem } from './judgeAnswer.ts';
import { type RandomRequest, randomRequest } from './randomRequest.ts';

const wanted = volumeOf(10_000);

let graph: Emulator;
let gateway: TestGateway;

beforeAll(async () => {
  graph = await startTestGraph();
  gateway = await startTestGateway({
    GRAPH_BASE_URL: graph.baseUrl,
    NODE_ENV: 'production',
    LOG_LEVEL: 'info',
  });
});

afterAll(async () => {
  await gateway.stop(0);
  await graph.close();
});

/** Pages of their own, which are no GraphQL. */
const otherPages = ['{"status":"alive"}', '{"status":"running"}'];

function problemOf(
  { isHttp, method, bytes }: RandomRequest,
  answer: RawAnswer | undefined,
): string[] {
  const told = (problem: string): string[] => [
    `${problem}: ${JSON.stringify(answer).slice(0, 500)} to ${JSON.stringify(bytes.toString('latin1').slice(0, 1_500))}`,
  ];
  if (answer === undefined) {
    return isHttp ? told('it is no answer') : [];
  }
  const { status, headers, text } = answer;
  if (status >= 500) {
    return told(`it is a ${status}`);
  }
  if (method === 'HEAD' || !isHttp) {
    return [];
  }
  const isSchema = status === 200 && text.includes('type ComplianceManagementPartner');
  if (isSchema || otherPages.includes(text)) {
    return [];
  }
  const seen = { status, contentType: headers['content-type']?.join(), text };
  const problem = findAnswerProblem(seen, { upstreamCodes: new Set() });
  return problem === undefined ? [] : told(problem);
}

describe('generated requests', () => {
  it(
    'all have an answer in JSON that blames no server, whatever their bytes are',
    async () => {
      const played = await playRandomCases({
        count: wanted,
        atOnce: 40,
        cases: built(120, randomRequest),
        async play(requests) {
          const answers = await Promise.all(
            requests.map(({ bytes, isHttp }) => sendRaw(gateway.url, bytes, !isHttp)),
          );
          return requests.flatMap((one, index) => problemOf(one, answers[index]));
        },
      });
      expect(played).toBeGreaterThanOrEqual(wanted);
      expect(gateway.logLines.filter((line) => line.includes('unexpectedly'))).toEqual([]);
      expect((await gateway.get('/readyz')).status).toBe(200);
    },
    timeLimitMs(wanted),
  );
});
