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

const fields = `id displayName partnerState lastHeartbeatDateTime
  macOsOnboarded windowsOnboarded androidOnboarded iosOnboarded
  macOsEnrollmentAssignments { target { __typename } }
  windowsEnrollmentAssignments { target { __typename } }
  androidEnrollmentAssignments { target { __typename } }
  iosEnrollmentAssignments { target { __typename } }`;

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

const listOperationOf = (rows: number): string =>
  JSON.stringify({
    query: `query List { complianceManagementPartners(first: ${rows}) { nodes { ${fields} } } }`,
  });

export const listOperation = listOperationOf(100);
export const longListOperation = listOperationOf(1_000);

export const partnerOperation = JSON.stringify({
  query: `query Partner($id: ID!) { complianceManagementPartner(id: $id) { ${fields} } }`,
  variables: { id: partner.id },
});

const claims = {
  tid: '72f988bf-86f1-41af-91ab-2d7cd011db47',
  appid: 'bench',
  pad: 'x'.repeat(1_200),
};

/** A token of 2 KB, as Entra makes them. */
export const bearer = `Bearer e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${'s'.repeat(342)}`;
