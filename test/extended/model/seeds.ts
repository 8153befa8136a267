import type { PartnerResource } from '../../../src/graph/types.ts';
import {
  forPlatforms,
  type Generation,
  type ModelEntry,
  type ModelPartner,
} from './modelPartner.ts';

const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const filter = { id: '61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b', type: 'INCLUDE' } as const;
const typeOf = (name: string): string => `#microsoft.graph.${name}AssignmentTarget`;
const filterOf = (type: string) => ({
  deviceAndAppManagementAssignmentFilterId: filter.id,
  deviceAndAppManagementAssignmentFilterType: type,
});
const unlisted = { weight: 1.5, depth: { a: [1, null, 'é'] }, groupId: 'no UUID' };

/** Rows as Graph holds them at the start: what users made, and what no user can make through this schema. */
export const seededRows: readonly PartnerResource[] = [
  { id: 'bare' },
  {
    id: 'Odd',
    displayName: 'zebra "\\\n"',
    partnerState: 'hibernating',
    lastHeartbeatDateTime: 'yesterday',
    macOsOnboarded: true,
    windowsOnboarded: true,
    iosOnboarded: false,
    linuxOnboarded: null,
    androidEnrollmentAssignments: null,
    macOsEnrollmentAssignments: [
      { target: { '@odata.type': typeOf('allLicensedUsers'), ...filterOf('none') } },
      { target: { '@odata.type': typeOf('group'), groupId, ...filterOf('include') } },
      { target: { '@odata.type': typeOf('group'), groupId: groupId.toUpperCase() } },
    ],
    iosEnrollmentAssignments: [
      null,
      {},
      { target: null },
      { target: { '@odata.type': '#microsoft.graph.everyoneTarget', ...unlisted } },
      { target: { '@odata.type': 'microsoft.graph.groupAssignmentTarget', groupId: null } },
    ],
  },
];

/** How the gateway shows these rows over a generation of Graph. */
export function seededPartners({ platforms, hasFilters }: Generation): readonly ModelPartner[] {
  const ofNone = forPlatforms(() => null);
  const bare: ModelPartner = {
    ...{ id: 'bare', serial: 0, displayName: null, partnerState: null },
    ...{ lastHeartbeatDateTime: null, onboarded: ofNone, assignments: ofNone },
  };
  const windowsOnboarded = platforms.includes('WINDOWS') ? true : null;
  return [
    bare,
    {
      ...{ id: 'Odd', serial: 1, displayName: 'zebra "\\\n"' },
      ...{ partnerState: 'UNKNOWN_FUTURE_VALUE', lastHeartbeatDateTime: 'yesterday' },
      onboarded: { ...ofNone, MAC_OS: true, WINDOWS: windowsOnboarded, IOS: false },
      assignments: { ...ofNone, MAC_OS: macOsEntries(hasFilters), IOS: iosEntries },
    },
  ];
}

function macOsEntries(hasFilters: boolean): readonly ModelEntry[] {
  const __typename = 'GroupAssignmentTarget';
  return [
    { target: { __typename: 'AllLicensedUsersAssignmentTarget', filter: null } },
    { target: { __typename, groupId, filter: hasFilters ? filter : null } },
    { target: { __typename, groupId: groupId.toUpperCase(), filter: null } },
  ];
}

const iosEntries: readonly ModelEntry[] = [
  { target: null, isRefused: true },
  { target: null },
  { target: null },
  {
    target: {
      __typename: 'UnrecognizedAssignmentTarget',
      filter: null,
      odataType: '#microsoft.graph.everyoneTarget',
      properties: unlisted,
    },
    isRefused: true,
  },
  { target: { __typename: 'GroupAssignmentTarget', filter: null, groupId: null } },
];
