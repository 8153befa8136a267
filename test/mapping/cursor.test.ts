import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cursorOf, parseCursor } from '../../src/mapping/cursor.ts';

describe('cursor', () => {
  it('comes back as the place that it was made of', () => {
    fc.assert(
      fc.property(fc.record({ id: fc.string(), index: fc.maxSafeNat() }), (place) => {
        expect(parseCursor(cursorOf(place))).toEqual(place);
      }),
    );
  });

  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it.each([
    '',
    'nonsense',
    'eyJ9',
    encode(null),
    encode({ id: 'a', index: 0 }),
    encode(['a']),
    encode(['a', 0, 1]),
    encode(['a', -1]),
    encode(['a', 0.5]),
    encode(['a', '0']),
    encode([1, 0]),
  ])('refuses %j', (text) => {
    expect(parseCursor(text)).toBeUndefined();
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseCursor(text);
      }),
    );
  });
});
