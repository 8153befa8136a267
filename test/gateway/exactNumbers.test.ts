import { afterEach, describe, expect, it } from '@jest/globals';
import { partnerQuery, revisionQuery } from '../support/documents.ts';
import {
  type Answer,
  json,
  type ScriptedServer,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';

let graph: ScriptedServer;
let gateway: TestGateway;

afterEach(async () => {
  await gateway.stop(0);
  await graph.close();
});

/** A partner with an unrecognized target, whose numbers are written as given. */
const partnerWith = (big: string): Answer =>
  json(
    200,
    `{"id":"a","iosEnrollmentAssignments":[{"target":{"@odata.type":"#microsoft.graph.futureTarget","big":${big},"small":7,"exponent":1e400}}]}`,
  );

async function start(...script: Answer[]): Promise<void> {
  graph = await startScriptedServer(...script);
  gateway = await startTestGateway({ GRAPH_BASE_URL: graph.url.href });
}

describe('a number that no double can hold', () => {
  it('arrives with all its digits, as text', async () => {
    await start(partnerWith('12345678901234567890'));
    const { result } = await gateway.run(partnerQuery, { id: 'a' });
    expect(result).toMatchObject({
      data: {
        complianceManagementPartner: {
          iosEnrollmentAssignments: [
            {
              target: { properties: { big: '12345678901234567890', small: 7, exponent: '1e400' } },
            },
          ],
        },
      },
    });
  });

  it('is another revision where only its last digit is another one', async () => {
    await start(partnerWith('12345678901234567890'), partnerWith('12345678901234567891'));
    const [first, second] = [
      await gateway.run(revisionQuery, { id: 'a' }),
      await gateway.run(revisionQuery, { id: 'a' }),
    ];
    expect(first.result.errors).toBeUndefined();
    expect(second.result.data).not.toEqual(first.result.data);
  });
});
