import { describe, expect, it } from '@jest/globals';
import {
  type AttemptFault,
  GraphCredentialError,
  GraphDeadlineError,
  type GraphErrorCode,
  GraphNetworkError,
  GraphProtocolError,
  GraphRejectedLocallyError,
} from '../../src/graph/errors.ts';
import { classifyEnd } from '../../src/graph/send.ts';

const slowMs = 5000;
const failed = (error: unknown, durationMs = 60_000) => classifyEnd({ error, durationMs }, slowMs);
const network = (fault: AttemptFault) => new GraphNetworkError('unavailable', 'No', { fault });
const ended = (code: GraphErrorCode) => new GraphDeadlineError(code, 'No', { fault: 'ended' });

describe('classifyEnd', () => {
  it.each([
    [200, 'up'],
    [301, 'up'],
    [400, 'up'],
    [401, 'up'],
    [404, 'up'],
    [408, 'up'],
    [429, 'up'],
    [500, 'down'],
    [501, 'up'],
    [502, 'down'],
    [503, 'down'],
    [504, 'down'],
  ])('takes a %i for %s', (status, verdict) => {
    const answer = { status, headers: {}, body: Buffer.alloc(0) };
    expect(classifyEnd({ answer }, slowMs)).toBe(verdict);
  });

  it.each<[string, unknown, string]>([
    ['a connection that cannot be made', network('not-connected'), 'down'],
    ['a certificate that cannot be trusted', network('untrusted'), 'down'],
    ['a connection that breaks', network('broken'), 'down'],
    ['an answer that cannot be believed', new GraphProtocolError('badResponse', 'No'), 'up'],
    [
      'an answer that was cut off',
      new GraphProtocolError('badResponse', 'No', { fault: 'broken' }),
      'down',
    ],
    ['a caller that left', ended('callerLeft'), 'nothing'],
    ['a gateway that stops', ended('unavailable'), 'nothing'],
    ['a queue that is full', new GraphRejectedLocallyError('overloaded', 'No'), 'nothing'],
    ['a missing token', new GraphCredentialError('unauthenticated', 'No'), 'nothing'],
    ['a fault of the program', new TypeError('No'), 'nothing'],
    ['what is no error', undefined, 'nothing'],
  ])('takes %s for what it is', (_what, error, verdict) => {
    expect(failed(error)).toBe(verdict);
  });

  it('takes a timeout for something only where it took its time', () => {
    expect(failed(ended('timeout'), slowMs)).toBe('down');
    expect(failed(ended('timeout'), slowMs - 1)).toBe('nothing');
  });
});
