import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type {
  AllLicensedUsersAssignmentTarget,
  ComplianceManagementPartner,
  ComplianceManagementPartnerAssignment,
  ConfigurationManagerCollectionAssignmentTarget,
  DeviceManagementPartnerTenantState,
  ExclusionGroupAssignmentTarget,
  GroupAssignmentTarget,
} from '@microsoft/microsoft-graph-types-beta';
import fc from 'fast-check';
import { parse, validate } from 'graphql';
import { readConfig } from '../../src/config/config.ts';
import { createForgetfulStorage } from '../../src/explorer/forgetfulStorage.ts';
import { publicTokenWarning } from '../../src/gateway.ts';
import type {
  NewAssignmentResource,
  NewAssignmentTargetResource,
  NewPartnerResource,
  PartnerResource,
  PartnerTenantState,
} from '../../src/graph/types.ts';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import type { wireByState } from '../../src/partners/model.ts';
import { bannerOf } from '../../src/program.ts';
import { EndController, graceOf } from '../../src/shared/clock.ts';
import { countJsonValues, findJsonProblem, judgeJson } from '../../src/shared/json.ts';
import {
  createLoopShare,
  forEachUnit,
  sortInSlices,
  wholeLoop,
} from '../../src/shared/loopShare.ts';
import { Secret } from '../../src/shared/secret.ts';

const addresses = { url: 'http://127.0.0.1:4000', upstreamUrl: 'http://127.0.0.1:4001/' };
const bannerFor = (environment: Record<string, string>, isTerminal = false): string =>
  bannerOf(readConfig(environment), addresses, isTerminal);
const banner = bannerFor({});

describe('bannerOf', () => {
  it('tells where to go, and loudly who answers', () => {
    for (const text of [
      'http://127.0.0.1:4000/graphql',
      'http://127.0.0.1:4000/schema.graphql',
      'EMBEDDED GRAPH',
      'http://127.0.0.1:4001/',
      'embedded-graph-token',
      'Explorer   http://127.0.0.1:4000/\n',
    ]) {
      expect(banner).toContain(text);
    }
    expect(bannerFor({ EXPLORER: 'off' })).not.toContain('Explorer');
  });

  it('is shown for another Graph on a terminal only, at every log level', () => {
    const environment = { GRAPH_CLOUD: 'global', LOG_LEVEL: 'silent' };
    expect(bannerFor(environment)).toBe('');
    const shown = bannerFor(environment, true);
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

describe('Secret', () => {
  it('shows its text only where it is asked to', () => {
    const secret = new Secret('hunter2');
    const shown = [`${secret}`, JSON.stringify({ secret }), inspect({ secret }), String(secret)];
    expect(shown.join()).not.toContain('hunter2');
    expect(Object.values(secret)).toEqual([]);
    expect(secret.reveal()).toBe('hunter2');
  });
});

const problemOf = (text: string): string | undefined => findJsonProblem(text, JSON.parse(text));
const twice = 'its JSON has two members of one name';
const tooDeep = 'its JSON is nested too deeply';
const nested = (depth: number, inner = ''): string =>
  `${'['.repeat(depth)}${inner}${']'.repeat(depth)}`;

/** Values with texts that look like structure. */
const values = fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' });
const tricky = fc.dictionary(
  fc.stringMatching(/^["\\:,{}[\] a]{0,6}$/),
  fc.oneof(fc.stringMatching(/^["\\:,{}[\] a]{0,12}$/), values),
);
const indents = fc.constantFrom(undefined, 2, '\t');

describe('an end', () => {
  it('fires once for all present listeners, and for no later one', () => {
    const end = new EndController();
    const told: string[] = [];
    const third = (): void => void told.push('third');
    end.addEventListener('abort', () => {
      told.push(`first of ${end.reason}`);
      end.removeEventListener('abort', third);
    });
    end.addEventListener('abort', () => void told.push('second'));
    end.addEventListener('abort', third);
    end.abort('deadline');
    end.abort('shutdown');
    end.addEventListener('abort', () => void told.push('late'));
    expect(told).toEqual(['first of deadline', 'second']);
    expect(end).toMatchObject({ aborted: true, reason: 'deadline' });
  });
});

describe('findJsonProblem', () => {
  it.each<[string | undefined, string[]]>([
    [undefined, ['null', '"a:b"', '{"a":1,"b":1}', '{"a":{"a":{"a":1}}}', '[{"a":1},{"a":1}]']],
    [undefined, ['{"a":"\\":\\"b\\":"}', '{"a\\\\":1,"a":2}', '{"__proto__":1,"constructor":2}']],
    [twice, ['{"a":1,"a":1}', '{"a":1,"\\u0061":1}', '{"a":1,"b":2,"a" :{}}', '{"":1,"":2}']],
    [twice, ['[{"b":{"a":1,"a":2}}]', '{"__proto__":1,"__proto__":2}', '{"\\\\":1,"\\\\":2}']],
    // What is inside a member that is overwritten counts as well.
    [twice, ['{"a":{"x":1},"a":{"x":1}}']],
  ])('finds %s in each of %j', (problem, texts) => {
    expect(texts.map(problemOf)).toEqual(texts.map(() => problem));
  });

  it('finds what is nested too deeply, however deep', () => {
    expect(problemOf(nested(32))).toBeUndefined();
    expect(problemOf(nested(33))).toBe(tooDeep);
    expect(problemOf(nested(500_000))).toBe(tooDeep);
  });

  it.each([
    ['1', 0],
    ['{"a":[],"b":{"c":[1]}}', 3],
    [nested(40), 4],
  ])('counts the objects and arrays inside each other, to the limit: %s', (text, depth) => {
    expect(judgeJson(text, JSON.parse(text), 3).depth).toBe(depth);
  });

  it('finds nothing wrong with anything that was serialised', () => {
    fc.assert(
      fc.property(fc.oneof(values, tricky), indents, (value, indent) => {
        expect(problemOf(JSON.stringify(value, null, indent))).toBeUndefined();
      }),
    );
  });

  it('finds a member that is there twice, wherever it is put in', () => {
    fc.assert(
      fc.property(tricky, fc.nat(), fc.boolean(), values, (value, at, isFirst, other) => {
        const text = JSON.stringify({ there: value });
        const objects = objectsIn({ there: value });
        const object = objects[at % objects.length] ?? {};
        const [name = ''] = Object.keys(object);
        const member = `${JSON.stringify(name)}:${JSON.stringify(other)}`;
        const before = JSON.stringify(object);
        const after = isFirst
          ? `{${member},${before.slice(1)}`
          : `${before.slice(0, -1)},${member}}`;
        // Only where the object's text stands once is it sure which one is meant; all of them are changed.
        expect(problemOf(text.replaceAll(before, () => after))).toBe(twice);
      }),
    );
  });
});

/** All objects that have a member, at any depth. */
function objectsIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  const below = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) || Object.keys(value).length === 0 ? below : [value, ...below];
}

describe('countJsonValues', () => {
  it.each([
    ['[1,2]', 3],
    ['{"a":{},"b":","}', 4],
    ['"[,{\\"[,"', 1],
  ])('of %s is %d', (text, count) => {
    expect(countJsonValues(Buffer.from(text))).toBe(count);
  });

  it('is never less than there are', () => {
    const valuesIn = (value: unknown): number =>
      typeof value === 'object' && value !== null
        ? Object.values(value).reduce((sum: number, inner) => sum + valuesIn(inner), 1)
        : 1;
    fc.assert(
      fc.property(fc.oneof(values, tricky), indents, (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(countJsonValues(Buffer.from(text))).toBeGreaterThanOrEqual(
          valuesIn(JSON.parse(text)),
        );
      }),
    );
  });
});

/** A share whose time and turns the test moves. */
function stage() {
  let nowMs = 0;
  const callbacks: (() => void)[] = [];
  const share = createLoopShare({
    now: () => nowMs,
    onNextTurn: (callback) => callbacks.push(callback),
  });
  return {
    share,
    work: (ms: number) => {
      nowMs += ms;
    },
    /** Lets the loop turn once, and what is to follow in that turn happen. */
    async turn(): Promise<void> {
      for (const callback of callbacks.splice(0)) {
        callback();
      }
      for (let tick = 0; tick < 20; tick += 1) {
        await Promise.resolve();
      }
    },
  };
}

describe('the share of the event loop', () => {
  it('is used up once all work of one turn took its time', async () => {
    const { share, work, turn } = stage();
    expect(share.isUsedUp()).toBe(false);
    work(9);
    expect(share.isUsedUp()).toBe(false);
    work(1);
    expect(share.isUsedUp()).toBe(true);
    await turn();
    expect(share.isUsedUp()).toBe(false);
  });

  it('lets those who wait go on one by one, a turn each', async () => {
    const { share, work, turn } = stage();
    const done: string[] = [];
    const task = (name: string, units: number) =>
      forEachUnit(share, units, (index) => {
        done.push(`${name}${index}`);
        work(10);
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
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(5), fc.nat()), { maxLength: 300, size: 'max' }),
        fc.integer({ min: 1, max: 50 }),
        async (items, unitsPerTurn) => {
          let units = 0;
          const share = {
            isUsedUp: () => ++units % unitsPerTurn === 0,
            nextTurn: () => Promise.resolve(),
          };
          const compare = (left: [number, number], right: [number, number]) => left[0] - right[0];
          const expected = items.toSorted(compare);
          expect(await sortInSlices(items, compare, share)).toEqual(expected);
          expect(await sortInSlices(items, compare, wholeLoop)).toEqual(expected);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('graceOf', () => {
  it.each([
    [0, 0],
    [999, 0],
    [1_000, 250],
    [120_000, 250],
  ])('lets answers be read before a timer that is %d ms late: %d ms', (lateMs, graceMs) => {
    expect(graceOf(lateMs)).toBe(graceMs);
  });
});

describe("the explorer's storage", () => {
  /** As a browser has it. */
  function createKept() {
    const values = new Map<string, string>();
    return {
      values,
      getItem: (key: string) => values.get(key) ?? null,
      setItem: (key: string, value: string) => void values.set(key, value),
      removeItem: (key: string) => void values.delete(key),
      clear: () => values.clear(),
      get length() {
        return values.size;
      },
    };
  }

  it.each([
    ['graphiql:tabState', true],
    ['graphiql:theme', true],
    ['graphiql:queries', false],
    ['graphiql:favorites', false],
  ])('gives back %s; whether it stays after the page: %s', (key, stays) => {
    const kept = createKept();
    const storage = createForgetfulStorage(() => kept, 'graph');
    storage.setItem(key, 'value');
    expect([storage.getItem(key), storage.length]).toEqual(['value', 1]);
    expect(kept.values.has(`${key} graph`)).toBe(stays);
    expect(createForgetfulStorage(() => kept, 'graph').getItem(key)).toBe(stays ? 'value' : null);
    expect(createForgetfulStorage(() => kept, 'another').getItem(key)).toBeNull();
    storage.removeItem(key);
    expect([storage.getItem(key), storage.length]).toEqual([null, 0]);
  });

  it('can be cleared as a whole, also if the browser denies access to its own', () => {
    const denied = () => {
      throw new DOMException('Access is denied', 'SecurityError');
    };
    const kept = createKept();
    for (const read of [() => kept, denied]) {
      const storage = createForgetfulStorage(read, 'graph');
      storage.setItem('graphiql:theme', 'dark');
      storage.setItem('graphiql:queries', '{}');
      storage.clear();
      const left = ['graphiql:theme', 'graphiql:queries'].map((key) => storage.getItem(key));
      expect(left).toEqual([null, null]);
    }
  });
});

/** What both sides know, without null, which only the writer of a null has to answer for, and without `readonly`. */
type Shared<Ours, Theirs> = { -readonly [P in keyof Ours & keyof Theirs]?: Given<Ours[P]> };
type Given<Value> = Mutable<Exclude<Value, null | undefined>>;
type Mutable<Value> = Value extends readonly (infer Item)[]
  ? Shared<Exclude<Item, null>, ComplianceManagementPartnerAssignment>[]
  : Value;
type Assignable<Ours, Theirs> = [Ours] extends [Theirs] ? true : false;
type Fits<Ours, Theirs> = Assignable<Shared<Ours, Theirs>, Theirs>;

/** Each line only compiles where what we write fits into Microsoft's type, and what they type fits into what we read. */
const checks: readonly true[] = [
  true satisfies Fits<NewPartnerResource, ComplianceManagementPartner>,
  true satisfies Fits<NewAssignmentResource, ComplianceManagementPartnerAssignment>,
  true satisfies Fits<NewAssignmentTargetResource, GroupAssignmentTarget>,
  true satisfies Fits<NewAssignmentTargetResource, ExclusionGroupAssignmentTarget>,
  true satisfies Fits<NewAssignmentTargetResource, AllLicensedUsersAssignmentTarget>,
  true satisfies Fits<NewAssignmentTargetResource, ConfigurationManagerCollectionAssignmentTarget>,
  true satisfies Assignable<PartnerTenantState, DeviceManagementPartnerTenantState>,
  true satisfies Assignable<DeviceManagementPartnerTenantState, PartnerTenantState>,
  true satisfies Assignable<PartnerTenantState, (typeof wireByState)[keyof typeof wireByState]>,
  true satisfies Assignable<
    Shared<Omit<ComplianceManagementPartner, `${string}Assignments`>, PartnerResource>,
    Omit<Partial<PartnerResource>, `${string}Assignments`>
  >,
];

/** A property of another type must not get through, or the lines above would prove nothing. */
const counterchecks: readonly false[] = [
  false satisfies Fits<{ displayName: number }, ComplianceManagementPartner>,
  false satisfies Fits<{ partnerState: 'String' }, ComplianceManagementPartner>,
  false satisfies Fits<{ iosOnboarded: string }, ComplianceManagementPartner>,
  false satisfies Fits<{ groupId: number }, GroupAssignmentTarget>,
];

/** Properties that only the reference page's beta has; everything else of ours must be known to Microsoft's types. */
type OnlyOnThePage = 'windowsOnboarded' | 'windowsEnrollmentAssignments' | '@odata.type';
const unknownToMicrosoft: readonly Exclude<
  keyof NewPartnerResource,
  keyof ComplianceManagementPartner | OnlyOnThePage
>[] = [];
const missingHere: readonly Exclude<keyof ComplianceManagementPartner, keyof NewPartnerResource>[] =
  [];

describe('the wire types', () => {
  it("fit into Microsoft's generated types of beta, property by property", () => {
    expect(checks.every(Boolean)).toBe(true);
    expect(counterchecks.some(Boolean)).toBe(false);
    expect([...unknownToMicrosoft, ...missingHere]).toEqual([]);
  });
});
