import { beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { faultCatalogue, throttledToken } from '../../faults/faultCatalogue.ts';
import type { NamedFault } from '../../faults/namedFault.ts';
import { createTestCertificates, type TestCertificates } from '../../support/certificates.ts';
import { nextTurn } from '../../support/faultProxy/wire.ts';
import { empty, startScriptedServer } from '../../support/scriptedServer.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtualClock.ts';
import { type FaultStage, Left, type Sight, useFaultStages } from './faultHarness.ts';

const { start, closeLater } = useFaultStages();
let certificates: TestCertificates;

beforeAll(() => {
  certificates = createTestCertificates();
});

interface ArmedStage extends FaultStage {
  readonly clock: VirtualClock;
}

/** A stage whose proxy has the fault before it, and nothing else. */
async function arm(fault: NamedFault): Promise<ArmedStage> {
  const clock = createVirtualClock();
  const trap = await startScriptedServer(empty(200));
  closeLater(trap.close);
  const stage = await start({
    clock,
    connections: 1,
    ...(fault.transport === 'https' && {
      tls: certificates.good,
      connect: { ca: certificates.authority, timeout: 20 },
    }),
  });
  if (fault.needsIdleConnection) {
    await stage.list();
  }
  await fault.arm({ proxy: stage.proxy, certificates, elsewhere: trap.url });
  return { ...stage, clock };
}

/** Adds once, and leaves when the proxy has had its turns: what hangs, drips or floods goes on without this client. */
async function tryAdd({ proxy, add }: FaultStage, fault: NamedFault): Promise<Sight> {
  const leave = new AbortController();
  const token = fault.number === 12 ? { token: throttledToken } : {};
  const before = proxy.received.length;
  let isOver = false;
  const seen = add({ ...token, leave: leave.signal }).finally(() => {
    isOver = true;
  });
  const isReceived = proxy.until(({ received }) => received.length > before);
  await Promise.race([seen, isReceived.catch(() => undefined)]);
  for (let turn = 0; turn < 200 && !isOver; turn += 1) {
    await nextTurn();
  }
  leave.abort(new Left());
  return seen;
}

/** Whether somebody who takes a status and a body for what they are would take it for a partner. */
function looksAdded({ status, text }: Sight): boolean {
  try {
    return status === 201 && JSON.parse(text ?? '').displayName === 'Fleet';
  } catch {
    return false;
  }
}

const byName = (faults: readonly NamedFault[]) => faults.map((fault) => ({ fault, ...fault }));
const onWire = faultCatalogue.filter(({ url, isForListsOnly }) => !url && !isForListsOnly);

describe('the catalogue of faults', () => {
  it('has the faults that come from between the gateway and Graph, each under a name of its own', () => {
    const numbers = [...new Set(faultCatalogue.map(({ number }) => number))].sort((a, b) => a - b);
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 22]);
    const names = faultCatalogue.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('has a host that nobody knows', async () => {
    const { url } = faultCatalogue.find(({ number }) => number === 2) ?? {};
    await expect(request(url ?? '')).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
    });
  });

  it.each(byName(onWire.filter(({ lasts }) => lasts === 'oneAttempt')))(
    '$number: strikes one attempt, and executes what it says: $name',
    async ({ fault }) => {
      const stage = await arm(fault);
      const before = stage.proxy.forwarded.length;
      const seen = await tryAdd(stage, fault);
      expect(looksAdded(seen)).toBe(fault.kind === 'harmless');
      await stage.clock.advance(60_000);
      const executions = fault.executes ? 1 : 0;
      await stage.proxy.until(({ forwarded }) => forwarded.length === before + executions);
      expect(stage.graph.partners()).toHaveLength(executions);
      expect(stage.proxy.faultsLeft).toBe(0);
      expect(looksAdded(await stage.add())).toBe(true);
    },
  );

  it.each(byName(onWire.filter(({ lasts }) => lasts === 'allAttempts')))(
    '$number: strikes all attempts, and executes what it says: $name',
    async ({ fault }) => {
      const stage = await arm(fault);
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const seen = await tryAdd(stage, fault);
        expect(looksAdded(seen)).toBe(fault.kind === 'harmless');
      }
      await stage.clock.advance(60_000);
      const executions = fault.executes ? 2 : 0;
      await stage.proxy.until(({ forwarded }) => forwarded.length === executions);
      expect(stage.graph.partners()).toHaveLength(executions);
    },
  );

  it.each(byName(onWire.filter(({ lasts }) => typeof lasts === 'object')))(
    '$number: strikes for a time: $name',
    async ({ fault, lasts }) => {
      const stage = await arm(fault);
      expect(looksAdded(await stage.add())).toBe(false);
      const ms = typeof lasts === 'object' ? lasts.ms : 0;
      await stage.clock.advance(ms - 1);
      expect(looksAdded(await stage.add())).toBe(false);
      await stage.clock.advance(1);
      expect(looksAdded(await stage.add())).toBe(true);
      expect(stage.graph.partners()).toHaveLength(1);
    },
  );

  it.each(byName(faultCatalogue.filter(({ isForListsOnly }) => isForListsOnly)))(
    '$number: leads lists astray: $name',
    async ({ fault }) => {
      const stage = await arm(fault);
      const { status, text } = await stage.list();
      expect(status).toBe(200);
      expect(JSON.parse(text ?? '')['@odata.nextLink']).toMatch(/^http:/);
      expect(stage.proxy.forwarded).toHaveLength(fault.executes ? 1 : 0);
    },
  );

  it('throttles one tenant and no other', async () => {
    const fault = faultCatalogue.find(({ number }) => number === 12);
    const stage = await arm(fault as NamedFault);
    expect((await stage.list({ token: throttledToken })).status).toBe(429);
    expect((await stage.list()).status).toBe(200);
  });
});
