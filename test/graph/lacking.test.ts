import { describe, expect, it } from '@jest/globals';
import { lackingOf } from '../../src/graph/lacking.ts';

describe('lackingOf', () => {
  it.each([
    [
      403,
      'Application is not authorized to perform this operation. Application must have one of the following scopes: X',
      false,
      'PERMISSION',
    ],
    [
      403,
      'This endpoint was called in app only context but does not have application permissions configured',
      false,
      'PERMISSION',
    ],
    [403, 'User is not authorized to perform this operation', false, 'INTUNE_ROLE'],
    [403, 'An error has occurred', true, 'INTUNE_ROLE'],
    [401, 'An error has occurred', false, 'INTUNE_ROLE'],
    [403, 'Forbidden', false, 'PERMISSION_OR_INTUNE_ROLE'],
    [403, '', false, 'PERMISSION_OR_INTUNE_ROLE'],
  ])(
    'takes %i with %j (Intune speaks: %j) for a lack of %s',
    (status, message, isIntuneRole, lacking) => {
      expect(lackingOf({ status, message, isIntuneRole })).toBe(lacking);
    },
  );
});
