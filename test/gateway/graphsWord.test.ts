import { describe, expect, it } from '@jest/globals';
import {
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  partnerQuery,
  updateMutation,
} from '../support/documents.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import { type Answer, json, reset } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';

const path = '/beta/deviceManagement/complianceManagementPartners';
const id = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const otherId = '61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b';
const partner = { id, displayName: 'Fleet', iosOnboarded: true };
const notFound = json(404, intuneErrors.jsonInString('ResourceNotFound', `No partner ${id}.`));
const badResponse = [{ extensions: { code: 'UPSTREAM_BAD_RESPONSE' } }];
const unknown = { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true };
const { scripted } = useStages();

/** Answers each method in its own way. */
const byMethod =
  (answers: Readonly<Record<string, Answer>>): Answer =>
  (response, request) =>
    answers[request.method]?.(response, request);

const target = { allDevices: {} };
const mutations: readonly (readonly [string, string, object])[] = [
  ['addComplianceManagementPartner', addMutation, { displayName: 'Fleet' }],
  ['updateComplianceManagementPartner', updateMutation, { id, displayName: 'Fleet' }],
  ['addEnrollmentAssignment', addAssignmentMutation, { id, platform: 'IOS', target }],
  ['deleteComplianceManagementPartner', deleteMutation, { id }],
];

describe('Multi Admin Approval', () => {
  const header = "Header 'x-msft-approval-justification' is required to request approval";
  const pending = 'The approval is pending.';
  const refusals: readonly (readonly [string, Answer, string])[] = [
    ['a missing header', json(400, intuneErrors.jsonInString('BadRequest', header)), header],
    ['a code', json(403, intuneErrors.jsonInString('ApprovalRequired', 'Ask Ann.')), 'Ask Ann.'],
    ['412', json(412, intuneErrors.jsonInStringTwice('PreconditionFailed', pending)), pending],
  ];

  it.each(refusals.flatMap((one) => mutations.map((mutation) => [...one, ...mutation] as const)))(
    'is asked for by %s, and fails a mutation with a code of its own',
    async (_what, answer, words, name, query, input) => {
      const { gateway, graph } = await scripted(
        byMethod({ GET: json(200, partner), POST: answer, PATCH: answer, DELETE: answer }),
      );
      const { status, result, extensions } = await gateway.run(query, { input });
      expect([status, result.data]).toEqual([200, { [name]: null }]);
      expect(result.errors).toMatchObject([
        { message: expect.stringContaining(words), extensions: { code: 'APPROVAL_REQUIRED' } },
      ]);
      expect(extensions).not.toHaveProperty('requiredScopes');
      expect(extensions).not.toHaveProperty('lacking');
      expect(result.errors?.[0]?.message).not.toContain('manage.microsoft.com');
      expect(graph.requests.filter(({ method }) => method !== 'GET')).toHaveLength(1);
    },
  );
});

describe("a 404 that is not Graph's own", () => {
  const anonymous404: Answer = (response) => {
    const error = { code: 'ResourceNotFound', message: `No partner ${id}.` };
    response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
  };
  const html = { 'content-type': 'text/html' };
  const strangers: readonly (readonly [string, Answer])[] = [
    ['HTML of a proxy', json(404, '<html>Nothing here</html>', html)],
    ['a missing segment', json(404, intuneErrors.noSegment('deviceManagement'))],
    ['a missing route', json(404, intuneErrors.noRoute())],
    ['an error without a code', json(404, { error: { message: `No partner ${id}.` } })],
    ['an error without the id of a request', anonymous404],
    ['another partner', json(404, intuneErrors.plainWithTail('NotFound', `No ${otherId}.`))],
  ];
  const read = ['complianceManagementPartner', partnerQuery, undefined] as const;
  const operations = [read, ...mutations.slice(1)];

  it.each(
    strangers.flatMap((one) => operations.map((operation) => [...one, ...operation] as const)),
  )('never reads as no partner: %s', async (_what, answer, name, query, input) => {
    const { gateway } = await scripted(answer);
    const { result } = await gateway.run(query, input ? { input } : { id });
    expect(result).toMatchObject({ data: { [name]: null }, errors: badResponse });
  });

  it.each(strangers)('leaves a delete in doubt after a reset: %s', async (_what, answer) => {
    const { gateway } = await scripted([reset, answer]);
    const { result } = await gateway.run(deleteMutation, { input: { id } });
    expect(result.errors).toMatchObject([{ extensions: unknown }]);
  });

  it.each(strangers)('is decided by one look that Graph answers: %s', async (_what, answer) => {
    const { gateway, graph } = await scripted([reset, answer, notFound]);
    expect(await gateway.ask(deleteMutation, { input: { id } })).toMatchObject({
      deletedComplianceManagementPartnerId: id,
      userErrors: [],
    });
    expect(graph.requests.map(({ method }) => method)).toEqual(['DELETE', 'DELETE', 'GET']);
  });
});

describe('an answer about another partner', () => {
  const other = json(200, { ...partner, id: otherId });

  it('is not believed by a read', async () => {
    const { gateway } = await scripted(other);
    expect((await gateway.run(partnerQuery, { id })).result.errors).toMatchObject(badResponse);
  });

  it('leaves an update in doubt, and names the other', async () => {
    const { gateway } = await scripted(other);
    const input = { id, displayName: 'Fleet' };
    const { result } = await gateway.run(updateMutation, { input });
    expect(result.errors).toMatchObject([{ extensions: { ...unknown, answeredId: otherId } }]);
  });

  it('is the one that was asked for where only the case differs', async () => {
    const { gateway } = await scripted(json(200, { ...partner, id: id.toUpperCase() }));
    await gateway.ask(partnerQuery, { id });
  });
});

describe('an add with an id that is answered under another', () => {
  const input = { id, displayName: 'Fleet', iosOnboarded: true, iosEnrollmentAssignments: [{}] };
  const sent = { displayName: 'Fleet', iosOnboarded: true, iosEnrollmentAssignments: [null] };
  const answered = (body: object): Answer =>
    byMethod({ POST: json(201, body), GET: json(200, { value: [] }) });

  it('is the new partner with a notice when all else is as it was sent', async () => {
    const { gateway } = await scripted(answered({ ...sent, id: otherId, partnerState: 'unknown' }));
    const { root, result } = await gateway.run(addMutation, { input });
    expect(root).toMatchObject({
      complianceManagementPartner: { id: otherId, displayName: 'Fleet' },
      userErrors: [],
    });
    expect(result.extensions?.notices).toMatchObject([
      { code: 'ID_ASSIGNED_BY_GRAPH', path: ['addComplianceManagementPartner'] },
    ]);
  });

  it('has no notice when the id differs in case only', async () => {
    const { gateway } = await scripted(answered({ ...sent, id: id.toUpperCase() }));
    const { result } = await gateway.run(addMutation, { input });
    expect(result).not.toHaveProperty('extensions');
  });

  it.each<[string, object]>([
    ['the name', { displayName: 'Jamf' }],
    ['a flag', { iosOnboarded: false }],
    ['a list', { iosEnrollmentAssignments: [] }],
  ])('stays in doubt when %s differs too, and names the other id', async (_what, change) => {
    const { gateway, graph } = await scripted(answered({ ...sent, ...change, id: otherId }));
    const { result } = await gateway.run(addMutation, { input });
    expect(result).toMatchObject({
      data: { addComplianceManagementPartner: null },
      errors: [{ extensions: { ...unknown, answeredId: otherId } }],
    });
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
  const batch = (responses: object[], more: object = {}) => json(200, { responses, ...more });
  const all = { a: { id: 'a' }, b: { id: 'b' }, c: { id: 'c' } };
  const bad = (one: string) => ({ path: [one], extensions: { code: 'UPSTREAM_BAD_RESPONSE' } });

  it.each<[string, object]>([
    ['no headers', {}],
    ['null for headers', { headers: null }],
    ['empty headers', { headers: {} }],
    ['headers without a content type', { headers: { 'Cache-Control': 'no-cache' } }],
  ])('is believed when its items have %s', async (_what, more) => {
    const { gateway } = await scripted(batch(ids.map((_id, index) => item(index, more))));
    expect((await gateway.run(query)).result).toEqual({ data: all });
  });

  it('is read item by item when one without headers says that there is none', async () => {
    const none = { status: 404, body: intuneErrors.jsonInString('ResourceNotFound', 'None') };
    const { gateway } = await scripted(batch([item(0), item(1, none), item(2)]));
    expect((await gateway.run(query)).result).toEqual({ data: { ...all, b: null } });
  });

  it('does not give one partner for another', async () => {
    const swapped = [item(0, { body: { id: 'b' } }), item(1, { body: { id: 'a' } }), item(2)];
    const { gateway } = await scripted(batch(swapped));
    expect((await gateway.run(query)).result.errors).toMatchObject([bad('a'), bad('b')]);
  });

  it.each(['@odata.nextLink', '@nextLink'])('is followed by its %s', async (name) => {
    const { gateway, graph } = await scripted([
      batch([item(2)], { [name]: '/beta/$batch?$skiptoken=1' }),
      batch([item(0)], { [name]: '?$skiptoken=2' }),
      batch([item(1)]),
    ]);
    expect((await gateway.run(query)).result).toEqual({ data: all });
    expect(graph.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /beta/$batch',
      'GET /beta/$batch?$skiptoken=1',
      'GET /beta/$batch?$skiptoken=2',
    ]);
  });

  it.each(['https://evil.example/beta/$batch', `${path}?x`, '/beta/users'])(
    'is not followed to %s',
    async (link) => {
      const { gateway, graph } = await scripted(
        batch([item(0), item(1)], { '@odata.nextLink': link }),
      );
      const { result } = await gateway.run(query);
      expect(result.data).toEqual({ ...all, c: null });
      expect(result.errors).toMatchObject([bad('c')]);
      expect(graph.requests).toHaveLength(1);
    },
  );

  it('is not followed for ever', async () => {
    const { gateway, graph } = await scripted(
      batch([item(0)], { '@odata.nextLink': '?$skiptoken=1' }),
    );
    expect((await gateway.run(query)).codes).toHaveLength(2);
    expect(graph.requests).toHaveLength(1 + ids.length);
  });
});
