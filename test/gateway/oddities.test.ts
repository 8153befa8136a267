import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { catalogue } from '../../src/emulator/catalogue.ts';
import { oddities } from '../../src/emulator/quirks.ts';
import {
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  everything,
  listQuery,
  partnerQuery,
  removeAssignmentMutation,
  revisionIn,
  revisionQuery,
  updateMutation,
} from '../support/documents.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';

type Partner = Readonly<Record<string, unknown>> & { readonly id: string };

const listEverything = `{ complianceManagementPartners { totalCount nodes { ...Everything } } } ${everything}`;
const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';

function idOf(displayName: string): string {
  const row = catalogue.find((partner) => partner.displayName === displayName);
  if (row === undefined) {
    throw new Error(`there is no ${displayName} in the catalogue`);
  }
  return row.id;
}

const jamf = idOf('Jamf Pro');
const scalefusion = idOf('Scalefusion');
const ivanti = idOf('Ivanti Neurons for MDM');

/** All that show at once; what lags is for tests of its own. */
const timeless = oddities.filter((oddity) => oddity !== 'lagging-reads');

/** What is expected to look odd, by the id of the partner. */
const oddMembers: Readonly<Record<string, (plain: Partner) => object>> = {
  [scalefusion]: () => ({ partnerState: 'UNKNOWN_FUTURE_VALUE' }),
  [jamf]: () => ({
    macOsEnrollmentAssignments: [
      { target: { __typename: 'AllLicensedUsersAssignmentTarget', filter: null } },
      {
        target: {
          __typename: 'UnrecognizedAssignmentTarget',
          filter: null,
          odataType: 'microsoft.graph.scopeTagGroupAssignmentTarget',
          properties: expect.objectContaining({
            entraObjectId: expect.any(String),
            targetType: 'user',
          }),
        },
      },
    ],
  }),
  [ivanti]: ({ windowsEnrollmentAssignments }) =>
    windowsEnrollmentAssignments === null
      ? {}
      : {
          windowsEnrollmentAssignments: [
            {
              target: {
                __typename: 'UnrecognizedAssignmentTarget',
                filter: null,
                odataType: 'microsoft.graph.androidFotaDeploymentAssignmentTarget',
                properties: { groupId: 'SMS00014' },
              },
            },
          ],
        },
};

async function run(gateway: TestGateway, query: string, variables: object = {}): Promise<unknown> {
  const { status, result } = await gateway.run(query, variables);
  expect([status, result.errors]).toEqual([200, undefined]);
  return Object.values(result.data ?? {})[0];
}

describe.each([
  ["the reference page's beta", { EMULATOR_BETA_GENERATION: 'reference-page' }],
  ["today's beta", { EMULATOR_BETA_GENERATION: 'today' }],
  ['v1.0', { GRAPH_API_VERSION: 'v1.0' }],
])('over a Graph with all oddities, %s,', (_version, environment) => {
  let plain: TestGateway;
  let odd: TestGateway;

  beforeAll(async () => {
    plain = await startTestGateway(environment);
    odd = await startTestGateway({ ...environment, EMULATOR_ODDITIES: timeless.join() });
  });

  afterAll(async () => {
    await plain.stop(0);
    await odd.stop(0);
  });

  const ask = (query: string, variables?: object) => run(odd, query, variables);

  it('the list has all rows, and each differs only in unrecognized values', async () => {
    const [usual, unusual] = await Promise.all(
      [plain, odd].map((gateway) => run(gateway, listEverything)),
    );
    const { nodes } = usual as { nodes: Partner[] };
    expect(unusual).toEqual({
      totalCount: catalogue.length,
      nodes: nodes.map((partner) => ({ ...partner, ...oddMembers[partner.id]?.(partner) })),
    });
  });

  it('a walk by cursors sees every row once', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const connection = (await ask(listQuery, { first: 7, after })) as {
        nodes: Partner[];
        pageInfo: { endCursor: string; hasNextPage: boolean };
      };
      seen.push(...connection.nodes.map(({ id }) => id));
      after = connection.pageInfo.hasNextPage ? connection.pageInfo.endCursor : null;
    } while (after !== null);
    expect(seen).toEqual(catalogue.map(({ id }) => id));
  });

  it('one partner is read by its id, alone and among several in one batch', async () => {
    const usual = (await run(plain, partnerQuery, { id: jamf })) as Partner;
    const expected = { ...usual, ...oddMembers[jamf]?.(usual) };
    expect(await ask(partnerQuery, { id: jamf })).toEqual(expected);
    const several = `query ($one: ID!, $other: ID!) {
      one: complianceManagementPartner(id: $one) { ...Everything }
      other: complianceManagementPartner(id: $other) { id partnerState }
    } ${everything}`;
    const { result } = await odd.run(several, { one: jamf, other: scalefusion });
    expect(result).toEqual({
      data: {
        one: expected,
        other: { id: scalefusion, partnerState: 'UNKNOWN_FUTURE_VALUE' },
      },
    });
  });

  it('reports a missing partner as Graph does when Graph answers as if it were there', async () => {
    expect(await ask(partnerQuery, { id: 'nobody' })).toMatchObject({
      id: 'nobody',
      displayName: null,
      partnerState: 'UNKNOWN',
      macOsOnboarded: false,
      macOsEnrollmentAssignments: [],
    });
    expect(await ask(deleteMutation, { input: { id: 'nobody' } })).toMatchObject({
      deletedComplianceManagementPartnerId: 'nobody',
      userErrors: [],
    });
  });

  it('a partner is added, updated and deleted, with what Graph holds as the answer', async () => {
    const added = await ask(addMutation, { input: { displayName: 'New', iosOnboarded: true } });
    expect(added).toMatchObject({
      complianceManagementPartner: { displayName: 'New', iosOnboarded: true },
      userErrors: [],
    });
    const { id } = (added as { complianceManagementPartner: Partner }).complianceManagementPartner;
    const { result } = await odd.run(revisionQuery, { id });
    const input = { id, ifRevision: revisionIn(result), partnerState: 'ENABLED' };
    expect(await ask(updateMutation, { input })).toMatchObject({
      complianceManagementPartner: { id, displayName: 'New', partnerState: 'ENABLED' },
      userErrors: [],
    });
    expect(await ask(updateMutation, { input: { id, displayName: 'Newer' } })).toMatchObject({
      complianceManagementPartner: { displayName: 'Newer', partnerState: 'ENABLED' },
      userErrors: [],
    });
    expect(await ask(deleteMutation, { input: { id } })).toMatchObject({
      deletedComplianceManagementPartnerId: id,
      userErrors: [],
    });
    const { nodes } = (await ask(listQuery)) as { nodes: Partner[] };
    expect(nodes.map((node) => node.id)).not.toContain(id);
  });

  it('an assignment comes and goes beside one that the gateway does not recognise', async () => {
    const before = (await ask(partnerQuery, { id: jamf })) as Partner;
    const [everyone, unrecognized] = before['macOsEnrollmentAssignments'] as unknown[];
    const input = { id: jamf, platform: 'MAC_OS', target: { group: { groupId } } };
    const group = { target: { __typename: 'GroupAssignmentTarget', filter: null, groupId } };
    expect(await ask(addAssignmentMutation, { input })).toMatchObject({
      changed: true,
      complianceManagementPartner: { macOsEnrollmentAssignments: [everyone, unrecognized, group] },
      userErrors: [],
    });
    expect(await ask(addAssignmentMutation, { input })).toMatchObject({ changed: false });
    expect(await ask(removeAssignmentMutation, { input })).toMatchObject({
      changed: true,
      complianceManagementPartner: { macOsEnrollmentAssignments: [everyone, unrecognized] },
      userErrors: [],
    });
    expect(await ask(partnerQuery, { id: jamf })).toEqual(before);
  });

  it('an update of what is not there says so, because Graph does', async () => {
    const input = { id: 'nobody', displayName: 'New' };
    expect(await ask(updateMutation, { input })).toMatchObject({
      complianceManagementPartner: null,
      userErrors: [{ code: 'NOT_FOUND', field: ['input', 'id'] }],
    });
  });
});

describe('over small pages, each behind an empty one,', () => {
  it('a page of the gateway is filled, and no call is made that it does not need', async () => {
    const graph = await startTestGraph({ oddities, pageSize: 5 });
    const gateway = await startTestGateway({ GRAPH_BASE_URL: graph.baseUrl });
    const connection = (await run(gateway, listQuery, { first: 7 })) as { nodes: Partner[] };
    expect(connection.nodes.map(({ id }) => id)).toEqual(catalogue.slice(0, 7).map(({ id }) => id));
    expect(graph.requests).toHaveLength(4);
    await gateway.stop(0);
    await graph.close();
  });
});
