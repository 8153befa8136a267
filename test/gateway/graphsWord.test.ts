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

const assign = { id, platform: 'IOS', target: { allDevices: {} } };
const update = { id, displayName: 'Fleet' };

describe('Multi Admin Approval', () => {
  const header = "Header 'x-msft-approval-justification' is required to request approval";
  const missing = json(400, intuneErrors.jsonInString('BadRequest', header));
  const code = json(403, intuneErrors.jsonInString('ApprovalRequired', 'Ask Ann.'));
  const pending = 'The approval is pending.';
  const precondition = json(412, intuneErrors.jsonInStringTwice('PreconditionFailed', pending));

  it.each<[string, string, object, Answer, string]>([
    ['addComplianceManagementPartner', addMutation, { displayName: 'Fleet' }, missing, header],
    ['updateComplianceManagementPartner', updateMutation, update, code, 'Ask Ann.'],
    ['addEnrollmentAssignment', addAssignmentMutation, assign, precondition, pending],
    ['deleteComplianceManagementPartner', deleteMutation, { id }, missing, header],
  ])('fails %s with a code of its own', async (name, query, input, answer, words) => {
    const { gateway, graph } = await scripted(
      byMethod({ GET: json(200, partner), POST: answer, PATCH: answer, DELETE: answer }),
    );
    const { status, result, extensions } = await gateway.run(query, { input });
    expect([status, result.data]).toEqual([200, { [name]: null }]);
    expect(result.errors).toMatchObject([
      { message: expect.stringContaining(words), extensions: { code: 'APPROVAL_REQUIRED' } },
    ]);
    expect(extensions).not.toHaveProperty('requiredScopes');
    expect(result.errors?.[0]?.message).not.toContain('manage.microsoft.com');
    expect(graph.requests.filter(({ method }) => method !== 'GET')).toHaveLength(1);
  });
});

describe("a 404 that is not Graph's own word on this partner", () => {
  const html = json(404, '<html>Nothing here</html>', { 'content-type': 'text/html' });
  const ofOther = json(404, intuneErrors.plainWithTail('NotFound', `No ${otherId}.`));

  it.each<[string, string, object, Answer]>([
    ['complianceManagementPartner', partnerQuery, { id }, html],
    ['updateComplianceManagementPartner', updateMutation, { input: update }, ofOther],
    ['addEnrollmentAssignment', addAssignmentMutation, { input: assign }, html],
    ['deleteComplianceManagementPartner', deleteMutation, { input: { id } }, ofOther],
  ])('never reads as no partner: %s', async (name, query, variables, answer) => {
    const { gateway } = await scripted(answer);
    const { result } = await gateway.run(query, variables);
    expect(result).toMatchObject({ data: { [name]: null }, errors: badResponse });
  });

  it.each([
    ['HTML', html],
    ['another partner', ofOther],
  ])(
    'leaves a delete in doubt after a reset, unless one look decides: %s',
    async (_what, answer) => {
      const doubtful = await scripted([reset, answer]);
      const { extensions } = await doubtful.gateway.run(deleteMutation, { input: { id } });
      expect(extensions).toMatchObject(unknown);
      const { gateway, graph } = await scripted([reset, answer, notFound]);
      expect(await gateway.ask(deleteMutation, { input: { id } })).toMatchObject({
        deletedComplianceManagementPartnerId: id,
        userErrors: [],
      });
      expect(graph.requests.map(({ method }) => method)).toEqual(['DELETE', 'DELETE', 'GET']);
    },
  );
});

describe('an answer about another partner', () => {
  it('is not believed by a read, and leaves an update in doubt with the id of the other', async () => {
    const { gateway } = await scripted(json(200, { ...partner, id: otherId }));
    expect((await gateway.run(partnerQuery, { id })).result.errors).toMatchObject(badResponse);
    const { extensions } = await gateway.run(updateMutation, { input: update });
    expect(extensions).toMatchObject({ ...unknown, answeredId: otherId });
  });

  const input = { id, displayName: 'Fleet', iosOnboarded: true, iosEnrollmentAssignments: [{}] };
  const sent = { displayName: 'Fleet', iosOnboarded: true, iosEnrollmentAssignments: [null] };
  const answered = (body: object): Answer =>
    byMethod({ POST: json(201, body), GET: json(200, { value: [] }) });

  it('is the new partner of an add, with a notice, when all else is as it was sent', async () => {
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

  it('leaves an add in doubt when the name differs too', async () => {
    const { gateway, graph } = await scripted(
      answered({ ...sent, displayName: 'Jamf', id: otherId }),
    );
    const { root, extensions } = await gateway.run(addMutation, { input });
    expect(root).toBeNull();
    expect(extensions).toMatchObject({ ...unknown, answeredId: otherId });
    expect(graph.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('is about this one if only the case of the id differs', async () => {
    const body = { ...sent, id: id.toUpperCase() };
    const { gateway } = await scripted(byMethod({ POST: json(201, body), GET: json(200, body) }));
    await gateway.ask(partnerQuery, { id });
    const { result } = await gateway.run(addMutation, { input });
    expect(result).not.toHaveProperty('extensions');
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

  it('is believed when its items have null, no or other headers', async () => {
    const other = { headers: { 'Cache-Control': 'no-cache' } };
    const { gateway } = await scripted(
      batch([item(0, { headers: null }), item(1), item(2, other)]),
    );
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

  it('is followed by its links, in both spellings', async () => {
    const { gateway, graph } = await scripted([
      batch([item(2)], { '@odata.nextLink': '/beta/$batch?$skiptoken=1' }),
      batch([item(0)], { '@nextLink': '?$skiptoken=2' }),
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
      const responses = [item(0), item(1)];
      const { gateway, graph } = await scripted(batch(responses, { '@odata.nextLink': link }));
      const { result } = await gateway.run(query);
      expect(result).toMatchObject({ data: { ...all, c: null }, errors: [bad('c')] });
      expect(graph.requests).toHaveLength(1);
    },
  );

  it('is not followed for ever', async () => {
    const endless = batch([item(0)], { '@odata.nextLink': '?$skiptoken=1' });
    const { gateway, graph } = await scripted(endless);
    expect((await gateway.run(query)).codes).toHaveLength(2);
    expect(graph.requests).toHaveLength(1 + ids.length);
  });
});
