import { createRoutes } from '../graph/routes.ts';
import type { Secret } from '../shared/secret.ts';
import { checkAuthority } from './authority.ts';
import { type ConfigFacts, configFindings, isProduction } from './configuration.ts';
import { checkCredential } from './credential.ts';
import { type CheckParts, probeEndpoint } from './endpoint.ts';
import type { Finding } from './finding.ts';
import { clockFindings, graphFinding, proxyFindings } from './graph.ts';
import { checkRedis } from './redis.ts';
import { checkGateway, sandboxFinding } from './runningGateway.ts';
import { checkToken } from './token.ts';

/**
 * Looks at everything at once, because no answer depends on another: beside the configuration at a token and a running
 * gateway, if there are any. The findings have the order in which to fix them.
 */
export async function examine(
  facts: ConfigFacts,
  { token, url }: { readonly token: Secret | undefined; readonly url: URL | undefined },
  parts: CheckParts,
): Promise<readonly Finding[]> {
  const { config } = facts;
  const { identity, upstream, graphBudget } = config;
  const own = identity.mode === 'passthrough' ? undefined : identity;
  // The list of partners: what Graph is asked for without a token.
  const graphUrl =
    upstream.kind === 'graph'
      ? createRoutes(upstream.root, config.apiVersion).collection
      : undefined;
  const [graph, authority, credential, tokens, redis, gateway] = await Promise.all([
    graphUrl && probeEndpoint({ url: graphUrl }, parts),
    own && checkAuthority(own.inbound, parts),
    own && checkCredential(config, own, parts),
    token && checkToken(token, config, parts),
    graphBudget.redisUrl && checkRedis(graphBudget.redisUrl, parts),
    url && checkGateway(url, isProduction(facts), parts),
  ]);
  const endpoints = [
    ['Graph', graph],
    ['the authority', authority?.endpoint],
  ] as const;
  const sandboxBefore = sandboxFinding({
    origins: config.corsOrigins,
    introspection: config.introspection,
    trustsListedOnly: config.trustedDocuments.mode === 'enforce',
    isProduction: isProduction(facts),
  });
  return [
    ...configFindings(facts),
    ...proxyFindings(endpoints.map(([, endpoint]) => endpoint)),
    ...(graph && graphUrl ? [graphFinding(graphUrl, graph)] : []),
    ...(authority ? [authority.finding] : []),
    ...clockFindings(endpoints, own !== undefined),
    ...(credential ?? []),
    ...(tokens ?? []),
    ...(redis ? [redis] : []),
    ...(gateway ?? [sandboxBefore]),
  ];
}
