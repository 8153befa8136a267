import { ProxyTracerProvider } from '@opentelemetry/api';
import { createStartTrace } from '../../src/telemetry/trace.ts';

/** Traces where nobody traces. */
export const startTraceOfNobody = createStartTrace(new ProxyTracerProvider().getTracer('test'));
