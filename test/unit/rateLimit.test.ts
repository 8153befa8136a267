import { describe, expect, it } from '@jest/globals';
import type { BudgetClaim, GraphBudget } from '../../src/graph/budget.ts';
import type { GraphResponse } from '../../src/graph/request.ts';
import { readTenantKey } from '../../src/graph/tenantKeys.ts';
import { Secret } from '../../src/shared/secret.ts';
import { createTestSend, testCall } from '../support/graphClients.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const claims = Buffer.from(JSON.stringify({ tid: 'tenant', azp: 'app' })).toString('base64url');
const token = (signature: string): string => `header.${claims}.${signature}`;
const tenantKey = readTenantKey(token('any'));

/** A send with a budget that has room and remembers whom it was asked for. */
function createStage() {
  const claimed: BudgetClaim[] = [];
  const paused: [key: string, ms: number][] = [];
  const budget: GraphBudget = {
    tryAcquire: () => false,
    async acquire(claim) {
      claimed.push(claim);
    },
    async pause(key, ms) {
      paused.push([key, ms]);
    },
    close: () => undefined,
  };
  const clock = createVirtualClock();
  let answer: Pick<GraphResponse, 'status' | 'headers'> = { status: 200, headers: {} };
  const send = createTestSend({
    budget,
    clock,
    transport: async () => ({ ...answer, body: Buffer.alloc(0) }),
  });
  return {
    paused,
    /** Sends one request whose answer has this status; gives for whom it was counted. */
    async ask(status: number, signature = 'signature', headers: Record<string, string> = {}) {
      answer = { status, headers };
      const sending = send({
        operation: 'add',
        url: new URL('http://graph/partners'),
        headers: {},
        call: testCall({
          callerToken: new Secret(token(signature)),
          deadlineMs: clock.now() + 20_000,
        }),
      });
      await clock.advance(20_000);
      await sending;
      return claimed.at(-1)?.key;
    },
  };
}

describe('the budget of a send', () => {
  it.each([200, 201, 204])('counts a token for its tenant after a %i', async (status) => {
    const { ask } = createStage();
    expect(await ask(status)).not.toBe(tenantKey);
    expect(await ask(status)).toBe(tenantKey);
  });

  it.each([302, 400, 401, 403, 404, 429, 500, 503])(
    'counts a token by itself after a %i, which can come before Graph has looked at the token',
    async (status) => {
      const { ask } = createStage();
      await ask(status);
      expect(await ask(status)).not.toBe(tenantKey);
    },
  );

  it('counts a token by itself again from its first 401 on', async () => {
    const { ask } = createStage();
    await ask(200);
    expect(await ask(401)).toBe(tenantKey);
    expect(await ask(200)).not.toBe(tenantKey);
  });

  it('pauses only a token that Graph has never accepted, whatever tenant it names', async () => {
    const { ask, paused } = createStage();
    const forged = await ask(429, 'forged', { 'retry-after': '120' });
    expect(paused).toEqual([[forged, 120_000]]);
    expect(forged).not.toBe(tenantKey);
  });

  it('pauses the tenant of a token that Graph has taken', async () => {
    const { ask, paused } = createStage();
    await ask(200);
    await ask(429, 'signature', { 'retry-after': '30' });
    expect(paused).toEqual([[tenantKey, 30_000]]);
  });
});
