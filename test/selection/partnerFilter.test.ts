import { describe, expect, it } from '@jest/globals';
import type { ComplianceManagementPartnerFilter } from '../../src/generated/graphql.ts';
import type { PartnerResource } from '../../src/graph/resource.ts';
import { compilePartnerFilter } from '../../src/selection/partnerFilter.ts';

const rows: readonly PartnerResource[] = [
  {
    id: 'jamf',
    displayName: 'Jamf Pro',
    partnerState: 'enabled',
    lastHeartbeatDateTime: '2026-01-01T00:00:00.0000001Z',
    macOsOnboarded: true,
    iosOnboarded: true,
  },
  {
    id: 'strasse',
    displayName: 'Straße',
    partnerState: 'unknown',
    lastHeartbeatDateTime: '2026-01-01T02:00:00+02:00',
    macOsOnboarded: true,
  },
  {
    id: 'odd',
    displayName: 'Café Σίσυφος',
    partnerState: 'hibernating',
    lastHeartbeatDateTime: 'yesterday',
  },
  { id: 'bare', displayName: null, partnerState: null, lastHeartbeatDateTime: null },
  { id: 'empty' },
];

const found = (filter: ComplianceManagementPartnerFilter): string[] =>
  rows.filter(compilePartnerFilter(filter)).map(({ id }) => id);

describe('compilePartnerFilter', () => {
  it.each<[string, ComplianceManagementPartnerFilter, string[]]>([
    ['no condition', {}, ['jamf', 'strasse', 'odd', 'bare', 'empty']],
    ['a state', { partnerState: { eq: 'ENABLED' } }, ['jamf']],
    ['an unlisted state', { partnerState: { eq: 'UNKNOWN_FUTURE_VALUE' } }, ['odd']],
    ['no state', { partnerState: { eq: null } }, ['bare', 'empty']],
    ['one of states', { partnerState: { in: ['ENABLED', 'UNKNOWN'] } }, ['jamf', 'strasse']],
    ['one of none', { partnerState: { in: [] } }, []],
    [
      'none of states',
      { partnerState: { notIn: ['ENABLED'] } },
      ['strasse', 'odd', 'bare', 'empty'],
    ],
    ['none of none', { partnerState: { notIn: [] } }, ['jamf', 'strasse', 'odd', 'bare', 'empty']],
    ['two conditions on a state', { partnerState: { in: ['ENABLED'], notIn: ['ENABLED'] } }, []],
    ['a name in any case', { displayName: { eq: 'JAMF pro' } }, ['jamf']],
    ['a part of a name is no name', { displayName: { eq: 'Jamf' } }, []],
    ['a sharp s written as two', { displayName: { eq: 'STRASSE' } }, ['strasse']],
    ['a capital sharp s', { displayName: { eq: 'STRA\u1e9eE' } }, ['strasse']],
    ['another Unicode spelling', { displayName: { contains: 'cafe\u0301' } }, ['odd']],
    ['a final sigma', { displayName: { contains: 'ΣΊΣΥΦΟΣ' } }, ['odd']],
    ['a full-width letter', { displayName: { startsWith: '\uff2aamf' } }, ['jamf']],
    ['the start of a name', { displayName: { startsWith: 'jam' } }, ['jamf']],
    ['not the start of a name', { displayName: { startsWith: 'pro' } }, []],
    ['a part of a name', { displayName: { contains: 'PRO' } }, ['jamf']],
    ['an empty part', { displayName: { contains: '' } }, ['jamf', 'strasse', 'odd']],
    ['no name', { displayName: { eq: null } }, ['bare', 'empty']],
    [
      'before an instant, by the last digit',
      { lastHeartbeatDateTime: { before: '2026-01-01T00:00:00.0000001Z' } },
      ['strasse'],
    ],
    [
      'after an instant, across offsets',
      { lastHeartbeatDateTime: { after: '2025-12-31T19:00:00-05:00' } },
      ['jamf'],
    ],
    [
      'between two',
      { lastHeartbeatDateTime: { after: '2025-01-01T00:00:00Z', before: '2027-01-01T00:00:00Z' } },
      ['jamf', 'strasse'],
    ],
    ['a platform', { onboarded: ['MAC_OS'] }, ['jamf', 'strasse']],
    ['all of the platforms', { onboarded: ['MAC_OS', 'IOS'] }, ['jamf']],
    ['a platform nobody has', { onboarded: ['LINUX'] }, []],
    ['no platform', { onboarded: [] }, ['jamf', 'strasse', 'odd', 'bare', 'empty']],
    ['and', { and: [{ onboarded: ['MAC_OS'] }, { partnerState: { eq: 'UNKNOWN' } }] }, ['strasse']],
    ['and of none', { and: [] }, ['jamf', 'strasse', 'odd', 'bare', 'empty']],
    [
      'or',
      { or: [{ displayName: { eq: null } }, { partnerState: { eq: 'ENABLED' } }] },
      ['jamf', 'bare', 'empty'],
    ],
    ['or of none', { or: [] }, []],
    ['not', { not: { partnerState: { in: ['ENABLED', 'UNKNOWN'] } } }, ['odd', 'bare', 'empty']],
    [
      'fields of one filter together',
      { onboarded: ['MAC_OS'], displayName: { contains: 'a' } },
      ['jamf', 'strasse'],
    ],
    [
      'nesting',
      { not: { or: [{ and: [{ onboarded: ['MAC_OS'] }] }, { displayName: { eq: null } }] } },
      ['odd'],
    ],
  ])('finds by %s', (_what, filter, ids) => {
    expect(found(filter)).toEqual(ids);
  });
});
