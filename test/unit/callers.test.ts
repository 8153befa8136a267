import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { requiredScopesOf } from '../../src/graph/request.ts';
import { shareUntilEnd } from '../../src/graphql/context.ts';
import { readSdl } from '../../src/graphql/schema.ts';
import { IdentityError } from '../../src/identity/errors.ts';
import { authorize, readViewer, requireToken } from '../../src/partners/caller.ts';
import type { RequestContext } from '../../src/partners/context.ts';
import { Secret } from '../../src/shared/secret.ts';
import { testCall } from '../support/graphClients.ts';

const usual = { READ: ['Read', 'ReadWrite'], WRITE: ['ReadWrite'] };
/** A gateway whose authorizer answers like this. */
const known = (identify: () => Promise<unknown>, permissions: object = usual) =>
  ({
    authorizer: { permissions, identify, authorize: identify },
    call: testCall(),
    authMode: 'OBO',
  }) as unknown as RequestContext;
/** A gateway where Graph alone decides. */
const unknown = (token?: string) =>
  ({
    authorizer: undefined,
    call: testCall({ callerToken: token === undefined ? undefined : new Secret(token) }),
    authMode: 'PASSTHROUGH',
  }) as unknown as RequestContext;

describe('a caller', () => {
  it.each([
    ['token-expired', 'UNAUTHENTICATED', {}],
    ['tenant-not-allowed', 'FORBIDDEN', {}],
    ['permission-missing', 'FORBIDDEN', { requiredScopes: ['ReadWrite'] }],
    ['roles-missing', 'FORBIDDEN', { requiredScopes: ['ReadWrite'] }],
    ['keys-unavailable', 'UPSTREAM_UNAVAILABLE', {}],
  ] as const)('that is rejected with %s gets %s', async (reason, code, more) => {
    const cause = new IdentityError(reason);
    const context = known(() => Promise.reject(cause));
    const error = await authorize(context, 'WRITE').catch((given: unknown) => given);
    expect(error).toMatchObject({ message: cause.message, cause });
    expect(error).toHaveProperty('extensions', { code, reason, ...more });
  });

  it('learns what its reads need, and nothing of a fault of the gateway', async () => {
    const lacking = known(() => Promise.reject(new IdentityError('roles-missing')));
    const extensions = { requiredScopes: ['Read', 'ReadWrite'] };
    await expect(requireToken(lacking)).rejects.toMatchObject({ extensions });
    await expect(readViewer(lacking)).rejects.toMatchObject({ extensions });
    const fault = new TypeError('A fault of the gateway');
    await expect(requireToken(known(() => Promise.reject(fault)))).rejects.toBe(fault);
  });

  it('needs a token if Graph alone decides', async () => {
    await expect(requireToken(unknown())).rejects.toMatchObject({
      message: 'Send a token for Microsoft Graph in the header "Authorization: Bearer …".',
      extensions: { code: 'UNAUTHENTICATED' },
    });
    await expect(requireToken(unknown('a'))).resolves.toBeUndefined();
    await expect(authorize(unknown(), 'WRITE')).resolves.toBeUndefined();
  });
});

describe('the viewer', () => {
  const permits = { isPermitted: true, missingPermission: null };
  const lacks = (missingPermission: string) => ({ isPermitted: false, missingPermission });
  const untold = { isPermitted: null, missingPermission: null };
  const both = { scopes: ['Read'], roles: ['ReadWrite'] };
  const none = { READ: [], WRITE: [] };

  it.each<[object, string | null, object, object, object]>([
    [{ scopes: ['Read'] }, 'USER', permits, lacks('ReadWrite'), usual],
    [{ scopes: ['ReadWrite'] }, 'USER', permits, permits, usual],
    [{ scopes: ['readwrite'] }, 'USER', lacks('Read'), lacks('ReadWrite'), usual],
    [{ roles: ['Read'] }, 'APPLICATION', permits, lacks('ReadWrite'), usual],
    // The roles of an application do not count for a user.
    [both, 'USER', permits, lacks('ReadWrite'), usual],
    [{}, null, untold, untold, usual],
    [{ scopes: ['Read'] }, 'USER', untold, untold, none],
  ])('shows the permissions of %j', async (caller, kind, read, write, permissions) => {
    const viewer = await readViewer(known(async () => caller, permissions));
    expect(viewer.kind).toBe(kind);
    for (const { kind, name: _name, ...permission } of viewer.operations) {
      expect(permission).toEqual(kind === 'READ' ? read : write);
    }
  });

  it('is what the gateway knows of the caller, or what the token says if Graph alone decides', async () => {
    const caller = { tenantId: 'tenant', clientId: 'client', expiresAtMs: 0, scopes: ['A'] };
    const claims = { tid: 'tenant', azp: 'client', scp: 'A', roles: ['B'], exp: 0 };
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const viewer = await readViewer(known(async () => caller));
    const told = await readViewer(unknown(`h.${payload}.s`));
    const expected = {
      authMode: 'OBO',
      isVerified: true,
      kind: 'USER',
      scopes: ['A'],
      roles: [],
      tenantId: 'tenant',
      clientId: 'client',
      expiresAt: '1970-01-01T00:00:00.000Z',
    };
    const unverified = { authMode: 'PASSTHROUGH', isVerified: false, roles: ['B'] };
    expect(viewer).toEqual({ ...expected, operations: expect.anything() });
    expect(told).toEqual({ ...expected, ...unverified, operations: expect.anything() });
    const missing = new Set(told.operations.map(({ missingPermission }) => missingPermission));
    expect([...missing]).toEqual([requiredScopesOf('get')[0], requiredScopesOf('add')[0]]);
    const nothing = { kind: null, tenantId: null, clientId: null, scopes: [], expiresAt: null };
    expect(await readViewer(unknown('opaque'))).toMatchObject(nothing);
    expect(await readViewer(unknown())).toMatchObject(nothing);
  });

  it('learns of every query and mutation of the schema but itself', async () => {
    const schema = buildSchema(readSdl());
    const { operations } = await readViewer(unknown());
    const named = (kind: string) =>
      operations.flatMap((one) => (one.kind === kind ? one.name : []));
    const queries = Object.keys(schema.getQueryType()?.getFields() ?? {});
    expect([...named('READ'), 'viewer'].sort()).toEqual(queries.sort());
    const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {});
    expect(named('WRITE').sort()).toEqual(mutations.sort());
  });
});

it.each([
  ['deadline', 'UPSTREAM_TIMEOUT'],
  ['callerLeft', 'CALLER_LEFT'],
  [undefined, undefined],
])('the share of an operation counts what waits, and ends with it: %j', async (reason, code) => {
  const turns = { isUsedUp: () => false, nextTurn: () => Promise.resolve() };
  const share = shareUntilEnd(turns, { aborted: reason !== undefined, reason });
  const waiting = share.nextTurn().catch((error: unknown) => error);
  expect(share.waiting()).toBe(1);
  const message =
    "The operation's time ended while the gateway worked on its rows. Ask for less at once.";
  const error = { extensions: { code }, ...(reason === 'deadline' && { message }) };
  expect([await waiting, share.waiting()]).toMatchObject([code && error, 0]);
});
