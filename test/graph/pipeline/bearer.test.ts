import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { type Credentials, passthroughCredentials } from '../../../src/graph/credentials.ts';
import { createBearer } from '../../../src/graph/pipeline/bearer.ts';
import type { GraphCall, GraphRequest } from '../../../src/graph/pipeline/pipeline.ts';
import { Secret } from '../../../src/secret.ts';
import { endableCall, testCall } from '../../support/graphClients.ts';

function sign(credentials: Credentials, change: Partial<GraphRequest> = {}) {
  const sent: GraphRequest[] = [];
  const request: GraphRequest = {
    operation: 'list',
    url: new URL('http://graph'),
    headers: { accept: 'application/json' },
    call: testCall(),
    ...change,
  };
  const end = createBearer(credentials)(request, async (signed) => {
    sent.push(signed);
    return { status: 200, headers: {}, body: Buffer.alloc(0) };
  }).catch((error: unknown) => error);
  return { sent, end };
}

describe('createBearer', () => {
  it("signs with the caller's token and leaves the other headers alone", async () => {
    const { sent, end } = sign(passthroughCredentials);
    await end;
    expect(sent[0]?.headers).toEqual({
      accept: 'application/json',
      authorization: 'Bearer test-token',
    });
  });

  it('sends nothing without a token', async () => {
    const { sent, end } = sign(passthroughCredentials, {
      call: testCall({ callerToken: undefined }),
    });
    await expect(end).resolves.toMatchObject({ code: 'unauthenticated' });
    expect(sent).toEqual([]);
  });

  it.each([
    [undefined, false],
    [false, false],
    [true, true],
  ])('asks for a fresh token where it is told to (%j)', async (withFreshToken, expected) => {
    const wishes: boolean[] = [];
    const credentials: Credentials = {
      hasOwnTokens: true,
      async tokenFor(_call, wish) {
        wishes.push(wish.withFreshToken);
        return new Secret('own');
      },
    };
    await sign(credentials, withFreshToken === undefined ? {} : { withFreshToken }).end;
    expect(wishes).toEqual([expected]);
  });

  it('waits for a token no longer than the operation lasts', async () => {
    const { call, end: endCall } = endableCall();
    const never: Credentials = {
      hasOwnTokens: true,
      tokenFor: (_call: GraphCall) => new Promise(() => undefined),
    };
    const { sent, end } = sign(never, { call });
    endCall('deadline');
    await expect(end).resolves.toMatchObject({ code: 'timeout', mayHaveBeenApplied: false });
    expect(sent).toEqual([]);
    expect(getEventListeners(call.signal, 'abort')).toHaveLength(0);
  });
});
