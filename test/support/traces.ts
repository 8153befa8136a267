import { startLogTrace } from '../../src/telemetry/requestTrace.ts';

/** Traces where nobody traces. */
export const startTraceOfNobody = startLogTrace;
