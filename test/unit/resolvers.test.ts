import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { createTenantKeys } from '../../src/graph/credentials.ts';
import type { GraphCall } from '../../src/graph/request.ts';
import { readSdl } from '../../src/graphql/schema.ts';
import { type HandOver, lagMs } from '../../src/partners/handOver.ts';
import {
  createPartnerLocks,
  type PartnerLocks,
  type PartnerTurn,
} from '../../src/partners/locks.ts';
import { describeViewer, type ViewerFacts } from '../../src/partners/viewerModel.ts';
import { Secret } from '../../src/shared/secret.ts';
import { endableCall, testCall, testLocks } from '../support/graphClients.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

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

const permitted = (change: Partial<ViewerFacts>) =>
  describeViewer({ ...facts, ...change }).operations.map(
    ({ kind, isPermitted, missingPermission }) => `${kind} ${isPermitted} ${missingPermission}`,
  );

const all = (read: string, write: string) => [
  ...Array.from({ length: 4 }, () => `READ ${read}`),
  ...Array.from({ length: 5 }, () => `WRITE ${write}`),
];

describe('describeViewer', () => {
  it.each<[string, Partial<ViewerFacts>, string[]]>([
    ['a user who may read', { scopes: ['Read'] }, all('true null', 'false ReadWrite')],
    ['a user who may write', { scopes: ['ReadWrite'] }, all('true null', 'true null')],
    [
      'a user whose scope has another spelling, without permission',
      { scopes: ['readwrite'] },
      all('false Read', 'false ReadWrite'),
    ],
    ['a user with other scopes', { scopes: ['User.Read'] }, all('false Read', 'false ReadWrite')],
    ['an application that may read', { roles: ['Read'] }, all('true null', 'false ReadWrite')],
    [
      "a user with an application's roles, which do not count",
      { scopes: ['Read'], roles: ['ReadWrite'] },
      all('true null', 'false ReadWrite'),
    ],
    ['a token that says nothing', {}, all('null null', 'null null')],
    [
      'a gateway that cannot know',
      { scopes: ['Read'], permissionsFor: { READ: [], WRITE: [] } },
      all('null null', 'null null'),
    ],
  ])('tells what %s may do', (_what, change, expected) => {
    expect(permitted(change)).toEqual(expected);
  });

  it('names every query and mutation of the schema but itself', () => {
    const schema = buildSchema(readSdl());
    const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}),
    );
    const named = describeViewer(facts).operations.map(({ name }) => name);
    expect([...named, 'viewer'].sort()).toEqual(fields.sort());
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
    return name;
  };
  return { change, end: () => end() };
}

const run = <Result>(
  locks: PartnerLocks,
  id: string,
  call: GraphCall,
  change: () => Promise<Result>,
): Promise<Result> => locks.run({ id, call, read: async () => undefined, change });

const turn = () => new Promise((resolve) => setImmediate(resolve));

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
  ] as const)(
    'gives up at %s while it waits, without letting those behind overtake',
    async (reason, code) => {
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
      await turn();
      expect(events).toEqual(['first begins']);
      first.end();
      await Promise.all([running, behind]);
      expect(events).toEqual(['first begins', 'first ends', 'third begins', 'third ends']);
    },
  );
});

describe('what a change hands on', () => {
  const read = async () => undefined;
  const written: HandOver = { displayName: { text: '"New"', atMs: 0, older: [] } };
  const handsOn = async ({ handOn }: PartnerTurn) => handOn(written);
  const gets = async ({ handOver }: PartnerTurn) => handOver;

  function start() {
    const clock = createVirtualClock();
    const tenantKeys = createTenantKeys();
    return { clock, locks: createPartnerLocks({ tenantKeys, clock, leases: undefined }) };
  }

  it('reaches the next change to the same partner, and no other', async () => {
    const { locks } = start();
    const call = testCall();
    await locks.run({ id: 'a', call, read, change: handsOn });
    await expect(locks.run({ id: 'A', call, read, change: gets })).resolves.toBe(written);
    await expect(locks.run({ id: 'b', call, read, change: gets })).resolves.toEqual({});
  });

  it('stays when the next change fails, and goes when one has nothing to hand on', async () => {
    const { locks } = start();
    const call = testCall();
    await locks.run({ id: 'a', call, read, change: handsOn });
    const failing = locks.run({
      id: 'a',
      call,
      read,
      change: () => Promise.reject(new Error('no')),
    });
    await expect(failing).rejects.toThrow('no');
    await expect(locks.run({ id: 'a', call, read, change: gets })).resolves.toBe(written);
    await locks.run({ id: 'a', call, read, change: async ({ handOn }) => handOn({}) });
    await expect(locks.run({ id: 'a', call, read, change: gets })).resolves.toEqual({});
  });

  it('is forgotten when no read can lag so far behind', async () => {
    const { locks, clock } = start();
    const call = testCall();
    await locks.run({ id: 'a', call, read, change: handsOn });
    await clock.advance(lagMs);
    await expect(locks.run({ id: 'a', call, read, change: gets })).resolves.toEqual({});
  });
});
