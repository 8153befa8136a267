import type { Platform } from '../../../src/generated/graphql.ts';
import type { PartnerResource } from '../../../src/graph/types.ts';
import {
  forPlatforms,
  type Generation,
  type ModelEntry,
  type ModelPartner,
  newPartner,
} from './modelPartner.ts';

const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const filterId = '61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b';
const typeOf = (name: string): string => `#microsoft.graph.${name}AssignmentTarget`;
const filterOf = (type: string) => ({
  deviceAndAppManagementAssignmentFilterId: filterId,
  deviceAndAppManagementAssignmentFilterType: type,
});
const unlisted = { weight: 1.5, depth: { a: [1, null, 'é'] }, groupId: 'no UUID' };

/** Rows as Graph holds them at the start: what users made, and what no user can make through this schema. */
export const seededRows: readonly PartnerResource[] = [
  { id: 'bare' },
  {
    id: 'odd',
    displayName: 'zebra "\\\n"',
    partnerState: 'hibernating',
    lastHeartbeatDateTime: 'yesterday',
    macOsOnboarded: null,
    androidEnrollmentAssignments: null,
    iosEnrollmentAssignments: [
      null,
      {},
      { target: null },
      { target: { '@odata.type': '#microsoft.graph.everyoneTarget', ...unlisted } },
      { target: { '@odata.type': 'microsoft.graph.groupAssignmentTarget', groupId: null } },
    ],
  },
  {
    id: 'Fleet',
    displayName: 'Jamf',
    partnerState: 'enabled',
    lastHeartbeatDateTime: '2026-01-01T00:00:00.0000001Z',
    macOsOnboarded: true,
    windowsOnboarded: true,
    androidOnboarded: false,
    iosOnboarded: true,
    linuxOnboarded: true,
    macOsEnrollmentAssignments: [
      { target: { '@odata.type': typeOf('allLicensedUsers'), ...filterOf('none') } },
      { target: { '@odata.type': typeOf('group'), groupId, ...filterOf('include') } },
      { target: { '@odata.type': typeOf('group'), groupId: groupId.toUpperCase() } },
      {
        target: {
          '@odata.type': typeOf('configurationManagerCollection'),
          collectionId: 'SMS0001a',
        },
      },
    ],
  },
];

/** How the gateway shows these rows over a generation of Graph. */
export function seededPartners(generation: Generation): readonly ModelPartner[] {
  const { platforms, hasFilters } = generation;
  const only = <Value>(known: Partial<Record<Platform, Value>>) =>
    forPlatforms((platform) => (platforms.includes(platform) ? (known[platform] ?? null) : null));
  const bare: ModelPartner = {
    ...newPartner('bare', 0, generation),
    partnerState: null,
    lastHeartbeatDateTime: null,
    onboarded: only({}),
    assignments: only({}),
  };
  return [
    bare,
    {
      ...bare,
      id: 'odd',
      serial: 1,
      displayName: 'zebra "\\\n"',
      partnerState: 'UNKNOWN_FUTURE_VALUE',
      lastHeartbeatDateTime: 'yesterday',
      assignments: only({ IOS: oddEntries }),
    },
    {
      ...bare,
      id: 'Fleet',
      serial: 2,
      displayName: 'Jamf',
      partnerState: 'ENABLED',
      lastHeartbeatDateTime: '2026-01-01T00:00:00.0000001Z',
      onboarded: only({ MAC_OS: true, WINDOWS: true, ANDROID: false, IOS: true, LINUX: true }),
      assignments: only({ MAC_OS: fleetEntries(hasFilters) }),
    },
  ];
}

const oddEntries: readonly ModelEntry[] = [
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

function fleetEntries(hasFilters: boolean): readonly ModelEntry[] {
  const __typename = 'GroupAssignmentTarget';
  return [
    {
      target: { __typename: 'AllLicensedUsersAssignmentTarget', filter: null },
    },
    {
      target: {
        __typename,
        groupId,
        filter: hasFilters ? { id: filterId, type: 'INCLUDE' } : null,
      },
    },
    { target: { __typename, groupId: groupId.toUpperCase(), filter: null } },
    {
      target: {
        __typename: 'ConfigurationManagerCollectionAssignmentTarget',
        collectionId: 'SMS0001a',
        filter: null,
      },
    },
  ];
}
