import type { Config } from './config/config.ts';
import { isLoopback } from './shared/proxy.ts';
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

type BannerConfig = Pick<Config, 'upstream' | 'explorer' | 'identity'>;

/**
 * What a person reads after the start, or nothing: addresses, which Graph answers, and a first request. On a terminal
 * it is always shown; elsewhere only for the embedded Graph, so that invented data is not mistaken for real data.
 */
export function bannerOf(
  config: BannerConfig,
  addresses: { readonly url: string; readonly upstreamUrl: string },
  isTerminal: boolean,
): string {
  const { url, upstreamUrl } = addresses;
  const explorer = config.explorer === 'off' ? '' : `\n    Explorer   ${url}/`;
  if (config.upstream.kind === 'graph' && !isTerminal) {
    return '';
  }
  return `
  The gateway is running.

    GraphQL    ${url}/graphql
    Schema     ${url}/schema.graphql${explorer}
    Health     ${url}/livez  ${url}/readyz

${config.upstream.kind === 'graph' ? graphTextOf(config, url, upstreamUrl) : embeddedTextOf(config, url, upstreamUrl)}
`;
}

function embeddedTextOf(config: BannerConfig, url: string, upstreamUrl: string): string {
  const warning = publicTokenWarning(config, url);
  return `  No Microsoft Graph is configured, so the EMBEDDED GRAPH answers: invented data, kept in memory, gone at the end.
  It listens at ${upstreamUrl} and accepts one token: ${embeddedGraphToken}
  To use the real one, set GRAPH_CLOUD=global (or GRAPH_BASE_URL) and send a token for it.
${warning === undefined ? '' : `\n  WARNING: ${warning}.\n`}
  A first mutation:

${curlOf(url, embeddedGraphToken, { query: mutation, variables })}`;
}

function graphTextOf({ identity: { mode } }: BannerConfig, url: string, upstreamUrl: string) {
  const audience = mode === 'passthrough' ? 'Microsoft Graph' : 'this gateway';
  return `  Microsoft Graph at ${upstreamUrl} answers. AUTH_MODE=${mode}: callers send a token for ${audience}.

  A first query:

${curlOf(url, '<token>', { query: '{ complianceManagementPartners { totalCount } }' })}`;
}

function curlOf(url: string, token: string, body: object): string {
  return `curl -s ${url}/graphql \\
  -H 'content-type: application/json' \\
  -H 'authorization: Bearer ${token}' \\
  -d '${JSON.stringify(body)}'
`;
}

/** The embedded Graph's token is in the README, so other machines must not reach a gateway that uses it unnoticed. */
export function publicTokenWarning(
  { upstream }: Pick<Config, 'upstream'>,
  url: string,
): string | undefined {
  return upstream.kind === 'emulator' && !isLoopback(new URL(url).hostname)
    ? "The embedded Graph's token is public and HOST admits other machines: set HOST=127.0.0.1 or another Graph"
    : undefined;
}
