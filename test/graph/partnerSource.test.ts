import { describe, expect, it } from '@jest/globals';
import { partnerSourceOf } from '../../src/graph/partnerSource.ts';

const entries = '[ {"target": {"@odata.type":"#x", "n": 1.0, "s":"\\u00e9"}}, null ]';
const bare = `{"@odata.context":"c","id":"a","iosEnrollmentAssignments":${entries},"macOsEnrollmentAssignments":null}`;

describe('partnerSourceOf', () => {
  it.each([
    ['bare', bare],
    ['in the wrapper of the documentation', `{"value": ${bare}}`],
  ])('gives the entries as they were written, %s', (_what, body) => {
    const { value = JSON.parse(bare) } = JSON.parse(body);
    const source = partnerSourceOf(value, body);
    expect(source.assignments('ios').map(({ text }) => text)).toEqual([
      '{"target": {"@odata.type":"#x", "n": 1.0, "s":"\\u00e9"}}',
      'null',
    ]);
    expect(source.assignments('ios')[0]?.assignment?.target?.['n']).toBe(1);
  });

  it.each(['macOs', 'android'] as const)(
    'gives none where the list of %s is null or missing',
    (platform) => {
      expect(partnerSourceOf(JSON.parse(bare), bare).assignments(platform)).toEqual([]);
    },
  );
});
