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
    ["(displayName eq 'Fleet')", ['Fleet']],
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
  const unknownFunction = (name: string) =>
    `Invalid filter clause: An unknown function with name '${name}' was found.`;
  const signature = (name: string) =>
    `Invalid filter clause: No function signature for the function with name '${name}' matches the specified arguments.`;
  const types = (left: string, right: string, operator: string) =>
    `Invalid filter clause: A binary operator with incompatible types was detected. Found operand types '${left}' and '${right}' for operator kind '${operator}'.`;
  const failure = 'An internal server error has occurred';

  it.each<[string, number, string]>([
    ['displayName', 400, 'Invalid filter clause'],
    ['displayName eq Fleet', 400, stray('Fleet')],
    ["displayName eq 'O'Neill'", 400, 'Invalid filter clause'],
    ["displayName eq 'a' and", 400, 'Invalid filter clause'],
    ["displayName eq 'a' and 'b'", 400, 'Invalid filter clause'],
    ["(displayName eq 'a'", 400, 'Invalid filter clause'],
    ["displayName eq 'a')", 400, 'Invalid filter clause'],
    ["displayName startswith 'F'", 400, 'Invalid filter clause'],
    ["displayName toString 'F'", 400, 'Invalid filter clause'],
    ['not displayName', 400, 'Invalid filter clause'],
    ['displayName eq "Fleet"', 400, 'Invalid filter clause'],
    ["startswith('a')", 400, signature('startswith')],
    ['startswith(displayName,5)', 400, signature('startswith')],
    ["contains(displayName,'a','b')", 400, signature('contains')],
    ["eq(displayName,'Fleet')", 400, unknownFunction('eq')],
    ["toString(displayName,'F')", 400, unknownFunction('toString')],
    ["name eq 'Fleet'", 400, stray('name')],
    ["DisplayName eq 'Fleet'", 400, stray('DisplayName')],
    ['windowsOnboarded eq true', 400, stray('windowsOnboarded')],
    ["contains(constructor,'x')", 400, stray('constructor')],
    ['displayName eq 5', 400, types('text', 'number', 'eq')],
    ["iosOnboarded eq 'true'", 400, types('boolean', 'text', 'eq')],
    ["partnerState in ('enabled', 5)", 400, types('enum', 'number', 'in')],
    [
      "partnerState eq 'active'",
      400,
      "Invalid filter clause: The string 'active' is not a valid enumeration type constant.",
    ],
    [
      `${'('.repeat(8000)}true${')'.repeat(8000)}`,
      400,
      "Invalid filter clause: The depth limit of '100' has been exceeded.",
    ],
    ["partnerState eq 'enabled'", 500, failure],
    ['lastHeartbeatDateTime lt 2026-01-01T00:00:00Z', 500, failure],
    ["displayName ne 'Fleet'", 500, failure],
    ["displayName in ('Fleet', 'Addigy')", 500, failure],
    ["endswith(displayName,'t')", 500, failure],
    ["displayName eq 'a' and displayName eq 'b'", 500, failure],
    ["startswith(displayName,'a') or startswith(displayName,'b')", 500, failure],
    ["not (displayName eq 'a')", 500, failure],
    ["startswith(tolower(displayName),'a')", 500, failure],
    ["contains('Fleet',displayName)", 500, failure],
    ["'Fleet' eq displayName", 500, failure],
    ['iosOnboarded', 500, failure],
    ['length(displayName) gt 5', 500, failure],
    ['year(lastHeartbeatDateTime) ge 2026 and not iosOnboarded', 500, failure],
  ])('that is %.60s is answered with %d', (filter, status, message) => {
    expect(parse(filter)).toEqual({ refusal: { status, message } });
  });
});
