import { request } from 'undici';
import { createGateway, type Dependencies, readConfig } from '../../src/createGateway.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { startOtlpReceiver } from './otlpReceiver.ts';
import { type Answer, json } from './scriptedServer.ts';
import { createSkippingClock, type SkippingClock } from './virtualClock.ts';

/** Texts that stand for secrets, by what they stand for. */
export type Canaries = Readonly<Record<string, string>>;

/** A text that nothing else has, for what it stands for. */
export const canary = (what: string): string => `canary-${what}-5f3a9c`;

/** A token as Entra makes them, with canaries in its claims and for its signature. */
export function canaryToken(who: string): string {
  const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url');
  const claims = { aud: 'https://graph.microsoft.com', canary: canary(`claim-of-${who}`) };
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${canary(`signature-of-${who}`)}`;
}

/** What tells a token from all others: its signature, and its claims. */
export function canariesOfToken(who: string, token: string): Canaries {
  const [, claims = token, signature = token] = token.split('.');
  return { [`token of ${who}`]: signature, [`claims of ${who}`]: claims };
}

/**
 * Finds canaries in what came out, as they are or as base64 (of either alphabet, at any offset), hexadecimal digits or
 * percent-encoded bytes would have them.
 */
export function findCanaries(
  canaries: Canaries,
  sinks: Readonly<Record<string, string>>,
): readonly { readonly canary: string; readonly sink: string; readonly around: string }[] {
  return Object.entries(canaries).flatMap(([canary, text]) =>
    Object.entries(sinks).flatMap(([sink, output]) => {
      const place = formsOf(text)
        .map((form) => output.indexOf(form))
        .find((index) => index !== -1);
      return place === undefined
        ? []
        : [{ canary, sink, around: output.slice(Math.max(0, place - 80), place + 160) }];
    }),
  );
}

function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const percent = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  return [
    text,
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    percent,
    percent.toUpperCase(),
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    ...[0, 1, 2].flatMap((offset) => base64Cores(bytes, offset)),
  ];
}

/** The part of the encoded text that does not hang on what stands before and behind. */
function base64Cores(bytes: Buffer, offset: number): readonly string[] {
  const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
  const start = Math.ceil((offset * 8) / 6);
  const end = Math.floor((padded.length * 8) / 6);
  return (['base64', 'base64url'] as const).map((form) => padded.toString(form).slice(start, end));
}

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
  /** What of these stood in answers and logs since this was asked last; of what callers may read, in logs only. */
  findLeaks(secrets: Canaries, readable: Canaries): ReturnType<typeof findCanaries>;
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
    findLeaks(secrets, readable) {
      const sinks = { answers, logs };
      answers = '';
      logs = '';
      const silent = { canary: 'none', sink: 'logs', around: 'No request was logged.' };
      return [
        ...findCanaries(secrets, sinks),
        ...findCanaries(readable, { logs: sinks.logs }),
        ...(sinks.logs.includes('"message":"Answered"') ? [] : [silent]),
      ];
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

/** What a Graph that talks too much says beside its answers; none of it is for anybody. */
export const graphSecrets: Canaries = {
  'cookie of Graph': canary('set-cookie'),
  'diagnostics of Graph': canary('diagnostic'),
  'host of Graph': canary('host'),
  'inner error of Graph': canary('inner-error'),
};

/** Texts of Graph that the caller may read, and only the caller. */
export const graphWords: Canaries = {
  'refusal of Graph': canary('refusal'),
  'data of Graph': canary('data'),
};

/** Answers with canaries in every header, and with the token that came in every place of a refusal. */
export function dirty(
  status: number,
  body?: unknown,
  headers: Record<string, string> = {},
): Answer {
  return (response, request) => {
    const token = request.headers.authorization?.slice(7) ?? '';
    json(status, body ?? refusalWith(token), { ...dirtyHeaders(token), ...headers })(
      response,
      request,
    );
  };
}

/** A page of something that stands between, with the token that came. */
export const dirtyPage: Answer = (response, request) => {
  response.writeHead(200, { 'content-type': 'text/html', ...dirtyHeaders('') });
  response.end(`<html>${request.headers.authorization} ${canary('inner-error')}</html>`);
};

function dirtyHeaders(token: string): Record<string, string> {
  return {
    'set-cookie': `session=${canary('set-cookie')}`,
    'x-ms-ags-diagnostic': JSON.stringify({ ServerInfo: canary('diagnostic') }),
    'www-authenticate': `Bearer realm="${canary('host')}", error_description="${token} is bad"`,
    'request-id': token === '' ? 'graph-request-id' : `Bearer ${token}`,
    'client-request-id': token,
    server: canary('diagnostic'),
  };
}

/** JSON in a string in JSON, as Intune writes it. */
function refusalWith(token: string): object {
  const tail = ` - Activity ID: ${canary('inner-error')} - Url: https://${canary('host')}.manage.microsoft.com/x`;
  const message = `${canary('refusal')}: the token ${token} is bad. Authorization: Bearer ${token}.${tail}`;
  return {
    error: {
      code: token === '' ? 'UnknownError' : token,
      message: JSON.stringify({ ErrorCode: token, Message: JSON.stringify({ Message: message }) }),
      innerError: { 'request-id': token, debug: canary('inner-error'), authorization: token },
    },
  };
}
