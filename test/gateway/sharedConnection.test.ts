import { afterAll, describe, expect, it } from '@jest/globals';
import { Pool } from 'undici';
import { bearerOf } from '../support/bearerTokens.ts';
import { addMutation } from '../support/documents.ts';
import { type Answer, json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const callers = Array.from({ length: 50 }, (_, index) => bearerOf(`tenant-${index}`, 'user'));

const { scripted, closeLater } = useStages(afterAll);
// Time stands still, so that no window of the budget ends.
const clock = createVirtualClock();
const answer: Answer = (response, request) => {
  const partner = { id: 'p', displayName: request.headers.authorization };
  const isAdd = request.method === 'POST';
  json(isAdd ? 201 : 200, isAdd ? partner : { value: [partner] })(response, request);
};
const { graph, gateway } = await scripted(answer, { GRAPH_WRITE_BUDGET: '2' }, { clock });
const connection = new Pool(gateway.url, { connections: 1, pipelining: 1 });
closeLater(() => connection.close());

// Behind a router, one connection carries many callers.
describe('callers that alternate on one connection', () => {
  async function send(token: string, body: object): Promise<string> {
    const answer = await connection.request({
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    return answer.body.text();
  }

  it('each get the answer to their own token, in each round', async () => {
    const crossings: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      for (const token of callers) {
        const answer = await send(token, {
          query: '{ complianceManagementPartners { nodes { displayName } } }',
        });
        const seen = callers.filter((other) => answer.includes(other));
        crossings.push(...(seen.length === 1 && seen[0] === token ? [] : [answer]));
      }
    }
    expect(crossings).toEqual([]);
    expect(graph.requests).toHaveLength(150);
  });

  it('each have a budget of their own, and no more than that', async () => {
    const outcomes: string[][] = callers.map(() => []);
    for (let round = 0; round < 3; round += 1) {
      for (const [index, token] of callers.entries()) {
        const variables = { input: { displayName: `Bearer ${token}` } };
        const answer = await send(token, { query: addMutation, variables });
        outcomes[index]?.push(/"code":"(\w+)"/.exec(answer)?.[1] ?? 'added');
      }
    }
    expect(new Set(outcomes.map((own) => own.join()))).toEqual(new Set(['added,added,THROTTLED']));
  });
});
