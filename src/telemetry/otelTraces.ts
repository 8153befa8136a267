import { type Attributes, type AttributeValue, SpanKind } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { OtlpConfig, SamplerConfig, TracesConfig } from '../config/telemetry.ts';
import { otlpOptionsOf, type TelemetryParts, tellFailures } from './otlp.ts';

/** Starts to record spans and to send them in batches; none leaves without having been redacted. */
export async function startTraces(
  { otlp, sampler, batch }: TracesConfig,
  resource: Resource,
  parts: TelemetryParts,
): Promise<TracerProvider> {
  const exporter = await createTraceExporter(otlp);
  tellFailures(exporter, 'traces', parts);
  const batches = new BatchSpanProcessor({ exporter, ...batch });
  const redacting: SpanProcessor = {
    onStart: () => undefined,
    onEnd: (span) => batches.onEnd(redactSpan(span)),
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };
  return new TracerProvider({
    resource,
    sampler: samplerOf(sampler),
    spanProcessors: [redacting],
  });
}

async function createTraceExporter(otlp: OtlpConfig): Promise<SpanExporter> {
  const options = await otlpOptionsOf(otlp);
  const { OTLPTraceExporter } =
    otlp.protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter(options);
}

function samplerOf({ name, ratio }: SamplerConfig): Sampler {
  const byTrace = new TraceIdRatioBasedSampler(ratio);
  const samplers = {
    always_on: new AlwaysOnSampler(),
    always_off: new AlwaysOffSampler(),
    traceidratio: byTrace,
    parentbased_always_on: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    parentbased_always_off: new ParentBasedSampler({ root: new AlwaysOffSampler() }),
    parentbased_traceidratio: new ParentBasedSampler({ root: byTrace }),
  };
  return samplers[name];
}

const word = /^[\w.-]{1,64}$/;
const method = /^[A-Z_]{1,10}$/;
/** A pattern of a path: words, placeholders and versions. A segment that is an id has a digit somewhere. */
const route = /^(?:\/(?:\$?[A-Za-z_.-]{0,40}|\{[A-Za-z]{1,20}\}|v\d\.\d))+$/;
const operationType = /^(?:query|mutation|subscription)$/;

/** What a span may say, and in which form. Everything else stays here. */
const allowed: Readonly<Record<string, RegExp | 'number'>> = {
  'error.type': word,
  'exception.type': word,
  'http.request.method': method,
  'http.request.resend_count': 'number',
  'http.response.status_code': 'number',
  'http.route': route,
  'url.template': route,
  'graphql.operation.type': operationType,
  'graphql.operation.name': /^[A-Za-z_]\w{0,63}$/,
  'gateway.request_id': word,
  'gateway.error.codes': /^[A-Z_]{1,64}$/,
  'gateway.graph.operation': word,
  'gateway.graph.request_id': word,
  'gateway.graph.client_request_id': word,
  'gateway.retry.reason': word,
  'gateway.token.flow': word,
  'gateway.token.outcome': word,
};

/** Gives what may be shown of a span: no text of an error, no address, no id of a partner, no trace state. */
export function redactSpan(span: ReadableSpan): ReadableSpan {
  const { attributes, events, links } = span;
  const own = bare(span.spanContext());
  const shown = redactAttributes(attributes);
  const dropped = Object.keys(attributes).length - Object.keys(shown).length;
  return {
    name: redactName(span.name, span.kind),
    kind: span.kind,
    spanContext: () => own,
    ...(span.parentSpanContext && { parentSpanContext: bare(span.parentSpanContext) }),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: span.ended,
    status: { code: span.status.code },
    attributes: shown,
    events: events.map(({ name, time, attributes: given = {} }) => ({
      name: word.test(name) ? name : 'event',
      time,
      attributes: redactAttributes(given),
    })),
    links: links.map(({ context }) => ({ context: bare(context) })),
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount + dropped,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}

type SpanContext = ReturnType<ReadableSpan['spanContext']>;

function bare({ traceId, spanId, traceFlags, isRemote }: SpanContext): SpanContext {
  return { traceId, spanId, traceFlags, ...(isRemote && { isRemote }) };
}

/** Keeps a name that is an operation's type, a method with a path's pattern, or this gateway's own. */
function redactName(name: string, kind: SpanKind): string {
  if (operationType.test(name) || name === 'acquire token') {
    return name;
  }
  const [first = '', path, ...more] = name.split(' ');
  if (!method.test(first) || more.length > 0) {
    return SpanKind[kind].toLowerCase();
  }
  return path !== undefined && route.test(path) ? name : first;
}

function redactAttributes(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(([key, value]) => isAllowed(key, value)),
  );
}

function isAllowed(key: string, value: AttributeValue | undefined): boolean {
  const form = Object.hasOwn(allowed, key) ? allowed[key] : undefined;
  if (form === undefined || value === undefined) {
    return false;
  }
  if (form === 'number') {
    return typeof value === 'number';
  }
  const texts = Array.isArray(value) ? value : [value];
  return texts.every((text) => typeof text === 'string' && form.test(text));
}
