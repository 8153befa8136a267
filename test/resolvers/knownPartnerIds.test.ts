import { describe, expect, it } from '@jest/globals';
import { createKnownPartnerIds } from '../../src/resolvers/knownPartnerIds.ts';

describe('createKnownPartnerIds', () => {
  it('knows what was noted and nothing else', () => {
    const known = createKnownPartnerIds();
    expect(known.has('a')).toBe(false);
    known.note([{ id: 'a' }, { id: 'b', displayName: 'Fleet' }]);
    known.note([]);
    expect(['a', 'b', 'c'].map(known.has)).toEqual([true, true, false]);
  });

  it('shares nothing with another one', () => {
    createKnownPartnerIds().note([{ id: 'a' }]);
    expect(createKnownPartnerIds().has('a')).toBe(false);
  });

  it('forgets what was not seen for longest once there are fifty thousand', () => {
    const known = createKnownPartnerIds();
    known.note([{ id: 'first' }, { id: 'second' }]);
    known.note(Array.from({ length: 49_998 }, (_, index) => ({ id: `id-${index}` })));
    known.note([{ id: 'first' }, { id: 'last' }]);
    expect(['first', 'second', 'id-0', 'last'].map(known.has)).toEqual([true, false, true, true]);
  });
});
