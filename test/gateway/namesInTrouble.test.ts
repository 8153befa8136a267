import { describe, expect, it } from '@jest/globals';
import { graphqlRequest, openConnection } from '../support/rawConnection.ts';
import { type Answer, json, silence } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const { scripted } = useStages();

const groupIds = ['a', 'b', 'c', 'd'].map((digit) => `0c65e46a-e46a-4c65-8ae4-65${digit}c6ae4650c`);
const [first = ''] = groupIds;
const filterIds = ['f-1', 'f-2', 'f-3'];
const partner = {
  id: 'partner-1',
  iosEnrollmentAssignments: groupIds.map((groupId, index) => ({
    target: {
      '@odata.type': '#microsoft.graph.groupAssignmentTarget',
      groupId,
      deviceAndAppManagementAssignmentFilterId: filterIds[index],
      deviceAndAppManagementAssignmentFilterType: index < filterIds.length ? 'include' : 'none',
    },
  })),
};
const nameFields = `iosEnrollmentAssignments { target {
  ... on GroupAssignmentTarget { group { displayName } filter { displayName } }
} }`;
const read = `{ complianceManagementPartner(id: "partner-1") { id ${nameFields} } }`;
const update = `mutation {
  updateComplianceManagementPartner(input: { id: "partner-1", iosOnboarded: true }) {
    complianceManagementPartner { id ${nameFields} } userErrors { code }
  }
}`;

interface LookUps {
  readonly groups?: Answer;
  readonly filters?: Answer;
}

const noNames = json(200, { value: [] });
const noFilters = json(200, { responses: [] });

/** Starts a Graph with one partner that answers look-ups like this. */
function start(
  { groups = noNames, filters = noFilters }: LookUps,
  clock = createVirtualClock(),
  environment = {},
) {
  const answer: Answer = (response, request) => {
    const isLookUp = request.url.includes('getByIds');
    const row = json(200, { ...partner, iosOnboarded: true });
    const rest = request.url.endsWith('$batch') ? filters : row;
    (isLookUp ? groups : rest)(response, request);
  };
  return scripted(answer, environment, { clock });
}

/** The names in the answer, groups before filters. */
function namesIn(data: unknown): readonly (readonly unknown[])[] {
  const { iosEnrollmentAssignments: entries } = data as {
    readonly iosEnrollmentAssignments: readonly {
      readonly target: Readonly<Record<'group' | 'filter', { readonly displayName: unknown }>>;
    }[];
  };
  return (['group', 'filter'] as const).map((kind) =>
    entries.map(({ target }) => target[kind]?.displayName),
  );
}

const codesOf = (errors: readonly { readonly extensions: Record<string, unknown> }[] = []) =>
  errors.map(({ extensions }) => extensions['code']).toSorted();

const noneOf = [Array(4).fill(null), [null, null, null, undefined]];

describe('a look-up of names', () => {
  it.each([
    ['read', read],
    ['write', update],
  ])("that the operation's time ends leaves the row of a %s whole", async (_what, query) => {
    const clock = createVirtualClock();
    const { gateway, graph } = await start({ groups: silence, filters: silence }, clock);
    const answering = gateway.run(query, {}, { prefer: 'wait=3' });
    await until(() => graph.requests.filter(({ method }) => method === 'POST').length === 2);
    await clock.advance(3_000);
    const { status, result } = await answering;
    expect([status, codesOf(result.errors)]).toEqual([200, Array(2).fill('UPSTREAM_TIMEOUT')]);
    const [field] = Object.values(result.data ?? {}) as object[];
    const row = query === read ? field : Object.values(field ?? {})[0];
    expect(row).toMatchObject({ id: 'partner-1' });
    expect(namesIn(row)).toEqual(noneOf);
    expect(JSON.stringify(result)).not.toContain('mayHaveBeenApplied');
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends if the caller leaves', async () => {
    const clock = createVirtualClock();
    const { gateway, graph } = await start({ groups: silence, filters: silence }, clock);
    const caller = await openConnection(gateway.url);
    caller.send(graphqlRequest({ query: read }));
    await until(() => graph.requests.length === 3);
    caller.socket.resetAndDestroy();
    await until(() => gateway.logLines.some((line) => /"Answered"/.test(line)));
    await until(() => clock.pendingTimers === 0);
    expect(graph.requests).toHaveLength(3);
  });

  it.each<[string, unknown, readonly unknown[]]>([
    ['nothing but other ids', [{ id: 'x', displayName: 'Other' }], Array(4).fill(null)],
    [
      'rows that are none, and names that are none',
      [null, 5, [], 'x', { id: 5 }, { displayName: 'x' }, { id: first, displayName: { a: 1 } }],
      Array(4).fill(null),
    ],
    [
      'ids in another spelling, twice, with members of prototypes',
      [
        { id: first.toUpperCase(), displayName: 'One', toString: 1, ['__proto__']: { id: first } },
        { id: first, displayName: 'Two' },
        { id: groupIds[3], displayName: '__proto__' },
        { id: '__proto__', displayName: 'x' },
      ],
      ['Two', null, null, '__proto__'],
    ],
  ])('believes only what it asked for: %s', async (_what, value, names) => {
    const { gateway } = await start({ groups: json(200, { value }) });
    const { status, result } = await gateway.run(read);
    expect(status).toBe(200);
    expect(namesIn(result.data?.['complianceManagementPartner'])[0]).toEqual(names);
  });

  it('gives the filters that are in a batch, and one error for those that are not', async () => {
    const body = { id: 'f-2', displayName: 'Two' };
    const responses = [
      { id: '1', status: 200, body },
      { id: '2', status: 200, body },
      { id: '7', status: 200, body },
    ];
    const { gateway } = await start({ filters: json(200, { responses }) });
    const { result } = await gateway.run(read);
    const [, filters] = namesIn(result.data?.['complianceManagementPartner']);
    expect(filters).toEqual([null, 'Two', null, undefined]);
    expect(codesOf(result.errors)).toEqual(['UPSTREAM_BAD_RESPONSE']);
  });

  it('bounds a name by the bounds of the answer', async () => {
    const value = groupIds.map((id) => ({ id, displayName: 'x'.repeat(100_000) }));
    const environment = { LIMIT_ANSWER_BYTES: '250000' };
    const { gateway } = await start({ groups: json(200, { value }) }, undefined, environment);
    const { text, result } = await gateway.run(read);
    expect(codesOf(result.errors)).toEqual(['ANSWER_TOO_LARGE']);
    expect([result.data, text.length < 1_000]).toEqual([null, true]);
  });
});
