import { describe, expect, it } from '@jest/globals';
import { GraphNetworkError, GraphProtocolError } from '../../../src/graph/errors.ts';
import { createObserve } from '../../../src/graph/pipeline/observe.ts';
import type { GraphRequest, Send } from '../../../src/graph/pipeline/pipeline.ts';
import { endableCall, testCall } from '../../support/graphClients.ts';
import { recordingLog } from '../../support/logs.ts';
import { recordingMeasurements } from '../../support/measurements.ts';
import { createVirtualClock } from '../../support/virtualClock.ts';

const route = '/deviceManagement/complianceManagementPartners';

async function observe(change: Partial<GraphRequest>, send: Send) {
  const clock = createVirtualClock();
  const log = recordingLog();
  const measurements = recordingMeasurements();
  const policy = createObserve({ clock, log, measurements });
  const request: GraphRequest = {
    operation: 'add',
    url: new URL('http://graph/secret-id'),
    headers: { authorization: 'Bearer secret' },
    body: '{"displayName":"secret"}',
    call: testCall(),
    ...change,
  };
  const end = await policy(request, async (sent) => {
    await clock.advance(120);
    return send(sent);
  }).catch((error: unknown) => error);
  expect(JSON.stringify(log.lines)).not.toContain('secret');
  return { end, lines: log.lines, attempts: measurements.attempts };
}

const answer = {
  status: 201,
  headers: { 'request-id': 'graph-id', 'client-request-id': 'client-id' },
  body: Buffer.from('secret'),
};

describe('createObserve', () => {
  it('writes one line and takes one measurement of an answer, and passes it on', async () => {
    const { end, lines, attempts } = await observe({}, async () => answer);
    expect(end).toBe(answer);
    expect(lines).toEqual([
      {
        message: 'Microsoft Graph answered',
        requestId: 'test-request-id',
        operation: 'add',
        method: 'POST',
        route,
        attempt: 1,
        reason: undefined,
        durationMs: 120,
        hasCallerLeft: undefined,
        status: 201,
        graphRequestId: 'graph-id',
        graphClientRequestId: 'client-id',
      },
    ]);
    expect(attempts).toEqual([
      { method: 'POST', route, attempt: 1, repeatReason: undefined, durationMs: 120, status: 201 },
    ]);
  });

  it('tells which attempt it was, and why there was another', async () => {
    const change = { operation: 'get', attempt: 2, repeatReason: 'throttled' } as const;
    const { lines, attempts } = await observe(change, async () => answer);
    const expected = { method: 'GET', route: `${route}/{id}`, attempt: 2 };
    expect(lines).toMatchObject([{ ...expected, reason: 'throttled' }]);
    expect(attempts).toMatchObject([{ ...expected, repeatReason: 'throttled' }]);
  });

  it('tells how far a failed attempt got and what was underneath, and throws it on', async () => {
    const cause = Object.assign(new Error('read ECONNRESET secret'), { code: 'ECONNRESET' });
    const error = new GraphNetworkError('unavailable', 'No', {
      cause,
      fault: 'broken',
      mayHaveBeenApplied: true,
    });
    const { end, lines, attempts } = await observe({}, () => Promise.reject(error));
    expect(end).toBe(error);
    expect(lines).toMatchObject([
      {
        message: 'Microsoft Graph gave no answer',
        code: 'unavailable',
        fault: 'broken',
        systemCode: 'ECONNRESET',
        mayHaveBeenApplied: true,
        durationMs: 120,
      },
    ]);
    expect(attempts).toMatchObject([{ durationMs: 120, errorType: 'unavailable' }]);
    expect(attempts[0]).not.toHaveProperty('status');
  });

  it('tells the status of an answer that is not believed', async () => {
    const error = new GraphProtocolError('badResponse', 'No', {
      answer: { status: 200, requestId: 'graph-id' },
    });
    const { lines } = await observe({}, () => Promise.reject(error));
    expect(lines).toMatchObject([{ status: 200, graphRequestId: 'graph-id', code: 'badResponse' }]);
  });

  it('says nothing of a failure of the program but that there was one', async () => {
    const { lines, attempts } = await observe({}, () => Promise.reject(new TypeError('secret')));
    expect(lines).toMatchObject([{ code: 'unexpected' }]);
    expect(attempts).toMatchObject([{ errorType: 'unexpected' }]);
  });

  it('tells of a write that is finished for nobody', async () => {
    const { call, end } = endableCall();
    end('callerLeft');
    const { lines } = await observe({ call }, async () => answer);
    expect(lines).toMatchObject([{ status: 201, hasCallerLeft: true }]);
  });
});
