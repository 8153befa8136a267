import { describe, expect, it } from '@jest/globals';
import { endedErrorOf } from '../../src/graph/endedError.ts';
import { GraphDeadlineError } from '../../src/graph/errors.ts';

describe('endedErrorOf', () => {
  it.each([
    ['deadline', 'timeout'],
    ['callerLeft', 'callerLeft'],
    ['shutdown', 'unavailable'],
    ['answered', 'callerLeft'],
    // Nothing of ours fires a signal for another reason; the deadline is the safe guess.
    ['toString', 'timeout'],
    [undefined, 'timeout'],
    [new Error('AbortError'), 'timeout'],
  ])('makes of the reason %p an error with the code %s', (reason, code) => {
    const error = endedErrorOf({ reason });
    expect(error).toBeInstanceOf(GraphDeadlineError);
    expect(error).toMatchObject({ code, mayHaveBeenApplied: false, details: { fault: 'ended' } });
    expect(error.message).not.toBe('');
  });

  it('keeps the doubt of a write that had gone out', () => {
    expect(endedErrorOf({ reason: 'deadline' }, true).mayHaveBeenApplied).toBe(true);
  });
});
