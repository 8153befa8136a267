import { parse, print } from 'graphql';

/** An operation to begin with. */
interface ExplorerTab {
  readonly document: string;
  readonly variables: object;
}

/** What both pages begin with. */
export interface ExplorerStart {
  /** Sandbox shows the first one. */
  readonly tabs: readonly [ExplorerTab, ...ExplorerTab[]];
  /** Which Graph answers, for people. */
  readonly graph: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly endpointPath: string;
}

/** The settings of the page with Apollo Sandbox. */
export interface SandboxSettings extends ExplorerStart {
  readonly scriptUrl: string;
  /** Where the frame comes from that the script opens. */
  readonly frameOrigin: string;
  /** Where to go when Sandbox cannot be loaded; null if nothing else is wanted. */
  readonly fallbackPath: string | null;
  /** How long the script may take to come. */
  readonly scriptTimeoutMs: number;
  /** How long the frame may then take to say its first word. */
  readonly frameTimeoutMs: number;
}

/** The settings of the page with GraphiQL. */
export interface OfflineSettings extends ExplorerStart {
  readonly schemaPath: string;
  /** The scripts of the editor's workers, by what they work on. */
  readonly workers: { readonly editor: string; readonly json: string; readonly graphql: string };
}

/** The add of the reference page as a GraphQL document, with everything that can be read of the new partner. */
const exampleMutation = `
  mutation Add($input: AddComplianceManagementPartnerInput!) {
    addComplianceManagementPartner(input: $input) {
      complianceManagementPartner { ...Everything }
      userErrors { code message field }
    }
  }

  fragment Everything on ComplianceManagementPartner {
    id revision displayName partnerState lastHeartbeatDateTime
    macOsOnboarded windowsOnboarded androidOnboarded iosOnboarded linuxOnboarded
    macOsEnrollmentAssignments { ...Target }
    windowsEnrollmentAssignments { ...Target }
    androidEnrollmentAssignments { ...Target }
    iosEnrollmentAssignments { ...Target }
    linuxEnrollmentAssignments { ...Target }
  }

  fragment Target on ComplianceManagementPartnerAssignment {
    target {
      __typename
      filter { id type }
      ... on GroupAssignmentTarget { groupId }
      ... on ExclusionGroupAssignmentTarget { groupId }
      ... on ConfigurationManagerCollectionAssignmentTarget { collectionId }
      ... on UnrecognizedAssignmentTarget { odataType properties }
    }
  }
`;

/** Its input. A Graph that is not known to have `windows*` may reject the page's own, so there they are left out. */
function exampleInput(hasWindows: boolean): object {
  return {
    lastHeartbeatDateTime: '2016-12-31T23:56:56.7799755+03:00',
    partnerState: 'UNAVAILABLE',
    displayName: 'Display Name value',
    macOsOnboarded: true,
    ...(hasWindows && { windowsOnboarded: true }),
    androidOnboarded: true,
    iosOnboarded: true,
    macOsEnrollmentAssignments: [{ target: { allLicensedUsers: {} } }],
    ...(hasWindows && { windowsEnrollmentAssignments: [{}] }),
    androidEnrollmentAssignments: [{}],
    iosEnrollmentAssignments: [{}],
  };
}

const viewer = `
  query Viewer {
    viewer { authMode kind operations { name isPermitted missingPermission } }
  }
`;

const list = `
  query Partners {
    complianceManagementPartners(first: 20, orderBy: [{ field: DISPLAY_NAME }]) {
      totalCount
      nodes { id displayName partnerState lastHeartbeatDateTime }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

const one = `
  query Partner($id: ID!) {
    complianceManagementPartner(id: $id) {
      displayName
      revision
      platforms {
        platform
        onboarded
        enrollmentAssignments {
          target {
            __typename
            ... on GroupAssignmentTarget { groupId }
            ... on ExclusionGroupAssignmentTarget { groupId }
          }
        }
      }
    }
  }
`;

const update = `
  mutation Update($input: UpdateComplianceManagementPartnerInput!) {
    updateComplianceManagementPartner(input: $input) {
      complianceManagementPartner { id displayName revision }
      userErrors { code message field }
    }
  }
`;

const assign = `
  mutation Assign($input: AddEnrollmentAssignmentInput!) {
    addEnrollmentAssignment(input: $input) {
      changed
      complianceManagementPartner { id revision }
      userErrors { code message field }
    }
  }
`;

/** A partner of the embedded Graph's catalogue. */
const partnerId = '5b1e0c1a-7d52-4c7e-9a30-000000000009';
const groupId = '9d1f7c2b-6a34-4e0d-b3c8-7e5a4f3b2c1d';

/**
 * The tabs that an explorer begins with. Before the embedded Graph, the add is first and everything can be run as it
 * is. Before any other Graph a read is first, and no write has the variables that it needs to run.
 */
export function explorerTabs(isEmbedded: boolean, hasWindows: boolean): ExplorerStart['tabs'] {
  const tab = (document: string, variables: object): ExplorerTab => ({
    document: `${print(parse(document))}\n`,
    variables,
  });
  const write = (document: string, input: object) => tab(document, isEmbedded ? { input } : {});
  const add = write(exampleMutation, exampleInput(hasWindows));
  const first = tab(viewer, {});
  const reads = [tab(list, {}), tab(one, { id: isEmbedded ? partnerId : '' })];
  const writes = [
    write(update, { id: partnerId, displayName: 'Jamf Pro (new name)' }),
    write(assign, { id: partnerId, platform: 'MAC_OS', target: { group: { groupId } } }),
  ];
  return isEmbedded ? [add, first, ...reads, ...writes] : [first, ...reads, add, ...writes];
}
