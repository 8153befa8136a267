import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { countResources, expectNoLeftovers, type ResourceCount } from '../support/leftovers.ts';

let before: ResourceCount;

beforeAll(async () => {
  before = await countResources();
});

describe('the look for leftovers', () => {
  it('finds nothing where nothing was left', async () => {
    await expectNoLeftovers(before);
  });

  it('names a timer, and is content once it is gone', async () => {
    const timer = setTimeout(() => undefined, 60_000);
    await expect(expectNoLeftovers(before)).rejects.toThrow('"Timeout": 1');
    clearTimeout(timer);
    await expectNoLeftovers(before);
  });

  it('leaves timers alone that keep no process alive', async () => {
    const timer = setTimeout(() => undefined, 60_000).unref();
    await expectNoLeftovers(before);
    clearTimeout(timer);
  });

  it('does not count what is just going away as having been there', async () => {
    // The test runner has timers of its own, which may come in between.
    let counted: ResourceCount = {};
    for (let tries = 0; tries < 5 && counted['Timeout'] !== before['Timeout']; tries += 1) {
      const passing = setTimeout(() => undefined, 20);
      counted = await countResources();
      clearTimeout(passing);
    }
    expect(counted).toEqual(before);
  });

  it('names listeners and connections', async () => {
    const { client, accepted, server } = await openConnection();
    await expect(expectNoLeftovers(before)).rejects.toThrow(
      /"TCPServerWrap": 1[\s\S]*"TCPSocketWrap": 2/,
    );
    client.destroy();
    accepted.destroy();
    server.close();
    await expectNoLeftovers(before);
  });

  it('waits until what is being closed is gone', async () => {
    const { client, server } = await openConnection();
    const isTidy = expectNoLeftovers(before);
    server.close();
    client.end();
    await isTidy;
  });
});

async function openConnection() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = await once(server, 'connection');
  accepted.resume();
  return { server, client, accepted };
}
