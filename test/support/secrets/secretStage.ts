import { request } from 'undici';
import { createGateway, type Dependencies, readConfig } from '../../../src/createGateway.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { startOtlpReceiver } from '../otlpReceiver.ts';
import { createSkippingClock, type SkippingClock } from '../virtualClock.ts';
import { type Canaries, canary, canaryToken } from './canaries.ts';

/** Secrets of callers, operators and OpenTelemetry, which no output may show. */
export const entrusted: Canaries = {
  'signature of the caller': canary('signature-of-caller'),
  'claims of the caller': canary('claim-of-caller'),
  'cookie of the caller': canary('cookie'),
  'header of the caller': canary('header'),
  'trace state of the caller': canary('tracestate'),
  'password of Redis': canary('redis'),
  'key of the collector': canary('collector'),
  'message of a bug': canary('thrown'),
};

/** What callers write, and may see again in their own answers only. */
export const written: Canaries = {
  variable: canary('variable'),
  document: canary('document'),
  'path or query': canary('path'),
};

/** What came out of a gateway, as texts. */
export interface Sinks {
  readonly answers: string;
  readonly logs: string;
}

export interface StageAnswer {
  readonly status: number;
  /** Of the first error; undefined where there is none. */
  readonly code: unknown;
}

/** A gateway with everything recorded that leaves it. */
export interface SecretStage {
  readonly url: string;
  readonly clock: SkippingClock;
  /** Posts an operation with canaries in all that a caller can write. */
  ask(query: string, variables?: object, headers?: Record<string, string>): Promise<StageAnswer>;
  /** Sends anything; the answer is recorded. */
  send(path: string, options: object): Promise<StageAnswer>;
  /** What came out since this was asked last. */
  take(): Sinks;
  /** Stops the gateway; gives all spans and the last metrics. */
  stop(): Promise<{ readonly spans: string; readonly metrics: string }>;
}

export const callerHeaders = {
  'content-type': 'application/json',
  authorization: `Bearer ${canaryToken('caller')}`,
  cookie: `session=${canary('cookie')}`,
  'x-canary': canary('header'),
  referer: `https://portal/?key=${canary('header')}`,
  'user-agent': canary('header'),
  'x-forwarded-for': canary('header'),
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: `vendor=${canary('tracestate')}`,
};

/** Starts one. Its clock can skip, so that a breaker forgets what the last case did. */
export async function startSecretStage(
  environment: Record<string, string>,
  surroundings: Partial<Dependencies> = {},
): Promise<SecretStage> {
  const collector = await startOtlpReceiver();
  const clock = createSkippingClock();
  let answers = '';
  let logs = '';
  const gateway = createGateway(
    readConfig({
      PORT: '0',
      OPERATION_TIMEOUT_MS: '60000',
      GRAPH_WRITE_BUDGET: '10000',
      GRAPH_REQUEST_BUDGET: '10000',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_HEADERS: `api-key=${canary('collector')}`,
      OTEL_METRICS_EXPORTER: 'prometheus,otlp',
      OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
      OTEL_EXPORTER_PROMETHEUS_PORT: '0',
      ...environment,
    }),
    {
      clock,
      chance: () => 0,
      log: createLogger('trace', {
        write: (line) => {
          logs += line;
        },
      }),
      ...surroundings,
    },
  );
  const { url, metricsUrl = '' } = await gateway.start();

  async function send(path: string, options: object): Promise<StageAnswer> {
    const { statusCode, headers, body } = await request(`${url}${path}`, options);
    const text = await body.text();
    answers += `${statusCode} ${JSON.stringify(headers)} ${text}\n`;
    return { status: statusCode, code: codeIn(text) };
  }

  return {
    url,
    clock,
    send,
    ask: (query, variables = {}, headers = {}) =>
      send('/graphql', {
        method: 'POST',
        headers: { ...callerHeaders, ...headers },
        body: JSON.stringify({ query: `# ${canary('document')}\n${query}`, variables }),
      }),
    take() {
      const taken = { answers, logs };
      answers = '';
      logs = '';
      return taken;
    },
    async stop() {
      const { body } = await request(metricsUrl);
      const metrics = await body.text();
      await gateway.stop();
      await collector.close();
      return { metrics, spans: collector.texts() };
    },
  };
}

function codeIn(text: string): unknown {
  if (!text.startsWith('{')) {
    return undefined;
  }
  const { errors = [] } = JSON.parse(text) as {
    errors?: readonly { readonly extensions: { readonly code: unknown } }[];
  };
  return errors[0]?.extensions.code;
}
