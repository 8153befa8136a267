import { readConnections, readShedding } from '../../src/config/http.ts';
import { createReaders } from '../../src/config/readers.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { noMeasurements } from './measurements.ts';

const nothingSet = createReaders({});

/** What the HTTP server needs for its door where nothing is configured. */
export const doorParts = {
  connections: readConnections(nothingSet),
  shedding: readShedding(nothingSet),
  clock: systemClock,
  measurements: noMeasurements,
};
