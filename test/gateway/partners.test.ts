import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Emulator, startEmulator } from '../../src/emulator/server.ts';
import type {
  AddComplianceManagementPartnerInput,
  AssignmentTargetInput,
} from '../../src/generated/graphql.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { embeddedGraphToken } from '../../src/shared/secret.ts';
import { newPartnerInputs } from '../support/arbitraryInputs.ts';
import { addMutation, pageAnswer, pageInput, partnerQuery } from '../support/documents.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';

const typenames = {
  allLicensedUsers: 'AllLicensedUsersAssignmentTarget',
  allDevices: 'AllDevicesAssignmentTarget',
  group: 'GroupAssignmentTarget',
  exclusionGroup: 'ExclusionGroupAssignmentTarget',
  configurationManagerCollection: 'ConfigurationManagerCollectionAssignmentTarget',
} as const;

/** What an answer must hold of an input, written down without the mapping's help. */
function readBack(input: AddComplianceManagementPartnerInput): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(input).map(([name, value]) => [
      name,
      Array.isArray(value)
        ? value.map(({ target }) => ({ target: target ? readBackTarget(target) : null }))
        : value,
    ]),
  );
}

function readBackTarget(target: AssignmentTargetInput): Record<string, unknown> {
  const [key, value] = Object.entries(target)[0] ?? [];
  return {
    __typename: typenames[key as keyof typeof typenames],
    ...value,
    filter: value?.filter ?? null,
  };
}

type Generation = 'reference-page' | 'today';
const givenId = '0c65e46a-e46a-0c65-6ae4-650c6ae4650c';

describe.each<[Generation]>([['reference-page'], ['today']])(
  'partners over the embedded Graph, as %s',
  (generation) => {
    let graph: Emulator;
    let gateway: TestGateway;

    beforeAll(async () => {
      graph = await startEmulator({
        port: 0,
        generation,
        clock: systemClock,
        acceptToken: (token) => token === embeddedGraphToken,
        recordRequests: true,
        seed: [],
      });
      gateway = await startTestGateway({ GRAPH_BASE_URL: graph.baseUrl });
    });

    afterAll(async () => {
      await gateway.stop(0);
      await graph.close();
    });

    const add = async (input: object): Promise<Record<string, unknown>> => {
      const { result } = await gateway.run(addMutation, { input });
      expect(result.errors).toBeUndefined();
      return result.data?.['addComplianceManagementPartner'] as Record<string, unknown>;
    };

    it('keeps a date-time in lower case as it was sent', async () => {
      const lastHeartbeatDateTime = '2016-12-31t23:56:56.7799755z';
      const input = { displayName: 'Fleet', partnerState: 'ENABLED', lastHeartbeatDateTime };
      expect(await add(input)).toMatchObject({
        complianceManagementPartner: { lastHeartbeatDateTime },
        userErrors: [],
      });
      const [sent] = graph.requests.filter(({ method }) => method === 'POST');
      expect(JSON.stringify(sent)).toContain(lastHeartbeatDateTime);
      const filter = `{ lastHeartbeatDateTime: { before: "2016-12-31t23:56:57z" } }`;
      const { result } = await gateway.run(
        `{ complianceManagementPartners(filter: ${filter}) { totalCount } }`,
      );
      expect(result.data).toEqual({ complianceManagementPartners: { totalCount: 1 } });
    });

    it('reads back everything that an add sent, whatever it was, in the answer and later', async () => {
      const usable = newPartnerInputs.map((input) => withoutUnknown(input, generation));
      await fc.assert(
        fc.asyncProperty(usable, async (input) => {
          fc.pre(input.displayName.trim() !== '');
          const { complianceManagementPartner, userErrors } = await add(input);
          expect(userErrors).toEqual([]);
          const partner = complianceManagementPartner as { id: string };
          expect(partner).toMatchObject(readBack(input));
          const { result } = await gateway.run(partnerQuery, { id: partner.id });
          expect(result.data?.['complianceManagementPartner']).toEqual(partner);
        }),
        { numRuns: 60, seed: 20261124 },
      );
    });
  },
);

describe("the reference page's example", () => {
  let graph: Emulator;
  let gateway: TestGateway;

  beforeAll(async () => {
    graph = await startEmulator({
      port: 0,
      generation: 'reference-page',
      clock: systemClock,
      acceptToken: (token) => token === embeddedGraphToken,
      recordRequests: true,
    });
    gateway = await startTestGateway({ GRAPH_BASE_URL: graph.baseUrl });
  });

  afterAll(async () => {
    await gateway.stop(0);
    await graph.close();
  });

  it('is answered with every property, value for value, under an id of Graph', async () => {
    const { status, result } = await gateway.run(addMutation, { input: pageInput });
    expect(status).toBe(200);
    expect(result).toEqual({
      data: {
        addComplianceManagementPartner: {
          complianceManagementPartner: {
            ...pageAnswer,
            id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          },
          userErrors: [],
        },
      },
    });
  });

  it('is answered under the id that it gives', async () => {
    const input = { ...pageInput, id: givenId };
    const { result } = await gateway.run(addMutation, { input });
    expect(result.data?.['addComplianceManagementPartner']).toEqual({
      complianceManagementPartner: { ...pageAnswer, id: givenId },
      userErrors: [],
    });
  });

  it('is refused as data the second time under the same id', async () => {
    const { status, result } = await gateway.run(addMutation, {
      input: { ...pageInput, id: givenId },
    });
    expect(status).toBe(200);
    expect(result.data?.['addComplianceManagementPartner']).toMatchObject({
      complianceManagementPartner: { id: givenId },
      userErrors: [{ code: 'CONFLICT' }],
    });
  });

  it('is added with an empty list for null, and with null for an id of its own', async () => {
    const input = { ...pageInput, id: null, macOsEnrollmentAssignments: null };
    const { result } = await gateway.run(addMutation, { input });
    expect(JSON.parse(graph.requests.at(-1)?.body ?? '')).toMatchObject({
      macOsEnrollmentAssignments: [],
    });
    expect(graph.requests.at(-1)?.body).not.toContain('"id"');
    expect(result.data?.['addComplianceManagementPartner']).toMatchObject({
      complianceManagementPartner: { macOsEnrollmentAssignments: [] },
      userErrors: [],
    });
  });

  it.each(['partnerState', 'lastHeartbeatDateTime', 'iosOnboarded'])(
    'is refused at %s before the call where that is null, which Graph does not allow',
    async (name) => {
      const calls = graph.requests.length;
      const { result } = await gateway.run(addMutation, { input: { ...pageInput, [name]: null } });
      expect(graph.requests).toHaveLength(calls);
      expect(result.data?.['addComplianceManagementPartner']).toMatchObject({
        complianceManagementPartner: null,
        userErrors: [{ code: 'BAD_USER_INPUT', field: ['input', name] }],
      });
    },
  );

  it("costs one call each, with the caller's id and trace", async () => {
    const calls = graph.requests.length;
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const { headers } = await gateway.run(
      addMutation,
      { input: pageInput },
      { 'client-request-id': 'from-the-caller', traceparent },
    );
    expect(graph.requests.length - calls).toBe(1);
    expect(graph.requests.at(-1)?.headers).toMatchObject({
      'client-request-id': 'from-the-caller',
      traceparent,
    });
    expect(headers).toMatchObject({ 'client-request-id': 'from-the-caller', traceparent });
  });

  it('is refused on v1.0, which does not know its windows properties', async () => {
    const v1 = await startTestGateway({
      GRAPH_BASE_URL: graph.baseUrl,
      GRAPH_API_VERSION: 'v1.0',
    });
    const { windowsOnboarded, windowsEnrollmentAssignments, ...input } = pageInput;
    const [refused, added] = [
      await v1.run(addMutation, { input: pageInput }),
      await v1.run(addMutation, { input }),
    ];
    await v1.stop(0);
    expect(refused.result.data?.['addComplianceManagementPartner']).toMatchObject({
      userErrors: [
        { field: ['input', 'windowsOnboarded'] },
        { field: ['input', 'windowsEnrollmentAssignments'] },
      ],
    });
    expect(added.result.data?.['addComplianceManagementPartner']).toMatchObject({
      complianceManagementPartner: { ...pageAnswer, ...nothingOfWindows },
      userErrors: [],
    });
    expect([windowsOnboarded, windowsEnrollmentAssignments]).not.toContain(undefined);
    expect(graph.requests.at(-1)?.path).toBe('/v1.0/deviceManagement/complianceManagementPartners');
  });
});

const notNullable = /Onboarded$|DateTime$|State$|Assignments$/;
const nothingOfWindows = { windowsOnboarded: null, windowsEnrollmentAssignments: null };

/** Leaves out what the generation does not have (`linux*` and filters, or `windows*`), and what Graph has no null for. */
function withoutUnknown<Input extends { displayName: string }>(
  input: Input,
  generation: Generation,
): Input {
  const missing = generation === 'today' ? /^windows/ : /^linux|^filter$/;
  const text = JSON.stringify(input, (key, value: unknown) =>
    missing.test(key) || (value === null && notNullable.test(key)) ? undefined : value,
  );
  return JSON.parse(text) as Input;
}
