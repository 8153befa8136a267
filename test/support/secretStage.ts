import { request } from 'undici';
import { createGateway, type Dependencies, readConfig } from '../../src/createGateway.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { startOtlpReceiver } from './otlpReceiver.ts';
import { type Answer, json } from './scriptedServer.ts';
import { createSkippingClock } from './virtualClock.ts';

/** Texts that stand for secrets, by what they stand for. */
export type Canaries = Readonly<Record<string, string>>;

/** A text that nothing else has. */
export const canary = (what: string): string => `canary-${what}-5f3a9c`;

/** A token as Entra makes them, with canaries in its claims and for its signature. */
export function canaryToken(who: string): string {
  const claims = { aud: 'https://graph.microsoft.com', canary: canary(`claim-of-${who}`) };
  const [head, payload] = [{ alg: 'RS256', typ: 'JWT' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return `${head}.${payload}.${canary(`signature-of-${who}`)}`;
}

/** What tells a token from all others: its signature, and its claims. */
export function canariesOfToken(who: string, token: string): Canaries {
  const [, claims = token, signature = token] = token.split('.');
  return { [`token of ${who}`]: signature, [`claims of ${who}`]: claims };
}

/**
 * Finds canaries in texts, as they are or as base64 (of either alphabet, at any offset), hexadecimal digits or
 * percent-encoded bytes.
 */
export function findCanaries(canaries: Canaries, sinks: Readonly<Record<string, string>>) {
  return Object.entries(sinks).flatMap(([sink, output]) => {
    const text = output.toLowerCase();
    return Object.entries(canaries)
      .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form.toLowerCase())))
      .map(([what]) => `${what} in ${sink}`);
  });
}

function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  const base64 = [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
    // The part that depends on nothing before and behind.
    const part = [Math.ceil((offset * 8) / 6), Math.floor((padded.length * 8) / 6)];
    return [padded.toString('base64'), padded.toString('base64url')].map((all) =>
      all.slice(...part),
    );
  });
  return [text, hex, hex.replace(/../g, '%$&'), encodeURIComponent(text), ...base64];
}

export const canaries = (...names: readonly string[]): Canaries =>
  Object.fromEntries(names.map((name) => [name, canary(name)]));

export type SecretStage = Awaited<ReturnType<typeof startSecretStage>>;

const header = canary('header');
export const callerHeaders = {
  'content-type': 'application/json',
  authorization: `Bearer ${canaryToken('caller')}`,
  cookie: `session=${canary('cookie')}`,
  referer: `https://portal/?key=${header}`,
  'x-canary': header,
  'user-agent': header,
  'x-forwarded-for': header,
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: `vendor=${canary('tracestate')}`,
};

/** A gateway with everything recorded that leaves it, and the error if it does not start. */
export async function startSecretStage(
  environment: Readonly<Record<string, string>>,
  surroundings: Partial<Dependencies> = {},
) {
  const collector = await startOtlpReceiver();
  const clock = createSkippingClock();
  let sinks = { answers: '', logs: '' };
  const write = (line: string): void => {
    sinks.logs += line;
  };
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
    { clock, chance: () => 0, log: createLogger('trace', { write }), ...surroundings },
  );
  let error: unknown;
  const { url, metricsUrl } = await gateway.start().catch((reason: unknown) => {
    error = reason;
    return { url: '', metricsUrl: undefined };
  });

  /** Sends anything; gives the code of the first error. */
  async function send(path: string, options: object) {
    const { statusCode, headers, body } = await request(`${url}${path}`, options);
    const text = await body.text();
    sinks.answers += `${statusCode} ${JSON.stringify(headers)} ${text}\n`;
    const result = text.startsWith('{') ? JSON.parse(text) : {};
    return { status: statusCode, code: result.errors?.[0]?.extensions.code as unknown };
  }

  return {
    url,
    clock,
    error,
    send,
    /** Posts an operation with canaries in all that a caller can write. */
    ask: (query: string, variables = {}, headers = {}) =>
      send('/graphql', {
        method: 'POST',
        headers: { ...callerHeaders, ...headers },
        body: JSON.stringify({ query: `# ${canary('document')}\n${query}`, variables }),
      }),
    /** What answers and logs said since this was called last. */
    takeSinks() {
      const taken = sinks;
      sinks = { answers: '', logs: '' };
      return taken;
    },
    /** Stops the gateway; gives all spans and the last metrics. */
    async stop() {
      const metrics = metricsUrl ? await (await request(metricsUrl)).body.text() : '';
      await gateway.stop();
      await collector.close();
      return { metrics, spans: collector.texts() };
    },
  };
}

/** Answers with canaries in every header, and with the token that came in every place of a refusal. */
export const dirty =
  (status: number, body?: unknown, headers: Record<string, string> = {}): Answer =>
  (...exchange) => {
    const token = exchange[1].headers.authorization?.slice(7) ?? '';
    const all = { ...dirtyHeaders(token), ...headers };
    json(status, body ?? refusalWith(token), all)(...exchange);
  };

/** A page of something between the gateway and Graph, with the token that came. */
export const dirtyPage: Answer = (response, request) => {
  response.writeHead(200, { 'content-type': 'text/html', ...dirtyHeaders('') });
  response.end(`<html>${request.headers.authorization} ${canary('inner-error')}</html>`);
};

const dirtyHeaders = (token: string): Record<string, string> => ({
  'set-cookie': `session=${canary('set-cookie')}`,
  'x-ms-ags-diagnostic': JSON.stringify({ ServerInfo: canary('diagnostic') }),
  'www-authenticate': `Bearer realm="${canary('host')}", error_description="${token} is bad"`,
  'request-id': token === '' ? 'graph-request-id' : `Bearer ${token}`,
  'client-request-id': token,
  server: canary('diagnostic'),
});

/** JSON in a string in JSON, as Intune writes it. */
function refusalWith(token: string): object {
  const tail = ` - Activity ID: ${canary('inner-error')} - Url: https://${canary('host')}.manage.microsoft.com/x`;
  const message = `${canary('refusal')}: the token ${token} is bad. Authorization: Bearer ${token}.${tail}`;
  const text = { ErrorCode: token, Message: JSON.stringify({ Message: message }) };
  const innerError = { 'request-id': token, debug: canary('inner-error'), authorization: token };
  return { error: { code: token || 'UnknownError', message: JSON.stringify(text), innerError } };
}
