import { afterAll, describe, expect, it } from '@jest/globals';
import { oddities } from '../../src/emulator/quirks.ts';
import { catalogue } from '../../src/emulator/store.ts';
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
import { useStages } from '../support/stages.ts';

interface Partner extends Readonly<Record<string, unknown>> {
  readonly id: string;
}
interface Connection {
  readonly nodes: Partner[];
  readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
}

const { start, embedded } = useStages(afterAll);

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

const unrecognized = { __typename: 'UnrecognizedAssignmentTarget', filter: null };
const scopeTagGroup = {
  ...unrecognized,
  odataType: 'microsoft.graph.scopeTagGroupAssignmentTarget',
  properties: expect.objectContaining({ entraObjectId: expect.any(String), targetType: 'user' }),
};
const fota = {
  ...unrecognized,
  odataType: 'microsoft.graph.androidFotaDeploymentAssignmentTarget',
  properties: { groupId: 'SMS00014' },
};
const everyone = { __typename: 'AllLicensedUsersAssignmentTarget', filter: null };

/** What is expected to look odd, by the id of the partner. */
const oddMembers: Readonly<Record<string, (plain: Partner) => object>> = {
  [scalefusion]: () => ({ partnerState: 'UNKNOWN_FUTURE_VALUE' }),
  [jamf]: () => ({ macOsEnrollmentAssignments: [{ target: everyone }, { target: scopeTagGroup }] }),
  [ivanti]: ({ windowsEnrollmentAssignments: windows }) =>
    windows === null ? {} : { windowsEnrollmentAssignments: [{ target: fota }] },
};

const versions = [
  ["the reference page's beta", { EMULATOR_BETA_GENERATION: 'reference-page' }],
  ["today's beta", { EMULATOR_BETA_GENERATION: 'today' }],
  ['v1.0', { GRAPH_API_VERSION: 'v1.0' }],
] as const;
const stages = await Promise.all(
  versions.map(async ([version, environment]) => {
    const plain = await start(environment);
    const odd = await start({ ...environment, EMULATOR_ODDITIES: timeless.join() });
    return [version, plain, odd] as const;
  }),
);

describe.each(stages)('over a Graph with all oddities, %s,', (_version, plain, odd) => {
  const { ask } = odd;

  it('the list has all rows, and each differs only in unrecognized values', async () => {
    const { nodes } = await plain.ask<Connection>(listEverything);
    expect(await ask(listEverything)).toEqual({
      totalCount: catalogue.length,
      nodes: nodes.map((partner) => ({ ...partner, ...oddMembers[partner.id]?.(partner) })),
    });
  });

  it('a walk by cursors sees every row once', async () => {
    const seen: string[] = [];
    for (let after: string | null = null, isMore = true; isMore; ) {
      const { nodes, pageInfo }: Connection = await ask(listQuery, { first: 7, after });
      seen.push(...nodes.map(({ id }) => id));
      ({ endCursor: after, hasNextPage: isMore } = pageInfo);
    }
    expect(seen).toEqual(catalogue.map(({ id }) => id));
  });

  it('one partner is read by its id, alone and among several in one batch', async () => {
    const usual = await plain.ask<Partner>(partnerQuery, { id: jamf });
    const expected = { ...usual, ...oddMembers[jamf]?.(usual) };
    expect(await ask(partnerQuery, { id: jamf })).toEqual(expected);
    const several = `query ($one: ID!, $other: ID!) {
      one: complianceManagementPartner(id: $one) { ...Everything }
      other: complianceManagementPartner(id: $other) { id partnerState }
    } ${everything}`;
    const { result } = await odd.run(several, { one: jamf, other: scalefusion });
    const other = { id: scalefusion, partnerState: 'UNKNOWN_FUTURE_VALUE' };
    expect(result).toEqual({ data: { one: expected, other } });
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
    const given = { displayName: 'New', iosOnboarded: true };
    const added = await ask<{ complianceManagementPartner: Partner }>(addMutation, {
      input: given,
    });
    expect(added).toMatchObject({ complianceManagementPartner: given, userErrors: [] });
    const { id } = added.complianceManagementPartner;
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
    const { nodes } = await ask<Connection>(listQuery);
    expect(nodes.map((node) => node.id)).not.toContain(id);
  });

  it('an assignment comes and goes beside one that the gateway does not recognise', async () => {
    const before = await ask<Partner>(partnerQuery, { id: jamf });
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

const small = await embedded({ oddities, pageSize: 5 });

describe('over small pages, each behind an empty one,', () => {
  it('a page of the gateway is filled, and no call is made that it does not need', async () => {
    const { graph, gateway } = small;
    const { nodes } = await gateway.ask<Connection>(listQuery, { first: 7 });
    expect(nodes.map(({ id }) => id)).toEqual(catalogue.slice(0, 7).map(({ id }) => id));
    expect(graph.requests).toHaveLength(4);
  });
});
