import type { Config } from '../config/config.ts';
import type { Surroundings } from '../dependencies.ts';
import { createRoutes } from '../graph/routes.ts';
import type { Secret } from '../shared/secret.ts';
import { type AuthorityFacts, probeAuthority } from './authority.ts';
import { type CredentialFacts, probeCredential } from './credential.ts';
import { type EndpointFacts, probeEndpoint } from './endpoint.ts';
import type { ProbeParts } from './probes/probeParts.ts';
import { probeRedis, type RedisFacts } from './redis.ts';
import { type GatewayFacts, probeGateway } from './runningGateway.ts';
import { probeCallerToken, readEmbeddedToken, readGraphToken, type TokenFacts } from './token.ts';

/** What was found out; undefined stands for what this configuration does not have. */
export interface DoctorFacts {
  readonly graph: EndpointFacts | undefined;
  readonly authority: AuthorityFacts | undefined;
  readonly credential: CredentialFacts | undefined;
  readonly token: TokenFacts | undefined;
  readonly redis: RedisFacts | undefined;
  readonly gateway: GatewayFacts | undefined;
}

/** What is looked at beside the configuration. */
export interface Subjects {
  readonly token: Secret | undefined;
  readonly url: URL | undefined;
}

/** The list of partners: what Graph is asked for without a token. */
export function probedUrlOf(root: URL, { apiVersion }: Config): URL {
  return createRoutes(root, apiVersion).collection;
}

/** Asks everybody at once; none of the answers hangs on another. */
export async function gatherFacts(
  config: Config,
  { token, url }: Subjects,
  surroundings: Surroundings,
  timeoutMs: number,
): Promise<DoctorFacts> {
  const { identity, upstream, graphBudget } = config;
  const parts: ProbeParts = { ...surroundings, timeoutMs, proxies: config.proxies };
  const own = identity.mode === 'passthrough' ? undefined : identity;
  const lookAtToken = (given: Secret): TokenFacts | Promise<TokenFacts> => {
    if (own !== undefined) {
      return probeCallerToken(given, own, surroundings, parts);
    }
    return upstream.kind === 'graph' ? readGraphToken(given) : readEmbeddedToken(given);
  };
  const [graph, authority, credential, tokenFacts, redis, gateway] = await Promise.all([
    upstream.kind === 'graph'
      ? probeEndpoint({ url: probedUrlOf(upstream.root, config) }, parts)
      : undefined,
    own && probeAuthority(own.inbound, parts),
    own && probeCredential(config, own, surroundings, parts),
    token && lookAtToken(token),
    graphBudget.redisUrl && probeRedis(graphBudget.redisUrl, parts),
    url && probeGateway(url, parts),
  ]);
  return { graph, authority, credential, token: tokenFacts, redis, gateway };
}
