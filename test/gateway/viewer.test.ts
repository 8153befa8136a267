import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { useClosing } from '../support/closing.ts';
import { empty, type ScriptedServer } from '../support/scriptedServer.ts';
import { startScripted, type TestGateway } from '../support/testGateways.ts';

let graph: ScriptedServer;
let gateway: TestGateway;

const closeLater = useClosing(afterAll);
beforeAll(async () => {
  ({ graph, gateway } = await startScripted(closeLater, [empty(500)]));
});

const query = `{
  viewer {
    authMode isVerified kind tenantId clientId scopes roles expiresAt
    operations { name kind isPermitted missingPermission }
  }
}`;

const tokenOf = (claims: unknown): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

describe('the viewer', () => {
  it('is read from the token, without a call of Graph', async () => {
    const claims = {
      tid: '9b0f0f5e-0000-4000-8000-000000000001',
      appid: '9b0f0f5e-0000-4000-8000-000000000002',
      scp: 'DeviceManagementConfiguration.Read.All User.Read',
      exp: 1_800_000_000,
    };
    const authorization = `Bearer ${tokenOf(claims)}`;
    const { status, result } = await gateway.run(query, {}, { authorization });
    expect(status).toBe(200);
    expect(result.data?.['viewer']).toMatchObject({
      authMode: 'PASSTHROUGH',
      isVerified: false,
      kind: 'USER',
      tenantId: claims.tid,
      clientId: claims.appid,
      scopes: ['DeviceManagementConfiguration.Read.All', 'User.Read'],
      roles: [],
      expiresAt: '2027-01-15T08:00:00.000Z',
    });
    const viewer = result.data?.['viewer'] as { operations: readonly object[] } | undefined;
    expect(viewer?.operations).toContainEqual({
      name: 'complianceManagementPartners',
      kind: 'READ',
      isPermitted: true,
      missingPermission: null,
    });
    expect(viewer?.operations).toContainEqual({
      name: 'addComplianceManagementPartner',
      kind: 'WRITE',
      isPermitted: false,
      missingPermission: 'DeviceManagementServiceConfig.ReadWrite.All',
    });
    expect(graph.requests).toEqual([]);
  });

  it('says nothing of permissions where the token does not', async () => {
    const { result } = await gateway.run(query, {}, { authorization: 'Bearer opaque' });
    expect(result.data?.['viewer']).toMatchObject({ kind: null, tenantId: null, expiresAt: null });
    expect(JSON.stringify(result.data)).not.toMatch(/"isPermitted":(true|false)/);
  });

  it('is refused where no token came', async () => {
    const { status, result } = await gateway.run(query, {}, { authorization: '' });
    expect([status, result.errors?.[0]?.extensions['code']]).toEqual([401, 'UNAUTHENTICATED']);
  });
});
