import { startLogTrail } from '../../src/telemetry/trail.ts';

/** Trails where nobody traces. */
export const startTrailOfNobody = startLogTrail;
