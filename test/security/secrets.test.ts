import { afterAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { embeddedGraphToken } from '../../src/shared/secret.ts';
import { useClosing } from '../support/closing.ts';
import { addMutation, totalCountQuery } from '../support/documents.ts';
import { startOtlpReceiver } from '../support/otlpReceiver.ts';
import { startProgram } from '../support/programs.ts';
import { type RawAnswer, sendRaw } from '../support/rawConnection.ts';
import { startTestGraph } from '../support/testGraphs.ts';

/** Looks like a token of Entra's; each of its parts would give it away. */
const parts = [
  'eyJjYW5hcnkiOiJoZWFkZXIifQ',
  'eyJjYW5hcnkiOiJwYXlsb2FkIn0',
  'Y2FuYXJ5LXNpZ25hdHVyZQ',
];
const canary = parts.join('.');

const closeLater = useClosing(afterAll);
/** Everything that callers were answered, with headers. */
const answers: string[] = [];

/** The program itself in production, with all its outputs, asked as well and as badly as its token can be used. */
const graph = await startTestGraph({ acceptToken: (token) => token === canary });
const collector = await startOtlpReceiver();
const program = startProgram({
  NODE_ENV: 'production',
  GRAPH_BASE_URL: graph.baseUrl,
  LOG_LEVEL: 'trace',
  DRAIN_DELAY_MS: '0',
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_METRICS_EXPORTER: 'prometheus',
  OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
  OTEL_EXPORTER_PROMETHEUS_PORT: '0',
});
closeLater(
  () => program.kill('SIGKILL'),
  () => program.ended,
  collector.close,
  graph.close,
);
const [, metricsUrl = ''] = await program.until(/"url":"(http:[^"]*\/metrics)"/);
const [, url = ''] = await program.until(/"url":"(http:\/\/127\.0\.0\.1:\d+)","upstream"/);

async function post(body: object | string, authorization = `Bearer ${canary}`): Promise<void> {
  const answer = await request(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  answers.push(JSON.stringify(answer.headers), await answer.body.text());
}

const list = { query: totalCountQuery };
const repeats = { code: 'BadRequest', message: `Bearer ${canary} is no good: '${canary}'` };
const refused = { status: 400, headers: { 'x-token': canary }, body: { error: repeats } };
await post(list);
graph.faults.add({ respond: refused });
await post({ query: addMutation, variables: { input: { displayName: 'a' } } });
graph.faults.add({ respond: { ...refused, status: 403 } });
await post(list);
graph.faults.add({ times: 3, kill: 'reset' });
await post(list);
await post(list, `Basic ${canary}`);
await post(list, `Bearer ${canary} ${canary}`);
await post(list, `Bearer ${parts[0]}.other`);
await post(`{"query":"${canary}"`);
const metrics = await (await request(metricsUrl)).body.text();

/** The parts of the token that a text holds; of the last one, whose beginning is sent alone, nothing is let through. */
const leaksIn = (text: string): string[] => parts.filter((part) => text.includes(part));

async function ask(headers: string): Promise<RawAnswer | undefined> {
  const body = JSON.stringify({
    query: 'query A\u2028B { __typename }',
    operationName: 'x\n{"level":"fatal"}',
  });
  return sendRaw(
    url,
    Buffer.from(
      `POST /graphql HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  );
}

describe('a token', () => {
  it('[44] token absent from logs: neither standard output nor standard error has a part of it', async () => {
    await program.until(/(?:"message":"Answered"[\s\S]*){8}/);
    expect(leaksIn(program.output())).toEqual([]);
  });

  it('[46] token absent from metrics: no label and no value has a part of it', () => {
    expect(metrics).toContain('http_server_request_duration');
    expect(leaksIn(metrics)).toEqual([]);
  });

  it('[47] token absent from errors: no answer repeats a part of it, whatever Graph repeats', () => {
    expect(graph.requests.some(({ headers }) => headers.authorization === `Bearer ${canary}`)).toBe(
      true,
    );
    expect(answers.join()).toContain('FORBIDDEN');
    expect(leaksIn(answers.join())).toEqual([]);
    expect(answers.join()).not.toContain(embeddedGraphToken);
  });
});

describe('a text that wants to be more', () => {
  it('[48] log injection: every line of the log stays one JSON object, without control characters', async () => {
    await ask(
      'client-request-id: a\tb\r\nuser-agent: x\u001b[2J\r\nx-apollo-operation-name: {"level":"fatal"}\r\n',
    );
    await sendRaw(
      url,
      'GET /%0a%7b%22level%22%3a%22fatal%22%7d HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
    );
    const lines = program.output().trim().split('\n');
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) {
      const entry = JSON.parse(line) as Record<string, unknown>;
      expect(entry['level']).not.toBe('fatal');
      expect(line).not.toMatch(/\p{Cc}|\u2028/u);
    }
  });

  it('[51] header injection in request ids: an id that is no plain word is replaced, not repeated', async () => {
    const long = 'x'.repeat(65);
    const folded = 'a\r\n x-folded: yes';
    for (const id of ['a b', 'a,b', long, '%0d%0ax-injected:yes', 'a\u0085b', '"', folded]) {
      const answer = await ask(`client-request-id: ${id}\r\n`);
      expect(answer?.headers['x-injected'] ?? answer?.headers['x-folded']).toBeUndefined();
      expect(answer?.headers['client-request-id']?.join() ?? 'none').toMatch(
        /^[A-Za-z0-9._-]{1,64}$/,
      );
      expect(answer?.headers['client-request-id'] ?? []).not.toContain(id);
    }
  });
});

describe('a token, when the program has stopped and sent what was left', () => {
  it('[45] token absent from spans: no name, attribute or event has a part of it', async () => {
    program.kill('SIGTERM');
    await program.ended;
    expect(collector.spans().filter(({ kind }) => kind === 3).length).toBeGreaterThanOrEqual(4);
    expect(leaksIn(collector.texts())).toEqual([]);
    expect(leaksIn(program.output())).toEqual([]);
  });
});
