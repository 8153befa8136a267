import { describe, expect, it } from '@jest/globals';
import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { redactSpan } from '../../src/telemetry/sdk/redactSpan.ts';

const secret = 'hunter2';

/** A span that is over, with a name and attributes. */
function spanOf(name: string, attributes: Attributes = {}) {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const span = provider.getTracer('test').startSpan(name, { kind: SpanKind.CLIENT, attributes });
  span.recordException(new Error(`the token ${secret} is bad`));
  span.addEvent(`retry of ${secret}`, { 'http.url': `https://graph/?key=${secret}` });
  span.addLink({ context: span.spanContext(), attributes: { note: secret } });
  span.setStatus({ code: SpanStatusCode.ERROR, message: `refused ${secret}` });
  span.end();
  const [made] = exporter.getFinishedSpans();
  if (made === undefined) {
    throw new Error('No span was made.');
  }
  return made;
}

const collection = '/deviceManagement/complianceManagementPartners';

describe('redactSpan', () => {
  it('keeps what places the span in its trace and time', () => {
    const span = spanOf('query');
    const { name, kind, startTime, endTime, status, resource } = redactSpan(span);
    expect({ name, kind, startTime, endTime }).toEqual({
      name: 'query',
      kind: SpanKind.CLIENT,
      startTime: span.startTime,
      endTime: span.endTime,
    });
    expect(status).toEqual({ code: SpanStatusCode.ERROR });
    expect(redactSpan(span).spanContext()).toMatchObject({
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      traceFlags: 1,
    });
    expect(resource).toBe(span.resource);
  });

  it('keeps of events and links that there were some, and what kind of error it was', () => {
    const { events, links } = redactSpan(spanOf('query'));
    expect(events).toEqual([
      {
        name: 'exception',
        time: expect.anything(),
        attributes: { 'exception.type': 'Error' },
      },
      { name: 'event', time: expect.anything(), attributes: {} },
    ]);
    expect(links).toEqual([{ context: expect.not.objectContaining({ traceState: undefined }) }]);
    expect(JSON.stringify([events, links])).not.toContain(secret);
  });

  it.each<[string, Attributes]>([
    ['http.route', { 'http.route': '/graphql' }],
    ['url.template', { 'url.template': `${collection}/{id}` }],
    ['a batch', { 'url.template': '/$batch' }],
    ['a status', { 'http.response.status_code': 503 }],
    ['a code', { 'error.type': 'UPSTREAM_TIMEOUT', 'gateway.error.codes': ['THROTTLED'] }],
    ['an id of Graph', { 'gateway.graph.request_id': 'efa7d359-e387-4c10-a65e-b4cad04bf7f7' }],
    ['an operation', { 'graphql.operation.type': 'query', 'graphql.operation.name': 'Foo_1' }],
  ])('keeps %s', (_what, attributes) => {
    expect(redactSpan(spanOf('query', attributes)).attributes).toEqual(attributes);
  });

  it.each<[string, Attributes]>([
    ['an address', { 'url.full': `https://graph.microsoft.com/beta${collection}/7?$top=1` }],
    ['a path', { 'url.path': `${collection}/7`, 'http.target': `${collection}/7` }],
    ['a query string', { 'url.query': `$filter=displayName eq '${secret}'` }],
    ['a route with a query string', { 'http.route': `/graphql?query=${secret}` }],
    [
      'a route with an id',
      { 'url.template': `${collection}/6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001` },
    ],
    ['a document', { 'graphql.document': `{ a(b: "${secret}") }`, 'graphql.source': '{ a }' }],
    ['variables', { 'graphql.variables.input': secret }],
    ['a header', { 'http.request.header.authorization': ['Bearer x'] }],
    ['the text of an exception', { 'exception.message': secret, 'exception.stacktrace': 'at x' }],
    ['a host', { 'server.address': 'internal.example', 'net.peer.name': 'internal.example' }],
    ['an allowed key with another form', { 'error.type': `bad token ${secret}` }],
    ['a name that is too long', { 'graphql.operation.name': 'N'.repeat(65) }],
    ['a token as an id', { 'gateway.graph.request_id': `eyJ${'a'.repeat(80)}.b.c` }],
    ['a number as a text', { 'http.response.status_code': secret }],
    ['a list with a stranger in it', { 'gateway.error.codes': ['THROTTLED', secret] }],
    ['what objects are born with', { constructor: secret, toString: secret }],
  ])('drops %s, and counts it', (_what, attributes) => {
    const span = redactSpan(spanOf('query', attributes));
    expect(span.attributes).toEqual({});
    expect(span.droppedAttributesCount).toBe(Object.keys(attributes).length);
  });

  it.each([
    ['query', 'query'],
    ['mutation', 'mutation'],
    ['acquire token', 'acquire token'],
    [`GET ${collection}/{id}`, `GET ${collection}/{id}`],
    ['POST /$batch', 'POST /$batch'],
    [`GET ${collection}/7c1`, 'GET'],
    [`GET /graphql?query=${secret}`, 'GET'],
    ['POST', 'POST'],
    [`query ${secret}`, 'client'],
    [`https://graph/${secret}`, 'client'],
    ['', 'client'],
  ])('shows the name %j as %j', (name, shown) => {
    expect(redactSpan(spanOf(name)).name).toBe(shown);
  });

  it('shows nothing of a secret, wherever it stands', () => {
    const key = fc.oneof(
      fc.string(),
      fc.constantFrom('error.type', 'http.route', 'url.template', 'gateway.error.codes'),
    );
    const around = fc.tuple(fc.string(), fc.string());
    fc.assert(
      fc.property(fc.array(fc.tuple(key, around)), around, (pairs, [before, after]) => {
        const attributes = Object.fromEntries(
          pairs.map(([name, [left, right]]) => [name, `${left} ${secret} ${right}`]),
        );
        const span = redactSpan(spanOf(`${before} ${secret} ${after}`, attributes));
        const { name, events, links, status } = span;
        expect(JSON.stringify([name, span.attributes, events, links, status])).not.toContain(
          secret,
        );
      }),
      { numRuns: 200 },
    );
  });
});
