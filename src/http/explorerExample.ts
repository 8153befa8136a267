/** The add of the reference page as a GraphQL document, with everything that can be read of the new partner. */
export const exampleMutation = `mutation Add($input: AddComplianceManagementPartnerInput!) {
  addComplianceManagementPartner(input: $input) {
    complianceManagementPartner {
      ...Everything
    }
    userErrors {
      code
      message
      field
    }
  }
}

fragment Everything on ComplianceManagementPartner {
  id
  revision
  displayName
  partnerState
  lastHeartbeatDateTime
  macOsOnboarded
  windowsOnboarded
  androidOnboarded
  iosOnboarded
  linuxOnboarded
  macOsEnrollmentAssignments {
    ...Target
  }
  windowsEnrollmentAssignments {
    ...Target
  }
  androidEnrollmentAssignments {
    ...Target
  }
  iosEnrollmentAssignments {
    ...Target
  }
  linuxEnrollmentAssignments {
    ...Target
  }
}

fragment Target on ComplianceManagementPartnerAssignment {
  target {
    __typename
    filter {
      id
      type
    }
    ... on GroupAssignmentTarget {
      groupId
    }
    ... on ExclusionGroupAssignmentTarget {
      groupId
    }
    ... on ConfigurationManagerCollectionAssignmentTarget {
      collectionId
    }
    ... on UnrecognizedAssignmentTarget {
      odataType
      properties
    }
  }
}
`;

/**
 * Its variables. A Graph that is not known to have `windows*` may refuse the page's own, so there they are left out.
 */
export function exampleVariables(hasWindows: boolean): { readonly input: object } {
  return {
    input: {
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
    },
  };
}
