import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findDoubledHeader } from '../../src/server/doubledHeader.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({});
});
afterAll(() => gateway.stop(0));

/** Sends header lines as they are and gives the whole answer. */
function send(...lines: string[]): Promise<string> {
  const { hostname, port } = new URL(gateway.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('utf8');
    });
    socket.on('end', () => resolve(answer)).on('error', reject);
    const head = ['GET /livez HTTP/1.1', 'Connection: close', ...lines];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
  });
}

describe('a header that came twice', () => {
  it.each([
    ['authorization', ['Host: a', 'Authorization: Bearer a', 'authorization: Bearer b']],
    ['host', ['Host: a', 'Host: b']],
  ])('is refused where it is %s', async (name, lines) => {
    const answer = await send(...lines);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain(`The header \\"${name}\\" came more than once; send it once.`);
  });

  it('is nothing to speak of elsewhere', async () => {
    expect(await send('Host: a', 'Accept: x', 'Accept: y')).toMatch(/^HTTP\/1\.1 200 /);
    expect(findDoubledHeader(['Host', 'a', 'X', 'b', 'x', 'c'])).toBeUndefined();
  });
});
