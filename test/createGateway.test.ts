import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import {
  createGateway,
  type Log,
  type OwnGateway,
  readConfig,
  type Surroundings,
} from '../src/createGateway.ts';

const created: OwnGateway[] = [];
const logged: string[] = [];
const note = (message: string): void => {
  logged.push(message);
};
const log: Log = { debug: note, info: note, warn: note, error: note };

function create(
  environment: Record<string, string> = {},
  surroundings: Partial<Surroundings> = {},
): OwnGateway {
  const gateway = createGateway(readConfig({ PORT: '0', ...environment }), {
    log,
    ...surroundings,
  });
  created.push(gateway);
  return gateway;
}

afterEach(async () => {
  await Promise.all(created.splice(0).map((gateway) => gateway.stop()));
  logged.splice(0);
});

describe("a gateway in a program of one's own", () => {
  it('listens after start, and says where it and its Graph are', async () => {
    const { url, upstreamUrl } = await create().start();
    const { statusCode, body } = await request(`${url}/readyz`);
    expect([statusCode, await body.json()]).toEqual([200, { status: 'running' }]);
    expect(upstreamUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
  });

  it('does nothing before start', () => {
    create();
    expect(logged).toEqual([]);
  });

  it('starts once, however often it is told to', async () => {
    const gateway = create();
    const answers = await Promise.all([gateway.start(), gateway.start()]);
    expect(await gateway.start()).toEqual(answers[0]);
    expect(answers[1]).toEqual(answers[0]);
    expect(logged.filter((message) => message === 'Running')).toHaveLength(1);
  });

  it('stops once, and a stop during the start waits for it', async () => {
    const gateway = create();
    const starting = gateway.start();
    await Promise.all([gateway.stop(), gateway.stop()]);
    const { url } = await starting;
    await expect(request(`${url}/livez`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(logged.filter((message) => message === 'Stopped')).toHaveLength(1);
  });

  it('does not start after a stop', async () => {
    const gateway = create();
    await gateway.stop();
    await expect(gateway.start()).rejects.toThrow('Create another one');
  });

  it('has nothing to stop where starting failed', async () => {
    const { url } = await create().start();
    const second = create({ PORT: new URL(url).port });
    await expect(second.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(second.stop()).resolves.toBeUndefined();
  });

  it('takes its log and its ids from the caller', async () => {
    const { url } = await create({}, { newId: () => 'an-id-of-my-own' }).start();
    const { headers, body } = await request(`${url}/livez`);
    await body.dump();
    expect(headers['client-request-id']).toBe('an-id-of-my-own');
    expect(logged).toContain('Answered');
  });
});
