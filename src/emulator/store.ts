import type { AssignmentResource, PartnerResource } from '../graph/types.ts';
import type { Clock } from '../shared/clock.ts';

/** A row and its number in the order of insertion, which no deletion changes. */
interface StoredPartner {
  readonly number: number;
  readonly row: PartnerResource;
}

/** The rows, in memory and in the order of their insertion; ids are compared without case, as GUIDs are. */
export interface PartnerStore {
  rowsBehind(number: number): readonly StoredPartner[];
  get(id: string): PartnerResource | undefined;
  /** Puts a row at the end, or in the place of the one with the same id. */
  put(row: PartnerResource): void;
  delete(id: string): boolean;
  rows(): readonly PartnerResource[];
  /** The same rows under the same numbers, to be changed without a trace here. */
  copy(): PartnerStore;
}

function storeOver(stored: Map<string, StoredPartner>, lastNumber: number): PartnerStore {
  let last = lastNumber;
  return {
    rowsBehind: (number) => [...stored.values()].filter((partner) => partner.number > number),
    get: (id) => stored.get(id.toLowerCase())?.row,
    put(row) {
      const key = row.id.toLowerCase();
      const number = stored.get(key)?.number ?? ++last;
      stored.set(key, { number, row });
    },
    delete: (id) => stored.delete(id.toLowerCase()),
    rows: () => [...stored.values()].map(({ row }) => row),
    copy: () => storeOver(new Map(stored), last),
  };
}

/** Beyond so many kept states, reads no longer show the oldest. */
const maximumStates = 1_000;

/** A store, and what reads show of it: the rows as they were `lagMs` ago. */
export function createLaggingStore(
  seed: readonly PartnerResource[],
  { clock, lagMs }: { readonly clock: Clock; readonly lagMs: number },
): { readonly store: PartnerStore; seen(): PartnerStore } {
  const store = storeOver(new Map(), 0);
  for (const row of seed) {
    store.put(row);
  }
  if (lagMs === 0) {
    return { store, seen: () => store };
  }
  /** The rows as they were before each write, the oldest first. */
  const states: { readonly rows: PartnerStore; readonly replacedMs: number }[] = [];
  const keepState = (): void => {
    states.push({ rows: store.copy(), replacedMs: clock.now() });
    states.splice(0, states.length - maximumStates);
  };
  return {
    store: {
      ...store,
      put(row) {
        keepState();
        store.put(row);
      },
      delete(id) {
        keepState();
        return store.delete(id);
      },
    },
    seen() {
      while (states[0] !== undefined && states[0].replacedMs + lagMs <= clock.now()) {
        states.shift();
      }
      return states[0]?.rows ?? store;
    },
  };
}

/**
 * A partner before its set-up: what OData gives to properties that an add leaves out (the default, null, or an
 * empty list), and what a row of the catalogue shows before it is connected.
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

function to(type: string, members: object = {}): AssignmentResource {
  return {
    '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment',
    target: { '@odata.type': `#microsoft.graph.${type}AssignmentTarget`, ...members },
  };
}

const everyone = to('allLicensedUsers');

/** A row of the catalogue that is not set up, but for the given values. */
function partner(
  number: number,
  displayName: string,
  given: Partial<PartnerResource> = {},
): PartnerResource {
  const id = `5b1e0c1a-7d52-4c7e-9a30-${String(number).padStart(12, '0')}`;
  return { ...blankPartner, id, displayName, ...given };
}

/**
 * The partners that Intune offers, as a tenant sees them: one is connected for each platform, a few were once, and
 * most were never set up. Source: Microsoft's list of third-party compliance partners of February 2026; states, times
 * and groups are invented.
 */
export const catalogue: readonly PartnerResource[] = [
  partner(1, '42Gears SureMDM'),
  partner(2, '7P'),
  partner(3, 'Addigy', {
    partnerState: 'terminated',
    lastHeartbeatDateTime: '2025-06-30T22:14:03.5521309Z',
  }),
  partner(4, 'BlackBerry UEM'),
  partner(5, 'Citrix Workspace'),
  partner(6, 'CLOMO MDM'),
  partner(7, 'Fleet', {
    partnerState: 'enabled',
    lastHeartbeatDateTime: '2026-02-11T08:31:42.1300428Z',
    linuxOnboarded: true,
    linuxEnrollmentAssignments: [to('group', { groupId: '3f6f5a0e-2f5b-4b0b-8a4e-1d2c3b4a5f60' })],
  }),
  partner(8, 'IBM MaaS360'),
  partner(9, 'Jamf Pro', {
    partnerState: 'enabled',
    lastHeartbeatDateTime: '2026-02-11T08:29:17.7799755Z',
    macOsOnboarded: true,
    macOsEnrollmentAssignments: [
      everyone,
      to('exclusionGroup', { groupId: '9d1f7c2b-6a34-4e0d-b3c8-7e5a4f3b2c1d' }),
    ],
  }),
  partner(10, 'Kandji', {
    partnerState: 'unavailable',
    lastHeartbeatDateTime: '2026-01-19T03:05:59.0412Z',
  }),
  partner(11, 'Ivanti Neurons for MDM', {
    partnerState: 'enabled',
    lastHeartbeatDateTime: '2026-02-11T08:30:05.9006151Z',
    windowsOnboarded: true,
    windowsEnrollmentAssignments: [
      to('configurationManagerCollection', { collectionId: 'SMS00014' }),
    ],
  }),
  partner(12, 'Ivanti EPMM'),
  partner(13, 'mobiconnect'),
  partner(14, 'Mosyle Fuse'),
  partner(15, 'Mosyle OneK12'),
  partner(16, 'Omnissa Workspace ONE UEM', {
    partnerState: 'enabled',
    lastHeartbeatDateTime: '2026-02-11T08:31:00.25Z',
    androidOnboarded: true,
    androidEnrollmentAssignments: [
      to('group', {
        groupId: 'c0a7d1f4-58be-4f0f-9d3c-2b1a0f9e8d7c',
        deviceAndAppManagementAssignmentFilterId: '61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b',
        deviceAndAppManagementAssignmentFilterType: 'include',
      }),
      to('group', { groupId: '1e2d3c4b-5a69-4788-96a5-b4c3d2e1f0a9' }),
    ],
  }),
  partner(17, 'Scalefusion', {
    partnerState: 'rejected',
    lastHeartbeatDateTime: '2025-11-02T17:45:11.3Z',
  }),
  partner(18, 'SOTI MobiControl', {
    partnerState: 'unresponsive',
    lastHeartbeatDateTime: '2026-02-08T20:02:33.6670217Z',
    iosOnboarded: true,
    iosEnrollmentAssignments: [everyone],
  }),
];
