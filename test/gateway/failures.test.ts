import { describe, expect, it } from '@jest/globals';
import { addMutation } from '../support/documents.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import { type Answer, empty, json } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
import type { TestGateway } from '../support/testGateways.ts';

const { scripted } = useStages();
const { jsonInString, plainWithTail } = intuneErrors;

const add = (gateway: TestGateway) =>
  gateway.run(addMutation, { input: { displayName: 'Fleet', windowsOnboarded: true } });
const inDoubt = { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true };
const notApplicable = 'Request not applicable to target tenant.';
const insufficient = `Bearer error="insufficient_claims", claims="${Buffer.from('{"a":1}').toString('base64')}"`;
const requiredScopes = [
  'DeviceManagementServiceConfig.ReadWrite.All',
  'DeviceManagementConfiguration.ReadWrite.All',
];
const oldToken = { status: 401, code: 'InvalidAuthenticationToken', requestId: 'graph-request-id' };

describe("Graph's failures", () => {
  it.each<[string, Answer, object]>([
    [
      '401',
      json(401, plainWithTail(oldToken.code, 'Expired')),
      { code: 'UNAUTHENTICATED', graph: oldToken },
    ],
    [
      'a claims challenge',
      json(401, {}, { 'www-authenticate': insufficient }),
      { code: 'UNAUTHENTICATED', claims: '{"a":1}' },
    ],
    ['403', json(403, jsonInString('Forbidden', 'No')), { code: 'FORBIDDEN', requiredScopes }],
    [
      'a tenant without Intune',
      json(400, jsonInString('BadRequest', notApplicable)),
      { code: 'TENANT_NOT_LICENSED' },
    ],
    ['500', empty(500), { ...inDoubt, graph: { status: 500 } }],
  ])('report an add that meets %s in code and extensions, as a 200', async (...row) => {
    const [, answer, extensions] = row;
    const { gateway, graph } = await scripted([answer, json(200, { value: [] })]);
    const { status, result } = await add(gateway);
    expect(status).toBe(200);
    expect(result).toMatchObject({
      data: { addComplianceManagementPartner: null },
      errors: [{ extensions }],
    });
    expect(graph.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it.each<[string, Answer, object]>([
    [
      'a refusal of the input, at the field that it names',
      json(
        400,
        intuneErrors.modelValidation(
          "The property 'windowsOnboarded' does not exist on type 'microsoft.management.services.api.complianceManagementPartner'.",
        ),
      ),
      {
        code: 'BAD_USER_INPUT',
        message:
          "The property 'windowsOnboarded' does not exist on type 'microsoft.graph.complianceManagementPartner'.",
        field: ['input', 'windowsOnboarded'],
      },
    ],
    [
      'a conflict',
      json(409, plainWithTail('Conflict', 'It is there.')),
      { code: 'CONFLICT', message: 'It is there.', field: null },
    ],
  ])('are data: %s', async (_what, answer, userError) => {
    const { gateway } = await scripted(answer);
    const { status, root } = await add(gateway);
    const payload = { complianceManagementPartner: null, userErrors: [userError] };
    expect([status, root]).toEqual([200, payload]);
  });

  it('keep 200 if a part of the operation succeeded', async () => {
    const headers = { 'Content-Type': 'application/json' };
    const { gateway } = await scripted([
      json(200, {
        responses: [
          { id: '1', status: 500, headers, body: {} },
          { id: '0', status: 200, headers, body: { id: 'a' } },
        ],
      }),
      // Only what failed is asked for again.
      json(200, { responses: [{ id: '0', status: 500, headers, body: {} }] }),
    ]);
    const one = (id: string) => `${id}: complianceManagementPartner(id: "${id}") { id }`;
    const { status, result } = await gateway.run(`{ ${one('a')} ${one('b')} }`);
    expect(status).toBe(200);
    expect(result).toMatchObject({
      data: { a: { id: 'a' }, b: null },
      errors: [{ path: ['b'], extensions: { code: 'UPSTREAM_UNAVAILABLE' } }],
    });
  });
});
