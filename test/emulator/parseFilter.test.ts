import { describe, expect, it } from '@jest/globals';
import { modelOf } from '../../src/emulator/model.ts';
import { parseFilter } from '../../src/emulator/query/parseFilter.ts';

const names = ['Fleet', 'Jamf Pro', "O'Neill", null];
const parse = (filter: string) =>
  parseFilter(new URLSearchParams({ $filter: filter }), modelOf('today'));

describe('a filter', () => {
  it.each<[string, (string | null)[]]>([
    ["displayName eq 'Fleet'", ['Fleet']],
    ["displayName eq 'fLEET'", ['Fleet']],
    ["displayName eq 'Flee'", []],
    ["displayName eq 'O''Neill'", ["O'Neill"]],
    ['displayName eq null', [null]],
    ["  displayName  eq  'Jamf Pro'  ", ['Jamf Pro']],
    ["startswith(displayName,'f')", ['Fleet']],
    ["startswith( displayName , 'jamf ' )", ['Jamf Pro']],
    ["startswith(displayName,'leet')", []],
    ['startswith(displayName,null)', []],
    ["contains(displayName,'EE')", ['Fleet']],
    ["contains(displayName,'''')", ["O'Neill"]],
    ["contains(displayName,'')", ['Fleet', 'Jamf Pro', "O'Neill"]],
  ])('leaves of the names by %s those that fit', (filter, expected) => {
    const reading = parse(filter);
    const fits = 'fits' in reading ? reading.fits : () => false;
    expect(reading).not.toHaveProperty('refusal');
    expect(names.filter((displayName) => fits({ id: 'x', displayName }))).toEqual(expected);
  });

  it('leaves everything where there is none', () => {
    const reading = parseFilter(new URLSearchParams(), modelOf('today'));
    expect('fits' in reading && reading.fits({ id: 'x' })).toBe(true);
  });

  const stray = (name: string) =>
    `Invalid filter clause: Could not find a property named '${name}' on type 'microsoft.graph.complianceManagementPartner'.`;
  const failure = 'An internal server error has occurred';

  it.each<[string, number, string]>([
    ['displayName', 400, 'Invalid filter clause'],
    ['displayName eq Fleet', 400, 'Invalid filter clause'],
    ["displayName eq 'O'Neill'", 400, 'Invalid filter clause'],
    ["displayName eq 'a' and displayName eq 'b'", 400, 'Invalid filter clause'],
    ["startswith(displayName,'a') or startswith(displayName,'b')", 400, 'Invalid filter clause'],
    ["startswith('a')", 400, 'Invalid filter clause'],
    ["name eq 'Fleet'", 400, stray('name')],
    ["DisplayName eq 'Fleet'", 400, stray('DisplayName')],
    ['windowsOnboarded eq true', 400, stray('windowsOnboarded')],
    ["contains(constructor,'x')", 400, stray('constructor')],
    ["partnerState eq 'enabled'", 500, failure],
    ['lastHeartbeatDateTime lt 2026-01-01T00:00:00Z', 500, failure],
    ["displayName ne 'Fleet'", 500, failure],
    ["displayName in ('Fleet', 'Addigy')", 500, failure],
    ["endswith(displayName,'t')", 500, failure],
    ["eq(displayName,'Fleet')", 500, failure],
    ["displayName startswith 'F'", 500, failure],
    ["displayName toString 'F'", 500, failure],
  ])('that is %s is answered with %d', (filter, status, message) => {
    expect(parse(filter)).toEqual({ refusal: { status, message } });
  });
});
