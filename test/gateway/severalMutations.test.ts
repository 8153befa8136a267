import { describe, expect, it } from '@jest/globals';
import { intuneErrors } from '../support/intuneErrors.ts';
import { type Answer, empty, json, reset, silence } from '../support/scriptedServer.ts';
import { useStages } from '../support/stages.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const { scripted } = useStages();

const add = (alias: string, input = `displayName: "${alias}"`): string =>
  `${alias}: addComplianceManagementPartner(input: { ${input} }) {
    complianceManagementPartner { id }
    userErrors { code field }
  }`;
const remove = (alias: string): string =>
  `${alias}: deleteComplianceManagementPartner(input: { id: "${alias}" }) {
    deletedComplianceManagementPartnerId
    userErrors { code }
  }`;
const mutation = (...fields: string[]): string => `mutation { ${fields.join(' ')} }`;

const away: Answer = empty(503, { 'retry-after': '120' });
const refusedToken = json(401, intuneErrors.plainWithTail('InvalidAuthenticationToken', 'Old'));
const forbidden = json(403, intuneErrors.jsonInString('Forbidden', 'Not you'));
const added = { complianceManagementPartner: { id: 'one' }, userErrors: [] };

describe('several mutations in one operation', () => {
  it.each<[string, Answer, string]>([
    ['is throttled for a while', away, 'UPSTREAM_UNAVAILABLE'],
    ['comes with a token that is too old by then', refusedToken, 'UNAUTHENTICATED'],
    ['is left in doubt', reset, 'OUTCOME_UNKNOWN'],
  ])(
    'keep the first outcome, and its status and headers, if the second one %s',
    async (_what, answer, code) => {
      const { gateway } = await scripted([json(201, { id: 'one' }), answer]);
      const { status, headers, result } = await gateway.run(mutation(add('a'), add('b')));
      expect([status, result.data]).toEqual([200, { a: added, b: null }]);
      expect(result.errors).toMatchObject([{ path: ['b'], extensions: { code } }]);
      expect(headers).not.toHaveProperty('retry-after');
      expect(headers).not.toHaveProperty('www-authenticate');
    },
  );

  it('are executed in order beyond one that fails, or that has user errors', async () => {
    const { gateway, graph } = await scripted([empty(204), forbidden, empty(204)]);
    const bad = add('x', 'displayName: "A", id: "../users"');
    const query = mutation(remove('a'), bad, remove('b'), remove('c'));
    const { status, result } = await gateway.run(query);
    const gone = (id: string) => ({ deletedComplianceManagementPartnerId: id, userErrors: [] });
    const userErrors = [{ code: 'BAD_USER_INPUT', field: ['input', 'id'] }];
    const x = { complianceManagementPartner: null, userErrors };
    expect([status, result.data]).toEqual([200, { a: gone('a'), x, b: null, c: gone('c') }]);
    expect(result.errors).toMatchObject([{ path: ['b'], extensions: { code: 'FORBIDDEN' } }]);
    const calls = graph.requests.map(({ method, url }) => `${method} ${url.at(-1)}`);
    expect(calls).toEqual(['DELETE a', 'DELETE b', 'DELETE c']);
  });

  it('have an error each if all of them fail', async () => {
    const { gateway, graph } = await scripted([away, reset, json(200, { value: [] })]);
    const query = mutation('__typename', add('a'), add('b'));
    const { status, headers, result } = await gateway.run(query);
    expect(result.data).toEqual({ __typename: 'Mutation', a: null, b: null });
    expect(result.errors).toMatchObject([
      { path: ['a'], extensions: { code: 'UPSTREAM_UNAVAILABLE', retryAfterSeconds: 120 } },
      { path: ['b'], extensions: { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true } },
    ]);
    expect([status, headers['retry-after']]).toEqual([200, undefined]);
    expect(graph.requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
  });

  it('challenge the caller only if its token is rejected for all of them', async () => {
    const { gateway } = await scripted([refusedToken, refusedToken, refusedToken, reset]);
    const challenged = await gateway.run(mutation(add('a'), add('b')));
    expect(challenged.status).toBe(200);
    expect(challenged.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    const inDoubt = await gateway.run(mutation(add('a'), add('b')));
    expect(inDoubt.codes).toEqual(['UNAUTHENTICATED', 'OUTCOME_UNKNOWN']);
    expect(inDoubt.headers).not.toHaveProperty('www-authenticate');
  });

  it('share their time, and send nothing once it is up', async () => {
    const clock = createVirtualClock();
    const { graph, gateway } = await scripted(silence, {}, { clock });
    const query = mutation(add('a'), add('b'), remove('c'));
    const answering = gateway.run(query, {}, { prefer: 'wait=0.3' });
    await until(() => graph.requests.length === 1);
    await clock.advance(300);
    const { result, codes } = await answering;
    expect(result.data).toEqual({ a: null, b: null, c: null });
    expect(codes).toEqual(['OUTCOME_UNKNOWN', 'UPSTREAM_TIMEOUT', 'UPSTREAM_TIMEOUT']);
    const writes = graph.requests.filter(({ method }) => method !== 'GET');
    expect(writes.map(({ method }) => method)).toEqual(['POST']);
  });
});
