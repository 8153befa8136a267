import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  partnerQuery,
  updateMutation,
} from '../../support/documents.ts';
import { json, type ScriptedServer, startScriptedServer } from '../../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';
import { built, type Choices } from './choices.ts';
import { playRandomCases } from './fuzzRun.ts';
import { findAnswerProblem } from './judgeAnswer.ts';
import { randomPathId } from './randomPathId.ts';

const wanted = volumeOf(3_000);
const collection = '/proxy/beta/deviceManagement/complianceManagementPartners';
const segment = /^[A-Za-z0-9_.~=-]{0,255}[A-Za-z0-9_~=-][A-Za-z0-9_.~=-]{0,255}$/;

let graph: ScriptedServer | undefined;
let gateway: TestGateway | undefined;

beforeEach(async () => {
  graph = await startScriptedServer((response, request) => {
    const isBatch = request.url.endsWith('/$batch');
    const status = request.method === 'POST' && !isBatch ? 201 : 200;
    // Without the id that was asked for and what was sent, the gateway would not believe the answer.
    const id = request.url.startsWith(`${collection}/`)
      ? request.url.split('/').at(-1)
      : 'answered';
    const sent = request.method === 'POST' || request.method === 'PATCH' ? request.body : '{}';
    const partner = { id, displayName: 'Fleet', ...(JSON.parse(sent) as object) };
    json(status, isBatch ? { responses: [] } : partner)(response, request);
  });
  gateway = await startTestGateway({ GRAPH_BASE_URL: `${graph.url.href}proxy` });
});
afterEach(async () => {
  await gateway?.stop(0);
  await graph?.close();
});

interface Ask {
  readonly document: string;
  readonly variables: object;
}

const target = { allDevices: {} };
const severalQuery = `query ($a: ID!, $b: ID!) {
  a: complianceManagementPartner(id: $a) { id } b: complianceManagementPartner(id: $b) { id }
}`;

function randomAsk(choices: Choices): Ask {
  const kind = choices.below(6);
  const id = randomPathId(choices);
  const input = { id, displayName: 'Fleet' };
  const asks: readonly Ask[] = [
    { document: partnerQuery, variables: { id } },
    { document: severalQuery, variables: { a: id, b: randomPathId(choices) } },
    { document: updateMutation, variables: { input } },
    { document: deleteMutation, variables: { input: { id } } },
    { document: addAssignmentMutation, variables: { input: { id, platform: 'IOS', target } } },
    { document: addMutation, variables: { input } },
  ];
  return asks[kind] as Ask;
}

/** The paths that a request to Graph is about, those inside a batch as if they came by themselves. */
function pathsOf({ url, body }: ScriptedServer['requests'][number]): readonly string[] {
  if (url !== '/proxy/beta/$batch') {
    return [url];
  }
  const { requests } = JSON.parse(body) as { requests: { url: string; method: string }[] };
  return requests.map((inner) =>
    inner.method === 'GET' ? `/proxy/beta${inner.url}` : inner.method,
  );
}

const isInside = (path: string): boolean =>
  path === collection ||
  (path.startsWith(`${collection}/`) &&
    segment.test(path.slice(collection.length + 1)) &&
    new URL(path, 'http://upstream').pathname === path);

describe('generated ids of partners, given to a whole gateway', () => {
  it(
    'never lead its requests out of the collection, however they are asked for',
    async () => {
      let seen = 0;
      const played = await playRandomCases({
        count: wanted,
        atOnce: 25,
        cases: built(40, randomAsk),
        async play(asks) {
          const answers = await Promise.all(
            asks.map(async ({ document, variables }) => gateway?.run(document, variables)),
          );
          const problems = answers.flatMap((answer) => {
            const { status = 0, headers, text = '' } = answer ?? {};
            const contentType = String(headers?.['content-type']);
            // The batch of this Graph is left without answers, which is its fault and may be said.
            const rules = { upstreamCodes: new Set(['UPSTREAM_BAD_RESPONSE']) };
            const problem = findAnswerProblem({ status, contentType, text }, rules);
            return problem === undefined ? [] : [`${problem}: ${text}`];
          });
          const requests = graph?.requests.slice(seen) ?? [];
          seen += requests.length;
          const strays = requests.flatMap(pathsOf).filter((path) => !isInside(path));
          return [
            ...problems,
            ...strays.map((path) => `${path} was asked for ${JSON.stringify(asks)}`),
          ];
        },
      });
      expect(played).toBeGreaterThanOrEqual(wanted);
      expect(seen).toBeGreaterThan(wanted / 10);
      expect(gateway?.logLines.filter((line) => line.includes('unexpectedly'))).toEqual([]);
    },
    timeLimitMs(wanted),
  );
});
