import { afterAll, describe, expect, it } from '@jest/globals';
import { createArrivingBodies } from '../../../src/http/connections.ts';
import { addMutation, totalCountQuery } from '../../support/documents.ts';
import { graphqlRequest, openConnection, sendRaw } from '../../support/rawConnection.ts';
import { type Answer, json } from '../../support/scriptedServer.ts';
import { headOf, useStages } from '../../support/stages.ts';
import { until } from '../../support/until.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';

const { scripted, closeLater } = useStages();
const unmoved = await useStages(afterAll).start();
const livez = headOf('GET /livez');
const list = graphqlRequest({ query: totalCountQuery });
const add = graphqlRequest({ query: addMutation, variables: { input: { displayName: 'Fleet' } } });

/** Starts a gateway whose time stands still, before a Graph that answers reads of one partner, and others if told. */
async function start(environment: Record<string, string> = {}) {
  let answerGraph = (_status: number, _body: object): void => undefined;
  const hold: Answer = (...parts) => {
    answerGraph = (status, body) => json(status, body)(...parts);
    if (parts[1].url.endsWith('/known')) {
      answerGraph(200, { id: 'known' });
    }
  };
  const clock = createVirtualClock();
  const { graph, gateway } = await scripted(hold, environment, { clock });
  return {
    graph,
    gateway,
    clock,
    answerGraph: (status: number, body: object) => answerGraph(status, body),
    /** Sends bytes; the gateway has seen them after a round trip on another connection. */
    async sendFrom(bytes: string, isEnd = false) {
      const caller = await openConnection(gateway.url);
      closeLater(() => caller.socket.destroy());
      caller.send(bytes);
      if (isEnd) {
        caller.socket.end();
      }
      await gateway.get('/livez');
      return caller;
    },
    untilAsked: (count = 1) => until(() => graph.requests.length >= count),
    untilQuiet: () => until(() => clock.pendingTimers === 0),
  };
}

describe('a caller that sends FIN after a whole request', () => {
  it.each([
    ['gets the answer to its mutation, however long that takes', add, 10_000, '"id":"abc"'],
    ['gets the answer to its query within a second', list, 999, '"totalCount":0'],
    ['has left if its query takes longer than that', list, 1_000, ''],
  ])('%s', async (_what, request, ms, expected) => {
    const stage = await start();
    const caller = await stage.sendFrom(request, true);
    await stage.untilAsked();
    await stage.gateway.get('/livez');
    await stage.clock.advance(ms);
    const row = { id: 'abc', displayName: 'Fleet' };
    stage.answerGraph(request === add ? 201 : 200, request === add ? row : { value: [] });
    const answer = await caller.closed;
    expect(answer).toContain(expected);
    expect(answer.startsWith('HTTP/1.1 200 OK\r\n')).toBe(expected !== '');
    const unanswered = stage.gateway.logged('Microsoft Graph gave no answer');
    expect(unanswered.map(({ code }) => code)).toEqual(expected === '' ? ['callerLeft'] : []);
    expect(stage.clock.pendingTimers).toBe(0);
  });

  it('gets the answers to all requests that it sent ahead, and is not waited for', async () => {
    const stage = await start();
    const caller = await stage.sendFrom(livez.repeat(20) + list, true);
    await stage.untilAsked();
    stage.answerGraph(200, { value: [] });
    expect((await caller.closed).split('HTTP/1.1 200 OK')).toHaveLength(22);
    expect(stage.gateway.logLines.join()).not.toContain('Node.js warns');
    const idle = await stage.sendFrom(livez);
    await idle.until(/alive/);
    idle.socket.end();
    await idle.closed;
  });

  it.each([0.3, 0.95])('gets 400 if it sent %d of its request', async (share) => {
    const { graph, sendFrom } = await start();
    const caller = await sendFrom(list.slice(0, list.length * share), true);
    expect(await caller.closed).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(graph.requests).toHaveLength(0);
  });
});

describe('requests that are sent ahead on a connection that is reset', () => {
  const places = 16;

  it.each([
    ['queries', list],
    ['mutations', add],
    ['probes', livez],
    ['rejected bodies', graphqlRequest(1000)],
  ])('give their places, timers and listeners back: %s', async (what, request) => {
    const stage = await start({ SHED_OPEN_REQUESTS: String(places) });
    const { gateway, clock } = stage;
    // Three times as many as there are places, so that places that are kept would be used up.
    for (let round = 1; round <= 6; round += 1) {
      const caller = await stage.sendFrom(list);
      await stage.untilAsked(round);
      caller.send(request.repeat(places / 2));
      await gateway.get('/livez');
      caller.socket.resetAndDestroy();
      await caller.closed;
      await until(async () => (await gateway.get('/livez')).status === 200);
    }
    if (what !== 'mutations') {
      await stage.untilQuiet();
    }
    const known = await gateway.ask('{ complianceManagementPartner(id: "known") { id } }');
    expect(known).toEqual({ id: 'known' });
    // A write that was sent is waited for until its time is up.
    await Promise.all([gateway.stop(0), clock.advance(60_000)]);
  });

  it('end queries that wait for Graph, and report that the caller left', async () => {
    const stage = await start();
    const caller = await stage.sendFrom(list.repeat(4));
    await stage.untilAsked(4);
    caller.socket.resetAndDestroy();
    await caller.closed;
    await stage.untilQuiet();
    const { logLines } = stage.gateway;
    await until(() => logLines.filter((line) => line.includes('CALLER_LEFT')).length === 4);
  });
});

describe('bodies that are still arriving', () => {
  const bounds = { bodies: 3, bytes: 10_000, bytesPerSecond: 100 };

  /** Bodies that arrive as a test says, and the names of those that were cut. */
  function startArriving(changes: Partial<typeof bounds> = {}) {
    const clock = createVirtualClock(0);
    const arriving = createArrivingBodies({ ...bounds, ...changes }, clock);
    const cuts: string[] = [];
    const begin = (name: string) => arriving.begin((reason) => cuts.push(`${name}: ${reason}`));
    return { clock, arriving, cuts, begin };
  }

  it.each([
    ['more bytes in the same time', 0, 2_000, 0, 1_000],
    ['the same bytes in less time', 500, 100, 0, 100],
    ['nothing yet, but just begun', 999, 0, 0, 110],
    ['12 KB/s for long', -4_000, 60_000, 500, 110],
  ])('are faster with %s', async (_what, fastMs, fastBytes, slowMs, slowBytes) => {
    const { clock, arriving, cuts, begin } = startArriving({ bytes: 1e6, bytesPerSecond: 0 });
    const bodies = [
      { name: 'fast', ms: 4_000 + fastMs, bytes: fastBytes },
      { name: 'slow', ms: 4_000 + slowMs, bytes: slowBytes },
    ];
    for (const { name, ms, bytes } of bodies.sort((one, other) => one.ms - other.ms)) {
      await clock.advance(ms - clock.now());
      begin(name).receive(bytes);
    }
    await clock.advance(5_000 - clock.now());
    expect([arriving.giveWay(), arriving.giveWay(), arriving.giveWay()]).toEqual([
      true,
      true,
      false,
    ]);
    expect(cuts).toEqual(['slow: arriving-bodies', 'fast: arriving-bodies']);
  });

  it.each([
    [0, 5_000],
    [500, 5_000],
    [501, 5_100],
    [1_000, 10_000],
  ])('with %i bytes fall behind 100 bytes a second before %i ms are over', async (bytes, ms) => {
    const { clock, cuts, begin } = startArriving();
    begin('slow').receive(bytes);
    await clock.advance(ms - 1);
    expect(cuts).toEqual([]);
    await clock.advance(1);
    expect(cuts).toEqual(['slow: slow-body']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('have as many bytes together as are allowed', async () => {
    const { clock, cuts, begin } = startArriving({ bytes: 1_000 });
    begin('first').receive(300);
    await clock.advance(10);
    const second = begin('second');
    second.receive(700);
    expect(cuts).toEqual([]);
    second.receive(1);
    expect(cuts).toEqual(['first: arriving-bodies']);
  });

  it('leave their bytes and their timers behind when they end', async () => {
    const { clock, cuts, begin } = startArriving({ bytes: 1_000 });
    for (let count = 0; count < 20; count += 1) {
      const body = begin('whole');
      body.receive(900);
      body.end();
      body.end();
      body.receive(900);
    }
    await clock.advance(60_000);
    expect([cuts, clock.pendingTimers]).toEqual([[], 0]);
  });

  it('are cut little by little if many fall behind together', async () => {
    const { clock, cuts, begin } = startArriving({ bodies: 100 });
    for (let count = 0; count < 50; count += 1) {
      begin('slow');
    }
    const seen: number[] = [];
    await clock.advance(4_999);
    for (let sweep = 0; sweep < 4; sweep += 1) {
      seen.push(cuts.length);
      await clock.advance(100);
    }
    expect(seen).toEqual([0, 20, 40, 50]);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([
    ['the time that their pace gives them', 110, 100],
    ['any time without a least pace', 0, 0],
  ])('take %s', async (_what, bytes, bytesPerSecond) => {
    const { clock, cuts, begin } = startArriving({ bytesPerSecond });
    const body = begin('steady');
    for (let second = 0; second < 60; second += 1) {
      body.receive(bytes);
      await clock.advance(1_000);
    }
    expect(cuts).toEqual([]);
  });
});

describe('a half-sent body', () => {
  const whole = graphqlRequest({ query: '{ viewer { authMode } }' });
  const half = whole.slice(0, -1);

  it.each([
    ['bodies', { MAX_ARRIVING_BODIES: '2' }],
    ['connections', { MAX_CONNECTIONS: '3' }],
  ])('is cut with 503 if it is the slowest of too many %s', async (_what, environment) => {
    const { clock, gateway, sendFrom } = await start(environment);
    const callers = [];
    for (let count = 0; count < 3; count += 1) {
      callers.push(await sendFrom(half));
      await clock.advance(100);
    }
    const [first, ...others] = callers;
    const answer = (await first?.closed) ?? '';
    expect(answer).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\n.*\r\nretry-after: 1\r\n/s);
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({
      errors: [{ extensions: { code: 'OVERLOADED', retryAfterSeconds: 1 } }],
    });
    expect(gateway.measurements.events).toEqual(['shed for arriving-bodies']);
    for (const caller of others) {
      caller.send(whole.slice(-1));
      await caller.until(/PASSTHROUGH/);
    }
  });

  it('takes no place of another request', async () => {
    const { gateway, sendFrom } = await start({ SHED_OPEN_REQUESTS: '1' });
    for (let count = 0; count < 5; count += 1) {
      await sendFrom(half);
    }
    expect((await gateway.run('{ viewer { authMode } }')).status).toBe(200);
  });

  it('is cut with 408 if it is slower than the least pace', async () => {
    const { clock, gateway, sendFrom, untilQuiet } = await start();
    const caller = await sendFrom(half);
    await clock.advance(5_000);
    expect(await caller.closed).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
    expect(gateway.measurements.events).toEqual(['connection cut for slow-body']);
    await untilQuiet();
  });

  it('is forgotten with its connection after an early response', async () => {
    const { sendFrom, untilQuiet } = await start();
    const long = whole.replace(/content-length: \d+/i, 'content-length: 99999999');
    const caller = await sendFrom(long + ' '.repeat(3_000));
    await caller.until(/^HTTP\/1.1 413 /);
    caller.socket.destroy();
    await untilQuiet();
  });
});

describe('a header', () => {
  const body = JSON.stringify({ query: '{ __typename }' });
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const type = 'Content-Type: application/json';
  const length = `Content-Length: ${body.length}`;
  const unsupported = (encoding: string): [string, string[]] => [
    '501 TRANSFER_ENCODING_NOT_SUPPORTED',
    [type, `Transfer-Encoding: ${encoding}`],
  ];
  const long = 'Content-Type: application/json; a=';

  it.each([
    unsupported('gzip, chunked'),
    unsupported('chunked, chunked'),
    unsupported('gzip'),
    unsupported('identity, chunked'),
    unsupported(',chunked'),
    unsupported('chunked\r\nTransfer-Encoding: chunked'),
    ['200 ', [type, 'Transfer-Encoding: Chunked ']],
    ['400 BAD_REQUEST', [type, length, type]],
    ['400 BAD_REQUEST', [type, length, 'content-type: text/plain']],
    ['400 BAD_REQUEST', ['CONTENT-TYPE: text/plain', length, type]],
    ['200 ', [long.padEnd(270, 'x'), length]],
    ['415 UNSUPPORTED_MEDIA_TYPE', [long.padEnd(271, 'x'), length]],
  ])('is answered with %s: %j', async (expected, headers) => {
    const before = unmoved.logLines.length;
    const sent = headers.includes(length) ? body : chunked;
    const isUnclear = expected.startsWith('501');
    const end = isUnclear ? [] : ['Connection: close'];
    const bytes = headOf('POST /graphql', ...headers, ...end) + sent;
    // A request behind one whose end is unclear must not be read as one.
    const answer = await sendRaw(unmoved.url, isUnclear ? bytes + livez : bytes);
    const code = /"code":"(\w+)"/.exec(answer?.text ?? '')?.[1] ?? '';
    expect(`${answer?.status} ${code}`).toBe(expected);
    expect(answer?.headers['connection']).toEqual(['close']);
    expect(answer?.text).not.toContain('HTTP/1.1');
    const executed = unmoved
      .logged()
      .slice(before)
      .filter(({ status }) => status === 200);
    expect(executed).toHaveLength(answer?.status === 200 ? 1 : 0);
    expect(unmoved.logged('A request failed unexpectedly')).toEqual([]);
  });
});
