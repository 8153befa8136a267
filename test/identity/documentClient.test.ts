import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { createDocumentClient } from '../../src/identity/keys/documentClient.ts';
import { DocumentError } from '../../src/identity/keys/documentError.ts';
import {
  type Answer,
  cutOff,
  empty,
  hangUp,
  json,
  reset,
  silence,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import { createVirtualClock } from '../support/virtualClock.ts';

const leftovers: (() => Promise<unknown>)[] = [];
const live = new AbortController().signal;

afterEach(async () => {
  await Promise.all(leftovers.splice(0).map((close) => close()));
});

async function start(answer: Answer, clock = systemClock) {
  const server = await startScriptedServer(answer);
  const client = createDocumentClient({ clock });
  leftovers.push(server.close, client.close);
  return { server, client };
}

async function problemOf(read: Promise<unknown>): Promise<string> {
  const error: unknown = await read.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DocumentError);
  return error instanceof DocumentError ? error.problem : '';
}

const raw =
  (headers: Record<string, string>, ...chunks: (string | Buffer)[]): Answer =>
  (response) => {
    response.writeHead(200, headers);
    for (const chunk of chunks) {
      response.write(chunk);
    }
    response.end();
  };

describe('the document client', () => {
  it('reads a JSON document, without compression and over a connection that it does not keep', async () => {
    const { server, client } = await start(json(200, { keys: [] }));
    expect(await client.read(new URL('/keys?a=b', server.url), live)).toEqual({ keys: [] });
    expect(server.requests).toMatchObject([
      {
        method: 'GET',
        url: '/keys?a=b',
        headers: { 'accept-encoding': 'identity', connection: 'close' },
      },
    ]);
  });

  it.each<[string, Answer, string]>([
    ['a redirect', empty(302, { location: 'https://evil.example' }), 'it was answered with 302'],
    ['a failure', json(500, {}), 'it was answered with 500'],
    ['nothing', empty(204), 'it was answered with 204'],
    ['HTML', raw({ 'content-type': 'text/html' }, '<html>'), 'it is no JSON'],
    ['no type', raw({}, '{}'), 'it is no JSON'],
    [
      'what it did not ask for',
      raw({ 'content-type': 'application/json', 'content-encoding': 'gzip' }, gzipSync('{}')),
      'it is no JSON',
    ],
    [
      'half of its JSON',
      raw({ 'content-type': 'application/json' }, '{"a":'),
      'its JSON is broken',
    ],
    [
      'a name twice',
      raw({ 'content-type': 'application/json' }, '{"a":1,"a":2}'),
      'its JSON is broken',
    ],
    [
      'no UTF-8',
      raw({ 'content-type': 'application/json' }, Buffer.from('{"a":"\xff"}', 'latin1')),
      'its JSON is broken',
    ],
    [
      'more than 256 KB',
      raw({ 'content-type': 'application/json' }, `{"a":"${'x'.repeat(300_000)}"}`),
      'it is too large',
    ],
    ['less than it announces', cutOff(200, '{"keys":[1,2,3]}'), 'it broke off'],
    ['a cut connection', reset, 'no answer came'],
    ['a closed connection', hangUp, 'no answer came'],
  ])('does not believe %s', async (_what, answer, problem) => {
    const { server, client } = await start(answer);
    expect(await problemOf(client.read(server.url, live))).toBe(problem);
  });

  it('tells the system code where nobody listens', async () => {
    const { server, client } = await start(silence);
    await server.close();
    await expect(client.read(server.url, live)).rejects.toMatchObject({
      problem: 'no answer came',
      systemCode: 'ECONNREFUSED',
    });
  });

  it('waits 5 s at most, for the head and for the rest', async () => {
    const stall: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{');
    };
    for (const answer of [silence, stall]) {
      const clock = createVirtualClock();
      const { server, client } = await start(answer, clock);
      const problem = problemOf(client.read(server.url, live));
      await clock.whenPending();
      await clock.advance(4_999);
      expect(clock.pendingTimers).toBe(1);
      await clock.advance(1);
      expect(await problem).toBe('it took too long');
    }
  });

  it('stops where nobody wants the document any more, and leaves no timer behind', async () => {
    const clock = createVirtualClock();
    const { server, client } = await start(silence, clock);
    const end = new AbortController();
    const problem = problemOf(client.read(server.url, end.signal));
    end.abort();
    expect(await problem).toBe('it is not wanted any more');
    expect(await problemOf(client.read(server.url, end.signal))).toBe('it is not wanted any more');
    expect(clock.pendingTimers).toBe(0);
  });
});
