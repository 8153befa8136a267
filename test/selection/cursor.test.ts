import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CursorPlace, cursorOf, parseCursor } from '../../src/selection/cursor.ts';
import { fingerprintOf } from '../../src/selection/fingerprint.ts';

const places: fc.Arbitrary<CursorPlace> = fc.oneof(
  fc
    .record({
      id: fc.string(),
      index: fc.nat(),
      before: fc.array(fc.string().map(fingerprintOf), { maxLength: 4 }),
    })
    .map((place) => ({ kind: 'list' as const, place })),
  fc
    .record({
      signature: fc.string(),
      place: fc.record({
        id: fc.string(),
        values: fc.array(fc.oneof(fc.string(), fc.nat(), fc.constant(null))),
      }),
    })
    .map((order) => ({ kind: 'order' as const, ...order })),
);

const encoded = (content: unknown): string =>
  Buffer.from(JSON.stringify(content)).toString('base64url');

describe('cursors', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(places, (place) => {
        expect(parseCursor(cursorOf(place))).toEqual(place);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['rubbish', 'rubbish'],
    ['no list', encoded({ id: 'a' })],
    ['too little', encoded(['l', 'a', 1])],
    ['too much', encoded(['l', 'a', 1, '', 2])],
    ['another kind', encoded(['x', 'a', 1, ''])],
    ['an id that is no text', encoded(['l', 5, 1, ''])],
    ['a negative position', encoded(['l', 'a', -1, ''])],
    ['half a position', encoded(['l', 'a', 0.5, ''])],
    ['neighbours that are no text', encoded(['l', 'a', 1, [5]])],
    ['half a neighbour', encoded(['l', 'a', 1, 'abcdefgabc'])],
    ['neighbours that are no fingerprints', encoded(['l', 'a', 1, 'ABCDEFG'])],
    ['an order without a signature', encoded(['o', 'a', 1, []])],
    ['values that cannot be ordered', encoded(['o', 'a', 'x', [{}]])],
  ])('are not made of %s', (_what, text) => {
    expect(parseCursor(text)).toBeUndefined();
  });

  it('are never misread as something else, whatever is sent', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        const place = parseCursor(text);
        expect(place === undefined || ['list', 'order'].includes(place.kind)).toBe(true);
      }),
    );
  });
});
