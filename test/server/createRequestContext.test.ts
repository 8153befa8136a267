import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type Answer,
  empty,
  json,
  type ScriptedServer,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';

const toClose: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of toClose.splice(0)) {
    await close();
  }
});

/** A gateway whose time stands still, so that a timer that is pending was not taken back. */
async function start(answer: Answer): Promise<{
  gateway: TestGateway;
  graph: ScriptedServer;
  clock: VirtualClock;
}> {
  const graph = await startScriptedServer(answer);
  const clock = createVirtualClock();
  const gateway = await startTestGateway(
    { GRAPH_BASE_URL: graph.url.href, OPERATION_TIMEOUT_MS: '5000' },
    { clock },
  );
  const stop = async () => {
    const stopped = gateway.stop(0);
    await clock.advance(0);
    await stopped;
  };
  toClose.push(stop, graph.close);
  return { gateway, graph, clock };
}

describe('createRequestContext', () => {
  it.each<[string, string, number]>([
    ['an operation', '{"query":"{ complianceManagementPartners { nodes { id } } }"}', 200],
    ['an operation that asks for nothing', '{"query":"{ __typename }"}', 200],
    ['a document that is none', '{"query":"{"}', 400],
    ['a body without a document', '{}', 400],
    ['a document of another type', '{"query":1}', 400],
    ['a list of operations', '[{"query":"{ __typename }"}]', 400],
  ])('leaves no timer behind after %s', async (_what, body, status) => {
    const { gateway, clock } = await start(json(200, { value: [] }));
    const answer = await gateway.post(body, { authorization: 'Bearer test-token' });
    expect(answer.status).toBe(status);
    await until(() => clock.pendingTimers === 0);
  });

  it('ends the read of one field where the failure of another is the whole answer', async () => {
    const { gateway, clock } = await start((response, request) =>
      (request.url.endsWith('/abc') ? silence : empty(501))(response, request),
    );
    const { status } = await gateway.run(
      '{ complianceManagementPartner(id: "abc") { id } complianceManagementPartners { nodes { id } } }',
    );
    expect(status).toBe(502);
    await until(() => gateway.logLines.some((line) => line.includes('"operation":"get"')));
    const line = gateway.logLines.find((text) => text.includes('"operation":"get"')) ?? '';
    expect(JSON.parse(line)).toMatchObject({
      message: 'Microsoft Graph gave no answer',
      fault: 'ended',
    });
    expect(line).not.toContain('hasCallerLeft');
    expect(clock.pendingTimers).toBe(0);
  });
});
