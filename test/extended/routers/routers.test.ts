import { spawn } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import type { Emulator } from '../../../src/emulator/server.ts';
import { useClosing } from '../../support/closing.ts';
import { addMutation, pageAnswer, pageInput } from '../../support/documents.ts';
import { executed } from '../../support/faultProxy/fault.ts';
import { reset } from '../../support/faultProxy/faults.ts';
import { type FaultProxy, startFaultProxy } from '../../support/faultProxy/startFaultProxy.ts';
import { installExample } from '../../support/installedExample.ts';
import { intuneErrors } from '../../support/intuneErrors.ts';
import { type Reply, startTestGateway } from '../../support/testGateways.ts';
import { startTestGraph } from '../../support/testGraphs.ts';

/** What `examples/routers/start.mjs` prints. */
interface Started {
  readonly composed: Readonly<Record<string, { sdl?: string; errors: string[]; hints: string[] }>>;
  readonly routers: Readonly<Record<string, string>>;
}

const ids = ['row-1', 'row-2', 'row-3'];
const closeLater = useClosing(afterAll);

let graph: Emulator;
/** Between the routers and the gateway. */
let relay: FaultProxy;
let started: Started;

beforeAll(async () => {
  const folder = await installExample('routers');
  const seed = ids.map((id) => ({ id, displayName: `Name of ${id}` }));
  graph = await startTestGraph({ generation: 'reference-page', seed });
  closeLater(graph.close);
  const environment = { GRAPH_BASE_URL: graph.baseUrl, FEDERATION: 'subgraph' };
  const gateway = await startTestGateway(environment);
  closeLater(() => gateway.stop(0));
  relay = await startFaultProxy({ upstream: new URL(gateway.url) });
  closeLater(relay.close);
  const program = spawn(process.execPath, ['start.mjs'], {
    cwd: folder,
    env: {
      PARTNERS_URL: new URL('/graphql', relay.url).href,
      PARTNER_IDS: [...ids, 'nobody'].join(),
      // Hive Gateway looks for Google's cloud around it.
      METADATA_SERVER_DETECTION: 'none',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  closeLater(() => program.kill('SIGKILL'));
  let text = '';
  for await (const chunk of program.stdout.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (/^\{.*\}$/m.test(text)) {
      break;
    }
  }
  program.stdout.resume();
  started = JSON.parse(/^\{.*\}$/m.exec(text)?.[0] ?? '');
}, 300_000);

beforeEach(() => graph.faults.clear());

it.each([
  ['apollo', false],
  ['theGuild', true],
  ['cosmo', true],
])(
  '%s composes it with another subgraph without error or hint; whether @oneOf stays: %s',
  (composer, keepsOneOf) => {
    const { sdl = '', errors, hints } = started.composed[composer] ?? { errors: [], hints: [] };
    expect({ errors, hints }).toEqual({ errors: [], hints: [] });
    expect(/input AssignmentTargetInput.*@oneOf/.test(sdl)).toBe(keepsOneOf);
    expect(sdl).toMatch(/\bcontracts\(first: Int\): ContractConnection/);
  },
);

const token = {
  authorization: 'Bearer embedded-graph-token',
  'client-request-id': 'id-of-the-caller',
};

/** Posts to a router. */
async function post(
  router: string,
  query: string,
  variables: object = {},
  headers: object = token,
): Promise<Reply['result']> {
  const answer = await request(started.routers[router] ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return (await answer.body.json()) as Reply['result'];
}

const newPartner = { displayName: 'Fleet', iosOnboarded: true };
const forbidden = { status: 403, body: intuneErrors.jsonInString('Forbidden', 'Not you') };
const throttle = { status: 429, headers: { 'retry-after': '2' }, body: {} };
const requiredScopes = [
  'DeviceManagementServiceConfig.ReadWrite.All',
  'DeviceManagementConfiguration.ReadWrite.All',
];

describe.each(['apollo', 'hive', 'retryingHive'])('behind the router %s', (router) => {
  const adds = (): number => graph.requests.filter(({ method }) => method === 'POST').length;

  it("answers the reference page's mutation value for value, and rejects two keys of a @oneOf", async () => {
    const before = graph.requests.length;
    const added = await post(router, addMutation, { input: pageInput });
    const complianceManagementPartner = { id: expect.any(String), ...pageAnswer };
    expect(added).toEqual({
      data: { addComplianceManagementPartner: { complianceManagementPartner, userErrors: [] } },
    });
    const sent = graph.requests.slice(before);
    expect(sent[0]?.headers['client-request-id']).toBe('id-of-the-caller');

    const target = { allLicensedUsers: {}, allDevices: {} };
    const input = { ...newPartner, iosEnrollmentAssignments: [{ target }] };
    const { data, errors = [] } = await post(router, addMutation, { input });
    expect(data?.['addComplianceManagementPartner'] ?? null).toBeNull();
    expect(errors[0]?.message).toMatch(/[Ee]xactly one/);
    expect(graph.requests).toHaveLength(before + sent.length);
  });

  it('returns partners of another subgraph, all in one call, and fields of it on partners', async () => {
    const before = graph.requests.length;
    const contracts = await post(
      router,
      '{ contracts { nodes { number partner { id displayName } } pageInfo { hasNextPage } } }',
    );
    const known = ids.map((id, index) => ({
      number: `C-${index + 1}`,
      partner: { id, displayName: `Name of ${id}` },
    }));
    const unknown = { number: 'C-4', partner: { id: 'nobody', displayName: null } };
    expect(contracts).toEqual({
      data: { contracts: { nodes: [...known, unknown], pageInfo: { hasNextPage: false } } },
    });
    expect(graph.requests.slice(before).map(({ path }) => path)).toEqual(['/beta/$batch']);
    const one = '{ complianceManagementPartner(id: "row-2") { displayName contract { number } } }';
    const partner = { displayName: 'Name of row-2', contract: { number: 'C-2' } };
    expect(await post(router, one)).toEqual({ data: { complianceManagementPartner: partner } });

    // One fails, and the others are there.
    graph.faults.add({ when: { path: 'row-2' }, respond: forbidden });
    const names = '{ contracts { nodes { partner { id displayName } } } }';
    const { data, errors } = await post(router, names);
    const failed = { id: 'row-2', displayName: null };
    const partners = [known[0]?.partner, failed, known[2]?.partner, unknown.partner];
    const nodes = partners.map((partner) => ({ partner }));
    expect(data).toEqual({ contracts: { nodes } });
    expect(errors).toMatchObject([
      { extensions: { code: 'FORBIDDEN', requiredScopes: expect.any(Array) } },
    ]);
  });

  it.each([
    ['OUTCOME_UNKNOWN', { status: 500, body: {} }, { mayHaveBeenApplied: true }],
    ['FORBIDDEN', forbidden, { requiredScopes }],
    ['THROTTLED', throttle, { retryAfterSeconds: expect.any(Number) }],
  ])('posts once, and gives the code %s with all that is known', async (code, respond, known) => {
    const when = { method: 'POST', path: /complianceManagementPartners$/ };
    graph.faults.add({ when, respond, times: 10 });
    const before = adds();
    // A throttle of two seconds is longer than the operation's time; the tests after it wait for its end.
    const headers = respond === throttle ? { ...token, prefer: 'wait=1' } : token;
    const { data, errors } = await post(router, addMutation, { input: newPartner }, headers);
    expect(data).toEqual({ addComplianceManagementPartner: null });
    expect(errors).toMatchObject([{ extensions: { code, ...known } }]);
    expect(adds()).toBe(before + 1);
  });

  it('gives the code of a missing token', async () => {
    const { errors } = await post(router, '{ viewer { authMode } }', {}, {});
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  });
});

it.each([
  ['once with a key', { idempotencyKey: 'one order' }, 1],
  ['twice without one, which is why retries need a key', {}, 2],
])('a router that retries mutations after a reset adds %s', async (_how, key, expected) => {
  const before = graph.partners().length;
  relay.script(executed(reset()));
  const variables = { input: { ...newPartner, ...key } };
  const { data, errors } = await post('retryingHive', addMutation, variables);
  expect(errors).toBeUndefined();
  expect(data?.['addComplianceManagementPartner']).toMatchObject({
    complianceManagementPartner: { displayName: 'Fleet' },
  });
  expect(graph.partners().length - before).toBe(expected);
});
