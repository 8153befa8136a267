import { describe, expect, it } from '@jest/globals';
import { request as send } from 'undici';
import { readConfig } from '../../src/config/config.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createMeasurements, type Measurements } from '../../src/telemetry/metrics.ts';
import { startTelemetry } from '../../src/telemetry/startTelemetry.ts';
import { useClosing } from '../support/closing.ts';
import { silentLog } from '../support/logs.ts';

const closeLater = useClosing();

const attempt: Parameters<Measurements['attempt']>[0] = {
  method: 'GET',
  route: '/partners/{id}',
  durationMs: 250,
  attempt: 1,
  repeatReason: undefined,
};
const request: Parameters<Measurements['request']>[0] = {
  method: 'POST',
  route: '/graphql',
  durationMs: 1500,
  status: 200,
  errorType: undefined,
  operationType: 'query',
};

/** Starts measurements that Prometheus can fetch. */
async function start() {
  const { telemetry: config } = readConfig({
    OTEL_METRICS_EXPORTER: 'prometheus',
    OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
    OTEL_EXPORTER_PROMETHEUS_PORT: '0',
  });
  const parts = { clock: systemClock, log: silentLog, instanceId: 'one' };
  const { meter, metricsUrl = '', stop } = await startTelemetry(config, parts);
  closeLater(() => stop(0));
  const ask = async (method: 'GET' | 'HEAD' | 'OPTIONS', path: string) => {
    const { statusCode, headers, body } = await send(new URL(path, metricsUrl), { method });
    return { status: statusCode, type: headers['content-type'], text: await body.text() };
  };
  return {
    measurements: createMeasurements(meter),
    ask,
    /** The gateway's own series; of a histogram the sum. */
    async collect(): Promise<readonly string[]> {
      const { text } = await ask('GET', '/metrics');
      return text
        .split('\n')
        .filter((line) => /^(gateway|http)_(?!.*_(bucket|count)\{)/.test(line));
    },
  };
}

describe('what Prometheus fetches', () => {
  it('has the published name and labels of everything that is measured', async () => {
    const { measurements, collect } = await start();
    // What has not happened yet is zero, so that the first time is seen as a rise.
    expect(await collect()).toEqual([
      'gateway_upstream_inflight 0',
      'gateway_upstream_throttled_total 0',
      'gateway_upstream_circuit_state{upstream="graph"} 0',
    ]);
    measurements.attempt({ ...attempt, status: 429 });
    measurements.attempt({ ...attempt, status: 200, attempt: 3, repeatReason: 'throttled' });
    measurements.attempt({ ...attempt, errorType: 'timeout' });
    measurements.request(request);
    measurements.request({ ...request, status: 429, errorType: 'THROTTLED' });
    measurements.request({ ...request, status: undefined, errorType: 'callerLeft' });
    measurements.request({ ...request, method: 'BREW', route: undefined, status: 404 });
    measurements.inFlight(1);
    measurements.inFlight(1);
    measurements.inFlight(-1);
    measurements.rejectedLocally('breaker', 'graph');
    measurements.breakerState('half-open', 'authority');
    measurements.breakerState('open', 'graph');
    measurements.tokenAcquired({ flow: 'on-behalf-of', outcome: 'token', durationMs: 500 });
    measurements.tokenLookedUp('miss');
    measurements.limitSeen('depth', 7);
    measurements.limitExceeded('depth', 'rejected');
    measurements.limitExceeded('aliases', 'warned');
    measurements.shed('heap');
    measurements.connectionCut('limit');
    measurements.outcomeUnknown('add');
    measurements.lockedAlone();
    measurements.keyUsed('first');
    measurements.untrustedDocument('warned');
    measurements.trustedDocumentsReloaded('loaded');
    measurements.watchTokenCache(() => 7);
    measurements.watchKeyAge(() => 90_000);
    expect(await collect()).toEqual([
      'http_client_request_duration_sum{http_request_method="GET",url_template="/partners/{id}",http_response_status_code="429"} 0.25',
      'http_client_request_duration_sum{http_request_method="GET",url_template="/partners/{id}",http_response_status_code="200",http_request_resend_count="2"} 0.25',
      'http_client_request_duration_sum{http_request_method="GET",url_template="/partners/{id}",error_type="timeout"} 0.25',
      'http_server_request_duration_sum{http_request_method="POST",url_scheme="http",http_route="/graphql",http_response_status_code="200",graphql_operation_type="query"} 1.5',
      'http_server_request_duration_sum{http_request_method="POST",url_scheme="http",http_route="/graphql",http_response_status_code="429",error_type="THROTTLED",graphql_operation_type="query"} 1.5',
      'http_server_request_duration_sum{http_request_method="POST",url_scheme="http",http_route="/graphql",error_type="callerLeft",graphql_operation_type="query"} 1.5',
      'http_server_request_duration_sum{http_request_method="_OTHER",url_scheme="http",http_response_status_code="404",graphql_operation_type="query"} 1.5',
      'gateway_upstream_inflight 1',
      'gateway_upstream_retries_total{reason="throttled"} 1',
      'gateway_upstream_throttled_total 1',
      'gateway_upstream_shed_total{upstream="graph",reason="breaker"} 1',
      'gateway_shed_total{reason="heap"} 1',
      'gateway_connections_cut_total{reason="limit"} 1',
      'gateway_outcome_unknown_total{operation="add"} 1',
      'gateway_locks_local_total 1',
      'gateway_idempotency_total{outcome="first"} 1',
      'gateway_token_cache_lookups_total{result="miss"} 1',
      'gateway_limits_rejected_total{limit="depth"} 1',
      'gateway_limits_warned_total{limit="aliases"} 1',
      'gateway_untrusted_documents_total{outcome="warned"} 1',
      'gateway_trusted_documents_reloads_total{outcome="loaded"} 1',
      'gateway_upstream_circuit_state{upstream="graph"} 2',
      'gateway_upstream_circuit_state{upstream="authority"} 1',
      'gateway_token_acquire_seconds_sum{flow="on-behalf-of",outcome="token"} 0.5',
      'gateway_limits_seen_sum{limit="depth"} 7',
      'gateway_token_cache_entries 7',
      'gateway_jwks_age_seconds 90',
    ]);
  });

  it('has no age without keys, and is not read any more after the end', async () => {
    const { measurements, collect } = await start();
    const reads: string[] = [];
    const stop = measurements.watchKeyAge(() => {
      reads.push('age');
      return undefined;
    });
    expect((await collect()).join()).not.toContain('jwks');
    stop();
    await collect();
    expect(reads).toEqual(['age']);
  });

  it('comes as text from GET /metrics, and nothing else is there', async () => {
    const { ask } = await start();
    expect(await ask('GET', '/metrics?collect[]=http')).toMatchObject({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
    });
    for (const [method, path] of [
      ['GET', '/metrics/'],
      ['HEAD', '/metrics'],
      ['OPTIONS', '*'],
    ] as const) {
      const { status, type, text } = await ask(method, path);
      expect([status, type]).toEqual([404, 'application/json; charset=utf-8']);
      expect(text).toContain(method === 'HEAD' ? '' : '"extensions":{"code":"NOT_FOUND"}');
    }
  });
});
