import { describe, expect, it } from '@jest/globals';
import { useClosing } from '../support/closing.ts';
import { addMutation, listQuery, partnerQuery } from '../support/documents.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import {
  type Answer,
  empty,
  hangUp,
  json,
  reset,
  type ScriptedServer,
  silence,
} from '../support/scriptedServer.ts';
import { startScripted, type TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts';

const closeLater = useClosing();

const start = (script: Answer[], clock?: VirtualClock) =>
  startScripted(closeLater, script, {}, clock === undefined ? {} : { clock });

const add = (gateway: TestGateway, headers: Record<string, string> = {}) =>
  gateway.run(addMutation, { input: { displayName: 'Fleet', windowsOnboarded: true } }, headers);
const posts = ({ requests }: ScriptedServer) =>
  requests.filter(({ method }) => method === 'POST').length;
const get = (gateway: TestGateway) => gateway.run(partnerQuery, { id: 'abc' });
const list = (gateway: TestGateway) => gateway.run(listQuery);

describe("Graph's failures", () => {
  it.each<[string, Answer, object]>([
    [
      '401',
      json(401, intuneErrors.plainWithTail('InvalidAuthenticationToken', 'Expired')),
      {
        code: 'UNAUTHENTICATED',
        graph: { status: 401, code: 'InvalidAuthenticationToken', requestId: 'graph-request-id' },
      },
    ],
    [
      'a claims challenge',
      json(
        401,
        {},
        {
          'www-authenticate': `Bearer error="insufficient_claims", claims="${Buffer.from('{"a":1}').toString('base64')}"`,
        },
      ),
      { code: 'UNAUTHENTICATED', claims: '{"a":1}' },
    ],
    [
      '403',
      json(403, intuneErrors.jsonInString('Forbidden', 'Not you')),
      {
        code: 'FORBIDDEN',
        requiredScopes: [
          'DeviceManagementServiceConfig.ReadWrite.All',
          'DeviceManagementConfiguration.ReadWrite.All',
        ],
      },
    ],
    [
      '401 that means a missing role',
      json(401, intuneErrors.jsonInStringTwice('Forbidden', 'Not you')),
      { code: 'FORBIDDEN' },
    ],
    [
      'a tenant without Intune',
      json(
        400,
        intuneErrors.jsonInString('BadRequest', 'Request not applicable to target tenant.'),
      ),
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
    ['a missing route', json(400, intuneErrors.noRoute()), { code: 'UPSTREAM_BAD_RESPONSE' }],
    [
      'a redirect',
      empty(302, { location: 'https://evil.example' }),
      { code: 'UPSTREAM_BAD_RESPONSE' },
    ],
    [
      '500',
      empty(500),
      { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true, graph: { status: 500 } },
    ],
    ['502', empty(502), { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true }],
    ['504', empty(504), { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true }],
    [
      'an answer that is no partner',
      json(201, { value: [] }),
      { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true },
    ],
    ['a reset', reset, { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true }],
    ['a connection that closes', hangUp, { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true }],
  ])(
    'reports an add that meets %s in code and extensions, as a 200',
    async (_what, answer, extensions) => {
      const nobody = json(200, { value: [] });
      const { gateway, graph } = await start([answer, nobody], createVirtualClock());
      // In no time for a wait: what is repeated is tested elsewhere.
      const answered = await add(gateway, { prefer: 'wait=1' });
      expect(answered.status).toBe(200);
      expect(answered.headers).not.toHaveProperty('retry-after');
      expect(answered.result.data).toEqual({ addComplianceManagementPartner: null });
      expect(answered.result.errors).toHaveLength(1);
      expect(answered.result.errors?.[0]?.extensions).toMatchObject(extensions);
      expect(posts(graph)).toBe(1);
    },
  );

  it.each<[string, Answer, string]>([
    ['500', empty(500), 'UPSTREAM_UNAVAILABLE'],
    ['504', empty(504), 'UPSTREAM_TIMEOUT'],
    ['a reset', reset, 'UPSTREAM_UNAVAILABLE'],
    ['HTML', json(200, '<html>', { 'content-type': 'text/html' }), 'UPSTREAM_BAD_RESPONSE'],
    ['404 for the collection', json(404, {}), 'UPSTREAM_BAD_RESPONSE'],
  ])(
    'reports a list that meets %s as a 200 in which nothing was written',
    async (_what, answer, code) => {
      const { gateway } = await start([answer]);
      const answered = await list(gateway);
      expect(answered.status).toBe(200);
      expect(answered.result.errors?.[0]?.extensions['code']).toBe(code);
      expect(answered.result.errors?.[0]?.extensions).not.toHaveProperty('mayHaveBeenApplied');
    },
  );

  it('gives null, and no error, for a partner that Graph does not have', async () => {
    const { gateway } = await start([
      json(404, intuneErrors.jsonInString('ResourceNotFound', 'None')),
    ]);
    const { status, result } = await get(gateway);
    expect([status, result]).toEqual([200, { data: { complianceManagementPartner: null } }]);
  });

  it("gives Graph's own refusal of the input as data, at the field that it names", async () => {
    const refusal = intuneErrors.modelValidation(
      "The property 'windowsOnboarded' does not exist on type 'microsoft.management.services.api.complianceManagementPartner'.",
    );
    const { gateway } = await start([json(400, refusal)]);
    const { status, result } = await add(gateway);
    expect(status).toBe(200);
    expect(result.data?.['addComplianceManagementPartner']).toEqual({
      complianceManagementPartner: null,
      userErrors: [
        {
          code: 'BAD_USER_INPUT',
          message:
            "The property 'windowsOnboarded' does not exist on type 'microsoft.graph.complianceManagementPartner'.",
          field: ['input', 'windowsOnboarded'],
        },
      ],
    });
  });

  it('gives a conflict as data', async () => {
    const { gateway } = await start([
      json(409, intuneErrors.plainWithTail('Conflict', 'It is there.')),
    ]);
    const { result } = await add(gateway);
    expect(result.data?.['addComplianceManagementPartner']).toMatchObject({
      userErrors: [{ code: 'CONFLICT', message: 'It is there.', field: null }],
    });
  });

  it('ends an operation when its time is up', async () => {
    const clock = createVirtualClock();
    const { gateway, graph } = await start([silence], clock);
    const answers = Promise.all([list(gateway), add(gateway)]);
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
    expect(read.result.errors?.[0]?.extensions['code']).toBe('UPSTREAM_TIMEOUT');
    expect(read.status).toBe(200);
    expect(write.result.errors?.[0]?.extensions['code']).toBe('OUTCOME_UNKNOWN');
    expect(posts(graph)).toBe(1);
  });

  it('asks three times at the most where Graph is throttled, and then says for how long at least', async () => {
    const { gateway, graph } = await start([json(429, {})]);
    const { status, headers, result } = await add(gateway);
    expect([status, headers['retry-after']]).toEqual([200, undefined]);
    expect(result.errors?.[0]?.extensions).toMatchObject({
      code: 'THROTTLED',
      retryAfterSeconds: 1,
    });
    expect(posts(graph)).toBe(3);
  });

  it('tells an add that Graph cannot be reached, and that nothing was written', async () => {
    const { gateway, graph } = await start([silence]);
    await graph.close();
    const { status, result } = await add(gateway);
    expect(result.errors?.[0]?.extensions).toEqual({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(status).toBe(200);
  });

  it('keeps 200 where a part of the operation succeeded', async () => {
    const headers = { 'Content-Type': 'application/json' };
    const { gateway } = await start([
      json(200, {
        responses: [
          { id: '1', status: 500, headers, body: {} },
          { id: '0', status: 200, headers, body: { id: 'a' } },
        ],
      }),
      // Only what failed is asked for again.
      json(200, { responses: [{ id: '0', status: 500, headers, body: {} }] }),
    ]);
    const query =
      '{ a: complianceManagementPartner(id: "a") { id } b: complianceManagementPartner(id: "b") { id } }';
    const { status, result } = await gateway.run(query);
    expect(status).toBe(200);
    expect(result.data).toEqual({ a: { id: 'a' }, b: null });
    expect(result.errors).toMatchObject([
      { path: ['b'], extensions: { code: 'UPSTREAM_UNAVAILABLE' } },
    ]);
  });

  it.each<[string, Answer, string, string]>([
    [
      'the list',
      empty(403),
      '{ viewer { authMode } failed: complianceManagementPartners { nodes { id } } }',
      'FORBIDDEN',
    ],
    [
      'the arguments of the list',
      empty(500),
      '{ viewer { authMode } failed: complianceManagementPartners(first: -1) { nodes { id } } }',
      'BAD_USER_INPUT',
    ],
    [
      'a partner',
      empty(503),
      '{ viewer { authMode } failed: complianceManagementPartner(id: "a") { id } }',
      'UPSTREAM_UNAVAILABLE',
    ],
  ])('leaves the other fields of a query when %s fails', async (_what, answer, query, code) => {
    const { gateway } = await start([answer]);
    const { status, result } = await gateway.run(query);
    expect(result.data).toEqual({ viewer: { authMode: 'PASSTHROUGH' }, failed: null });
    expect(result.errors).toMatchObject([{ path: ['failed'], extensions: { code } }]);
    expect(status).toBe(200);
  });

  it('lets no token, host or support tail out, in answers and in logs', async () => {
    const secret = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJwbGFudGVkIn0.c2VjcmV0';
    const script = [400, 403, 409, 500].map((status) =>
      json(
        status,
        intuneErrors.jsonInStringTwice(
          'BadRequest',
          `Token Bearer ${secret} at https://fef.msua02.manage.microsoft.com/x`,
        ),
      ),
    );
    const { gateway } = await start(script);
    const texts: string[] = [];
    for (const _answer of script) {
      const input = { displayName: 'Planted name' };
      const { text } = await gateway.run(
        addMutation,
        { input },
        { authorization: `Bearer ${secret}` },
      );
      texts.push(text);
    }
    const seen = `${texts.join()}${gateway.logLines.join()}`;
    for (const leak of [secret, 'manage.microsoft.com', 'Activity ID', 'Planted name']) {
      expect(seen).not.toContain(leak);
    }
    expect(gateway.logLines.length).toBeGreaterThan(8);
  });
});
