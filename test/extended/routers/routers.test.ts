import { type ChildProcess, spawn } from 'node:child_process';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import type { Emulator } from '../../../src/emulator/server.ts';
import { addMutation, pageAnswer, pageInput } from '../../support/documents.ts';
import { installExample } from '../../support/installedExample.ts';
import { intuneErrors } from '../../support/intuneErrors.ts';
import { type Reply, startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';

/** What `examples/routers/start.mjs` prints. */
interface Started {
  readonly composed: Readonly<Record<string, { sdl?: string; errors: string[]; hints: string[] }>>;
  readonly routers: Readonly<Record<string, string>>;
}

const ids = ['row-1', 'row-2', 'row-3'];

let graph: Emulator;
let gateway: TestGateway;
let relay: Server;
/** So many answers on the way to a router are cut off by a reset. */
let cuts = 0;
let program: ChildProcess;
let started: Started;

beforeAll(async () => {
  const folder = await installExample('routers');
  graph = await startTestGraph({
    generation: 'reference-page',
    seed: ids.map((id) => ({ id, displayName: `Name of ${id}` })),
  });
  gateway = await startTestGateway({ GRAPH_BASE_URL: graph.baseUrl, FEDERATION: 'subgraph' });
  relay = createServer((caller) => {
    const upstream = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    caller.pipe(upstream);
    upstream.on('data', (chunk) => {
      if (cuts > 0) {
        cuts -= 1;
        caller.resetAndDestroy();
      } else {
        caller.write(chunk);
      }
    });
    upstream.on('end', () => caller.end());
    caller.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => caller.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  program = spawn(process.execPath, ['start.mjs'], {
    cwd: folder,
    env: {
      PARTNERS_URL: `http://127.0.0.1:${(relay.address() as AddressInfo).port}/graphql`,
      PARTNER_IDS: [...ids, 'nobody'].join(),
      // Hive Gateway looks for Google's cloud around it.
      METADATA_SERVER_DETECTION: 'none',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started = await firstLineOf(program);
}, 300_000);

afterAll(async () => {
  program?.kill('SIGKILL');
  relay?.close();
  await gateway?.stop(0);
  await graph?.close();
});

beforeEach(() => graph.faults.clear());

function firstLineOf({ stdout }: ChildProcess): Promise<Started> {
  return new Promise((resolve, reject) => {
    let text = '';
    stdout?.on('data', (chunk) => {
      text += chunk;
      const line = /^\{.*\}$/m.exec(text)?.[0];
      if (line !== undefined) {
        resolve(JSON.parse(line) as Started);
      }
    });
    stdout?.on('end', () => reject(new Error(`It ended and said: ${text}`)));
  });
}

describe('composed with another subgraph by', () => {
  it.each([
    ['apollo', false],
    ['theGuild', true],
    ['cosmo', true],
  ])('%s: no error, no hint; whether @oneOf stays: %s', (composer, keepsOneOf) => {
    const { sdl = '', errors, hints } = started.composed[composer] ?? { errors: [], hints: [] };
    expect({ errors, hints }).toEqual({ errors: [], hints: [] });
    expect(/input AssignmentTargetInput.*@oneOf/.test(sdl)).toBe(keepsOneOf);
    expect(sdl).toMatch(/\bcontracts\(first: Int\): ContractConnection/);
  });
});

const whenAdded = { method: 'POST', path: /complianceManagementPartners$/ };
const newPartner = { displayName: 'Fleet', iosOnboarded: true };

const token = {
  authorization: 'Bearer embedded-graph-token',
  'client-request-id': 'id-of-the-caller',
};

/** Posts to a router. */
async function post(router: string, body: object, headers = {}): Promise<Reply['result']> {
  const answer = await request(started.routers[router] ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return (await answer.body.json()) as Reply['result'];
}

describe.each(['apollo', 'hive', 'retryingHive'])('behind the router %s', (router) => {
  const run = (query: string, variables = {}, headers = {}) =>
    post(router, { query, variables }, { ...token, ...headers });
  const adds = (): number => graph.requests.filter(({ method }) => method === 'POST').length;

  it("answers the reference page's mutation value for value", async () => {
    const before = graph.requests.length;
    const { data, errors } = await run(addMutation, { input: pageInput });
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      addComplianceManagementPartner: {
        complianceManagementPartner: { id: expect.any(String), ...pageAnswer },
        userErrors: [],
      },
    });
    const [sent] = graph.requests.slice(before);
    expect(sent?.headers['client-request-id']).toBe('id-of-the-caller');
  });

  it('refuses two keys of a @oneOf before anything is sent', async () => {
    const before = adds();
    const target = { allLicensedUsers: {}, allDevices: {} };
    const input = { ...newPartner, iosEnrollmentAssignments: [{ target }] };
    const { data, errors = [] } = await run(addMutation, { input });
    expect(data?.['addComplianceManagementPartner'] ?? null).toBeNull();
    expect(errors[0]?.message).toMatch(/[Ee]xactly one/);
    expect(adds()).toBe(before);
  });

  it('returns partners of another subgraph, all in one call, and fields of it on partners', async () => {
    const before = graph.requests.length;
    const { data, errors } = await run(
      '{ contracts { nodes { number partner { id displayName } } pageInfo { hasNextPage } } }',
    );
    expect(errors).toBeUndefined();
    expect(data?.['contracts']).toEqual({
      nodes: [
        ...ids.map((id, index) => ({
          number: `C-${index + 1}`,
          partner: { id, displayName: `Name of ${id}` },
        })),
        { number: 'C-4', partner: { id: 'nobody', displayName: null } },
      ],
      pageInfo: { hasNextPage: false },
    });
    expect(graph.requests.slice(before).map(({ path }) => path)).toEqual(['/beta/$batch']);
    const one = await run(
      '{ complianceManagementPartner(id: "row-2") { displayName contract { number } } }',
    );
    expect(one).toEqual({
      data: {
        complianceManagementPartner: {
          displayName: 'Name of row-2',
          contract: { number: 'C-2' },
        },
      },
    });
  });

  it('tells of a partner that failed, and gives the others', async () => {
    const body = intuneErrors.jsonInString('Forbidden', 'Not you');
    graph.faults.add({ when: { path: 'row-2' }, respond: { status: 403, body } });
    const { data, errors } = await run('{ contracts { nodes { partner { id displayName } } } }');
    expect(data?.['contracts']).toMatchObject({
      nodes: [
        { partner: { displayName: 'Name of row-1' } },
        { partner: { id: 'row-2', displayName: null } },
        { partner: { displayName: 'Name of row-3' } },
        { partner: { id: 'nobody' } },
      ],
    });
    expect(errors).toMatchObject([
      { extensions: { code: 'FORBIDDEN', requiredScopes: expect.any(Array) } },
    ]);
  });

  it.each([
    [
      'OUTCOME_UNKNOWN',
      { status: 500, body: {} },
      { mayHaveBeenApplied: true, graph: { status: 500 } },
    ],
    [
      'FORBIDDEN',
      { status: 403, body: intuneErrors.jsonInString('Forbidden', 'Not you') },
      {
        requiredScopes: [
          'DeviceManagementServiceConfig.ReadWrite.All',
          'DeviceManagementConfiguration.ReadWrite.All',
        ],
      },
    ],
    [
      'THROTTLED',
      { status: 429, headers: { 'retry-after': '2' }, body: {} },
      { retryAfterSeconds: expect.any(Number) },
    ],
  ])(
    'gives the code %s with all that is known, and posts once',
    async (code, respond, extensions) => {
      graph.faults.add({ when: whenAdded, respond, times: 10 });
      const before = adds();
      // A throttle of two seconds is longer than the operation's time; the tests after it wait for its end.
      const headers = code === 'THROTTLED' ? { prefer: 'wait=1' } : {};
      const { data, errors } = await run(addMutation, { input: newPartner }, headers);
      expect(data).toEqual({ addComplianceManagementPartner: null });
      expect(errors).toMatchObject([{ extensions: { code, ...extensions } }]);
      expect(adds()).toBe(before + 1);
    },
  );

  it('gives the code of a missing token', async () => {
    const { errors } = await post(router, { query: '{ viewer { authMode } }' });
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  });
});

describe('a router that retries mutations after a reset', () => {
  it.each([
    ['once with a key', { idempotencyKey: 'one order' }, 1],
    ['twice without one, which is why retries need a key', {}, 2],
  ])('adds %s', async (_how, key, expected) => {
    const before = graph.partners().length;
    cuts = 1;
    const variables = { input: { ...newPartner, ...key } };
    const { data, errors } = await post('retryingHive', { query: addMutation, variables }, token);
    expect(errors).toBeUndefined();
    expect(data?.['addComplianceManagementPartner']).toMatchObject({
      complianceManagementPartner: { displayName: 'Fleet' },
    });
    expect([cuts, graph.partners().length - before]).toEqual([0, expected]);
  });
});
