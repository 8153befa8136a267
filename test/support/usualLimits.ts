import { readConfig } from '../../src/config/config.ts';
import type { Limits } from '../../src/config/http.ts';
import { createAdmission } from '../../src/graphql/admission.ts';
import { silentLog } from './logs.ts';
import { noMeasurements } from './measurements.ts';

/** What is allowed where nothing is configured. */
export const usualLimits: Limits = readConfig({}).limits;

/** The parts of a server that have to do with limits, for servers that are no whole gateway. */
export const usualDoor = {
  limits: usualLimits,
  measurements: noMeasurements,
  admit: createAdmission({
    limits: usualLimits,
    trusted: undefined,
    log: silentLog,
    measurements: noMeasurements,
  }),
};
