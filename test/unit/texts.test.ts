import { describe, expect, it } from '@jest/globals';
import type * as Microsoft from '@microsoft/microsoft-graph-types-beta';
import fc from 'fast-check';
import { parse, validate } from 'graphql';
import { readConfig } from '../../src/config/config.ts';
import { createForgetfulStorage } from '../../src/explorer/forgetfulStorage.ts';
import { publicTokenWarning } from '../../src/gateway.ts';
import type * as Wire from '../../src/graph/types.ts';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import type { wireByState } from '../../src/partners/model.ts';
import { bannerOf } from '../../src/program.ts';
import { EndController, graceOf } from '../../src/shared/clock.ts';
import * as loopShare from '../../src/shared/loopShare.ts';

describe('bannerOf', () => {
  const addresses = { url: 'http://127.0.0.1:4000', upstreamUrl: 'http://127.0.0.1:4001/' };
  const bannerFor = (environment: Record<string, string>, isTerminal = false): string =>
    bannerOf(readConfig(environment), addresses, isTerminal);
  const banner = bannerFor({});

  it('tells where to go, and loudly who answers', () => {
    const pages = ['Explorer   http://127.0.0.1:4000/\n', '4000/graphql', '4000/schema.graphql'];
    for (const text of [...pages, 'EMBEDDED GRAPH', '127.0.0.1:4001/', 'embedded-graph-token']) {
      expect(banner).toContain(text);
    }
    expect(bannerFor({ EXPLORER: 'off' })).not.toContain('Explorer');
  });

  it('is shown for another Graph on a terminal only, at every log level', () => {
    const [hidden, shown] = [false, true].map((isTerminal) =>
      bannerFor({ GRAPH_CLOUD: 'global', LOG_LEVEL: 'silent' }, isTerminal),
    );
    expect(hidden).toBe('');
    expect(shown).toContain('AUTH_MODE=passthrough: callers send a token for Microsoft Graph.');
    expect(shown).not.toMatch(/EMBEDDED|embedded-graph-token/);
  });

  it.each([
    [{}, 'http://[::1]:4000', false],
    [{}, 'http://0.0.0.0:4000', true],
    [{}, 'http://192.0.2.7:4000', true],
    [{ GRAPH_CLOUD: 'global' }, 'http://0.0.0.0:4000', false],
  ])('warns of the public token of the embedded Graph: %j at %s', (environment, url, warns) => {
    const config = readConfig(environment);
    expect(publicTokenWarning(config, url) !== undefined).toBe(warns);
    expect(bannerOf(config, { ...addresses, url }, true).includes('WARNING')).toBe(warns);
  });

  it('holds a mutation that the schema accepts, in a command for a shell', () => {
    const body = /-d '([^']+)'/.exec(banner)?.[1] ?? '';
    const { query } = JSON.parse(body) as { query: string };
    expect(validate(createSchema(readSdl()), parse(query))).toEqual([]);
  });
});

it('an end fires once for all present listeners, and for no later one', () => {
  const end = new EndController();
  const events: string[] = [];
  const third = (): void => void events.push('third');
  end.addEventListener('abort', () => {
    events.push(`first of ${end.reason}`);
    end.removeEventListener('abort', third);
  });
  end.addEventListener('abort', () => void events.push('second'));
  end.addEventListener('abort', third);
  end.abort('deadline');
  end.abort('shutdown');
  end.addEventListener('abort', () => void events.push('late'));
  expect(events).toEqual(['first of deadline', 'second']);
  expect(end).toMatchObject({ aborted: true, reason: 'deadline' });
});

it('a timer that is late by a second lets answers be read first, for a quarter of one', () => {
  expect([0, 999, 1_000, 120_000].map(graceOf)).toEqual([0, 0, 250, 250]);
});

describe('the share of the event loop', () => {
  it('is used up after 10 ms of one turn; those who wait then go on one by one, a turn each', async () => {
    let nowMs = 0;
    const callbacks: (() => void)[] = [];
    const onNextTurn = (callback: () => void) => callbacks.push(callback);
    const share = loopShare.createLoopShare({ now: () => nowMs, onNextTurn });
    /** Lets the loop turn once, and what is to follow in that turn happen. */
    const turn = async () => {
      callbacks.splice(0).forEach((callback) => void callback());
      for (let tick = 0; tick < 20; tick += 1) {
        await Promise.resolve();
      }
    };
    const used = [0, 9, 1].map((ms) => {
      nowMs += ms;
      return share.isUsedUp();
    });
    await turn();
    expect([...used, share.isUsedUp()]).toEqual([false, false, true, false]);
    const done: string[] = [];
    const task = (name: string, units: number) =>
      loopShare.forEachUnit(share, units, (index) => {
        done.push(`${name}${index}`);
        nowMs += 10;
      });
    const tasks = [task('a', 3), task('b', 2), task('c', 1)];
    const turns = [done.splice(0).join()];
    for (let count = 0; count < 5; count += 1) {
      await turn();
      turns.push(done.splice(0).join());
    }
    await Promise.all(tasks);
    expect(turns).toEqual(['a0', 'a1', 'b0', 'c0', 'a2', 'b1']);
  });

  it('sorts as the language does, in any slices', async () => {
    const pairs = fc.array(fc.tuple(fc.nat(5), fc.nat()), { maxLength: 300, size: 'max' });
    const compare = (left: [number, number], right: [number, number]) => left[0] - right[0];
    await fc.assert(
      fc.asyncProperty(pairs, fc.integer({ min: 1, max: 50 }), async (items, unitsPerTurn) => {
        let units = 0;
        const isUsedUp = () => ++units % unitsPerTurn === 0;
        const expected = items.toSorted(compare);
        for (const share of [{ isUsedUp, nextTurn: async () => undefined }, loopShare.wholeLoop]) {
          expect(await loopShare.sortInSlices(items, compare, share)).toEqual(expected);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe("the explorer's storage", () => {
  /** As a browser has it. */
  class Kept extends Map<string, string> {
    getItem = (key: string) => this.get(key) ?? null;
    setItem = (key: string, value: string) => void this.set(key, value);
    removeItem = (key: string) => void this.delete(key);
    get length() {
      return this.size;
    }
  }

  it.each([
    ['graphiql:tabState', true],
    ['graphiql:theme', true],
    ['graphiql:queries', false],
    ['graphiql:favorites', false],
  ])('gives back %s; whether it stays after the page: %s', (key, stays) => {
    const kept = new Kept();
    const storage = createForgetfulStorage(() => kept, 'graph');
    storage.setItem(key, 'value');
    expect([storage.getItem(key), storage.length]).toEqual(['value', 1]);
    expect(kept.has(`${key} graph`)).toBe(stays);
    expect(createForgetfulStorage(() => kept, 'graph').getItem(key)).toBe(stays ? 'value' : null);
    expect(createForgetfulStorage(() => kept, 'another').getItem(key)).toBeNull();
    storage.removeItem(key);
    expect([storage.getItem(key), storage.length]).toEqual([null, 0]);
  });

  it('can be cleared as a whole, also if the browser denies access to its own', () => {
    const denied = () => {
      throw new DOMException('Access is denied', 'SecurityError');
    };
    for (const read of [() => new Kept(), denied]) {
      const storage = createForgetfulStorage(read, 'graph');
      const keys = ['graphiql:theme', 'graphiql:queries'];
      keys.forEach((key) => void storage.setItem(key, 'dark'));
      storage.clear();
      expect(keys.map((key) => storage.getItem(key))).toEqual([null, null]);
    }
  });
});

/** What both sides know, without null, which only the writer of a null has to answer for, and without `readonly`. */
type Shared<Ours, Theirs> = { -readonly [P in keyof Ours & keyof Theirs]?: Given<Ours[P]> };
type Given<Value> = Mutable<Exclude<Value, null | undefined>>;
type Mutable<Value> = Value extends readonly (infer Item)[]
  ? Shared<Exclude<Item, null>, Microsoft.ComplianceManagementPartnerAssignment>[]
  : Value;
type Assignable<Ours, Theirs> = [Ours] extends [Theirs] ? true : false;
type Fits<Ours, Theirs> = Assignable<Shared<Ours, Theirs>, Theirs>;
type WithoutLists<Partner> = Omit<Partner, `${string}Assignments`>;
type Partner = Microsoft.ComplianceManagementPartner;
type State = Microsoft.DeviceManagementPartnerTenantState;
type Target = Wire.NewAssignmentTargetResource;
/** Properties that only the reference page's beta has; everything else of ours must be known to Microsoft's types. */
type OnlyOnThePage = 'windowsOnboarded' | 'windowsEnrollmentAssignments' | '@odata.type';

it("the wire types fit into Microsoft's generated types of beta, property by property", () => {
  // Each line only compiles if what we write fits into Microsoft's type, and what they type fits into what we read.
  const checks: readonly true[] = [
    true satisfies Fits<Wire.NewPartnerResource, Partner>,
    true satisfies Fits<
      Wire.NewAssignmentResource,
      Microsoft.ComplianceManagementPartnerAssignment
    >,
    true satisfies Fits<Target, Microsoft.GroupAssignmentTarget>,
    true satisfies Fits<Target, Microsoft.ExclusionGroupAssignmentTarget>,
    true satisfies Fits<Target, Microsoft.AllLicensedUsersAssignmentTarget>,
    true satisfies Fits<Target, Microsoft.ConfigurationManagerCollectionAssignmentTarget>,
    true satisfies Assignable<Wire.PartnerTenantState, State>,
    true satisfies Assignable<State, Wire.PartnerTenantState>,
    true satisfies Assignable<State, (typeof wireByState)[keyof typeof wireByState]>,
    true satisfies Assignable<
      Shared<WithoutLists<Partner>, Wire.PartnerResource>,
      WithoutLists<Partial<Wire.PartnerResource>>
    >,
    true satisfies Assignable<keyof Wire.NewPartnerResource, keyof Partner | OnlyOnThePage>,
    true satisfies Assignable<keyof Partner, keyof Wire.NewPartnerResource>,
  ];
  // A property of another type must not get through, or the lines above would prove nothing.
  const counterchecks: readonly false[] = [
    false satisfies Fits<{ displayName: number }, Partner>,
    false satisfies Fits<{ partnerState: 'String' }, Partner>,
    false satisfies Fits<{ groupId: number }, Microsoft.GroupAssignmentTarget>,
  ];
  expect([...checks, ...counterchecks].filter(Boolean)).toEqual(checks);
});
