import { describe, expect, it } from '@jest/globals';
import { partnerQuery } from '../support/documents.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import { type Answer, json, reset } from '../support/scriptedServer.ts';
import { mutations, useStages } from '../support/stages.ts';

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
    ['addComplianceManagementPartner', mutations.add, { displayName: 'Fleet' }, missing, header],
    ['updateComplianceManagementPartner', mutations.update, update, code, 'Ask Ann.'],
    ['addEnrollmentAssignment', mutations.assign, assign, precondition, pending],
    ['deleteComplianceManagementPartner', mutations.delete, { id }, missing, header],
  ])('fails %s with a code of its own', async (name, query, input, answer, words) => {
    const answers = { GET: json(200, partner), POST: answer, PATCH: answer, DELETE: answer };
    const { gateway, graph } = await scripted(byMethod(answers));
    const { status, result, text, extensions } = await gateway.run(query, { input });
    expect([status, result.data]).toEqual([200, { [name]: null }]);
    const message = expect.stringContaining(words);
    const approval = { code: 'APPROVAL_REQUIRED' };
    expect(result.errors).toMatchObject([{ message, extensions: approval }]);
    expect(extensions).not.toHaveProperty('requiredScopes');
    expect(text).not.toContain('manage.microsoft.com');
    expect(graph.requests.filter(({ method }) => method !== 'GET')).toHaveLength(1);
  });
});

describe("a 404 that is not Graph's own word on this partner", () => {
  const html = json(404, '<html>Nothing here</html>', { 'content-type': 'text/html' });
  const ofOther = json(404, intuneErrors.plainWithTail('NotFound', `No ${otherId}.`));

  it.each<[string, string, object, Answer]>([
    ['complianceManagementPartner', partnerQuery, { id }, html],
    ['updateComplianceManagementPartner', mutations.update, { input: update }, ofOther],
    ['addEnrollmentAssignment', mutations.assign, { input: assign }, html],
    ['deleteComplianceManagementPartner', mutations.delete, { input: { id } }, ofOther],
    ['complianceManagementPartner', partnerQuery, { id }, json(200, { ...partner, id: otherId })],
  ])('never reads as no partner: %s', async (name, query, variables, answer) => {
    const { gateway } = await scripted(answer);
    const { result } = await gateway.run(query, variables);
    expect(result).toMatchObject({ data: { [name]: null }, errors: badResponse });
  });

  it.each([
    ['HTML', html],
    ['another partner', ofOther],
  ])('leaves a delete in doubt after a reset, unless a look decides: %s', async (...row) => {
    const [, answer] = row;
    const doubtful = await scripted([reset, answer]);
    const { extensions } = await doubtful.gateway.run(mutations.delete, { input: { id } });
    expect(extensions).toMatchObject(unknown);
    const { gateway, graph } = await scripted([reset, answer, notFound]);
    const gone = { deletedComplianceManagementPartnerId: id, userErrors: [] };
    expect(await gateway.ask(mutations.delete, { input: { id } })).toMatchObject(gone);
    expect(graph.requests.map(({ method }) => method)).toEqual(['DELETE', 'DELETE', 'GET']);
  });
});

describe('an answer about another partner', () => {
  it('leaves an update in doubt with the id of the other', async () => {
    const { gateway } = await scripted(json(200, { ...partner, id: otherId }));
    const { extensions } = await gateway.run(mutations.update, { input: update });
    expect(extensions).toMatchObject({ ...unknown, answeredId: otherId });
  });

  const input = { id, displayName: 'Fleet', iosOnboarded: true, iosEnrollmentAssignments: [{}] };
  const sent = { displayName: 'Fleet', iosOnboarded: true, iosEnrollmentAssignments: [null] };
  async function addTo(body: object) {
    const { gateway, graph } = await scripted(
      byMethod({ POST: json(201, body), GET: json(200, { value: [] }) }),
    );
    const answer = await gateway.run(mutations.add, { input });
    expect(graph.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
    return answer;
  }

  it('is the new partner of an add, with a notice, when all else is as it was sent', async () => {
    const { root, result } = await addTo({ ...sent, id: otherId, partnerState: 'unknown' });
    expect(root).toMatchObject({
      complianceManagementPartner: { id: otherId, displayName: 'Fleet' },
      userErrors: [],
    });
    const path = ['addComplianceManagementPartner'];
    expect(result.extensions?.notices).toMatchObject([{ code: 'ID_ASSIGNED_BY_GRAPH', path }]);
  });

  it('leaves an add in doubt when the name differs too', async () => {
    const { root, extensions } = await addTo({ ...sent, displayName: 'Jamf', id: otherId });
    expect(root).toBeNull();
    expect(extensions).toMatchObject({ ...unknown, answeredId: otherId });
  });

  it('is about this one if only the case of the id differs', async () => {
    const body = { ...sent, id: id.toUpperCase() };
    const { gateway } = await scripted(json(200, body));
    await gateway.ask(partnerQuery, { id });
    const { result } = await addTo(body);
    expect(result).not.toHaveProperty('extensions');
  });
});

describe('the answer to a batch', () => {
  const query = `{ ${['a', 'b', 'c'].map((one) => `${one}: complianceManagementPartner(id: "${one}") { id }`).join(' ')} }`;
  const body = (id: string) => ({ body: { id } });
  const item = (index: number, more: object = {}) => {
    return { id: String(index), status: 200, ...body('abc'.charAt(index)), ...more };
  };
  const none = { status: 404, body: intuneErrors.jsonInString('ResourceNotFound', 'None') };
  const odd = { headers: { 'Cache-Control': 'no-cache' } };
  const all = { a: { id: 'a' }, b: { id: 'b' }, c: { id: 'c' } };
  const bad = (one: string) => ({ path: [one], extensions: { code: 'UPSTREAM_BAD_RESPONSE' } });

  it.each<[string, object[], object, object[]]>([
    [
      'with null, no or other headers',
      [item(0, { headers: null }), item(1), item(2, odd)],
      all,
      [],
    ],
    ['item by item when one is none', [item(0), item(1, none), item(2)], { ...all, b: null }, []],
    [
      'not for another partner',
      [item(0, body('b')), item(1, body('a')), item(2)],
      { ...all, a: null, b: null },
      [bad('a'), bad('b')],
    ],
  ])('is believed %s', async (_what, responses, data, errors) => {
    const { gateway } = await scripted(json(200, { responses }));
    const { result } = await gateway.run(query);
    expect([result.data, result.errors ?? []]).toMatchObject([data, errors]);
  });

  it('is followed by its links, in both spellings', async () => {
    const { gateway, graph } = await scripted([
      json(200, { responses: [item(2)], '@odata.nextLink': '/beta/$batch?$skiptoken=1' }),
      json(200, { responses: [item(0)], '@nextLink': '?$skiptoken=2' }),
      json(200, { responses: [item(1)] }),
    ]);
    expect((await gateway.run(query)).result).toEqual({ data: all });
    expect(graph.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /beta/$batch',
      'GET /beta/$batch?$skiptoken=1',
      'GET /beta/$batch?$skiptoken=2',
    ]);
  });

  it.each([
    ['https://evil.example/beta/$batch', 1],
    [`${path}?x`, 1],
    ['/beta/users', 1],
    ['?$skiptoken=1', 4],
  ])('is not followed to another place, or for ever: %s', async (link, calls) => {
    const responses = [item(0), item(1)];
    const { gateway, graph } = await scripted(json(200, { responses, '@odata.nextLink': link }));
    const { result } = await gateway.run(query);
    expect(result).toMatchObject({ data: { ...all, c: null }, errors: [bad('c')] });
    expect(graph.requests).toHaveLength(calls);
  });
});
