import type { OutboundParts } from '../../src/identity/outbound/token.ts';
import { recordingLog } from './logs.ts';
import { recordingMeasurements } from './measurements.ts';
import { createVirtualClock } from './virtualClock.ts';

/** Makes what tokens of the gateway's own take from the outside, with all that they report; time stands still. */
export function createOutboundWorld(change: Partial<OutboundParts> = {}) {
  const clock = createVirtualClock();
  const log = recordingLog();
  const measurements = recordingMeasurements();
  const parts: OutboundParts = { clock, log, measurements, chance: () => 0.5, ...change };
  return { clock, lines: log.lines, events: measurements.events, parts };
}
