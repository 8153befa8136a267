/** @jest-environment-options {"timersOf": "the budget, which keeps asking for a Redis that is not there"} */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'undici';
import { addMutation, updateMutation } from '../support/documents.ts';
import {
  type Answer,
  cutOff,
  json,
  reset,
  type ScriptedServer,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import {
  callerHeaders,
  canariesOfToken,
  canary,
  canaryToken,
  dirty,
  dirtyPage,
  entrusted,
  findCanaries,
  graphSecrets,
  graphWords,
  type SecretStage,
  type StageAnswer,
  startSecretStage,
  written,
} from '../support/secretStage.ts';
import { until } from '../support/until.ts';

/** What a path is played on. */
interface FailureStage {
  readonly stage: SecretStage;
  readonly graph: ScriptedServer;
  /** Has the gateway meet a bug of its own while something runs. */
  withBug(run: () => Promise<StageAnswer>): Promise<StageAnswer>;
}

type Play = (on: FailureStage) => Promise<StageAnswer>;

/** One way to fail: its name, what Graph does, what the caller does, and the code that shows that it came to this. */
type FailurePath = readonly [string, Answer, Play, string | undefined];

const list = `query Audit { complianceManagementPartners(filter: { displayName: { contains: "${canary('document')}" } }) { nodes { id displayName } } }`;
const one = (id: string) =>
  `query Audit { complianceManagementPartner(id: "${id}") { id revision } }`;
const two =
  'query Audit { a: complianceManagementPartner(id: "a") { id } b: complianceManagementPartner(id: "b") { id } }';
const input = { displayName: canary('variable') };
const opaque = { authorization: `Bearer ${canary('opaque-token')}` };
const partner = { id: 'p', displayName: canary('data'), partnerState: 'enabled' };
const target = { '@odata.type': '#microsoft.graph.unheardOf', note: canary('data') };

/** Asks with a document, and headers of its own. */
const asking =
  (query: string, headers: Record<string, string> = {}, variables: object = {}): Play =>
  ({ stage }) =>
    stage.ask(query, variables, headers);
const read = asking(list);
// Another token, because the budget pauses this one from then on.
const readThrottled = asking(list, { authorization: `${opaque.authorization}~1` });
const add = asking(addMutation, {}, { input });
const change = asking(updateMutation, {}, { input: { id: 'p', ...input } });
const readTarget = asking(
  'query Audit { complianceManagementPartner(id: "p") { displayName macOsEnrollmentAssignments { target { ... on UnrecognizedAssignmentTarget { properties } } } } }',
);
const getting =
  (path: string): Play =>
  ({ stage }) =>
    stage.send(path, { method: 'GET', headers: callerHeaders });
const posting =
  (body: string, headers: object = {}): Play =>
  ({ stage }) =>
    stage.send('/graphql', { method: 'POST', headers: { ...callerHeaders, ...headers }, body });
const postTwice: Play = ({ stage }) => {
  const headers = ['authorization', opaque.authorization, 'authorization', opaque.authorization];
  return stage.send('/graphql', { method: 'POST', headers, body: '{}' });
};
const claims = Buffer.from('{"access_token":{"nbf":{"essential":true}}}').toString('base64');
const batched =
  (status: number): Answer =>
  (response, request) => {
    const token = request.headers.authorization ?? '';
    const body = { error: { code: 'Denied', message: `${canary('refusal')} ${token}` } };
    const item = (id: string) => ({ id, status, headers: { 'request-id': token }, body });
    json(200, { responses: [item('0'), item('1')] })(response, request);
  };

/** Leaves as soon as Graph was asked. */
async function leave({ stage, graph }: FailureStage): Promise<StageAnswer> {
  const before = graph.requests.length;
  const caller = new Client(stage.url);
  const body = JSON.stringify({ query: list });
  const options = { method: 'POST' as const, path: '/graphql', headers: callerHeaders, body };
  const answered = caller.request(options).catch(() => undefined);
  await until(() => graph.requests.length > before);
  await caller.destroy();
  await answered;
  return stage.send('/livez', { method: 'GET' });
}

const challenge = {
  'www-authenticate': `Bearer realm="${canary('host')}", claims="${claims}"`,
};
const elsewhere = `https://${canary('host')}/`;
const rowOf = (row: object) => JSON.stringify({ value: [row] });
const oddPartner = { ...partner, macOsEnrollmentAssignments: [{ target }] };
const badResponse = 'UPSTREAM_BAD_RESPONSE';
const away = 'UPSTREAM_UNAVAILABLE';

/** The paths of a gateway that passes its callers' tokens on. A new one is a line here. */
const failurePaths: readonly FailurePath[] = [
  ['Graph refuses a read', dirty(400), read, badResponse],
  ['Graph refuses an add', dirty(400), add, undefined],
  ['Graph refuses the token', dirty(401), read, 'UNAUTHENTICATED'],
  ['Graph asks for claims', dirty(401, undefined, challenge), read, 'UNAUTHENTICATED'],
  ['Graph forbids', dirty(403), read, 'FORBIDDEN'],
  ['Graph forbids an opaque token', dirty(403), asking(list, opaque), 'FORBIDDEN'],
  ['something else answers 404', dirty(404), asking(one('p')), badResponse],
  ['Graph sees a conflict', dirty(409), change, undefined],
  ['Graph throttles', dirty(429, undefined, { 'retry-after': '3600' }), readThrottled, 'THROTTLED'],
  ['Graph has a fault after a write', dirty(500), add, 'OUTCOME_UNKNOWN'],
  ['Graph is away for a time', dirty(503, undefined, { 'retry-after': '0' }), read, away],
  ['Graph sends elsewhere', dirty(302, '', { location: elsewhere }), read, badResponse],
  ['a page comes instead of Graph', dirtyPage, read, badResponse],
  ['broken JSON comes', dirty(200, rowOf(partner).slice(0, -5)), read, badResponse],
  [
    'a nextLink leads elsewhere',
    dirty(200, { value: [], '@odata.nextLink': `${elsewhere}x` }),
    read,
    badResponse,
  ],
  ['the items of a batch are refused', batched(403), asking(two), 'FORBIDDEN'],
  ['the connection is reset in a write', reset, add, 'OUTCOME_UNKNOWN'],
  ['the answer is cut off', cutOff(200, rowOf(partner)), read, away],
  ['Graph is silent', silence, asking(list, { prefer: 'wait=0.2' }), 'UPSTREAM_TIMEOUT'],
  ['the caller leaves', silence, leave, undefined],
  ['everything goes well', dirty(200, rowOf(partner)), read, undefined],
  ['a partner has an unheard-of target', dirty(200, oddPartner), readTarget, undefined],
  ['something is thrown', dirty(503), (on) => on.withBug(() => read(on)), 'INTERNAL_SERVER_ERROR'],
];

const words = encodeURIComponent(`{${canary('path')}`);
const twoWords = { authorization: `${opaque.authorization} x` };
const noField = `{ ${canary('document').replaceAll('-', '_')} }`;
const large = JSON.stringify({ query: canary('document').repeat(5000) });
const plain = { 'content-type': 'text/plain' };
/** Those that do not come to Graph. */
const ownPaths: readonly (readonly [string, Play, string])[] = [
  ['there is no token', asking(list, { authorization: '' }), 'UNAUTHENTICATED'],
  ['the token is none', asking(list, twoWords), 'UNAUTHENTICATED'],
  ['a token is sent twice', postTwice, 'BAD_REQUEST'],
  ['the document is broken', asking(`{ "${canary('document')}`), 'GRAPHQL_PARSE_FAILED'],
  ['the document asks for nothing known', asking(noField), 'GRAPHQL_VALIDATION_FAILED'],
  [
    'a variable has the wrong type',
    asking(addMutation, {}, { input: canary('variable') }),
    'BAD_USER_INPUT',
  ],
  ['an id would leave its path', asking(one(`../${canary('document')}`)), 'BAD_USER_INPUT'],
  ['the document asks for too much', asking(`{ ${'id '.repeat(1100)} }`), 'TOO_MANY_TOKENS'],
  ['the body is no JSON', posting(`{"${canary('variable')}`), 'BAD_REQUEST'],
  ['the body is too large', posting(large), 'REQUEST_TOO_LARGE'],
  ['the body is of another type', posting(canary('variable'), plain), 'UNSUPPORTED_MEDIA_TYPE'],
  [
    'the document stands in the address',
    getting(`/graphql?query=${words}`),
    'GRAPHQL_PARSE_FAILED',
  ],
  ['there is nothing at the path', getting(`/${canary('path')}?${canary('path')}`), 'NOT_FOUND'],
];

const secrets = {
  ...entrusted,
  ...graphSecrets,
  ...canariesOfToken('the caller', canaryToken('caller')),
  'opaque token': canary('opaque-token'),
};
const readable = { ...written, ...graphWords };

let stage: SecretStage;
let graph: ScriptedServer;
let throws = false;

beforeAll(async () => {
  graph = await startScriptedServer(silence);
  stage = await startSecretStage(
    {
      GRAPH_BASE_URL: graph.url.href,
      REDIS_URL: `redis://:${canary('redis')}@127.0.0.1:1`,
      INTROSPECTION: 'false',
    },
    {
      chance: () => {
        if (throws) {
          throw new Error(`${canary('thrown')}: Bearer ${canaryToken('caller')}`);
        }
        return 0;
      },
    },
  );
});
afterAll(() => graph.close());

async function withBug(run: () => Promise<StageAnswer>): Promise<StageAnswer> {
  throws = true;
  try {
    return await run();
  } finally {
    throws = false;
  }
}

describe('no secret leaves', () => {
  it.each([
    ...failurePaths,
    ...ownPaths.map(([what, play, code]): FailurePath => [what, dirty(200), play, code]),
  ])('where %s', async (_what, answer, play, code) => {
    graph.follow(answer);
    stage.clock.skip(60_000);
    expect((await play({ stage, graph, withBug })).code).toBe(code);
    expect(stage.findLeaks(secrets, readable)).toEqual([]);
  });

  it('in any span or metric of all that', async () => {
    const { spans, metrics } = await stage.stop();
    expect(spans.includes('INTERNAL_SERVER_ERROR')).toBe(true);
    expect(metrics.includes('OUTCOME_UNKNOWN')).toBe(true);
    expect(findCanaries({ ...secrets, ...readable }, { spans, metrics })).toEqual([]);
  });
});

describe('the audit itself', () => {
  it('finds what a gateway with a log that is too talkative tells', async () => {
    let logs = '';
    const talk = (message: string, _fields?: object, error?: unknown): void => {
      logs += `${message} ${error instanceof Error ? error.message : ''}\n`;
    };
    const leaking = await startSecretStage(
      { GRAPH_BASE_URL: 'http://127.0.0.1:1' },
      {
        log: { debug: talk, info: talk, warn: talk, error: talk },
        chance: () => {
          throw new Error(canary('thrown'));
        },
      },
    );
    await leaking.ask('{ complianceManagementPartners { totalCount } }');
    await leaking.stop();
    expect(findCanaries(secrets, { logs }).map((finding) => finding.canary)).toEqual([
      'message of a bug',
    ]);
  });
});
