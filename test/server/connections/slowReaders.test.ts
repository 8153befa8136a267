import { afterEach, describe, expect, it } from '@jest/globals';
import { recordingMeasurements } from '../../support/measurements.ts';
import { graphqlRequest, openConnection, type RawConnection } from '../../support/rawConnection.ts';
import { json, startScriptedServer } from '../../support/scriptedServer.ts';
import { startTestGateway, type TestGateway } from '../../support/testGateways.ts';
import { until } from '../../support/until.ts';

let gateway: TestGateway;
const measurements = recordingMeasurements();

afterEach(() => gateway.stop(0));

/** More than all buffers of the system between two sockets take, so that answers have to wait in the gateway. */
const requests = 700;

async function askForMuch(idleMs: number): Promise<RawConnection> {
  const unbounded = { SHED_OPEN_REQUESTS: '0', SHED_EVENT_LOOP_DELAY_MS: '0' };
  gateway = await startTestGateway(
    { RESPONSE_IDLE_TIMEOUT_MS: String(idleMs), ...unbounded },
    { measurements },
  );
  const caller = await openConnection(gateway.url);
  caller.socket.pause();
  // Long enough that the gateway, which reads 64 KB at a time, does not get all of them at once.
  const ask = `GET /schema.graphql HTTP/1.1\r\nHost: gateway\r\nX-Padding: ${'x'.repeat(1000)}\r\n`;
  caller.send(`${ask}\r\n`.repeat(requests - 1));
  caller.send(`${ask}Connection: close\r\n\r\n`);
  return caller;
}

const answered = (): number =>
  gateway.logLines.filter((line) => line.includes('"Answered"')).length;

const wasCut = (): boolean => measurements.events.includes('connection cut for response-idle');

describe('a caller that does not read its answers', () => {
  it('is cut off, and until then little is kept for it', async () => {
    const caller = await askForMuch(500);
    await until(wasCut);
    // What the gateway does not read from the caller either it cannot have to remember.
    expect(answered()).toBeLessThan(requests);
    expect(gateway.logLines.filter((line) => line.includes('response-idle'))).toHaveLength(1);
    expect((await gateway.get('/livez')).status).toBe(200);
    caller.socket.destroy();
  });

  it('is not one whose next answer takes its time', async () => {
    // Later than the time after which a caller is cut off, for which a socket has no clock but the machine's.
    const graph = await startScriptedServer((response, request) => {
      setTimeout(() => json(200, { value: [] })(response, request), 700);
    });
    gateway = await startTestGateway({
      RESPONSE_IDLE_TIMEOUT_MS: '200',
      GRAPH_BASE_URL: graph.url.href,
    });
    const caller = await openConnection(gateway.url);
    const query = '{ complianceManagementPartners { totalCount } }';
    caller.send(`GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n${graphqlRequest({ query })}`);
    await caller.until(/"totalCount":0/);
    caller.socket.destroy();
    await graph.close();
  });

  it('gets all of them where it reads slowly but does read', async () => {
    const before = measurements.events.length;
    // Far longer than a pause of the caller, and shorter than all of them.
    const caller = await askForMuch(1500);
    let taken = 0;
    const size = 1024 * 1024;
    caller.socket.on('data', (chunk: Buffer) => {
      taken += chunk.length;
      if (taken > size) {
        taken = 0;
        caller.socket.pause();
        setTimeout(() => caller.socket.resume(), 50);
      }
    });
    caller.socket.resume();
    const text = await caller.closed;
    expect(text.split('HTTP/1.1 200 OK')).toHaveLength(requests + 1);
    expect(measurements.events).toHaveLength(before);
  });
});
