import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { createStartTrail } from '../../../src/telemetry/createStartTrail.ts';
import type { StartTrail } from '../../../src/telemetry/trail.ts';
import { addMutation, listQuery } from '../../support/documents.ts';
import { recordingMeasurements } from '../../support/measurements.ts';
import { graphqlRequest, openConnection } from '../../support/rawConnection.ts';
import {
  type Answer,
  json,
  type ScriptedServer,
  silence,
  startScriptedServer,
} from '../../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { until } from '../../support/until.ts';

/** Trails whose spans are kept in memory, as they were written: nothing stands before them that would redact. */
function recordingTrails(
  sampler: Sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() }),
): {
  readonly startTrail: StartTrail;
  spans(): readonly ReadableSpan[];
} {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  const provider = new TracerProvider({ sampler, spanProcessors });
  return {
    startTrail: createStartTrail(provider.getTracer('test')),
    spans: () => exporter.getFinishedSpans(),
  };
}

const toClose: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of toClose.splice(0)) {
    await close();
  }
});

async function start(...script: Answer[]) {
  const graph = await startScriptedServer(...script);
  const measurements = recordingMeasurements();
  const trails = recordingTrails();
  const gateway = await startTestGateway(
    { GRAPH_BASE_URL: graph.url.href, LIMIT_ANSWER_BYTES: '67108864' },
    { measurements, startTrail: trails.startTrail },
  );
  toClose.push(() => gateway.stop(0), graph.close);
  return { graph, gateway, measurements, spans: trails.spans };
}

const answeredIn = ({ logLines }: TestGateway): readonly Record<string, unknown>[] =>
  logLines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ message }) => message === 'Answered');

/** Sends an operation and leaves once Graph was asked. */
async function leaveEarly(
  gateway: TestGateway,
  graph: ScriptedServer,
  query: string,
  variables: object = {},
): Promise<void> {
  const caller = await openConnection(gateway.url);
  caller.send(graphqlRequest({ query, variables }, { Authorization: 'Bearer test-token' }));
  await until(() => graph.requests.length === 1);
  caller.socket.resetAndDestroy();
}

describe('the line, the measurement and the span of a request', () => {
  it('are one each, and say what was asked and what came of it', async () => {
    const { gateway, measurements, spans } = await start(json(200, { value: [] }));
    await gateway.run(listQuery);
    expect(answeredIn(gateway)).toMatchObject([
      { operationType: 'query', operationName: 'List', status: 200, graphStatus: 200 },
    ]);
    expect(answeredIn(gateway)[0]).not.toHaveProperty('codes');
    expect(measurements.requests).toMatchObject([
      { method: 'POST', route: '/graphql', status: 200, operationType: 'query' },
    ]);
    expect(spans().map(({ name }) => name)).toContain('query');
  });

  it.each<[string, unknown, Record<string, string>, object]>([
    [
      'a document that is none',
      { query: '{' },
      {},
      { status: 400, codes: ['GRAPHQL_PARSE_FAILED'] },
    ],
    [
      'an unknown field',
      { query: '{ nothing }' },
      {},
      { status: 400, codes: ['GRAPHQL_VALIDATION_FAILED'] },
    ],
    [
      'no token',
      { query: '{ complianceManagementPartners { totalCount } }' },
      {},
      { status: 401, codes: ['UNAUTHENTICATED'], operationType: 'query' },
    ],
    ['a body that is none', '{"query":', {}, { status: 400 }],
    ['another type', 'query', { 'content-type': 'text/plain' }, { status: 415 }],
  ])('are one each for %s too', async (_what, body, headers, told) => {
    const { gateway, measurements, spans } = await start(silence);
    await gateway.post(body, { accept: 'application/graphql-response+json', ...headers });
    expect(answeredIn(gateway)).toEqual([expect.objectContaining(told)]);
    expect(measurements.requests).toHaveLength(1);
    expect(spans()).toHaveLength(1);
  });

  it('are there without a span for what is no GraphQL request', async () => {
    const { gateway, measurements, spans } = await start(silence);
    await gateway.get('/livez');
    await gateway.get('/nowhere/4711?key=hunter2');
    expect(answeredIn(gateway).map(({ url }) => url)).toEqual(['/livez', 'unknown']);
    expect(measurements.requests.map(({ route }) => route)).toEqual(['/livez', undefined]);
    expect(spans()).toEqual([]);
  });

  it('say that the caller left, and nothing of a status that nobody got', async () => {
    const { graph, gateway, measurements, spans } = await start(silence);
    await leaveEarly(gateway, graph, listQuery);
    await until(() => answeredIn(gateway).length > 0);
    expect(answeredIn(gateway)).toEqual([
      expect.objectContaining({ operationName: 'List', hasCallerLeft: true }),
    ]);
    expect(answeredIn(gateway)[0]).not.toHaveProperty('status');
    expect(measurements.requests).toMatchObject([{ errorType: 'callerLeft', status: undefined }]);
    expect(spans().at(-1)?.attributes['error.type']).toBe('callerLeft');
  });

  it('wait for a write that is finished for nobody, and say how it ended', async () => {
    let finish = (): void => undefined;
    const held: Answer = (response, request) => {
      const partner = { id: 'p', displayName: 'Fleet' };
      finish = () => json(201, partner)(response, request);
    };
    const { graph, gateway } = await start(held);
    await leaveEarly(gateway, graph, addMutation, { input: { displayName: 'Fleet' } });
    await gateway.get('/livez');
    expect(answeredIn(gateway).map(({ url }) => url)).toEqual(['/livez']);
    finish();
    await until(() => answeredIn(gateway).length === 2);
    expect(answeredIn(gateway)[1]).toMatchObject({
      operationType: 'mutation',
      hasCallerLeft: true,
      graphStatus: 201,
    });
  });

  it('are one each where the caller leaves in the middle of its own request', async () => {
    const { gateway, measurements } = await start(silence);
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    const head = 'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n';
    await new Promise((resolve) =>
      socket.write(`${head}content-type: application/json\r\n\r\n{"query"`, resolve),
    );
    await gateway.get('/livez');
    socket.destroy();
    await until(() => answeredIn(gateway).length === 2);
    expect(answeredIn(gateway)[1]).toMatchObject({ url: '/graphql', hasCallerLeft: true });
    expect(measurements.requests).toHaveLength(2);
  });

  it('say so as well where the caller leaves in the middle of its answer', async () => {
    // Twenty of them are more than all buffers of the system between two sockets take.
    const partner = { id: 'p', displayName: 'x'.repeat(800_000) };
    const { gateway, measurements } = await start(json(200, partner));
    const fields = Array.from({ length: 20 }, (_, index) => `n${index}: displayName`).join(' ');
    const caller = await openConnection(gateway.url);
    caller.socket.pause();
    caller.send(
      graphqlRequest({ query: `{ complianceManagementPartner(id: "p") { ${fields} } }` }),
    );
    await until(() => gateway.logLines.some((line) => line.includes('Microsoft Graph answered')));
    await gateway.get('/livez');
    caller.socket.resetAndDestroy();
    await until(() => answeredIn(gateway).length === 2);
    expect(answeredIn(gateway)[1]).toMatchObject({ url: '/graphql', hasCallerLeft: true });
    expect(answeredIn(gateway)[1]).not.toHaveProperty('status');
    expect(measurements.requests).toMatchObject([
      { route: '/livez', status: 200 },
      { route: '/graphql', status: undefined, errorType: 'callerLeft' },
    ]);
  });

  it('cannot be forged by what a caller writes', async () => {
    const { gateway } = await start(json(200, { value: [] }));
    const forged = '\n{"level":"info","message":"Answered","forged":true}\r\n\u2028\u009b2J';
    const query = `# ${forged.replaceAll('\n', ' ')}\nquery List { complianceManagementPartners(after: ${JSON.stringify(forged)}) { totalCount } }`;
    await gateway.post({ query, operationName: forged, variables: { [forged]: forged } });
    await gateway.post({ query, operationName: 'List' }, { 'x-request-id': 'a forged' });
    const text = gateway.logLines.join('');
    expect(text.trimEnd().split('\n')).toHaveLength(gateway.logLines.length);
    expect(text).not.toContain('forged');
    expect(text).not.toMatch(/[^\n\x20-\x7e]/);
  });
});
