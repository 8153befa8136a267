import { beforeAll, describe, expect, it } from '@jest/globals';
import { playLeaving } from './leaving/playLeaving.ts';
import { playLeavingForToken } from './leaving/playLeavingForToken.ts';
import { playLeavingOwnAnswer } from './leaving/playLeavingOwnAnswer.ts';
import { leavingFaults, slowCallerFaults } from './matrix/callerFaults.ts';
import { casesOf, expectPromised } from './process/expectPromised.ts';
import type { Played } from './process/played.ts';
import { playSlowCallers } from './process/playSlowCallers.ts';
import { useClosing } from './process/useClosing.ts';

describe('a caller that leaves', () => {
  const closeLater = useClosing();
  let played: Played<typeof leavingFaults>;
  beforeAll(async () => {
    played = {
      ...(await playLeaving(closeLater)),
      'the caller leaves while it waits for a token': await playLeavingForToken(closeLater),
      'the caller leaves in the middle of its own answer': await playLeavingOwnAnswer(closeLater),
    };
  });

  it.each(casesOf(leavingFaults))('$number $name: $operation', (one) => {
    const seen = played[one.name][one.operation];
    expectPromised(seen, one);
    const { told } = leavingFaults[one.name];
    expect(seen[0]?.told).toEqual(one.operation === 'read' ? told.read : told.write);
  });
});

describe('a caller that is slow', () => {
  const closeLater = useClosing();
  let played: Played<typeof slowCallerFaults>;
  beforeAll(async () => {
    played = await playSlowCallers(closeLater);
  });

  it.each(casesOf(slowCallerFaults))('$number $name: $operation', (one) => {
    expectPromised(played[one.name][one.operation], one);
  });
});
