import { describe, expect, it } from '@jest/globals';
import { addMutation, listQuery, partnerQuery } from '../support/documents.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import { type Answer, empty, hangUp, json, reset, silence } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
import type { TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const { scripted } = useStages();
const { jsonInString, jsonInStringTwice, plainWithTail } = intuneErrors;

const add = (gateway: TestGateway, headers: Record<string, string> = {}) =>
  gateway.run(addMutation, { input: { displayName: 'Fleet', windowsOnboarded: true } }, headers);
const posts = ({ requests }: { requests: readonly { method: string }[] }) =>
  requests.filter(({ method }) => method === 'POST').length;
const inDoubt = { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true };
const badResponse = { code: 'UPSTREAM_BAD_RESPONSE' };
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
    ['401 for a role', json(401, jsonInStringTwice('Forbidden', 'No')), { code: 'FORBIDDEN' }],
    [
      'a tenant without Intune',
      json(400, jsonInString('BadRequest', notApplicable)),
      { code: 'TENANT_NOT_LICENSED' },
    ],
    [
      '429 with seconds',
      json(429, {}, { 'retry-after': '2.128' }),
      { code: 'THROTTLED', retryAfterSeconds: 3 },
    ],
    [
      '503 with Retry-After',
      empty(503, { 'retry-after': '7' }),
      { code: 'UPSTREAM_UNAVAILABLE', retryAfterSeconds: 7 },
    ],
    ['a missing route', json(400, intuneErrors.noRoute()), badResponse],
    ['a redirect', empty(302, { location: 'https://evil.example' }), badResponse],
    ['500', empty(500), { ...inDoubt, graph: { status: 500 } }],
    ['502', empty(502), inDoubt],
    ['504', empty(504), inDoubt],
    ['an answer that is no partner', json(201, { value: [] }), inDoubt],
    ['a reset', reset, inDoubt],
    ['a connection that closes', hangUp, inDoubt],
  ])('report an add that meets %s in code and extensions, as a 200', async (...row) => {
    const [, answer, extensions] = row;
    const script = [answer, json(200, { value: [] })];
    const { gateway, graph } = await scripted(script, {}, { clock: createVirtualClock() });
    // In no time for a wait: what is repeated is tested elsewhere.
    const { status, headers, result } = await add(gateway, { prefer: 'wait=1' });
    expect(status).toBe(200);
    expect(headers).not.toHaveProperty('retry-after');
    expect(result).toMatchObject({
      data: { addComplianceManagementPartner: null },
      errors: [{ extensions }],
    });
    expect(posts(graph)).toBe(1);
  });

  it.each<[string, Answer, string]>([
    ['500', empty(500), 'UPSTREAM_UNAVAILABLE'],
    ['504', empty(504), 'UPSTREAM_TIMEOUT'],
    ['a reset', reset, 'UPSTREAM_UNAVAILABLE'],
    ['HTML', json(200, '<html>', { 'content-type': 'text/html' }), 'UPSTREAM_BAD_RESPONSE'],
    ['404 for the collection', json(404, {}), 'UPSTREAM_BAD_RESPONSE'],
  ])('report a list that meets %s as a 200 in which nothing was written', async (...row) => {
    const [, answer, code] = row;
    const { gateway } = await scripted(answer);
    const { status, codes, extensions } = await gateway.run(listQuery);
    expect([status, codes]).toEqual([200, [code]]);
    expect(extensions).not.toHaveProperty('mayHaveBeenApplied');
  });

  it('are none where Graph does not have a partner, which is null', async () => {
    const { gateway } = await scripted(json(404, jsonInString('ResourceNotFound', 'None')));
    const { status, result } = await gateway.run(partnerQuery, { id: 'abc' });
    expect([status, result]).toEqual([200, { data: { complianceManagementPartner: null } }]);
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

  it('end an operation when its time is up', async () => {
    const clock = createVirtualClock();
    const { gateway, graph } = await scripted(silence, {}, { clock });
    const answers = Promise.all([gateway.run(listQuery), add(gateway)]);
    await until(() => graph.requests.length === 2);
    let isOver = false;
    answers.finally(() => {
      isOver = true;
    });
    // Attempts end before the operation does, and what follows them is asked over sockets.
    await until(async () => {
      await clock.advance(500);
      return isOver;
    });
    const [read, write] = await answers;
    expect([read.status, read.codes]).toEqual([200, ['UPSTREAM_TIMEOUT']]);
    expect(write.codes).toEqual(['OUTCOME_UNKNOWN']);
    expect(posts(graph)).toBe(1);
  });

  it('are asked for three times at the most where Graph is throttled, and then say for how long at least', async () => {
    const { gateway, graph } = await scripted(json(429, {}));
    const { status, headers, extensions } = await add(gateway);
    expect([status, headers['retry-after']]).toEqual([200, undefined]);
    expect(extensions).toMatchObject({ code: 'THROTTLED', retryAfterSeconds: 1 });
    expect(posts(graph)).toBe(3);
  });

  it('are no doubt about an add where Graph cannot be reached', async () => {
    const { gateway, graph } = await scripted(silence);
    await graph.close();
    const { status, extensions } = await add(gateway);
    expect([status, extensions]).toEqual([200, { code: 'UPSTREAM_UNAVAILABLE' }]);
  });

  it('keep 200 where a part of the operation succeeded', async () => {
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

  it.each<[string, number, string]>([
    ['complianceManagementPartners { nodes { id } }', 403, 'FORBIDDEN'],
    ['complianceManagementPartners(first: -1) { nodes { id } }', 500, 'BAD_USER_INPUT'],
    ['complianceManagementPartner(id: "a") { id }', 503, 'UPSTREAM_UNAVAILABLE'],
  ])('leave the other fields of a query: %s', async (field, answered, code) => {
    const { gateway } = await scripted(empty(answered));
    const { status, result } = await gateway.run(`{ viewer { authMode } failed: ${field} }`);
    expect(result.data).toEqual({ viewer: { authMode: 'PASSTHROUGH' }, failed: null });
    expect(result.errors).toMatchObject([{ path: ['failed'], extensions: { code } }]);
    expect(status).toBe(200);
  });
});
