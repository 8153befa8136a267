import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { createTenantKeys } from '../../src/graph/credentials.ts';
import type { GraphCall } from '../../src/graph/request.ts';
import { readSdl } from '../../src/graphql/schema.ts';
import { describeViewer } from '../../src/partners/caller.ts';
import { type HandOver, lagMs } from '../../src/partners/handOver.ts';
import {
  createPartnerLocks,
  type PartnerLocks,
  type PartnerTurn,
} from '../../src/partners/locks.ts';
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
    third.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual(['first begins']);
    first.end();
    await Promise.all([running, behind]);
    expect(events).toEqual(['first begins', 'first ends', 'third begins', 'third ends']);
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
