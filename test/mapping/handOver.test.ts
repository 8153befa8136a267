import { describe, expect, it } from '@jest/globals';
import { partnerSourceOf } from '../../src/graph/partnerSource.ts';
import type { PartnerResource } from '../../src/graph/resource.ts';
import {
  decideVerdict,
  type HandOver,
  handOverOf,
  isOlder,
  lagMs,
  readHandOver,
  type VerdictQuestion,
  viewOf,
  writeHandOver,
} from '../../src/mapping/handOver.ts';

const nowMs = 1_000_000;
const property = 'iosEnrollmentAssignments';
const groupOf = (groupId: string) =>
  `{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"${groupId}"}}`;
const listOf = (...ids: string[]): string => `[${ids.map(groupOf).join()}]`;
const partnerOf = (...ids: string[]): PartnerResource => ({
  id: 'a',
  displayName: 'Fleet',
  [property]: JSON.parse(listOf(...ids)),
});
const sourceOf = (partner: PartnerResource) => partnerSourceOf(partner, JSON.stringify(partner));
const wrote = (ids: string[], before: HandOver, read: PartnerResource | undefined, atMs: number) =>
  handOverOf({ [property]: listOf(...ids) }, { pending: before, read }, atMs);
/** Lists of one, two and three groups, written one after the other while reads showed none. */
const chain = ['a', 'b', 'c'].reduce<HandOver>(
  (before, _id, index) => wrote(['a', 'b', 'c'].slice(0, index + 1), before, partnerOf(), nowMs),
  {},
);

describe('decideVerdict', () => {
  it.each<[string, Partial<VerdictQuestion>, string]>([
    ['what was written', { read: 'written' }, 'shown'],
    ['what was there before', { read: 'before' }, 'behind'],
    ['what was there long before', { read: 'first' }, 'behind'],
    ['a third value', { read: 'third' }, 'foreign'],
    ['what was written and was there before, too', { read: 'first', written: 'first' }, 'behind'],
    ['another value, and none from before is known', { read: 'third', older: [] }, 'unclear'],
    ['what was written, and none from before is known', { read: 'written', older: [] }, 'shown'],
    ['what was there before, but too late', { read: 'before', ageMs: lagMs }, 'expired'],
    ['what was there before, just in time', { read: 'before', ageMs: lagMs - 1 }, 'behind'],
    ['another value too late', { read: 'third', older: [], ageMs: lagMs }, 'expired'],
  ])('decides about a read of %s', (_what, change, verdict) => {
    const question = { read: '', written: 'written', older: ['first', 'before'], ageMs: 0 };
    expect(decideVerdict({ ...question, ...change })).toBe(verdict);
  });
});

describe('viewOf', () => {
  it.each<[string, string[], string[]]>([
    ['no write yet', [], ['a', 'b', 'c']],
    ['the first write', ['a'], ['a', 'b', 'c']],
    ['the last write but one', ['b', 'a'], ['a', 'b', 'c']],
    ['the last write', ['c', 'b', 'a'], ['c', 'b', 'a']],
    ['a third value', ['x'], ['x']],
  ])('gives the list to work on when a read shows %s', (_what, read, expected) => {
    const view = viewOf(sourceOf(partnerOf(...read)), chain, nowMs + 3_000);
    expect(view.partner).toEqual(partnerOf(...expected));
    expect(view.assignments('ios').map(({ text }) => text)).toEqual(expected.map(groupOf));
    expect(view.read.partner).toEqual(partnerOf(...read));
  });

  it('keeps the bytes and the numbers of what was written', () => {
    const entry = '{"target": {"@odata.type":"#microsoft.graph.x", "n": 12345678901234567890}}';
    const handOver = handOverOf(
      { [property]: `[${entry}]` },
      { pending: {}, read: partnerOf() },
      nowMs,
    );
    const view = viewOf(sourceOf(partnerOf()), handOver, nowMs);
    expect(view.assignments('ios').map(({ text }) => text)).toEqual([entry]);
    expect(view.partner[property]?.[0]?.target).toHaveProperty('n', '12345678901234567890');
  });

  it('forgets each earlier value when no read can lag so far behind', () => {
    const later = wrote(['a', 'b', 'c', 'd'], chain, partnerOf('a'), nowMs + lagMs - 1);
    const view = viewOf(sourceOf(partnerOf()), later, nowMs + lagMs);
    expect(view.partner).toEqual(partnerOf());
    expect(isOlder(view.pending, property, partnerOf('a')[property])).toBe(false);
  });

  it('goes by each property alone', () => {
    const both = handOverOf({ displayName: '"New"' }, { pending: chain, read: partnerOf() }, nowMs);
    const view = viewOf(sourceOf(partnerOf('x')), both, nowMs);
    expect(view.partner).toEqual({ ...partnerOf('x'), displayName: 'New' });
    expect(view.behind).toEqual(['displayName']);
  });

  it('does not hand on a value that is too large', () => {
    const text = JSON.stringify('x'.repeat(1024 * 1024));
    expect(handOverOf({ displayName: text }, { pending: {}, read: partnerOf() }, nowMs)).toEqual(
      {},
    );
  });

  it('bounds how many earlier values it remembers', () => {
    let handOver: HandOver = {};
    for (let index = 0; index < 300; index += 1) {
      handOver = wrote([String(index)], handOver, undefined, nowMs);
    }
    expect(handOver[property]?.older).toHaveLength(256);
  });
});

describe('a hand-over between replicas', () => {
  it('keeps ages, because their clocks differ', () => {
    const elsewhereMs = 5_000;
    const text = writeHandOver(chain, nowMs + 1_000);
    const read = readHandOver(text, 2_000, elsewhereMs);
    expect(read[property]).toMatchObject({
      text: listOf('a', 'b', 'c'),
      atMs: elsewhereMs - 3_000,
    });
    const view = viewOf(sourceOf(partnerOf('a')), read, elsewhereMs);
    expect(view.partner).toEqual(partnerOf('a', 'b', 'c'));
    expect(viewOf(sourceOf(partnerOf('a')), read, elsewhereMs + 7_000).behind).toEqual([]);
  });

  it.each([
    'no JSON',
    'null',
    '[]',
    '{"displayName":null}',
    '{"displayName":{"text":"no JSON","ageMs":0,"older":[]}}',
    '{"displayName":{"text":"7","ageMs":0,"older":[]}}',
    '{"displayName":{"text":"\\"x\\"","older":[]}}',
    '{"displayName":{"text":"\\"x\\"","ageMs":0,"older":[["a"]]}}',
    '{"iosEnrollmentAssignments":{"text":"[7]","ageMs":0,"older":[]}}',
    '{"id":{"text":"\\"x\\"","ageMs":0,"older":[]}}',
  ])('is ignored when it has another form: %s', (text) => {
    expect(readHandOver(text, 0, nowMs)).toEqual({});
  });
});
