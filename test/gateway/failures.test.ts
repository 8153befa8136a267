import { expect, it } from '@jest/globals';
import { addMutation } from '../support/documents.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import { type Answer, empty, json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';

const { scripted } = useStages();
const { jsonInString, plainWithTail, modelValidation } = intuneErrors;

const claims = `Bearer error="insufficient_claims", claims="${Buffer.from('{"a":1}').toString('base64')}"`;
const requiredScopes = ['ServiceConfig', 'Configuration'].map(
  (name) => `DeviceManagement${name}.ReadWrite.All`,
);
const graph = { status: 401, code: 'InvalidAuthenticationToken', requestId: 'graph-request-id' };
const expired = json(401, plainWithTail(graph.code, 'Expired'));
const challenge = json(401, {}, { 'www-authenticate': claims });
const unlicensed = json(
  400,
  jsonInString('BadRequest', 'Request not applicable to target tenant.'),
);
const unknownProperty = (place: string) =>
  `The property 'windowsOnboarded' does not exist on type 'microsoft.${place}.complianceManagementPartner'.`;
const badInput = json(400, modelValidation(unknownProperty('management.services.api')));
const conflict = json(409, plainWithTail('Conflict', 'It is there.'));
const field = ['input', 'windowsOnboarded'];
const refused = { code: 'BAD_USER_INPUT', message: unknownProperty('graph'), field };
const asError = (extensions: object) => ({
  data: { addComplianceManagementPartner: null },
  errors: [{ extensions }],
});
const asData = (userError: object) => ({
  data: {
    addComplianceManagementPartner: { complianceManagementPartner: null, userErrors: [userError] },
  },
});
const inDoubt = { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true, graph: { status: 500 } };

it.each<[string, Answer, object]>([
  ['401', expired, asError({ code: 'UNAUTHENTICATED', graph })],
  ['a claims challenge', challenge, asError({ code: 'UNAUTHENTICATED', claims: '{"a":1}' })],
  [
    '403',
    json(403, jsonInString('Forbidden', 'No')),
    asError({ code: 'FORBIDDEN', requiredScopes }),
  ],
  ['a tenant without Intune', unlicensed, asError({ code: 'TENANT_NOT_LICENSED' })],
  ['500', empty(500), asError(inDoubt)],
  ['a rejected input, at its field', badInput, asData(refused)],
  ['a conflict', conflict, asData({ code: 'CONFLICT', message: 'It is there.', field: null })],
])('reports an add that meets %s, as a 200', async (_what, answer, report) => {
  const { gateway, graph } = await scripted([answer, json(200, { value: [] })]);
  const input = { displayName: 'Fleet', windowsOnboarded: true };
  const { status, result } = await gateway.run(addMutation, { input });
  expect(status).toBe(200);
  expect(result).toMatchObject(report);
  expect(graph.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
});

it('keeps 200 if a part of the operation succeeded', async () => {
  const headers = { 'Content-Type': 'application/json' };
  const failed = (id: string) => ({ id, status: 500, headers, body: {} });
  const found = { id: '0', status: 200, headers, body: { id: 'a' } };
  const { gateway } = await scripted([
    json(200, { responses: [failed('1'), found] }),
    // Only what failed is asked for again.
    json(200, { responses: [failed('0')] }),
  ]);
  const one = (id: string) => `${id}: complianceManagementPartner(id: "${id}") { id }`;
  const { status, result } = await gateway.run(`{ ${one('a')} ${one('b')} }`);
  // An item that names no request of its own is reported under the batch's.
  const ofBatch = { status: 500, requestId: 'graph-request-id', date: expect.any(String) };
  expect(status).toBe(200);
  expect(result).toMatchObject({
    data: { a: { id: 'a' }, b: null },
    errors: [{ path: ['b'], extensions: { code: 'UPSTREAM_UNAVAILABLE', graph: ofBatch } }],
  });
});
