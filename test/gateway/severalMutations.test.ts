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
const both = mutation(add('a'), add('b'));

const away: Answer = empty(503, { 'retry-after': '120' });
const refusedToken = json(401, intuneErrors.plainWithTail('InvalidAuthenticationToken', 'Old'));
const forbidden = json(403, intuneErrors.jsonInString('Forbidden', 'Not you'));
const created = json(201, { id: 'one' });
const added = { complianceManagementPartner: { id: 'one' }, userErrors: [] };

describe('several mutations in one operation', () => {
  it.each<[string, Answer[], string]>([
    ['one is throttled for a while', [created, away], 'UPSTREAM_UNAVAILABLE'],
    ['one has a token that is too old', [created, refusedToken], 'UNAUTHENTICATED'],
    ['one is left in doubt', [created, reset], 'OUTCOME_UNKNOWN'],
    ['one is rejected, one in doubt', [refusedToken, reset], 'UNAUTHENTICATED OUTCOME_UNKNOWN'],
    ['the token is rejected', [refusedToken], 'UNAUTHENTICATED UNAUTHENTICATED'],
  ])('keep 200, and challenge only for all of them, if %s', async (_what, script, codes) => {
    const { gateway } = await scripted(script);
    const answer = await gateway.run(both);
    const a = script[0] === created ? added : null;
    expect([answer.status, answer.result.data]).toEqual([200, { a, b: null }]);
    expect(answer.codes.join(' ')).toBe(codes);
    expect(answer.result.errors?.at(-1)?.path).toEqual(['b']);
    const challenge = script.length === 1 ? 'Bearer error="invalid_token"' : undefined;
    expect(answer.headers['www-authenticate']).toBe(challenge);
    expect(answer.headers).not.toHaveProperty('retry-after');
  });

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

  it('have an error each, with what it says, if all of them fail', async () => {
    const { gateway, graph } = await scripted([away, reset, json(200, { value: [] })]);
    const { result } = await gateway.run(mutation('__typename', add('a'), add('b')));
    expect(result).toMatchObject({
      data: { __typename: 'Mutation', a: null, b: null },
      errors: [
        { path: ['a'], extensions: { code: 'UPSTREAM_UNAVAILABLE', retryAfterSeconds: 120 } },
        { path: ['b'], extensions: { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true } },
      ],
    });
    expect(graph.requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
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
