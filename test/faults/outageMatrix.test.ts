import { beforeAll, describe, expect, it } from '@jest/globals';

import { laneOperations } from './lane/tellsTheTruth.ts';
import { outageFaults } from './matrix/outageFaults.ts';
import { type PlayedOutage, playOutage } from './outage/playOutage.ts';
import { casesOf, expectPromised } from './process/expectPromised.ts';
import { useClosing } from './process/useClosing.ts';

/** How long an operation may take. */
const operationMs = 20_000;

const cases = casesOf(outageFaults);

/** How long a body may take before its pace counts; started with each request. */
const bodyGraceMs = 5_000;

describe.each(laneOperations)('an outage of Graph that meets each %s', (operation) => {
  const closeLater = useClosing();
  let played: PlayedOutage;
  beforeAll(async () => {
    played = await playOutage(operation, closeLater);
  });

  it.each(cases.filter((one) => one.operation === operation))('$number $name', (one) => {
    const seen = {
      'the breaker in an outage of 60 s: before it opens': played.before,
      'the breaker in an outage of 60 s: while it is open': played.open,
      'the breaker in an outage of 60 s: the looks meanwhile, one at a time': played.looks,
      'the breaker in an outage of 60 s: the first look after it, and all that follow': [
        ...played.firstLook,
        ...played.afterwards[operation],
      ],
    }[one.name];
    expectPromised(seen, one);
  });

  it.each(cases.filter(({ name }) => name.endsWith('all that follow')))(
    'is over for each $operation as well',
    (one) => {
      expectPromised(played.afterwards[one.operation], one);
    },
  );

  it('costs Graph ten calls, and then single looks after 3, 8, 18, 33 and 48 s', () => {
    expect(played.callsBefore).toBe(10);
    expect(played.lookSeconds).toEqual([3, 8, 18, 33, 48, 63]);
    expect(played.looks).toHaveLength(5);
  });

  it('is told at once while the breaker is open: no timer starts but those of the body and of the deadline', () => {
    expect([...played.delaysWhileOpen].toSorted((one, other) => one - other)).toEqual([
      bodyGraceMs,
      operationMs,
    ]);
    expect(played.open.map(({ durationMs }) => durationMs)).toEqual(played.open.map(() => 0));
  });
});
