import { ProxyTracerProvider } from '@opentelemetry/api';
import { createStartTrail } from '../../src/telemetry/trace.ts';

/** Trails where nobody traces. */
export const startTrailOfNobody = createStartTrail(new ProxyTracerProvider().getTracer('test'));
