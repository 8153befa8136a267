import type { PartnerResource } from '../graph/types.ts';

/**
 * A partner that nobody has set up: what OData gives to properties that an add leaves out (the default, null, or an
 * empty list), and what a row of the catalogue shows before anybody connects it.
 */
export const blankPartner = {
  lastHeartbeatDateTime: '0001-01-01T00:00:00Z',
  partnerState: 'unknown',
  displayName: null,
  macOsOnboarded: false,
  windowsOnboarded: false,
  androidOnboarded: false,
  iosOnboarded: false,
  linuxOnboarded: false,
  macOsEnrollmentAssignments: [],
  windowsEnrollmentAssignments: [],
  androidEnrollmentAssignments: [],
  iosEnrollmentAssignments: [],
  linuxEnrollmentAssignments: [],
} as const satisfies Omit<PartnerResource, 'id'>;
