const allLicensedUsers = { '@odata.type': '#microsoft.graph.allLicensedUsersAssignmentTarget' };
const assignment = { '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment' };

/** The partner of the reference page's response, with a state that exists. */
export const partner = {
  '@odata.type': '#microsoft.graph.complianceManagementPartner',
  id: '0c65e46a-e46a-0c65-6ae4-650c6ae4650c',
  lastHeartbeatDateTime: '2016-12-31T23:56:56.7799755+03:00',
  partnerState: 'unavailable',
  displayName: 'Display Name value',
  macOsOnboarded: true,
  windowsOnboarded: true,
  androidOnboarded: true,
  iosOnboarded: true,
  macOsEnrollmentAssignments: [{ ...assignment, target: allLicensedUsers }],
  windowsEnrollmentAssignments: [assignment],
  androidEnrollmentAssignments: [assignment],
  iosEnrollmentAssignments: [assignment],
};

export const partnersOf = (rows: number) =>
  Array.from({ length: rows }, (_value, index) => ({
    ...partner,
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  }));

const guidOf = (kind: string, number: number): string =>
  `${kind}000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** Their assignments name 20 groups and 5 filters. */
export const namedPartnersOf = (rows: number) =>
  partnersOf(rows).map((row, index) => ({
    ...row,
    iosEnrollmentAssignments: [
      {
        ...assignment,
        target: {
          '@odata.type': '#microsoft.graph.groupAssignmentTarget',
          groupId: guidOf('ab', index % 20),
          deviceAndAppManagementAssignmentFilterId: guidOf('cd', index % 5),
          deviceAndAppManagementAssignmentFilterType: 'include',
        },
      },
    ],
  }));

/** Graph's answer to `getByIds` for these groups. */
export const groupNames = {
  value: Array.from({ length: 20 }, (_value, index) => ({
    '@odata.type': '#microsoft.graph.group',
    id: guidOf('ab', index),
    displayName: `Group ${index}`,
  })),
};

/** Graph's answer to a batch that asks for filters. */
export function filterNamesFor(batch: string): object {
  const { requests } = JSON.parse(batch) as { requests: { id: string; url: string }[] };
  return {
    responses: requests.map(({ id, url }) => ({
      id,
      status: 200,
      body: { id: /[\da-f-]{36}/.exec(url)?.[0], displayName: 'Corporate devices' },
    })),
  };
}

const plainFields = 'id displayName partnerState lastHeartbeatDateTime';
const fields = `${plainFields}
  macOsOnboarded windowsOnboarded androidOnboarded iosOnboarded
  macOsEnrollmentAssignments { target { __typename } }
  windowsEnrollmentAssignments { target { __typename } }
  androidEnrollmentAssignments { target { __typename } }
  iosEnrollmentAssignments { target { __typename } }`;

/** The same as a list of platforms. */
const platformFields = `${plainFields}
  platforms(in: [MAC_OS, WINDOWS, ANDROID, IOS]) {
    platform onboarded enrollmentAssignments { target { __typename } }
  }`;

/** The same, and the names behind ids. */
const namedFields = `${fields}
  named: iosEnrollmentAssignments { target {
    filter { id displayName } ... on GroupAssignmentTarget { group { id displayName } }
  } }`;

/** The same work as a GraphQL request. */
export const addOperation = JSON.stringify({
  query: `mutation Add($input: AddComplianceManagementPartnerInput!) {
    addComplianceManagementPartner(input: $input) {
      complianceManagementPartner { ${fields} } userErrors { message }
    }
  }`,
  variables: {
    input: {
      displayName: partner.displayName,
      partnerState: 'UNAVAILABLE',
      lastHeartbeatDateTime: partner.lastHeartbeatDateTime,
      macOsOnboarded: true,
      windowsOnboarded: true,
      androidOnboarded: true,
      iosOnboarded: true,
      macOsEnrollmentAssignments: [{ target: { allLicensedUsers: {} } }],
      windowsEnrollmentAssignments: [{}],
      androidEnrollmentAssignments: [{}],
      iosEnrollmentAssignments: [{}],
    },
  },
});

const listOperationOf = (rows: number, selected = fields): string =>
  JSON.stringify({
    query: `query List { complianceManagementPartners(first: ${rows}) { nodes { ${selected} } } }`,
  });

const partnerOperationOf = (selected: string): string =>
  JSON.stringify({
    query: `query Partner($id: ID!) { complianceManagementPartner(id: $id) { ${selected} } }`,
    variables: { id: partner.id },
  });

export const listOperation = listOperationOf(100);
export const longListOperation = listOperationOf(1_000);
export const listOfPlatforms = listOperationOf(100, platformFields);
export const listOfNames = listOperationOf(100, namedFields);
export const partnerOperation = partnerOperationOf(fields);
export const partnerWithPlatforms = partnerOperationOf(platformFields);

const claims = {
  tid: '72f988bf-86f1-41af-91ab-2d7cd011db47',
  appid: 'bench',
  pad: 'x'.repeat(1_200),
};

/** A token of 2 KB, as Entra makes them. */
export const bearer = `Bearer e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${'s'.repeat(342)}`;
