import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { totalCountQuery } from '../support/documents.ts';
import { startIdentityStage } from '../support/identityStage.ts';
import { until } from '../support/until.ts';
import {
  createSkippingClock,
  createVirtualClock,
  whileTimeStands,
} from '../support/virtualClock.ts';
import { documentOf, isOwnOf, laneOperations, methods, tellsTheTruth } from './lane/laneCaller.ts';
import {
  type IdentityFaultStage,
  identityFaults,
  interactionClaims,
} from './matrix/identityFaults.ts';
import { expectPromised } from './matrix/promiseOf.ts';

const operationTimeoutMs = 2_000;
const scope = 'Partners.ReadWrite';
/** In which an operation has to end after its deadline. */
const graceMs = 250;
/** After that the gateway may ask for keys again. */
const keyPauseMs = 10_000;
/** How long Graph holds an answer back while the clock jumps. */
const heldBackMs = 100;

/** Of the gateway; its time passes only when a test says so, and jumps on top of that. */
const time = createVirtualClock(Date.now());
const graphTime = createVirtualClock(Date.now());
let stage: IdentityFaultStage;

const standing = <Outcome>(outcome: Promise<Outcome>): Promise<Outcome> =>
  whileTimeStands(time, outcome);
const run = (document: string, variables: object, token: string) =>
  stage.gateway.run(document, variables, { authorization: `Bearer ${token}` });

beforeAll(async () => {
  const [clock, authorityClock] = [createSkippingClock(time), createSkippingClock(time)];
  const options = { clock, now: authorityClock.now, graphClock: graphTime };
  const environment = { OPERATION_TIMEOUT_MS: String(operationTimeoutMs) };
  const parts = await standing(startIdentityStage('on-behalf-of', environment, options));
  stage = { ...parts, clock, authorityClock };
});
afterEach(() => {
  const { authority, graph, clock, authorityClock } = stage;
  authority.faults.clear();
  authority.cutHanging();
  graph.faults.clear();
  // Never back to where it was: what the gateway did at a time that is to come would look odd to it.
  const nowMs = Math.max(clock.now(), authorityClock.now()) + keyPauseMs;
  for (const one of [clock, authorityClock]) {
    one.skip(nowMs - one.now());
  }
});
afterAll(() => standing(stage.close()));

const cases = identityFaults.flatMap((fault) =>
  laneOperations.map((operation) => ({ ...fault, operation })),
);

describe('a fault of the authority or of the clock', () => {
  it.each(cases)('$number $name: $operation', async ({ operation, name, promise, ...fault }) => {
    const { authority, graph } = stage;
    const mint = () => authority.mint({ scope, ...fault.wish?.(stage.authorityClock.now()) });
    const before = { operation: 'add', id: '', name: `Before ${operation}, ${name}` } as const;
    await standing(run(...documentOf(before), authority.mint({ scope })));
    const id = graph.partners().find(({ displayName }) => displayName === before.name)?.id ?? '';
    const intent = { operation, id, name: `After ${operation}, ${name}` };
    const known = fault.isKnownToken ? mint() : undefined;
    if (known !== undefined) {
      await standing(run(totalCountQuery, {}, known));
    }
    await standing(Promise.resolve(fault.arm(stage)));
    const own = () => graph.requests.filter(isOwnOf(intent));
    const [callsBefore, tokensBefore] = [own().length, authority.count('token')];
    if (fault.meanwhile !== undefined) {
      graph.faults.add({ when: { method: methods[operation] }, delayMs: heldBackMs });
    }
    const startedMs = time.now();
    const answering = run(...documentOf(intent), known ?? mint());
    if (fault.meanwhile !== undefined) {
      await standing(until(() => own().length > callsBefore));
      fault.meanwhile(stage);
      await graphTime.advance(heldBackMs);
    }
    if (fault.isEndless) {
      await standing(until(() => authority.count('token') > tokensBefore));
      await time.advance(operationTimeoutMs + graceMs);
    }
    const answer = await standing(answering);
    expect(time.now() - startedMs).toBeLessThanOrEqual(operationTimeoutMs + graceMs);
    const { status, extensions } = answer;
    const seen = {
      code: String(extensions?.['code'] ?? 'ok'),
      status,
      calls: own().length - callsBefore,
      isTrue: tellsTheTruth(intent, answer, graph.partners()),
    };
    expectPromised(seen, promise, fault.status);
    const claims = name.includes('interaction_required') ? interactionClaims : undefined;
    expect(extensions?.['claims']).toBe(claims);
    if (fault.isForOneUser) {
      const other = await standing(run(totalCountQuery, {}, authority.mint({ scope })));
      expect(other.result.errors).toBeUndefined();
    }
  });
});
