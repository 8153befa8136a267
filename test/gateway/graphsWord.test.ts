import { describe, expect, it } from '@jest/globals';
import { useClosing } from '../support/closing.ts';
import {
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  partnerQuery,
  updateMutation,
} from '../support/documents.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import { type Answer, json, reset, type ScriptedServer } from '../support/scriptedServer.ts';
import { startScripted, type TestGateway } from '../support/testGateways.ts';

const path = '/beta/deviceManagement/complianceManagementPartners';
const id = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const otherId = '61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b';
const partner = { id, displayName: 'Fleet', iosOnboarded: true };
const html404 = json(404, '<html>Nothing here</html>', { 'content-type': 'text/html' });
const segment404 = json(404, intuneErrors.noSegment('deviceManagement'));
const anonymous404: Answer = (response) => {
  const error = { code: 'ResourceNotFound', message: `No partner ${id}.` };
  response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
};
const notFound = json(404, intuneErrors.jsonInString('ResourceNotFound', `No partner ${id}.`));
const closeLater = useClosing();

async function start(
  ...script: Answer[]
): Promise<{ gateway: TestGateway; graph: ScriptedServer }> {
  return startScripted(closeLater, [...script]);
}

/** Answers each method in its own way. */
const byMethod =
  (answers: Readonly<Record<string, Answer>>): Answer =>
  (response, request) =>
    answers[request.method]?.(response, request);

const target = { allDevices: {} };
const mutations: readonly [string, string, object][] = [
  ['addComplianceManagementPartner', addMutation, { displayName: 'Fleet' }],
  ['updateComplianceManagementPartner', updateMutation, { id, displayName: 'Fleet' }],
  ['addEnrollmentAssignment', addAssignmentMutation, { id, platform: 'IOS', target }],
  ['deleteComplianceManagementPartner', deleteMutation, { id }],
];

describe('Multi Admin Approval', () => {
  const header = "Header 'x-msft-approval-justification' is required to request approval";
  const refusals: readonly [string, Answer, string][] = [
    ['a missing header', json(400, intuneErrors.jsonInString('BadRequest', header)), header],
    ['a code', json(403, intuneErrors.jsonInString('ApprovalRequired', 'Ask Ann.')), 'Ask Ann.'],
    [
      'an open approval',
      json(412, intuneErrors.jsonInStringTwice('PreconditionFailed', 'The approval is pending.')),
      'The approval is pending.',
    ],
  ];

  it.each(
    mutations.flatMap(([name, query, input]) =>
      refusals.map(
        ([what, answer, words]) => [name, what, { query, input, answer, words }] as const,
      ),
    ),
  )(
    'fails %s with a code of its own when Graph asks for it by %s',
    async (name, _what, { query, input, answer, words }) => {
      const { gateway, graph } = await start(
        byMethod({ GET: json(200, partner), POST: answer, PATCH: answer, DELETE: answer }),
      );
      const { status, result } = await gateway.run(query, { input });
      expect([status, result.data]).toEqual([200, { [name]: null }]);
      expect(result.errors).toMatchObject([
        { message: expect.stringContaining(words), extensions: { code: 'APPROVAL_REQUIRED' } },
      ]);
      const [error] = result.errors ?? [];
      expect(error?.extensions).not.toHaveProperty('requiredScopes');
      expect(error?.extensions).not.toHaveProperty('lacking');
      expect(error?.message).not.toContain('manage.microsoft.com');
      expect(graph.requests.filter(({ method }) => method !== 'GET')).toHaveLength(1);
    },
  );
});

describe("a 404 that is not Graph's own", () => {
  const strangers: readonly [string, Answer][] = [
    ['HTML of a proxy', html404],
    ['a missing segment', segment404],
    ['a missing route', json(404, intuneErrors.noRoute())],
    ['an error without a code', json(404, { error: { message: `No partner ${id}.` } })],
    ['an error without the id of a request', anonymous404],
    ['another partner', json(404, intuneErrors.plainWithTail('NotFound', `No ${otherId}.`))],
  ];

  it.each(strangers)('never reads as no partner: %s', async (_what, answer) => {
    const { gateway } = await start(answer);
    const { result } = await gateway.run(partnerQuery, { id });
    expect(result.data).toEqual({ complianceManagementPartner: null });
    expect(result.errors).toMatchObject([{ extensions: { code: 'UPSTREAM_BAD_RESPONSE' } }]);
  });

  it.each(
    mutations
      .slice(1)
      .flatMap(([name, query, input]) =>
        strangers.map(([what, answer]) => [name, what, { query, input, answer }] as const),
      ),
  )('is no NOT_FOUND of %s: %s', async (name, _what, { query, input, answer }) => {
    const { gateway } = await start(answer);
    const { result } = await gateway.run(query, { input });
    expect(result.data).toEqual({ [name]: null });
    expect(result.errors).toMatchObject([{ extensions: { code: 'UPSTREAM_BAD_RESPONSE' } }]);
  });

  it.each(strangers)('leaves a delete in doubt after a reset: %s', async (_what, answer) => {
    const { gateway } = await start(reset, answer);
    const { result } = await gateway.run(deleteMutation, { input: { id } });
    expect(result.errors).toMatchObject([
      { extensions: { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true } },
    ]);
  });

  it.each(strangers)('is decided by one look that Graph answers: %s', async (_what, answer) => {
    const { gateway, graph } = await start(reset, answer, notFound);
    const { result } = await gateway.run(deleteMutation, { input: { id } });
    expect(result).toMatchObject({
      data: {
        deleteComplianceManagementPartner: {
          deletedComplianceManagementPartnerId: id,
          userErrors: [],
        },
      },
    });
    expect(graph.requests.map(({ method }) => method)).toEqual(['DELETE', 'DELETE', 'GET']);
  });
});

describe('an answer about another partner', () => {
  const other = json(200, { ...partner, id: otherId });

  it('is not believed by a read', async () => {
    const { gateway } = await start(other);
    const { result } = await gateway.run(partnerQuery, { id });
    expect(result.errors).toMatchObject([{ extensions: { code: 'UPSTREAM_BAD_RESPONSE' } }]);
  });

  it('leaves an update in doubt, and names the other', async () => {
    const { gateway } = await start(other);
    const { result } = await gateway.run(updateMutation, { input: { id, displayName: 'Fleet' } });
    expect(result.errors).toMatchObject([
      { extensions: { code: 'OUTCOME_UNKNOWN', answeredId: otherId } },
    ]);
  });

  it('is the one that was asked for where only the case differs', async () => {
    const { gateway } = await start(json(200, { ...partner, id: id.toUpperCase() }));
    const { result } = await gateway.run(partnerQuery, { id });
    expect(result.errors).toBeUndefined();
  });
});

describe('an add with an id that is answered under another', () => {
  const input = { id, displayName: 'Fleet', iosOnboarded: true, iosEnrollmentAssignments: [{}] };
  const sent = { displayName: 'Fleet', iosOnboarded: true, iosEnrollmentAssignments: [null] };
  const answered = (status: number, body: object): Answer =>
    byMethod({ POST: json(status, body), GET: json(200, { value: [] }) });

  it('is the new partner with a notice when all else is as it was sent', async () => {
    const { gateway } = await start(
      answered(201, { ...sent, id: otherId, partnerState: 'unknown' }),
    );
    const { result } = await gateway.run(addMutation, { input });
    expect(result).toMatchObject({
      data: {
        addComplianceManagementPartner: {
          complianceManagementPartner: { id: otherId, displayName: 'Fleet' },
          userErrors: [],
        },
      },
      extensions: {
        notices: [{ code: 'ID_ASSIGNED_BY_GRAPH', path: ['addComplianceManagementPartner'] }],
      },
    });
  });

  it('has no notice when the id differs in case only', async () => {
    const { gateway } = await start(answered(201, { ...sent, id: id.toUpperCase() }));
    const { result } = await gateway.run(addMutation, { input });
    expect(result).not.toHaveProperty('extensions');
  });

  it.each<[string, object]>([
    ['the name', { displayName: 'Jamf' }],
    ['a flag', { iosOnboarded: false }],
    ['a list', { iosEnrollmentAssignments: [] }],
  ])('stays in doubt when %s differs too, and names the other id', async (_what, change) => {
    const { gateway, graph } = await start(answered(201, { ...sent, ...change, id: otherId }));
    const { result } = await gateway.run(addMutation, { input });
    expect(result.data).toEqual({ addComplianceManagementPartner: null });
    expect(result.errors).toMatchObject([
      { extensions: { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true, answeredId: otherId } },
    ]);
    expect(graph.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });
});

describe('the answer to a batch', () => {
  const ids = ['a', 'b', 'c'];
  const query = `{ ${ids.map((one) => `${one}: complianceManagementPartner(id: "${one}") { id }`).join(' ')} }`;
  const item = (index: number, more: object = {}): object => ({
    id: String(index),
    status: 200,
    body: { id: ids[index] },
    ...more,
  });
  const all = { a: { id: 'a' }, b: { id: 'b' }, c: { id: 'c' } };

  it.each<[string, object]>([
    ['no headers', {}],
    ['null for headers', { headers: null }],
    ['empty headers', { headers: {} }],
    ['headers without a content type', { headers: { 'Cache-Control': 'no-cache' } }],
  ])('is believed when its items have %s', async (_what, more) => {
    const { gateway } = await start(json(200, { responses: ids.map((_id, i) => item(i, more)) }));
    const { result } = await gateway.run(query);
    expect(result).toEqual({ data: all });
  });

  it('is read item by item when one without headers says that there is none', async () => {
    const none = { status: 404, body: intuneErrors.jsonInString('ResourceNotFound', 'None') };
    const { gateway } = await start(json(200, { responses: [item(0), item(1, none), item(2)] }));
    const { result } = await gateway.run(query);
    expect(result).toEqual({ data: { ...all, b: null } });
  });

  it('does not give one partner for another', async () => {
    const swapped = [item(0, { body: { id: 'b' } }), item(1, { body: { id: 'a' } }), item(2)];
    const { gateway } = await start(json(200, { responses: swapped }));
    const { result } = await gateway.run(query);
    expect(result.errors).toMatchObject(
      ['a', 'b'].map((one) => ({ path: [one], extensions: { code: 'UPSTREAM_BAD_RESPONSE' } })),
    );
  });

  it.each([['@odata.nextLink'], ['@nextLink']])('is followed by its %s', async (name) => {
    const { gateway, graph } = await start(
      json(200, { responses: [item(2)], [name]: '/beta/$batch?$skiptoken=1' }),
      json(200, { responses: [item(0)], [name]: '?$skiptoken=2' }),
      json(200, { responses: [item(1)] }),
    );
    const { result } = await gateway.run(query);
    expect(result).toEqual({ data: all });
    expect(graph.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /beta/$batch',
      'GET /beta/$batch?$skiptoken=1',
      'GET /beta/$batch?$skiptoken=2',
    ]);
  });

  it.each([['https://evil.example/beta/$batch'], [`${path}?x`], ['/beta/users']])(
    'is not followed to %s',
    async (link) => {
      const { gateway, graph } = await start(
        json(200, { responses: [item(0), item(1)], '@odata.nextLink': link }),
      );
      const { result } = await gateway.run(query);
      expect(result.data).toEqual({ ...all, c: null });
      expect(result.errors).toMatchObject([
        { path: ['c'], extensions: { code: 'UPSTREAM_BAD_RESPONSE' } },
      ]);
      expect(graph.requests).toHaveLength(1);
    },
  );

  it('is not followed for ever', async () => {
    const { gateway, graph } = await start(
      json(200, { responses: [item(0)], '@odata.nextLink': '?$skiptoken=1' }),
    );
    const { result } = await gateway.run(query);
    expect(result.errors).toHaveLength(2);
    expect(graph.requests).toHaveLength(1 + ids.length);
  });
});
