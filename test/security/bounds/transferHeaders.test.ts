import { afterAll, describe, expect, it } from '@jest/globals';
import { openConnection } from '../../support/rawConnection.ts';
import { headOf, useStages } from '../../support/stages.ts';

const { start } = useStages(afterAll);
const gateway = await start();

const body = JSON.stringify({ query: '{ __typename }' });
const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

const post = (...headers: string[]): string => headOf('POST /graphql', ...headers);
const type = 'Content-Type: application/json';

/** Sends bytes; gives all that comes back until the gateway closes the connection. */
async function send(bytes: string): Promise<string> {
  const caller = await openConnection(gateway.url);
  caller.send(bytes);
  return caller.closed;
}

const codesIn = (answer: string): string[] =>
  [...answer.matchAll(/"code":"(\w+)"/g)].map(([, code = '']) => code);

describe('a transfer encoding', () => {
  it.each([
    'gzip, chunked',
    'chunked, chunked',
    'gzip',
    'identity, chunked',
    'xchunked',
    'chunked;q=1',
    ',chunked',
    'chunked\r\nTransfer-Encoding: chunked',
  ])('is rejected with 501 and a closed connection if it is %j', async (encoding) => {
    const before = gateway.logLines.length;
    // A request behind it, which must not be read as one.
    const bytes = post(type, `Transfer-Encoding: ${encoding}`) + chunked + headOf('GET /livez');
    const answer = await send(bytes);
    expect(answer).toMatch(/^HTTP\/1.1 501 Not Implemented\r\n/);
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
    expect(codesIn(answer)).toEqual(['TRANSFER_ENCODING_NOT_SUPPORTED']);
    expect(answer.match(/HTTP\/1.1 \d+/g)).toHaveLength(1);
    expect(gateway.logged().slice(before)).not.toContainEqual(
      expect.objectContaining({ status: 200 }),
    );
  });

  it.each(['chunked', 'Chunked', ' chunked '])('may be %j', async (encoding) => {
    const answer = await send(
      `${post(type, 'Connection: close', `Transfer-Encoding: ${encoding}`)}${chunked}`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  });
});

describe('a content type', () => {
  const length = `Content-Length: ${body.length}`;

  it.each([
    [type, type],
    [type, 'content-type: text/plain'],
    ['CONTENT-TYPE: text/plain', type],
  ])('is rejected with 400 if it came twice: %s, %s', async (first, second) => {
    const answer = await send(`${post(first, length, second, 'Connection: close')}${body}`);
    expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(codesIn(answer)).toEqual(['BAD_REQUEST']);
    expect(answer).toContain('content-type');
  });

  it.each([
    ['of 256 characters', 256, 200],
    ['of 257 characters', 257, 415],
  ])('%s has the status it should have', async (_what, characters, status) => {
    const long = 'application/json; a='.padEnd(characters, 'x');
    const headers = [`Content-Type: ${long}`, length, 'Connection: close'];
    expect(await send(`${post(...headers)}${body}`)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });
});
