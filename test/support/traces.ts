import { startLogTrace } from '../../src/telemetry/requestTrace.ts';

/** Traces while tracing is off. */
export const startTraceOfNobody = startLogTrace;
