import { describe, expect, it } from '@jest/globals';
import {
  knownPartnerStates,
  partnerStateFromWire,
  partnerStateToWire,
} from '../../src/mapping/partnerState.ts';

describe('partnerState', () => {
  it.each([
    ['unknown', 'UNKNOWN'],
    ['unavailable', 'UNAVAILABLE'],
    ['enabled', 'ENABLED'],
    ['terminated', 'TERMINATED'],
    ['rejected', 'REJECTED'],
    ['unresponsive', 'UNRESPONSIVE'],
  ] as const)('reads %s as %s and writes it back', (wire, state) => {
    expect(partnerStateFromWire(wire)).toBe(state);
    expect(partnerStateToWire(state)).toBe(wire);
  });

  it.each(['String', 'Enabled', '', '6', 'toString', '__proto__', 'unknownFutureValue'])(
    'reads the unlisted state %j as UNKNOWN_FUTURE_VALUE',
    (wire) => {
      expect(partnerStateFromWire(wire)).toBe('UNKNOWN_FUTURE_VALUE');
    },
  );

  it('has no wire form for UNKNOWN_FUTURE_VALUE', () => {
    expect(partnerStateToWire('UNKNOWN_FUTURE_VALUE')).toBeUndefined();
    expect(knownPartnerStates).not.toContain('UNKNOWN_FUTURE_VALUE');
  });
});
