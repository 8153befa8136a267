import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CursorPlace, cursorOf, parseCursor } from '../../src/selection/cursor.ts';
import { fingerprintOf } from '../../src/selection/fingerprint.ts';

const texts = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.toWellFormed());

const places: fc.Arbitrary<CursorPlace> = fc.oneof(
  fc
    .record({
      id: texts,
      index: fc.nat(),
      before: fc.array(fc.string().map(fingerprintOf), { maxLength: 8 }),
    })
    .map((place) => ({ kind: 'list' as const, place })),
  fc
    .record({
      signature: fc.string({ maxLength: 6 }),
      place: fc.record({
        id: texts,
        values: fc.array(fc.oneof(texts, fc.constant(null)), { maxLength: 3 }),
      }),
    })
    .map((order) => ({ kind: 'order' as const, ...order })),
);

const encoded = (...bytes: (number | string)[]): string =>
  Buffer.concat(
    bytes.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))),
  ).toString('base64url');

/** As cursors were in an earlier version. */
const former = (content: unknown): string => encoded(JSON.stringify(content));

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
    ['what an earlier version wrote', former(['l', 'a', 1, ''])],
    ['what an earlier version wrote in an order', former(['o', 'a', 'x', ['b']])],
    ['another kind', encoded(3, 0, 1, 'a', 0, 0, 0, 1)],
    ['an id that ends too early', encoded(1, 0, 5, 'a')],
    ['an id of null', encoded(1, 255, 255, 0, 0, 0, 1)],
    ['no position', encoded(1, 0, 1, 'a')],
    ['half a position', encoded(1, 0, 1, 'a', 0, 0)],
    ['half a neighbour', encoded(1, 0, 1, 'a', 0, 0, 0, 1, 7, 7)],
    ['an order without an id', encoded(2, 0, 1, 'n')],
    ['an order with half a value', encoded(2, 0, 1, 'n', 0, 1, 'a', 0)],
    ['another spelling of base64url', `${encoded(1, 0, 1, 'a', 0, 0, 0, 1)}=`],
    ['more than a cursor can have', encoded(2, 0, 1, 'n', 4, 0, 'a'.repeat(1024))],
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
