/** @jest-environment-options {"timersOf": "the budget, which keeps asking for a Redis that is not there"} */
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import { Client } from 'undici';
import type { AuthorityFault } from '../support/authority/faults.ts';
import type { MintWish } from '../support/authority/mint.ts';
import { contoso, gatewayClient } from '../support/authority/people.ts';
import { startAuthority } from '../support/authority/startAuthority.ts';
import { createTestCertificates } from '../support/certificates.ts';
import { useClosing } from '../support/closing.ts';
import { addMutation, updateMutation } from '../support/documents.ts';
import {
  type Answer,
  cutOff,
  json,
  reset,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import {
  type Canaries,
  callerHeaders,
  canaries,
  canariesOfToken,
  canary,
  canaryToken,
  dirty,
  dirtyPage,
  findCanaries,
  type SecretStage,
  startSecretStage,
} from '../support/secretStage.ts';
import { until } from '../support/until.ts';

type Texts = Record<string, string>;
type Play = (stage: SecretStage, headers?: Texts) => Promise<{ readonly code: unknown }>;
/** The headers of callers whose token is no token of Entra's. */
const opaque = { authorization: `Bearer ${canary('opaque-token')}` };

const partners = 'complianceManagementPartners';
const list = `query Audit { ${partners}(filter: { displayName: { contains: "${canary('document')}" } }) { nodes { id displayName } } }`;
const one = (id: string) =>
  `query Audit { complianceManagementPartner(id: "${id}") { id revision } }`;
const two =
  'query Audit { a: complianceManagementPartner(id: "a") { id } b: complianceManagementPartner(id: "b") { id } }';
const targets =
  'query Audit { complianceManagementPartner(id: "p") { displayName macOsEnrollmentAssignments { target { ... on UnrecognizedAssignmentTarget { properties } } } } }';

const asking =
  (query: string, own: Texts = {}, variables: object = {}): Play =>
  (stage, headers) =>
    stage.ask(query, variables, { ...headers, ...own });
const posting =
  (body: string, own: Texts = {}): Play =>
  (stage) =>
    stage.send('/graphql', { method: 'POST', headers: { ...callerHeaders, ...own }, body });
const getting =
  (path: string): Play =>
  (stage) =>
    stage.send(path, { method: 'GET', headers: callerHeaders });
const input = { displayName: canary('variable') };
const read = asking(list);
const add = asking(addMutation, {}, { input });
const change = asking(updateMutation, {}, { input: { id: 'p', ...input } });
const postTwice: Play = (stage) => {
  const headers = ['authorization', opaque.authorization, 'authorization', opaque.authorization];
  return stage.send('/graphql', { method: 'POST', headers, body: '{}' });
};
/** Leaves as soon as Graph was asked. */
const leave: Play = async (stage) => {
  const before = graph.requests.length;
  const caller = new Client(stage.url);
  const body = JSON.stringify({ query: list });
  const options = { method: 'POST' as const, path: '/graphql', headers: callerHeaders, body };
  const answered = caller.request(options).catch(() => undefined);
  await until(() => graph.requests.length > before);
  await caller.destroy();
  await answered;
  return stage.send('/livez', { method: 'GET' });
};
let throws = false;
function chance(): number {
  if (throws) {
    throw new Error(`${canary('thrown')}: Bearer ${canaryToken('caller')}`);
  }
  return 0;
}
const meetBug: Play = (stage) => {
  throws = true;
  return read(stage).finally(() => {
    throws = false;
  });
};

const batched =
  (status: number): Answer =>
  (response, request) => {
    const token = request.headers.authorization ?? '';
    const body = { error: { code: 'Denied', message: `${canary('refusal')} ${token}` } };
    const item = (id: string) => ({ id, status, headers: { 'request-id': token }, body });
    json(200, { responses: [item('0'), item('1')] })(response, request);
  };
const claims = Buffer.from('{"access_token":{"nbf":{"essential":true}}}').toString('base64');
const challenge = { 'www-authenticate': `Bearer realm="${canary('host')}", claims="${claims}"` };
const elsewhere = `https://${canary('host')}/`;
const goodPage = json(200, { value: [] });
const linked = dirty(200, { value: [], '@odata.nextLink': `${elsewhere}x` });
const partner = { id: 'p', displayName: canary('data'), partnerState: 'enabled' };
const page = JSON.stringify({ value: [partner] });
const target = { '@odata.type': '#microsoft.graph.unheardOf', note: canary('data') };
const odd = { ...partner, macOsEnrollmentAssignments: [{ target }] };
const [error, access_token] = [canary('description'), canary('grant')];
const said = { error, error_description: error, access_token, refresh_token: access_token };
const strange = { tid: canary('claim'), scp: canary('claim'), aud: canary('claim') };

const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
const { good } = createTestCertificates();
const passphrase = canary('passphrase');
const lockedKey = createPrivateKey(good.key)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })
  .toString();
const chunkOf = (pem: string): string => pem.split('\n')[5] ?? '';
const federatedToken = canaryToken('cluster');
writeFileSync(join(folder, 'open.pem'), lockedKey + good.cert);
writeFileSync(join(folder, 'federated.jwt'), federatedToken);

const closeLater = useClosing(afterAll);
const authority = await startAuthority({ clients: [{ ...gatewayClient, publicKey: good.cert }] });
const graph = await startScriptedServer(goodPage);
const endpoint = await startScriptedServer((response, request) => {
  const shown = request.headers['x-identity-header'];
  json(400, { error: shown, message: shown })(response, request);
});
closeLater(() => rmSync(folder, { recursive: true }), graph.close, authority.close, endpoint.close);

const withCertificate = (password: string): Texts => ({
  AZURE_CLIENT_CERTIFICATE_PATH: join(folder, 'open.pem'),
  AZURE_CLIENT_CERTIFICATE_PASSWORD: password,
});
const redis = { REDIS_URL: `redis://:${canary('redis')}@127.0.0.1:1`, INTROSPECTION: 'false' };
const secret = { AZURE_CLIENT_SECRET: gatewayClient.secret };
const wrongSecret = { AZURE_CLIENT_SECRET: canary('wrong-secret') };
const federated = { AZURE_FEDERATED_TOKEN_FILE: join(folder, 'federated.jwt') };
const ofMachine = {
  AZURE_CLIENT_ID: '',
  AUTH_AUDIENCES: gatewayClient.clientId,
  IDENTITY_ENDPOINT: `${endpoint.url}token`,
  IDENTITY_HEADER: canary('identity-header'),
};

type Mode = 'passthrough' | 'on-behalf-of' | 'app-only';

interface Change {
  readonly graph?: Answer;
  readonly play?: Play;
  /** How the gateway proves who it is. */
  readonly proof?: Texts;
  /** What the authority does when it is asked for a token. */
  readonly fault?: AuthorityFault;
  /** Makes the caller's token, which is valid unless it is said. */
  readonly token?: () => string;
}
const minted = (wish: MintWish): Change => ({ token: () => authority.mint(wish) });
const faulty = (fault: AuthorityFault): Change => ({ fault });
const rubbish = faulty({ kind: 'rubbish', body: JSON.stringify(said) });
const redirect = faulty({ kind: 'redirect', location: `${elsewhere}${canary('description')}` });
const throttling = faulty({ kind: 'status', status: 429, retryAfter: '60' });

const through = 'passthrough';
const user = 'on-behalf-of';
const own = 'app-only';
const refused = 'UNAUTHENTICATED';
const away = 'UPSTREAM_UNAVAILABLE';
const unclear = 'OUTCOME_UNKNOWN';
const bad = 'UPSTREAM_BAD_RESPONSE';
const broken = 'INTERNAL_SERVER_ERROR';
const throttled = dirty(429, undefined, { 'retry-after': '3600' });
// Another token, because the budget pauses this one from then on.
const asAnother = asking(list, { authorization: `${opaque.authorization}~1` });
const twoWords = { authorization: `${opaque.authorization} x` };
const address = `/graphql?query=${encodeURIComponent(`{${canary('path')}`)}`;
const nowhere = `/${canary('path')}?${canary('path')}`;
const large = JSON.stringify({ query: canary('document').repeat(5000) });
const readInTime = asking(list, { prefer: 'wait=0.2' });
const addText = asking(addMutation, {}, { input: canary('variable') });
const postText = posting(canary('variable'), { 'content-type': 'text/plain' });
const unquoted = `{ "${canary('document')}`;
const long = `{ ${'id '.repeat(1100)} }`;
const noField = `{ ${canary('document').replaceAll('-', '_')} }`;

/** What happens, the code of the first error, which shows that it came to this, and what brings it about. */
type Path = readonly [mode: Mode, what: string, code: string | undefined, change: Change];
const paths: readonly Path[] = [
  [through, 'Graph rejects a read', bad, { graph: dirty(400) }],
  [through, 'Graph rejects an add', undefined, { graph: dirty(400), play: add }],
  [through, 'Graph rejects the token', refused, { graph: dirty(401) }],
  [through, 'Graph asks for claims', refused, { graph: dirty(401, undefined, challenge) }],
  [through, 'Graph forbids', 'FORBIDDEN', { graph: dirty(403) }],
  [through, 'it has opaque tokens', 'FORBIDDEN', { graph: dirty(403), play: asking(list, opaque) }],
  [through, 'another server says 404', bad, { graph: dirty(404), play: asking(one('p')) }],
  [through, 'Graph sees a conflict', undefined, { graph: dirty(409), play: change }],
  [through, 'Graph throttles', 'THROTTLED', { graph: throttled, play: asAnother }],
  [through, 'Graph fails after a write', unclear, { graph: dirty(500), play: add }],
  [through, 'Graph is away', away, { graph: dirty(503, undefined, { 'retry-after': '0' }) }],
  [through, 'Graph redirects', bad, { graph: dirty(302, '', { location: elsewhere }) }],
  [through, 'a page comes instead of Graph', bad, { graph: dirtyPage }],
  [through, 'broken JSON comes', bad, { graph: dirty(200, page.slice(0, -5)) }],
  [through, 'a nextLink leads elsewhere', bad, { graph: linked }],
  [through, 'a batch is rejected', 'FORBIDDEN', { graph: batched(403), play: asking(two) }],
  [through, 'the connection is reset in a write', unclear, { graph: reset, play: add }],
  [through, 'the answer is cut off', away, { graph: cutOff(200, page) }],
  [through, 'it times out', 'UPSTREAM_TIMEOUT', { graph: silence, play: readInTime }],
  [through, 'the caller leaves', undefined, { graph: silence, play: leave }],
  [through, 'everything goes well', undefined, { graph: dirty(200, page) }],
  [through, 'a target is unknown', undefined, { graph: dirty(200, odd), play: asking(targets) }],
  [through, 'something is thrown', broken, { graph: dirty(503), play: meetBug }],
  [through, 'there is no token', refused, { play: asking(list, { authorization: '' }) }],
  [through, 'the token has two words', refused, { play: asking(list, twoWords) }],
  [through, 'a token is sent twice', 'BAD_REQUEST', { play: postTwice }],
  [through, 'the document is broken', 'GRAPHQL_PARSE_FAILED', { play: asking(unquoted) }],
  [through, 'the document is invalid', 'GRAPHQL_VALIDATION_FAILED', { play: asking(noField) }],
  [through, 'a variable has the wrong type', 'BAD_USER_INPUT', { play: addText }],
  [through, 'an id climbs', 'BAD_USER_INPUT', { play: asking(one(`../${canary('document')}`)) }],
  [through, 'the document is too long', 'TOO_MANY_TOKENS', { play: asking(long) }],
  [through, 'the body is no JSON', 'BAD_REQUEST', { play: posting(`{"${canary('variable')}`) }],
  [through, 'the body is too large', 'REQUEST_TOO_LARGE', { play: posting(large) }],
  [through, 'the body is a text', 'UNSUPPORTED_MEDIA_TYPE', { play: postText }],
  [through, 'the document is in the address', 'GRAPHQL_PARSE_FAILED', { play: getting(address) }],
  [through, 'the path is unknown', 'NOT_FOUND', { play: getting(nowhere) }],
  [user, 'everything goes well', undefined, {}],
  [user, 'Graph rejects the exchanged token', refused, { graph: dirty(401) }],
  [user, 'Graph forbids', 'FORBIDDEN', { graph: dirty(403) }],
  [user, 'the exchange needs the user', refused, faulty({ kind: 'interaction-required' })],
  [user, 'the authority grants rubbish', away, rubbish],
  [user, 'the authority redirects', away, redirect],
  [user, 'the authority throttles', 'THROTTLED', throttling],
  [user, 'the secret is wrong', broken, { proof: wrongSecret }],
  [user, 'the certificate is valid', undefined, { proof: withCertificate(passphrase) }],
  [user, 'the federated token is rejected', broken, { proof: federated }],
  [user, 'the token has expired', refused, minted({ lifetimeSeconds: -120 })],
  [user, 'the token is forged', refused, { token: () => `${authority.mint()}AAAA` }],
  [user, 'the token is none', refused, { token: () => canary('no-token') }],
  [user, 'the claims are strange', refused, minted({ claims: strange })],
  [user, 'the user has no permission', 'FORBIDDEN', minted({ scope: canary('claim') })],
  [own, 'everything goes well', undefined, {}],
  [own, "Graph rejects the gateway's token", refused, { graph: dirty(401) }],
  [own, 'the secret is wrong', broken, { proof: wrongSecret }],
  [own, 'the endpoint of the machine repeats its header', away, { proof: ofMachine }],
];

/** What only the caller may read. */
const readable = canaries('variable', 'document', 'path', 'refusal', 'data');
const kept: Canaries = {
  ...canaries('signature-of-caller', 'claim-of-caller', 'cookie', 'header', 'tracestate', 'redis'),
  ...canaries('collector', 'set-cookie', 'diagnostic', 'host', 'inner-error'),
  ...canariesOfToken('a caller', canaryToken('caller')),
  ...canariesOfToken('the cluster', federatedToken),
  ...canaries('opaque-token', 'thrown', 'description', 'grant', 'wrong-secret', 'passphrase'),
  ...canaries('wrong-passphrase', 'identity-header', 'no-token', 'claim'),
  'secret of the gateway': gatewayClient.secret,
  'key of the certificate': chunkOf(good.key),
  'locked key': chunkOf(lockedKey),
};

function start(mode: Mode, proof: Texts): Promise<SecretStage> {
  const identity = {
    AUTH_MODE: mode,
    AZURE_TENANT_ID: contoso.id,
    AZURE_CLIENT_ID: gatewayClient.clientId,
    AZURE_AUTHORITY_HOST: authority.url,
    AUTH_READ_PERMISSIONS: 'access_as_user',
    ...proof,
  };
  return startSecretStage(
    { GRAPH_BASE_URL: graph.url.href, ...(mode === through ? redis : identity) },
    { certificateAuthorities: [authority.certificateAuthority], chance },
  );
}

/** A user's token is exchanged anew for each; the gateway's own would be kept for an hour. */
const stageOf = ([mode, what, , { proof }]: Path): string =>
  mode + (mode === own ? what : JSON.stringify(proof));
const stages = new Map<string, SecretStage>();
closeLater(() => Promise.all([...stages.values()].map(({ stop }) => stop())));
for (const [name, [mode, , , { proof }]] of new Map(paths.map((path) => [stageOf(path), path]))) {
  const stage = await start(mode, proof ?? secret);
  stages.set(name, stage);
  if (mode !== through) {
    await until(async () => (await stage.send('/readyz', { method: 'GET' })).status === 200);
  }
}

/** All tokens that there were so far, beside all other secrets. */
const secretsWith = (token: string): Canaries =>
  Object.assign(
    { ...kept },
    canariesOfToken('the caller', token),
    ...authority.issued.map(({ accessToken }, index) =>
      canariesOfToken(`the gateway (${index})`, accessToken),
    ),
  );

describe('no secret leaves', () => {
  it.each(paths)('a gateway with %s if %s', async (...path) => {
    const [mode, , code, { graph: answer = goodPage, fault, play = read, ...change }] = path;
    const stage = stages.get(stageOf(path)) as SecretStage;
    stage.clock.skip(60_000);
    graph.follow(answer);
    if (fault) {
      authority.faults.set(fault, { endpoint: 'token' });
    }
    const token = (change.token ?? authority.mint)();
    const played = await play(stage, mode === through ? {} : { authorization: `Bearer ${token}` });
    authority.faults.clear();
    expect(played.code).toBe(code);
    const { answers, logs } = stage.takeSinks();
    expect(logs).toContain('"message":"Answered"');
    expect(findCanaries(secretsWith(token), { answers, logs })).toEqual([]);
    expect(findCanaries(readable, { logs })).toEqual([]);
  });

  it('if the certificate has another passphrase', async () => {
    const stage = await start(user, withCertificate(canary('wrong-passphrase')));
    await stage.stop();
    const told = inspect(stage.error, { depth: 9, showHidden: true }) + stage.takeSinks().logs;
    expect(told).toContain('AZURE_CLIENT_CERTIFICATE_PATH cannot be used');
    expect(findCanaries(kept, { told })).toEqual([]);
  });

  it('in any span or metric of all that', async () => {
    expect(endpoint.requests[0]?.headers['x-identity-header']).toBe(canary('identity-header'));
    for (const [name, stage] of stages) {
      stages.delete(name);
      const sinks = await stage.stop();
      const isOwn = !name.startsWith(through);
      expect(sinks.spans).toContain(isOwn ? 'acquire token' : broken);
      // What still went on when Prometheus asked is in the last metrics, which go to the collector.
      expect(sinks.metrics + sinks.spans).toContain(
        isOwn ? 'gateway_token_acquire_seconds' : unclear,
      );
      expect(findCanaries({ ...secretsWith('none'), ...readable }, sinks)).toEqual([]);
    }
  });

  it('unseen by the audit, in whatever form', () => {
    const text = canary('redis');
    const forms = ['base64', 'base64url', 'hex', 'latin1'] as const;
    const leaks = forms.map((form) => Buffer.from(`x${text}`).toString(form));
    for (const logs of [...leaks, text.replace(/./g, (a) => `%${a.charCodeAt(0).toString(16)}`)]) {
      expect(findCanaries(kept, { logs })).toEqual(['redis in logs']);
    }
  });
});
