import { describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { createGateway, readConfig } from '../../src/createGateway.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { useClosing } from '../support/closing.ts';
import { addMutation, listQuery } from '../support/documents.ts';
import { type ReceiverAnswer, startOtlpReceiver } from '../support/otlpReceiver.ts';
import { type Answer, json, startScriptedServer } from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';

const closeLater = useClosing();

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
const named = (name: string): string =>
  `query ${name} { complianceManagementPartners { nodes { id } } }`;
const page = json(200, { value: [] });

/** A gateway that sends traces to a collector and serves metrics, before a Graph that follows a script. */
async function start(script: readonly Answer[], environment = {}, takes?: ReceiverAnswer) {
  const graph = await startScriptedServer(...script);
  const collector = await startOtlpReceiver(takes);
  const lines: Record<string, unknown>[] = [];
  const gateway = createGateway(
    readConfig({
      PORT: '0',
      GRAPH_BASE_URL: graph.url.href,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_METRICS_EXPORTER: 'prometheus',
      OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
      OTEL_EXPORTER_PROMETHEUS_PORT: '0',
      ...environment,
    }),
    {
      chance: () => 0,
      log: createLogger('debug', {
        write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
      }),
    },
  );
  const { url, metricsUrl = '' } = await gateway.start();
  closeLater(() => gateway.stop(), collector.close, graph.close);
  return {
    graph,
    collector,
    metricsUrl,
    lines,
    async post(query: string, headers: Record<string, string> = {}, variables: object = {}) {
      const answer = await request(`${url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: 'Bearer embedded-graph-token',
          ...headers,
        },
        body: JSON.stringify({ query, variables }),
      });
      await answer.body.dump();
      return { status: answer.statusCode, headers: answer.headers };
    },
    /** Stops the gateway, which sends what is left. */
    stop: () => gateway.stop(),
  };
}

async function scrape(url: string): Promise<string> {
  return (await request(url)).body.text();
}

describe('a traced operation', () => {
  it("continues the caller's trace to Graph, attempt by attempt, and logs one line", async () => {
    const { graph, collector, lines, post, stop } = await start([json(503, {}), page]);
    const answer = await post(named('Partners'), {
      traceparent,
      tracestate: 'vendor=value',
      'client-request-id': 'request-1',
    });
    expect(answer.headers['traceparent']).toBe(traceparent);
    await stop();
    const spans = collector.spans();
    const server = spans.find(({ kind }) => kind === 2);
    const attempts = spans.filter(({ kind }) => kind === 3);
    expect(server).toMatchObject({
      traceId,
      parentSpanId: '00f067aa0ba902b7',
      name: 'query',
      attributes: { 'gateway.request_id': 'request-1', 'graphql.operation.name': 'Partners' },
    });
    expect(attempts.map(({ attributes }) => attributes)).toMatchObject([
      { 'http.response.status_code': 503, 'error.type': '503' },
      {
        'http.response.status_code': 200,
        'http.request.resend_count': 1,
        'gateway.retry.reason': 'unavailable',
        'gateway.graph.request_id': 'graph-request-id',
      },
    ]);
    expect(attempts.map(({ parentSpanId }) => parentSpanId)).toEqual([
      server?.spanId,
      server?.spanId,
    ]);
    expect(graph.requests.map(({ headers }) => headers)).toMatchObject(
      attempts.map(({ spanId }) => ({
        traceparent: `00-${traceId}-${spanId}-01`,
        tracestate: 'vendor=value',
      })),
    );
    expect(lines.filter(({ message }) => message === 'Answered')).toEqual([
      expect.objectContaining({
        requestId: 'request-1',
        traceId,
        operationType: 'query',
        operationName: 'Partners',
        status: 200,
        graphStatus: 200,
        graphRequestIds: ['graph-request-id', 'graph-request-id'],
        retries: 1,
      }),
    ]);
    const told = lines.filter(({ requestId }) => requestId === 'request-1');
    expect(told.length).toBeGreaterThan(3);
    expect(told.every((line) => line['traceId'] === traceId)).toBe(true);
  });

  it('begins a trace where the caller has none, and says which', async () => {
    const { collector, post, stop } = await start([page]);
    const { headers } = await post(listQuery);
    await stop();
    const server = collector.spans().find(({ kind }) => kind === 2);
    expect(headers['traceparent']).toBe(`00-${server?.traceId}-${server?.spanId}-01`);
  });

  it('has no more words of the document and its variables than the operation type and name', async () => {
    const { collector, post, stop } = await start([
      json(400, { error: { code: 'BadRequest', message: 'hunter2' } }),
    ]);
    const input = { displayName: 'hunter2 partners' };
    await post(addMutation, {}, { input });
    await stop();
    expect(collector.spans()).toHaveLength(2);
    expect(collector.texts()).not.toMatch(
      /hunter2|displayName|complianceManagementPartner\b|Bearer/,
    );
  });

  it('is answered as if nothing were, where the collector is away', async () => {
    const { graph, post, stop } = await start([page], {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_BSP_SCHEDULE_DELAY: '1',
      OTEL_EXPORTER_OTLP_TIMEOUT: '100',
    });
    for (let operation = 0; operation < 5; operation += 1) {
      expect((await post(listQuery)).status).toBe(200);
    }
    expect(graph.requests).toHaveLength(5);
    await stop();
  });
});

describe('a collector that hangs', () => {
  it('does not hold the stop up where the drain has used its time', async () => {
    const hasty = { DRAIN_TIMEOUT_MS: '0', OTEL_EXPORTER_OTLP_TIMEOUT: '5000' };
    const { collector, lines, post, stop } = await start([page], hasty, () => undefined);
    await post(listQuery);
    await stop();
    expect(collector.received).toHaveLength(1);
    // No request waits for the export, so its failure is not known yet.
    expect(lines.map(({ message }) => message)).not.toContain('Telemetry could not be sent');
  });
});

describe('metrics', () => {
  it('have the published names in what Prometheus reads, none with two endings', async () => {
    const { post, metricsUrl } = await start([
      json(429, {}, { 'retry-after': '0' }),
      page,
      json(500, {}),
    ]);
    await post(listQuery);
    await post(addMutation, {}, { input: { displayName: 'Fleet' } });
    let text = '';
    // The delay of the event loop is reported once it has been measured.
    await until(async () => {
      text = await scrape(metricsUrl);
      return text.includes('nodejs_eventloop_delay_p99');
    });
    const names = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    for (const name of [
      'http_server_request_duration',
      'http_client_request_duration',
      'gateway_upstream_inflight',
      'gateway_upstream_retries_total',
      'gateway_upstream_throttled_total',
      'gateway_upstream_circuit_state',
      'gateway_outcome_unknown_total',
      'nodejs_eventloop_delay_p99',
      'v8js_memory_heap_used',
    ]) {
      expect(names).toContain(name);
    }
    expect(
      [...names].filter((name) => /_total_total|_seconds_seconds|_ratio$/.test(name ?? '')),
    ).toEqual([]);
    expect(text).not.toContain('otel_scope');
    expect(text).toMatch(/^gateway_upstream_retries_total\{reason="throttled"\} 1$/m);
    expect(text).toMatch(/^gateway_upstream_throttled_total 1$/m);
    expect(text).toMatch(/^gateway_upstream_circuit_state\{upstream="graph"\} 0$/m);
    expect(text).toMatch(/^gateway_upstream_inflight 0$/m);
    expect(text).toMatch(/^gateway_outcome_unknown_total\{operation="add"\} 1$/m);
  });

  it('do not grow with what callers make up', async () => {
    const { post, metricsUrl } = await start([page]);
    const series = async () =>
      (await scrape(metricsUrl)).split('\n').filter((line) => /^(http|gateway)_/.test(line)).length;
    const base = new URL(metricsUrl);
    await post(named('A'));
    await request(`${base.origin}/nowhere`);
    await post('{ nothing1 }');
    const before = await series();
    for (let turn = 0; turn < 5; turn += 1) {
      await post(named(`Made${turn}`), {
        'client-request-id': `id-${turn}`,
      });
      await post(`{ nothing${turn} }`);
    }
    expect(await series()).toBe(before);
  });
});
