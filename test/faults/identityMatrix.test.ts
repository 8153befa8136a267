import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { totalCountQuery } from '../support/documents.ts';
import { startIdentityStage } from '../support/identityStage.ts';
import { until } from '../support/until.ts';
import { documentOf, methodOf } from './lane/documentOf.ts';
import { createSkippingClock } from './lane/skippingClock.ts';
import { laneOperations, tellsTheTruth } from './lane/tellsTheTruth.ts';
import {
  callsOf,
  type IdentityFaultStage,
  identityFaults,
  interactionClaims,
} from './matrix/identityFaults.ts';

const operationTimeoutMs = 2_000;
const wish = { scope: 'Partners.ReadWrite' };
/** What a busy machine adds to the time that an operation may take. */
const graceMs = 1_000;
/** After that the gateway may ask for keys again. */
const keyPauseMs = 10_000;
/** Long enough for the clock to jump in. */
const heldBackMs = 100;

let stage: IdentityFaultStage;

beforeAll(async () => {
  const [clock, authorityClock] = [createSkippingClock(), createSkippingClock()];
  const options = { clock, now: authorityClock.now };
  const environment = { OPERATION_TIMEOUT_MS: String(operationTimeoutMs) };
  const parts = await startIdentityStage('on-behalf-of', environment, options);
  stage = { ...parts, clock, authorityClock };
});
afterEach(() => {
  stage.authority.faults.clear();
  stage.authority.cutHanging();
  stage.graph.faults.clear();
  setClocksRight();
});
afterAll(() => stage.close());

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
  await run(...documentOf({ operation: 'add', id: '', name: displayName }), token);
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
      await run(totalCountQuery, {}, known);
    }
    await fault.arm(stage);
    const token = known ?? mint();
    const isOwn = ({ method }: { readonly method: string }) => method === methodOf[operation];
    const before = stage.graph.requests.filter(isOwn).length;
    if (fault.meanwhile !== undefined) {
      stage.graph.faults.add({ when: { method: methodOf[operation] }, delayMs: heldBackMs });
    }
    const timeoutMs = fault.isEndless ? 500 : operationTimeoutMs;
    const startedMs = performance.now();
    const headers = { prefer: `wait=${timeoutMs / 1000}` };
    const answering = run(...documentOf(intent), token, headers);
    if (fault.meanwhile !== undefined) {
      await until(() => stage.graph.requests.filter(isOwn).length > before);
      fault.meanwhile(stage);
    }
    const answer = await answering;
    expect(performance.now() - startedMs).toBeLessThan(timeoutMs + graceMs);
    const error = answer.result.errors?.[0]?.extensions;
    expect([error?.['code'] ?? 'ok', answer.status]).toEqual([fault.code, fault.status]);
    expect(stage.graph.requests.filter(isOwn).length - before).toBe(callsOf(fault));
    expect(tellsTheTruth(intent, answer, stage.graph.partners())).toBe(true);
    if (name.includes('interaction_required')) {
      expect(error?.['claims']).toBe(interactionClaims);
    }
    if (fault.isForOneUser) {
      const other = await run(totalCountQuery, {}, stage.authority.mint(wish));
      expect(other.result.errors).toBeUndefined();
    }
  });
});
