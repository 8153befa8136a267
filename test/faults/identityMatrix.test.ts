import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { totalCountQuery } from '../support/documents.ts';
import { startIdentityStage } from '../support/identityStage.ts';
import { until } from '../support/until.ts';
import {
  createSkippingClock,
  createVirtualClock,
  whileTimeStands,
} from '../support/virtualClock.ts';
import { documentOf, laneOperations, methodOf, tellsTheTruth } from './lane/laneCaller.ts';
import {
  callsOf,
  type IdentityFaultStage,
  identityFaults,
  interactionClaims,
} from './matrix/identityFaults.ts';

const operationTimeoutMs = 2_000;
const wish = { scope: 'Partners.ReadWrite' };
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

beforeAll(async () => {
  const [clock, authorityClock] = [createSkippingClock(time), createSkippingClock(time)];
  const options = { clock, now: authorityClock.now, graphClock: graphTime };
  const environment = { OPERATION_TIMEOUT_MS: String(operationTimeoutMs) };
  const parts = await standing(startIdentityStage('on-behalf-of', environment, options));
  stage = { ...parts, clock, authorityClock };
});
afterEach(() => {
  stage.authority.faults.clear();
  stage.authority.cutHanging();
  stage.graph.faults.clear();
  setClocksRight();
});
afterAll(() => standing(stage.close()));

/** Never back to where it was: what the gateway did at a time that is to come would look odd to it. */
function setClocksRight(): void {
  const { clock, authorityClock } = stage;
  const nowMs = Math.max(clock.now(), authorityClock.now()) + keyPauseMs;
  for (const one of [clock, authorityClock]) {
    one.skip(nowMs - one.now());
  }
}

const run = (document: string, variables: object, token: string, headers = {}) =>
  stage.gateway.run(document, variables, { authorization: `Bearer ${token}`, ...headers });

/** Adds a partner through the gateway while nothing is wrong. */
async function addRow(displayName: string): Promise<string> {
  const token = stage.authority.mint(wish);
  await standing(run(...documentOf({ operation: 'add', id: '', name: displayName }), token));
  return stage.graph.partners().find((row) => row.displayName === displayName)?.id ?? '';
}

const cases = identityFaults.flatMap((fault) =>
  laneOperations.map((operation) => ({ ...fault, fault, operation })),
);

describe('a fault of the authority or of the clock', () => {
  it.each(cases)('$number $name: $operation', async ({ fault, name, operation }) => {
    const id = await addRow(`Before ${operation}, ${name}`);
    const intent = { operation, id, name: `After ${operation}, ${name}` };
    const mint = () =>
      stage.authority.mint({ ...wish, ...fault.wish?.(stage.authorityClock.now()) });
    const known = fault.isKnownToken ? mint() : undefined;
    if (known !== undefined) {
      await standing(run(totalCountQuery, {}, known));
    }
    await standing(Promise.resolve(fault.arm(stage)));
    const token = known ?? mint();
    const isOwn = ({ method }: { readonly method: string }) => method === methodOf[operation];
    const before = stage.graph.requests.filter(isOwn).length;
    if (fault.meanwhile !== undefined) {
      stage.graph.faults.add({ when: { method: methodOf[operation] }, delayMs: heldBackMs });
    }
    const tokenRequests = stage.authority.count('token');
    const startedMs = time.now();
    const answering = run(...documentOf(intent), token);
    if (fault.meanwhile !== undefined) {
      await standing(until(() => stage.graph.requests.filter(isOwn).length > before));
      fault.meanwhile(stage);
      await graphTime.advance(heldBackMs);
    }
    if (fault.isEndless) {
      await standing(until(() => stage.authority.count('token') > tokenRequests));
      await time.advance(operationTimeoutMs + graceMs);
    }
    const answer = await standing(answering);
    expect(time.now() - startedMs).toBeLessThanOrEqual(operationTimeoutMs + graceMs);
    const error = answer.result.errors?.[0]?.extensions;
    expect([error?.['code'] ?? 'ok', answer.status]).toEqual([fault.code, fault.status]);
    expect(stage.graph.requests.filter(isOwn).length - before).toBe(callsOf(fault));
    expect(tellsTheTruth(intent, answer, stage.graph.partners())).toBe(true);
    if (name.includes('interaction_required')) {
      expect(error?.['claims']).toBe(interactionClaims);
    }
    if (fault.isForOneUser) {
      const other = await standing(run(totalCountQuery, {}, stage.authority.mint(wish)));
      expect(other.result.errors).toBeUndefined();
    }
  });
});
