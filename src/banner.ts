import { embeddedGraphToken } from './shared/secret.ts';

const mutation =
  'mutation Add($input: AddComplianceManagementPartnerInput!) { addComplianceManagementPartner(input: $input) ' +
  '{ complianceManagementPartner { id displayName partnerState lastHeartbeatDateTime macOsOnboarded ' +
  'macOsEnrollmentAssignments { target { __typename } } } userErrors { code message field } } }';

const variables = {
  input: {
    displayName: 'Display Name value',
    partnerState: 'UNAVAILABLE',
    lastHeartbeatDateTime: '2016-12-31T23:56:56.7799755+03:00',
    macOsOnboarded: true,
    macOsEnrollmentAssignments: [{ target: { allLicensedUsers: {} } }],
  },
};

/** What a newcomer reads after the start on the embedded Graph: where to go, what answers, and a first mutation. */
export function bannerOf(url: string, upstreamUrl: string, hasExplorer: boolean): string {
  const explorer = hasExplorer ? `\n    Explorer   ${url}/` : '';
  const body = JSON.stringify({ query: mutation, variables });
  return `
  The gateway is running.

    GraphQL    ${url}/graphql
    Schema     ${url}/schema.graphql${explorer}
    Health     ${url}/livez  ${url}/readyz

  No Microsoft Graph is configured, so the EMBEDDED GRAPH answers: invented data, kept in memory, gone at the end.
  It listens at ${upstreamUrl} and accepts one token: ${embeddedGraphToken}
  To use the real one, set GRAPH_CLOUD=global (or GRAPH_BASE_URL) and send a token for it.

  A first mutation:

curl -s ${url}/graphql \\
  -H 'content-type: application/json' \\
  -H 'authorization: Bearer ${embeddedGraphToken}' \\
  -d '${body}'

`;
}
