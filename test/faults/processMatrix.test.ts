import { beforeAll, describe, expect, it } from '@jest/globals';
import { gatewayShortages, signalFaults, systemShortages } from './matrix/processFaults.ts';
import { casesOf, expectPromised } from './process/expectPromised.ts';
import type { Played } from './process/played.ts';
import { playGatewayShortages } from './process/playGatewayShortages.ts';
import { type PlayedSignals, playSignals } from './process/playSignals.ts';
import { type PlayedShortages, playSystemShortages } from './process/playSystemShortages.ts';
import { useClosing } from './process/useClosing.ts';

describe('a signal', () => {
  const closeLater = useClosing();
  let signals: PlayedSignals;
  beforeAll(async () => {
    signals = await playSignals(closeLater);
  });

  it.each(casesOf(signalFaults))('$number $name: $operation', (one) => {
    expectPromised(signals.played[one.name][one.operation], one);
  });

  it('ends the program in order, or at once', () => {
    expect(signals.ends).toEqual({
      killed: { code: null, signal: 'SIGKILL' },
      drained: { code: 0, signal: null },
      late: { code: 0, signal: null },
      hurried: { code: 1, signal: null },
    });
  });
});

describe('what the system does not give', () => {
  const closeLater = useClosing();
  let shortages: PlayedShortages;
  beforeAll(async () => {
    shortages = await playSystemShortages(closeLater);
  });

  it.each(casesOf(systemShortages))('$number $name: $operation', (one) => {
    expectPromised(shortages.played[one.name][one.operation], one);
  });

  it('does not keep the program from ending in order, with its log still full', () => {
    expect(shortages.end).toEqual({ code: 0, signal: null });
  });
});

describe('what the gateway lacks', () => {
  const closeLater = useClosing();
  let played: Played<typeof gatewayShortages>;
  beforeAll(async () => {
    played = await playGatewayShortages(closeLater);
  });

  it.each(casesOf(gatewayShortages))('$number $name: $operation', (one) => {
    expectPromised(played[one.name][one.operation], one);
  });
});
