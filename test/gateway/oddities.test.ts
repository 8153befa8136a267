import { afterAll, describe, expect, it } from '@jest/globals';
import { oddities } from '../../src/emulator/quirks.ts';
import { catalogue } from '../../src/emulator/store.ts';
import { everything, listQuery, partnerQuery } from '../support/documents.ts';
import { mutations, useStages } from '../support/stages.ts';

type Partner = Readonly<Record<string, unknown>> & { readonly id: string };
interface Connection {
  readonly nodes: Partner[];
  readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
}

const { start, embedded } = useStages(afterAll);

const listEverything = `{ complianceManagementPartners { totalCount nodes { ...Everything } } } ${everything}`;
const idOf = (displayName: string): string =>
  catalogue.find((partner) => partner.displayName === displayName)?.id ?? 'not in the catalogue';
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
const odataType = 'microsoft.graph.androidFotaDeploymentAssignmentTarget';
const fota = { ...unrecognized, odataType, properties: { groupId: 'SMS00014' } };
const everyone = { __typename: 'AllLicensedUsersAssignmentTarget', filter: null };

/** What is expected to look odd, by the id of the partner. */
const oddMembers: Readonly<Record<string, (plain: Partner) => object>> = {
  [scalefusion]: () => ({ partnerState: 'UNKNOWN_FUTURE_VALUE' }),
  [jamf]: () => ({ macOsEnrollmentAssignments: [{ target: everyone }, { target: scopeTagGroup }] }),
  [ivanti]: ({ windowsEnrollmentAssignments: windows }) =>
    windows === null ? {} : { windowsEnrollmentAssignments: [{ target: fota }] },
};

const versions = [
  { EMULATOR_BETA_GENERATION: 'reference-page' },
  { EMULATOR_BETA_GENERATION: 'today' },
  { GRAPH_API_VERSION: 'v1.0' },
];
const stages = await Promise.all(
  versions.map(async (environment) => {
    const plain = await start(environment);
    const odd = await start({ ...environment, EMULATOR_ODDITIES: timeless.join() });
    return [environment, plain, odd] as const;
  }),
);
const small = await embedded({ oddities, pageSize: 5 });

describe.each(stages)('over a Graph with all oddities, %j,', (_version, plain, { ask, run }) => {
  it('reads each row in a list, by its id and in a batch, with only its odd values unrecognized', async () => {
    const { nodes } = await plain.ask<Connection>(listEverything);
    const expected = nodes.map((one) => ({ ...one, ...oddMembers[one.id]?.(one) }));
    const rows = { totalCount: catalogue.length, nodes: expected };
    expect(await ask(listEverything)).toEqual(rows);
    const one = expected.find(({ id }) => id === jamf);
    expect(await ask(partnerQuery, { id: jamf })).toEqual(one);
    const several = `query ($one: ID!, $other: ID!) {
      one: complianceManagementPartner(id: $one) { ...Everything }
      other: complianceManagementPartner(id: $other) { id partnerState }
    } ${everything}`;
    const { result } = await run(several, { one: jamf, other: scalefusion });
    const other = { id: scalefusion, partnerState: 'UNKNOWN_FUTURE_VALUE' };
    expect(result).toEqual({ data: { one, other } });
  });

  it('reads, deletes and updates a missing partner as Graph does', async () => {
    const id = 'nobody';
    const blank = {
      id,
      displayName: null,
      partnerState: 'UNKNOWN',
      macOsEnrollmentAssignments: [],
    };
    expect(await ask(partnerQuery, { id })).toMatchObject(blank);
    const gone = { deletedComplianceManagementPartnerId: id, userErrors: [] };
    expect(await ask(mutations.delete, { input: { id } })).toMatchObject(gone);
    const input = { id, displayName: 'New' };
    const userErrors = [{ code: 'NOT_FOUND', field: ['input', 'id'] }];
    expect(await ask(mutations.update, { input })).toMatchObject({ userErrors });
  });

  it('adds, updates and deletes a partner, with what Graph holds as the answer', async () => {
    interface Payload {
      readonly complianceManagementPartner: Partner & { readonly revision: string };
    }
    const changed = async (mutation: string, input: object, shown: object) => {
      const payload = await ask<Payload>(mutation, { input });
      expect(payload).toMatchObject({ complianceManagementPartner: shown, userErrors: [] });
      return payload.complianceManagementPartner;
    };
    const given = { displayName: 'New', iosOnboarded: true };
    const { id } = await changed(mutations.add, given, given);
    const newer = { id, displayName: 'Newer' };
    const { revision: ifRevision } = await changed(mutations.update, newer, newer);
    const enabled = { id, partnerState: 'ENABLED' };
    await changed(mutations.update, { ...enabled, ifRevision }, { ...newer, ...enabled });
    await ask(mutations.delete, { input: { id } });
    const { nodes } = await ask<Connection>(listQuery);
    expect(nodes.map((node) => node.id)).not.toContain(id);
  });

  it('adds and removes an assignment beside one that the gateway does not recognize', async () => {
    const before = await ask<Partner>(partnerQuery, { id: jamf });
    const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
    const input = { id: jamf, platform: 'MAC_OS', target: { group: { groupId } } };
    const group = { target: { __typename: 'GroupAssignmentTarget', filter: null, groupId } };
    const list = [...(before['macOsEnrollmentAssignments'] as unknown[]), group];
    expect(await ask(mutations.assign, { input })).toMatchObject({
      changed: true,
      complianceManagementPartner: { macOsEnrollmentAssignments: list },
    });
    expect(await ask(mutations.assign, { input })).toMatchObject({ changed: false });
    expect(await ask(mutations.unassign, { input })).toMatchObject({ changed: true });
    expect(await ask(partnerQuery, { id: jamf })).toEqual(before);
  });
});

it('walks over small pages, each behind an empty one, and makes no call that it does not need', async () => {
  const { graph, gateway } = small;
  const seen: string[] = [];
  const calls: number[] = [];
  for (let after: string | null = null, isMore = true; isMore; ) {
    const { nodes, pageInfo }: Connection = await gateway.ask(listQuery, { first: 7, after });
    seen.push(...nodes.map(({ id }) => id));
    calls.push(graph.requests.length);
    ({ endCursor: after, hasNextPage: isMore } = pageInfo);
  }
  expect(seen).toEqual(catalogue.map(({ id }) => id));
  expect(calls[0]).toBe(4);
});
