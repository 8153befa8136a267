import { describe, expect, it } from '@jest/globals';
import { useClosing } from '../support/closing.ts';
import { intuneErrors } from '../support/intuneErrors.ts';
import {
  type Answer,
  empty,
  json,
  reset,
  type ScriptedServer,
  silence,
} from '../support/scriptedServer.ts';
import { startScripted, type TestGateway } from '../support/testGateways.ts';
import { until } from '../support/until.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const closeLater = useClosing();

async function start(
  ...script: Answer[]
): Promise<{ gateway: TestGateway; graph: ScriptedServer }> {
  return startScripted(closeLater, [...script]);
}

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

const added = (id: string): Answer => json(201, { id });
const payload = (id: string) => ({ complianceManagementPartner: { id }, userErrors: [] });
const away = (seconds: number): Answer => empty(503, { 'retry-after': String(seconds) });
const refusedToken = json(401, intuneErrors.plainWithTail('InvalidAuthenticationToken', 'Old'));
const forbidden = json(403, intuneErrors.jsonInString('Forbidden', 'Not you'));

describe('several mutations in one operation', () => {
  it.each<[string, Answer, string]>([
    ['is throttled for a while', away(120), 'UPSTREAM_UNAVAILABLE'],
    ['comes with a token that is too old by then', refusedToken, 'UNAUTHENTICATED'],
    ['is left in doubt', reset, 'OUTCOME_UNKNOWN'],
  ])(
    'give what the first one added, and no advice to come back, where the second one %s',
    async (_what, answer, code) => {
      const { gateway } = await start(added('one'), answer);
      const { status, headers, result } = await gateway.run(mutation(add('a'), add('b')));
      expect(result.data).toEqual({ a: payload('one'), b: null });
      expect(result.errors).toMatchObject([{ path: ['b'], extensions: { code } }]);
      expect(status).toBe(200);
      expect(headers).not.toHaveProperty('retry-after');
      expect(headers).not.toHaveProperty('www-authenticate');
    },
  );

  it('are executed beyond one that fails', async () => {
    const { gateway, graph } = await start(empty(204), forbidden, empty(204));
    const { status, result } = await gateway.run(mutation(remove('a'), remove('b'), remove('c')));
    const gone = (id: string) => ({ deletedComplianceManagementPartnerId: id, userErrors: [] });
    expect(result.data).toEqual({ a: gone('a'), b: null, c: gone('c') });
    expect(result.errors).toMatchObject([{ path: ['b'], extensions: { code: 'FORBIDDEN' } }]);
    expect(status).toBe(200);
    expect(graph.requests.map(({ method, url }) => `${method} ${url.at(-1)}`)).toEqual([
      'DELETE a',
      'DELETE b',
      'DELETE c',
    ]);
  });

  it('count errors that the user can fix as an answer', async () => {
    const { gateway } = await start(away(120));
    const { status, result } = await gateway.run(
      mutation(add('a', 'displayName: "A", id: "../users"'), add('b')),
    );
    expect(result.data).toEqual({
      a: {
        complianceManagementPartner: null,
        userErrors: [{ code: 'BAD_USER_INPUT', field: ['input', 'id'] }],
      },
      b: null,
    });
    expect(status).toBe(200);
  });

  it('are each told in their own error if all of them fail', async () => {
    const nobody = json(200, { value: [] });
    const { gateway, graph } = await start(away(120), reset, nobody);
    const { status, headers, result } = await gateway.run(
      mutation('__typename', add('a'), add('b')),
    );
    expect(result.data).toEqual({ __typename: 'Mutation', a: null, b: null });
    expect(result.errors).toMatchObject([
      { path: ['a'], extensions: { code: 'UPSTREAM_UNAVAILABLE', retryAfterSeconds: 120 } },
      { path: ['b'], extensions: { code: 'OUTCOME_UNKNOWN', mayHaveBeenApplied: true } },
    ]);
    expect([status, headers['retry-after']]).toEqual([200, undefined]);
    expect(graph.requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
  });

  it('challenge the caller only if its token is rejected for all of them', async () => {
    const { gateway } = await start(refusedToken, refusedToken, refusedToken, reset);
    const challenged = await gateway.run(mutation(add('a'), add('b')));
    expect(challenged.status).toBe(200);
    expect(challenged.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    const inDoubt = await gateway.run(mutation(add('a'), add('b')));
    expect(inDoubt.result.errors).toMatchObject([
      { extensions: { code: 'UNAUTHENTICATED' } },
      { extensions: { code: 'OUTCOME_UNKNOWN' } },
    ]);
    expect(inDoubt.headers).not.toHaveProperty('www-authenticate');
  });

  it('share their time, and send nothing once it is up', async () => {
    const clock = createVirtualClock();
    const { graph, gateway } = await startScripted(closeLater, [silence], {}, { clock });
    const answering = gateway.run(
      mutation(add('a'), add('b'), remove('c')),
      {},
      { prefer: 'wait=0.3' },
    );
    await until(() => graph.requests.length === 1);
    await clock.advance(300);
    const { result } = await answering;
    expect(result.data).toEqual({ a: null, b: null, c: null });
    expect(result.errors?.map(({ extensions }) => extensions['code'])).toEqual([
      'OUTCOME_UNKNOWN',
      'UPSTREAM_TIMEOUT',
      'UPSTREAM_TIMEOUT',
    ]);
    const writes = graph.requests.filter(({ method }) => method !== 'GET');
    expect(writes.map(({ method }) => method)).toEqual(['POST']);
  });
});
