import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import {
  createBoundedSink,
  createLogger,
  type Log,
  type LogFields,
} from '../../src/telemetry/log.ts';
import { redactSpan } from '../../src/telemetry/otelTraces.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const secret = 'hunter2';

function recordedLog(level = 'info') {
  const lines: string[] = [];
  const log = createLogger(level, { write: (line) => lines.push(line) });
  return { log, lines, objects: () => lines.map((line) => JSON.parse(line) as object) };
}

describe('createLogger', () => {
  it('writes one line of JSON, and nothing below its level, nor what an unexpected error quotes', () => {
    const { log, lines, objects } = recordedLog();
    log.debug('Too much');
    log.info('Answered', { requestId: 'a', status: 200 });
    log.error('Failed', {}, new TypeError(`the token ${secret} is bad`));
    const line = expect.stringMatching(/^[^\n]+\n$/);
    expect(lines).toEqual([line, line]);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
    const error = { name: 'TypeError', frames: expect.any(Array) };
    expect(objects()).toEqual([
      { level: 'info', time, requestId: 'a', status: 200, message: 'Answered' },
      expect.objectContaining({ level: 'error', error }),
    ]);
    expect(lines.join()).not.toContain(secret);
  });

  it.each([
    ['a\n{"level":"fatal"}\r\n', /^[\n\x20-\x7e]*$/],
    ['\0\u001b[2J\u007f\u009b31m\u0085\u2028\u202e\ufeff', /^[\n\x20-\x7e]*$/],
    ['Zürich 東京 ☂ …', /Zürich 東京 ☂ …/],
  ])('escapes what a viewer could obey, and nothing that people write: %j', (reason, written) => {
    const { log, lines, objects } = recordedLog();
    log.warn('Answered', { reason });
    expect(lines.join('')).toMatch(written);
    expect(lines.join('').trimEnd().split('\n')).toHaveLength(1);
    expect(objects()).toMatchObject([{ reason }]);
  });

  it.each<[keyof Log, LogFields, string]>([
    ['info', { codes: ['NOT_FOUND'] }, 'batch'],
    ['debug', {}, 'batch'],
    ['warn', { mayHaveBeenApplied: false }, 'turn'],
    ['warn', { mayHaveBeenApplied: true }, 'now'],
    ['info', { codes: ['NOT_FOUND', 'OUTCOME_UNKNOWN'] }, 'now'],
    ['info', { signal: 'SIGTERM' }, 'now'],
    ['error', {}, 'now'],
  ])('hands a line of %s with %j over: %s', (level, fields, urgency) => {
    const urgencies: string[] = [];
    const log = createLogger('debug', { write: (_line, given) => urgencies.push(given) });
    log[level]('Answered', fields);
    expect(urgencies).toEqual([urgency]);
  });
});

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
  return exporter.getFinishedSpans()[0] as ReadableSpan;
}

const collection = '/deviceManagement/complianceManagementPartners';

describe('redactSpan', () => {
  it('keeps what places a span in its trace and time, and what kind of error there was', () => {
    const span = spanOf('query');
    const { events, links, status, ...redacted } = redactSpan(span);
    const { startTime, endTime, resource } = span;
    const { traceId, spanId } = span.spanContext();
    const context = { traceId, spanId, traceFlags: 1 };
    expect(redacted).toMatchObject({ name: 'query', kind: SpanKind.CLIENT, startTime, endTime });
    expect(redacted.spanContext()).toEqual(context);
    expect(redacted.resource).toBe(resource);
    const time = expect.anything();
    const exception = { name: 'exception', time, attributes: { 'exception.type': 'Error' } };
    expect(events).toEqual([exception, { name: 'event', time, attributes: {} }]);
    expect([status, links]).toEqual([{ code: SpanStatusCode.ERROR }, [{ context }]]);
  });

  it.each<[Attributes, dropped: number]>([
    [{ 'http.route': '/graphql', 'url.template': `${collection}/{id}` }, 0],
    [{ 'url.template': '/$batch', 'http.response.status_code': 503 }, 0],
    [{ 'error.type': 'UPSTREAM_TIMEOUT', 'gateway.error.codes': ['THROTTLED'] }, 0],
    [{ 'gateway.graph.request_id': 'efa7d359-e387-4c10-a65e-b4cad04bf7f7' }, 0],
    [{ 'graphql.operation.type': 'query', 'graphql.operation.name': 'Foo_1' }, 0],
    [{ 'url.full': `https://graph.microsoft.com/beta${collection}/7?$top=1`, 'url.path': '/7' }, 2],
    [{ 'http.route': `/graphql?query=${secret}`, 'http.response.status_code': secret }, 2],
    [{ 'url.template': `${collection}/6f0b2d1c-6f6e-4b7b-9d55-0a4f6e1c0001` }, 1],
    [{ 'graphql.document': `{ a(b: "${secret}") }`, 'graphql.variables.input': secret }, 2],
    [{ 'http.request.header.authorization': ['Bearer x'], 'error.type': `bad ${secret}` }, 2],
    [{ 'graphql.operation.name': 'N'.repeat(65), 'gateway.error.codes': ['A', secret] }, 2],
    [{ 'gateway.graph.request_id': `eyJ${'a'.repeat(80)}.b.c` }, 1],
    [{ constructor: secret, toString: secret }, 2],
  ])('keeps attributes of %j, or drops and counts them: %i', (attributes, dropped) => {
    const span = redactSpan(spanOf('query', attributes));
    expect(span.attributes).toEqual(dropped === 0 ? attributes : {});
    expect(span.droppedAttributesCount).toBe(dropped);
  });

  it.each([
    ['acquire token', 'acquire token'],
    [`GET ${collection}/{id}`, `GET ${collection}/{id}`],
    [`GET ${collection}/7c1`, 'GET'],
    [`query ${secret}`, 'client'],
    ['', 'client'],
  ])('shows the name %j as %j', (name, shown) => {
    expect(redactSpan(spanOf(name)).name).toBe(shown);
  });

  it('shows nothing of a secret, wherever it stands', () => {
    const known = ['error.type', 'http.route', 'url.template', 'gateway.error.codes'];
    const key = fc.oneof(fc.string(), fc.constantFrom(...known));
    const holding = fc.tuple(fc.string(), fc.string()).map((parts) => parts.join(` ${secret} `));
    fc.assert(
      fc.property(fc.array(fc.tuple(key, holding)), holding, (pairs, name) => {
        const span = redactSpan(spanOf(name, Object.fromEntries(pairs)));
        const { attributes, events, links, status } = span;
        const shown = JSON.stringify([span.name, attributes, events, links, status]);
        expect(shown).not.toContain(secret);
      }),
      { numRuns: 200 },
    );
  });
});

const line = (text: string): string => `${JSON.stringify({ message: text })}\n`;
const nextTurn = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** A sink before a stream whose reader takes what it is given when the test says so. */
function start() {
  const clock = createVirtualClock(Date.UTC(2026, 0, 1));
  const writes: string[] = [];
  let onTaken: () => void = () => undefined;
  const stream = new Writable({
    write(chunk, _encoding, callback) {
      writes.push(String(chunk));
      onTaken = callback;
    },
  });
  const take = (): void => {
    const callback = onTaken;
    onTaken = () => undefined;
    callback();
  };
  return { stream, writes, take, clock, sink: createBoundedSink(stream, clock) };
}

describe('the sink', () => {
  it('hands over the lines of one turn together, and usual ones after a tenth of a second or at 32 KiB', async () => {
    const { sink, clock, writes, take } = start();
    sink.write(line('a'), 'turn');
    sink.write(line('b'), 'turn');
    expect(writes).toEqual([]);
    await nextTurn();
    take();
    sink.write(line('c'), 'batch');
    await clock.advance(99);
    expect(writes).toEqual([line('a') + line('b')]);
    await clock.advance(1);
    expect(writes.at(-1)).toBe(line('c'));
    take();
    sink.write(line('d'), 'batch');
    sink.write(line('e'), 'now');
    await nextTurn();
    expect(writes.at(-1)).toBe(line('d') + line('e'));
    expect(clock.pendingTimers).toBe(0);
    take();
    const many = Array.from({ length: 32 }, () => line('x'.repeat(1024)));
    for (const one of many) {
      sink.write(one, 'batch');
    }
    await nextTurn();
    expect(writes.at(-1)).toBe(many.join(''));
  });

  it('keeps 1 MiB, in bytes, for a slow reader, and counts what was lost', async () => {
    const { sink, stream, writes, take } = start();
    const long = line('\u{1F600}'.repeat(1000));
    for (let count = 0; count < 5000; count += 1) {
      sink.write(long, 'turn');
      if (count % 100 === 0) {
        await nextTurn();
      }
    }
    expect(stream.writableLength).toBeLessThanOrEqual(1024 * 1024);
    const kept = Math.floor((1024 * 1024) / Buffer.byteLength(long));
    for (let turn = 0; turn < 100; turn += 1) {
      take();
      await nextTurn();
    }
    sink.write(line('again'), 'turn');
    await nextTurn();
    expect(writes.join('').split(long)).toHaveLength(kept + 1);
    const time = '2026-01-01T00:00:00.000Z';
    const message = 'Log lines were dropped, because their reader was too slow';
    const note = { level: 'warn', time, count: 5000 - kept, message };
    expect(writes.at(-1)).toBe(`${JSON.stringify(note)}\n${line('again')}`);
  });

  it('survives that its reader goes away', async () => {
    const stream = new PassThrough();
    const sink = createBoundedSink(stream, createVirtualClock());
    sink.write(line('a'), 'turn');
    stream.destroy(new Error('EPIPE'));
    await nextTurn();
    sink.write(line('b'), 'turn');
    await sink.flush(1000);
    expect(stream.destroyed).toBe(true);
  });

  it('hands over at once what it has when it is flushed, and waits until it is taken, but not for ever', async () => {
    const { sink, writes, take, clock } = start();
    sink.write(line('last'), 'batch');
    const flushed: string[] = [];
    const taken = sink.flush(2000).then(() => flushed.push('taken'));
    const late = sink.flush(1000).then(() => flushed.push('late'));
    expect(writes).toEqual([line('last')]);
    await clock.advance(999);
    expect(flushed).toEqual([]);
    await clock.advance(1);
    await late;
    expect(flushed).toEqual(['late']);
    for (let turn = 0; turn < 3; turn += 1) {
      take();
      await nextTurn();
    }
    await taken;
  });
});
