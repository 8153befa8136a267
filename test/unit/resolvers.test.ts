import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { createTenantKeys } from '../../src/graph/credentials.ts';
import { GraphError, type GraphErrorDetails } from '../../src/graph/errors.ts';
import { type GraphCall, requiredScopesOf } from '../../src/graph/request.ts';
import { readSdl } from '../../src/graphql/schema.ts';
import type { Caller } from '../../src/identity/claims.ts';
import { IdentityError } from '../../src/identity/errors.ts';
import type { Authorizer } from '../../src/identity/identityMode.ts';
import { authorize, describeViewer, readViewer, requireToken } from '../../src/partners/caller.ts';
import type { RequestContext } from '../../src/partners/context.ts';
import type { GatewayError } from '../../src/partners/errors.ts';
import { type HandOver, lagMs, writeHandOver } from '../../src/partners/handOver.ts';
import {
  createPartnerLocks,
  type PartnerLocks,
  type PartnerTurn,
} from '../../src/partners/locks.ts';
import { Query, readEntities } from '../../src/partners/queries.ts';
import { createNames, shareUntilEnd } from '../../src/partners/reads.ts';
import { Secret } from '../../src/shared/secret.ts';
import { endableCall, testCall, testLocks } from '../support/graphClients.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

type ViewerFacts = Parameters<typeof describeViewer>[0];

const facts: ViewerFacts = {
  authMode: 'PASSTHROUGH',
  isVerified: false,
  tenantId: 'tenant',
  clientId: 'client',
  scopes: [],
  roles: [],
  expiresAtMs: Date.UTC(2026, 2, 1),
  permissionsFor: { READ: ['Read', 'ReadWrite'], WRITE: ['ReadWrite'] },
};

const permits = { isPermitted: true, missingPermission: null };
const lacks = (missingPermission: string) => ({ isPermitted: false, missingPermission });
const unknown = { isPermitted: null, missingPermission: null };

describe('describeViewer', () => {
  it.each<[string, Partial<ViewerFacts>, string | null, object, object]>([
    ['a user who may read', { scopes: ['Read'] }, 'USER', permits, lacks('ReadWrite')],
    ['a user who may write', { scopes: ['ReadWrite'] }, 'USER', permits, permits],
    [
      'a scope in another spelling',
      { scopes: ['readwrite'] },
      'USER',
      lacks('Read'),
      lacks('ReadWrite'),
    ],
    [
      'a user with other scopes',
      { scopes: ['User.Read'] },
      'USER',
      lacks('Read'),
      lacks('ReadWrite'),
    ],
    ['an application', { roles: ['Read'] }, 'APPLICATION', permits, lacks('ReadWrite')],
    [
      "a user with an application's roles, which do not count",
      { scopes: ['Read'], roles: ['ReadWrite'] },
      'USER',
      permits,
      lacks('ReadWrite'),
    ],
    ['a token that says nothing', {}, null, unknown, unknown],
    [
      'a gateway that cannot know',
      { scopes: ['Read'], permissionsFor: { READ: [], WRITE: [] } },
      'USER',
      unknown,
      unknown,
    ],
  ])('tells what %s may do', (_what, change, kind, read, write) => {
    const viewer = describeViewer({ ...facts, ...change });
    expect(viewer.kind).toBe(kind);
    for (const { kind, name: _name, ...permission } of viewer.operations) {
      expect(permission).toEqual(kind === 'READ' ? read : write);
    }
  });

  it.each([
    [facts, { tenantId: 'tenant', clientId: 'client', expiresAt: '2026-03-01T00:00:00.000Z' }],
    [
      { ...facts, tenantId: undefined, clientId: undefined, expiresAtMs: undefined },
      { tenantId: null, clientId: null, expiresAt: null },
    ],
  ])('tells what is known of the token: %#', (given, expected) => {
    expect(describeViewer(given)).toMatchObject({
      authMode: 'PASSTHROUGH',
      isVerified: false,
      ...expected,
    });
  });

  it('names every query and mutation of the schema but itself', () => {
    const schema = buildSchema(readSdl());
    const { operations } = describeViewer(facts);
    const named = (kind: string) =>
      operations.filter((operation) => operation.kind === kind).map(({ name }) => name);
    const fieldsOf = (type: ReturnType<typeof schema.getQueryType>) =>
      Object.keys(type?.getFields() ?? {}).sort();
    expect([...named('READ'), 'viewer'].sort()).toEqual(fieldsOf(schema.getQueryType()));
    expect(named('WRITE').sort()).toEqual(fieldsOf(schema.getMutationType()));
  });
});

describe('a caller', () => {
  const permissions = { READ: ['Read', 'ReadWrite'], WRITE: ['ReadWrite'] };
  const contextOf = (identify: () => Promise<unknown>, authorizes = identify) => {
    const authorizer = { permissions, identify, authorize: authorizes } as unknown as Authorizer;
    return { authorizer, call: testCall(), authMode: 'OBO' } as unknown as RequestContext;
  };
  const graphAlone = (token?: string) =>
    ({
      authorizer: undefined,
      call: testCall({ callerToken: token === undefined ? undefined : new Secret(token) }),
      authMode: 'PASSTHROUGH',
    }) as unknown as RequestContext;

  it.each([
    ['token-expired', 'UNAUTHENTICATED', {}],
    ['tenant-not-allowed', 'FORBIDDEN', {}],
    ['permission-missing', 'FORBIDDEN', { requiredScopes: ['ReadWrite'] }],
    ['roles-missing', 'FORBIDDEN', { requiredScopes: ['ReadWrite'] }],
    ['keys-unavailable', 'UPSTREAM_UNAVAILABLE', {}],
  ] as const)('that is rejected with %s gets %s', async (reason, code, more) => {
    const cause = new IdentityError(reason);
    const context = contextOf(
      async () => ({}),
      () => Promise.reject(cause),
    );
    const error = await authorize(context, 'WRITE').catch((error: unknown) => error);
    expect(error).toMatchObject({ message: cause.message, cause });
    expect((error as GatewayError).extensions).toEqual({ code, reason, ...more });
    await expect(
      authorize(
        contextOf(async () => ({})),
        'WRITE',
      ),
    ).resolves.toBeUndefined();
  });

  it('learns what its reads need, and nothing of a fault of the gateway', async () => {
    const lacking = contextOf(() => Promise.reject(new IdentityError('roles-missing')));
    const requiredScopes = ['Read', 'ReadWrite'];
    await expect(requireToken(lacking)).rejects.toMatchObject({ extensions: { requiredScopes } });
    await expect(readViewer(lacking)).rejects.toMatchObject({ extensions: { requiredScopes } });
    const fault = new TypeError('A fault of the gateway');
    await expect(requireToken(contextOf(() => Promise.reject(fault)))).rejects.toBe(fault);
  });

  it('needs a token where Graph alone decides', async () => {
    await expect(requireToken(graphAlone())).rejects.toMatchObject({
      message: 'Send a token for Microsoft Graph in the header "Authorization: Bearer …".',
      extensions: { code: 'UNAUTHENTICATED' },
    });
    await expect(requireToken(graphAlone('a'))).resolves.toBeUndefined();
    await expect(requireToken(contextOf(async () => ({})))).resolves.toBeUndefined();
    await expect(authorize(graphAlone(), 'WRITE')).resolves.toBeUndefined();
  });

  it.each<[Partial<Caller>, object]>([
    [{ kind: 'user', scopes: ['Read'] } as object, { kind: 'USER', scopes: ['Read'], roles: [] }],
    [
      { kind: 'application', roles: ['Read'] } as object,
      { kind: 'APPLICATION', scopes: [], roles: ['Read'] },
    ],
  ])('that the gateway knows is described by what it knows: %j', async (caller, expected) => {
    const known = { tenantId: 'tenant', clientId: 'client', expiresAtMs: 0, ...caller };
    expect(await readViewer(contextOf(async () => known))).toMatchObject({
      authMode: 'OBO',
      isVerified: true,
      tenantId: 'tenant',
      clientId: 'client',
      expiresAt: '1970-01-01T00:00:00.000Z',
      ...expected,
    });
  });

  const claims = { tid: 'tenant', azp: 'client', scp: 'A', roles: ['B'], exp: 1 };
  const tokenOf = (content: object) =>
    `h.${Buffer.from(JSON.stringify(content)).toString('base64url')}.s`;
  it.each<[string, string | undefined, object]>([
    [
      'its token',
      tokenOf(claims),
      {
        kind: 'USER',
        tenantId: 'tenant',
        clientId: 'client',
        scopes: ['A'],
        roles: ['B'],
        expiresAt: '1970-01-01T00:00:01.000Z',
      },
    ],
    ['nothing without claims', 'opaque', { kind: null, tenantId: null, scopes: [], roles: [] }],
    ['nothing without a token', undefined, { kind: null, clientId: null, expiresAt: null }],
  ])('that the gateway does not know is described by %s', async (_what, token, expected) => {
    const viewer = await readViewer(graphAlone(token));
    expect(viewer).toMatchObject({ authMode: 'PASSTHROUGH', isVerified: false, ...expected });
    if (token === tokenOf(claims)) {
      expect(viewer.operations.map(({ missingPermission }) => missingPermission)).toEqual([
        ...Array(4).fill(requiredScopesOf('get')[0]),
        ...Array(5).fill(requiredScopesOf('add')[0]),
      ]);
    }
  });
});

describe('the names of an operation', () => {
  const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
  const namesOf = (read: (ids: readonly string[]) => Promise<(string | undefined)[]>) =>
    createNames({ getGroupNames: read, getFilterNames: read }, testCall(), async () => undefined);
  const endOf = (name: Promise<string | null>) => name.catch((error: unknown) => error);

  it('report once for each kind that there are too many', async () => {
    const names = namesOf(async (ids) => ids.map((id) => `name of ${id}`));
    const all = await Promise.all(
      Array.from({ length: 102 }, (_value, index) => endOf(names.filter(`f-${index}`))),
    );
    expect(all[99]).toBe('name of f-99');
    expect(all[100]).toMatchObject({
      message:
        'The operation requests the names of more than 100 assignment filters; the others are null. Request smaller pages.',
      extensions: { code: 'TOO_MANY_NAMES', allowed: 100 },
    });
    expect(all[101]).toBeNull();
  });

  it.each<[GraphErrorDetails, string]>([
    [
      { requiredScopes: ['Group.Read', 'Group.ReadWrite'] },
      ' The least privileged permission for it is Group.Read.',
    ],
    [{}, ''],
  ])('report once for each reason that they cannot be read: %j', async (details, grant) => {
    const failures = [
      new GraphError('forbidden', 'No.', details),
      new GraphError('forbidden', 'No.', details),
      new GraphError('throttled', 'Later.'),
    ];
    const names = namesOf(() => Promise.reject(failures.shift()));
    const ends: unknown[] = [];
    for (const id of ['1', '2', '3']) {
      ends.push(await endOf(names.group(groupId.replace('2', id))));
    }
    expect(ends).toMatchObject([
      {
        message: `The names of groups cannot be read. No.${grant}`,
        extensions: { code: 'FORBIDDEN' },
      },
      null,
      { message: 'The names of groups cannot be read. Later.', extensions: { code: 'THROTTLED' } },
    ]);
  });

  it('throw a fault of the gateway as it is', async () => {
    const fault = new TypeError('A fault of the gateway');
    const names = namesOf(() => Promise.reject(fault));
    expect(await endOf(names.group(groupId))).toBe(fault);
  });
});

describe('the share of an operation', () => {
  it.each([
    [undefined, undefined],
    [
      'deadline',
      {
        message:
          "The operation's time ended while the gateway worked on its rows. Ask for less at once.",
        extensions: { code: 'UPSTREAM_TIMEOUT' },
      },
    ],
    ['callerLeft', { extensions: { code: 'CALLER_LEFT' } }],
  ])('counts what waits, and ends with the operation: %j', async (reason, expected) => {
    let next = (): void => undefined;
    const turns = {
      isUsedUp: () => false,
      nextTurn: () =>
        new Promise<void>((resolve) => {
          next = resolve;
        }),
    };
    const share = shareUntilEnd(turns, { aborted: reason !== undefined, reason });
    const waiting = share.nextTurn();
    const counted = share.waiting();
    next();
    await (expected
      ? expect(waiting).rejects.toMatchObject(expected)
      : expect(waiting).resolves.toBeUndefined());
    expect([counted, share.waiting()]).toEqual([1, 0]);
  });
});

describe('the roots of queries', () => {
  type Resolve = (parent: unknown, args: object, context: RequestContext) => Promise<unknown>;
  const roots = Query as unknown as Record<string, Resolve>;
  const start = () => {
    const kinds: string[] = [];
    const context = {
      authorizer: { authorize: async (_call: GraphCall, kind: string) => kinds.push(kind) },
      call: testCall(),
      reads: { get: async (id: string) => ({ id }) },
    } as unknown as RequestContext;
    return {
      kinds,
      ask: (name: string, args: object) => roots[name]?.({}, args, context),
      context,
    };
  };
  const entity = (id: unknown = 'a', __typename = 'ComplianceManagementPartner') => ({
    __typename,
    id,
  });

  it.each([
    ['complianceManagementPartner', { id: 'a' }],
    ['node', { id: 'a' }],
    ['nodes', { ids: Array(100).fill('a') }],
    ['complianceManagementPartners', { first: -1 }],
  ])('demand what reads need: %s', async (name, args) => {
    const { kinds, ask } = start();
    await ask(name, args)?.catch(() => undefined);
    expect(kinds).toEqual(['READ']);
  });

  it('take 100 ids and no more', async () => {
    const { ask } = start();
    expect(await ask('nodes', { ids: Array(100).fill('a') })).toHaveLength(100);
    await expect(ask('nodes', { ids: Array(101).fill('a') })).rejects.toMatchObject({
      message: 'The argument "ids" has 101 ids, and 100 are allowed. Ask in several operations.',
      extensions: { code: 'BAD_USER_INPUT', argumentName: 'ids', field: ['ids'] },
    });
  });

  it('read entities by their keys, and demand what reads need once', async () => {
    const { kinds, context } = start();
    const reading = readEntities([entity(), entity('b')], context);
    expect(await Promise.all(reading)).toEqual([{ id: 'a' }, { id: 'b' }]);
    expect(kinds).toEqual(['READ']);
  });

  it.each([
    [entity('a', 'Other'), '__typename', 'known "__typename": the one entity of this subgraph is'],
    [7, '__typename', 'known "__typename": the one entity of this subgraph is'],
    [entity('a/b'), 'id', '"id" that can be a partner\'s: an id is'],
    [entity(7), 'id', '"id" that can be a partner\'s: an id is'],
  ])('reject the entity %j at its %s', async (representation, name, problem) => {
    const { context } = start();
    const [first, second] = readEntities([entity(), representation], context);
    expect(await first).toEqual({ id: 'a' });
    await expect(second).rejects.toMatchObject({
      message: expect.stringContaining(`The representation 1 has no ${problem}`),
      extensions: { code: 'BAD_USER_INPUT', field: ['representations', '1', name] },
    });
  });
});

/** A change that ends when the test lets it, and notes when it begins and ends. */
function heldChange(events: string[], name: string) {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const change = async () => {
    events.push(`${name} begins`);
    await ended;
    events.push(`${name} ends`);
  };
  return { change, end: () => end() };
}

function run<Result>(
  locks: PartnerLocks,
  id: string,
  call: GraphCall,
  change: (turn: PartnerTurn) => Promise<Result>,
): Promise<Result> {
  return locks.run({ id, call, read: async () => undefined, change });
}

describe('createPartnerLocks', () => {
  it.each([
    ['another partner', 'b', testCall()],
    ['another caller', 'a', testCall({ callerToken: new Secret('another') })],
  ])('does not make a change wait for one of %s', async (_what, id, call) => {
    const locks = testLocks();
    const first = heldChange([], 'first');
    const running = run(locks, 'a', testCall(), first.change);
    await expect(run(locks, id, call, async () => 'done')).resolves.toBe('done');
    first.end();
    await running;
  });

  it.each([
    ['deadline', 'timeout'],
    ['callerLeft', 'callerLeft'],
    ['shutdown', 'unavailable'],
  ] as const)('gives up at %s without letting those behind overtake', async (reason, code) => {
    const locks = testLocks();
    const events: string[] = [];
    const [first, third] = [heldChange(events, 'first'), heldChange(events, 'third')];
    const { call, end } = endableCall();
    const running = run(locks, 'a', testCall(), first.change);
    const waiting = run(locks, 'a', call, async () => 'no');
    const behind = run(locks, 'a', testCall(), third.change);
    end(reason);
    await expect(waiting).rejects.toMatchObject({ code, mayHaveBeenApplied: false });
    const last = run(locks, 'a', testCall(), async () => void events.push('last'));
    third.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual(['first begins']);
    first.end();
    await Promise.all([running, behind, last]);
    expect(events).toEqual(['first begins', 'first ends', 'third begins', 'third ends', 'last']);
  });

  const tenant = { id: 'tenant', isProven: true };
  const unproven = { id: 'tenant', isProven: false };
  it.each<[string, (typeof tenant | undefined)[], string[]]>([
    ['once if the token names no tenant', [undefined, undefined], ['false']],
    ['once if Graph has not accepted the token', [unproven, unproven], ['true']],
    ['once if Graph has accepted the token', [tenant, tenant], ['false']],
    ['again if Graph accepts the token with the read', [unproven, tenant], ['true', 'false']],
  ])('reads %s', async (_what, [before, after], expected) => {
    let now = before;
    const tenantKeys = { tenantOf: () => now };
    const locks = createPartnerLocks({
      tenantKeys,
      clock: createVirtualClock(),
      leases: undefined,
    });
    const reads: string[] = [];
    const changes: number[] = [];
    const change = () =>
      locks.run({
        id: 'a',
        call: testCall(),
        async read(isUnproven) {
          reads.push(String(isUnproven));
          now = after;
          return reads.length;
        },
        async change({ confirm }, found) {
          await confirm();
          changes.push(found);
          return 'changed';
        },
      });
    expect(await change()).toBe('changed');
    expect([reads, changes]).toEqual([expected, [expected.length]]);
  });

  it('makes changes with any token of a tenant wait once Graph has accepted it', async () => {
    const accepted = new Set<GraphCall>();
    const tenantKeys = {
      tenantOf: (call: GraphCall) => ({ id: 'tenant', isProven: accepted.has(call) }),
    };
    const locks = createPartnerLocks({
      tenantKeys,
      clock: createVirtualClock(),
      leases: undefined,
    });
    const [one, other] = [testCall(), testCall({ callerToken: new Secret('another') })];
    const events: string[] = [];
    const [first, second] = [heldChange(events, 'first'), heldChange(events, 'second')];
    accepted.add(one);
    const running = [run(locks, 'a', one, first.change)];
    running.push(
      locks.run({
        id: 'a',
        call: other,
        read: async () => accepted.add(other),
        change: second.change,
      }),
      // Waits for one with the same token, which Graph accepts meanwhile.
      locks.run({
        id: 'a',
        call: other,
        read: async () => void events.push('third reads'),
        change: async () => void events.push('third'),
      }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual(['first begins']);
    second.end();
    first.end();
    await Promise.all(running);
    expect(events.slice(1)).toEqual([
      'first ends',
      'second begins',
      'second ends',
      'third reads',
      'third',
    ]);
  });
});

describe('a lease of all replicas', () => {
  const written: HandOver = { displayName: { text: '"New"', atMs: 4_000, older: [] } };

  it.each([true, false])('lets a change write while it is held: %j', async (isHeld) => {
    const clock = createVirtualClock(5_000);
    const released: unknown[] = [];
    const lease = {
      handed: { text: writeHandOver(written, 5_000), leftMs: lagMs - 2_000 },
      renew: async () => isHeld,
      release: async (handed: unknown) => void released.push(handed),
    };
    const locks = createPartnerLocks({
      tenantKeys: createTenantKeys(),
      clock,
      leases: { acquire: async () => lease },
    });
    const given = await run(locks, 'a', testCall(), async ({ handOver }) => handOver);
    expect(given.displayName?.atMs).toBe(2_000);
    const confirming = run(locks, 'a', testCall(), async ({ confirm, handOn }) => {
      handOn(written);
      await confirm();
    });
    await (isHeld
      ? confirming
      : expect(confirming).rejects.toMatchObject({
          code: 'unavailable',
          message:
            'The change lost its place among changes to this partner, so nothing was sent. Try again.',
        }));
    expect(released).toEqual([undefined, { text: lease.handed.text, leftMs: lagMs }]);
  });
});

describe('what a change hands on', () => {
  const written: HandOver = { displayName: { text: '"New"', atMs: 0, older: [] } };

  function start() {
    const clock = createVirtualClock();
    const tenantKeys = createTenantKeys();
    const locks = createPartnerLocks({ tenantKeys, clock, leases: undefined });
    const call = testCall();
    return {
      clock,
      handOn: (handOver: HandOver) => run(locks, 'a', call, async (turn) => turn.handOn(handOver)),
      fail: () => run(locks, 'a', call, () => Promise.reject(new Error('no'))),
      given: (id = 'a') => run(locks, id, call, async ({ handOver }) => handOver),
    };
  }

  it('reaches the next change to the same partner in any case of its id, and no other', async () => {
    const { handOn, given } = start();
    await handOn(written);
    expect([await given('A'), await given('b')]).toEqual([written, {}]);
  });

  it('stays when the next change fails, and goes when one has nothing to hand on', async () => {
    const { handOn, fail, given } = start();
    await handOn(written);
    await expect(fail()).rejects.toThrow('no');
    expect(await given()).toEqual(written);
    await handOn({});
    expect(await given()).toEqual({});
  });

  it('is forgotten when no read can lag so far behind', async () => {
    const { clock, handOn, given } = start();
    await handOn(written);
    await clock.advance(lagMs - 1);
    expect(await given()).toEqual(written);
    await clock.advance(1);
    expect(await given()).toEqual({});
  });
});
