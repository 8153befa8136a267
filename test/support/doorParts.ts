import { readConfig } from '../../src/config/config.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { noMeasurements } from './measurements.ts';

const { connections, shedding } = readConfig({});

/** What the HTTP server needs for its door where nothing is configured. */
export const doorParts = {
  connections,
  shedding,
  clock: systemClock,
  measurements: noMeasurements,
};
