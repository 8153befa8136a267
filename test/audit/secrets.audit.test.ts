/** @jest-environment-options {"timersOf": "the budget, which keeps asking for a Redis that is not there"} */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { canariesOfToken, canary, canaryToken, findCanaries } from '../support/secrets/canaries.ts';
import {
  type DirtyGraph,
  graphSecrets,
  graphWords,
  startDirtyGraph,
} from '../support/secrets/dirtyGraph.ts';
import { failurePaths } from '../support/secrets/failurePaths.ts';
import {
  entrusted,
  type SecretStage,
  type StageAnswer,
  startSecretStage,
  written,
} from '../support/secrets/secretStage.ts';

const secrets = {
  ...entrusted,
  ...graphSecrets,
  ...canariesOfToken('the caller', canaryToken('caller')),
  'opaque token': canary('opaque-token'),
};
const words = { ...written, ...graphWords };

let stage: SecretStage;
let graph: DirtyGraph;
let throws = false;

beforeAll(async () => {
  graph = await startDirtyGraph();
  stage = await startSecretStage(
    {
      GRAPH_BASE_URL: graph.url.href,
      REDIS_URL: `redis://:${canary('redis')}@127.0.0.1:1`,
      INTROSPECTION: 'false',
    },
    {
      chance: () => {
        if (throws) {
          throw new Error(`${canary('thrown')}: Bearer ${canaryToken('caller')}`);
        }
        return 0;
      },
    },
  );
});
afterAll(() => graph.close());

async function withBug(run: () => Promise<StageAnswer>): Promise<StageAnswer> {
  throws = true;
  try {
    return await run();
  } finally {
    throws = false;
  }
}

describe('no secret leaves', () => {
  it.each(failurePaths)('where %s', async (_what, answer, play, code) => {
    graph.answers(answer);
    stage.clock.skip(60_000);
    expect((await play({ stage, graph, withBug })).code).toBe(code);
    const { answers, logs } = stage.take();
    expect(findCanaries(secrets, { answers, logs })).toEqual([]);
    expect(findCanaries(words, { logs })).toEqual([]);
    expect(logs).toContain('"message":"Answered"');
  });

  it('in any span or metric of all that', async () => {
    const { spans, metrics } = await stage.stop();
    expect(spans.includes('INTERNAL_SERVER_ERROR')).toBe(true);
    expect(metrics.includes('OUTCOME_UNKNOWN')).toBe(true);
    expect(findCanaries({ ...secrets, ...words }, { spans, metrics })).toEqual([]);
  });
});

describe('the audit itself', () => {
  it('finds what a gateway with a log that is too talkative tells', async () => {
    let logs = '';
    const talk = (message: string, _fields?: object, error?: unknown): void => {
      logs += `${message} ${error instanceof Error ? error.message : ''}\n`;
    };
    const leaking = await startSecretStage(
      { GRAPH_BASE_URL: 'http://127.0.0.1:1' },
      {
        log: { debug: talk, info: talk, warn: talk, error: talk },
        chance: () => {
          throw new Error(canary('thrown'));
        },
      },
    );
    await leaking.ask('{ complianceManagementPartners { totalCount } }');
    await leaking.stop();
    expect(findCanaries(secrets, { logs }).map((finding) => finding.canary)).toEqual([
      'message of a bug',
    ]);
  });
});
