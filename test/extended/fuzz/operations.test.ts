import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import type { Emulator } from '../../../src/emulator/server.ts';
import { createSchema, readSdl } from '../../../src/graphql/schema.ts';
import {
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  everything,
  listQuery,
  partnerQuery,
  updateMutation,
} from '../../support/documents.ts';
import { times } from '../../support/stages.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';
import { findAnswerProblem } from './judgeAnswer.ts';
import { built, type Choices, playRandomCases } from './randomCases.ts';
import { type RandomOperation, randomOperation } from './randomOperation.ts';
import { cutUp, knownIds, randomJunk, randomText } from './randomValues.ts';

const wanted = volumeOf(4_000);
const schema = createSchema(readSdl());
const everyRow = `{ complianceManagementPartners(first: 1000) { nodes { ...Everything revision } totalCount } } ${everything}`;

/** A request to `/graphql` that HTTP itself finds nothing wrong with. */
interface OperationRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const goodDocuments = [
  ...[addAssignmentMutation, addMutation, deleteMutation, updateMutation],
  ...[listQuery, partnerQuery],
];

/** Draws an operation: over the schema, a text that was cut up, one of a hostile shape, or rubbish. */
function drawOperation(choices: Choices): RandomOperation {
  const lot = choices.below(100);
  if (lot >= 96) {
    return { query: randomText(choices), variables: undefined, operationName: undefined };
  }
  if (lot >= 88) {
    return hostileOperation(choices);
  }
  const operation = randomOperation(schema, choices, true);
  const text = choices.chance(50) ? operation.query : choices.pick(goodDocuments);
  return lot >= 72 ? { ...operation, query: cutUp(text, choices) } : operation;
}

/** A document that is made to cost more than it is worth. */
function hostileOperation(choices: Choices): RandomOperation {
  const count = 1 + choices.below(3_000);
  const few = 1 + choices.below(200);
  const query = choices.pick([
    `{ ${times(few, (index) => `a${index}: __typename`)} }`,
    `{ ${'__typename '.repeat(count)}}`,
    `{ __typename ${'@a'.repeat(count)} }`,
    `query ${'{ a '.repeat(count)}`,
    `{ ${'complianceManagementPartners { nodes '.repeat(few)}{ id }${' }'.repeat(few)} }`,
    `{ complianceManagementPartner(id: ${'['.repeat(count)}) { id } }`,
    `query (${times(few, (index) => `$v${index}: Int`)}) { __typename }`,
    '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
    `{ ${'...A '.repeat(few)}} fragment A on Query { __typename }`,
    `{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }`,
    `{ complianceManagementPartners(filter: ${'{not:'.repeat(few)}{}${'}'.repeat(few)}) { totalCount } }`,
    `{ complianceManagementPartners(first: ${'9'.repeat(count)}) { totalCount } }`,
    `{ complianceManagementPartner(id: "${'x'.repeat(count)}") { id } }`,
    `{ ${times(few, (index) => `a${index}: complianceManagementPartner(id: "row-${index}") { id }`)} }`,
    `#${'x'.repeat(count)}`,
    `"""${'"'.repeat(few)}""" { __typename }`,
    `{ ${'x'.repeat(count)} }`,
    `subscription { ${'a '.repeat(few)}}`,
    `type Query { a: Int } ${'extend type Query { a: Int } '.repeat(few)}`,
  ]);
  const variables = choices.pick([undefined, '{}', 'null', '[]', '"text"']);
  return { query, variables, operationName: undefined };
}

const accepted = ['application/json', 'application/graphql-response+json', '*/*', 'text/html', ''];
const memberNames = ['query', 'variables', 'operationName', 'extensions', '__proto__', 'http'];

function randomRequest(choices: Choices): OperationRequest {
  const { query, variables, operationName } = drawOperation(choices);
  const headers: Record<string, string> = { authorization: 'Bearer embedded-graph-token' };
  if (choices.chance(10)) {
    headers['accept'] = choices.pick(accepted);
  }
  if (choices.chance(8)) {
    const search = new URLSearchParams({
      query: query.slice(0, 4_000),
      ...(variables !== undefined && { variables: variables.slice(0, 2_000) }),
      ...(operationName !== undefined && { operationName }),
    });
    headers['apollo-require-preflight'] = 'yes';
    return { method: 'GET', path: `/graphql?${search}`, headers, body: undefined };
  }
  const members = [
    `"query":${JSON.stringify(query)}`,
    ...(variables === undefined ? [] : [`"variables":${variables}`]),
    ...(operationName === undefined ? [] : [`"operationName":${JSON.stringify(operationName)}`]),
  ];
  if (choices.chance(4)) {
    members.push(`"${choices.pick(memberNames)}":${randomJunk({ kind: 'json' }, choices)}`);
  }
  headers['content-type'] = 'application/json';
  return { method: 'POST', path: '/graphql', headers, body: `{${members}}` };
}

let graph: Emulator | undefined;
let gateway: TestGateway | undefined;
let errorsLogged = 0;

async function close(): Promise<void> {
  await gateway?.stop(0);
  await graph?.close();
}

/** A fresh pair now and then: the list of the embedded Graph grows with each partner that is added. */
async function begin(): Promise<void> {
  await close();
  graph = await startTestGraph({
    seed: knownIds.map((id) => ({ id, displayName: id })),
    recordRequests: false,
  });
  gateway = await startTestGateway({
    GRAPH_BASE_URL: graph.baseUrl,
    NODE_ENV: 'production',
    INTROSPECTION: 'true',
    LOG_LEVEL: 'info',
  });
}

async function problemOf({ method, path, headers, body }: OperationRequest): Promise<string[]> {
  const answer = await request(`${gateway?.url}${path}`, { method, headers, body: body ?? null });
  const text = await answer.body.text();
  const contentType = String(answer.headers['content-type']);
  const seen = { status: answer.statusCode, contentType, text };
  const problem = findAnswerProblem(seen);
  return problem === undefined ? [] : [`${problem}: ${text.slice(0, 500)} to ${body ?? path}`];
}

/** What the gateway itself says of faults, and whether all that was written can be read. */
async function problemsAfterwards(): Promise<string[]> {
  const lines = (gateway?.logLines ?? []).filter((line) =>
    /"level":"?(50|60|error|fatal)/.test(line),
  );
  const news = lines.slice(errorsLogged);
  errorsLogged = lines.length;
  const { result, text } = await (gateway as TestGateway).run(everyRow);
  return [
    ...news,
    ...(result.errors === undefined ? [] : [`the list cannot be read: ${text.slice(0, 500)}`]),
  ];
}

describe('generated operations', () => {
  afterEach(close);

  it(
    'all have an answer that a caller can rely on, and none is a fault of the gateway',
    async () => {
      const played = await playRandomCases({
        count: wanted,
        atOnce: 40,
        cases: built(400, randomRequest),
        async begin() {
          await begin();
          errorsLogged = 0;
        },
        async play(operations) {
          const problems = (await Promise.all(operations.map(problemOf))).flat();
          return [...problems, ...(await problemsAfterwards())];
        },
      });
      expect(played).toBeGreaterThanOrEqual(wanted);
    },
    timeLimitMs(wanted),
  );
});
