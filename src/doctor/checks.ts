import type { Config } from '../config/config.ts';
import type { Dependencies } from '../dependencies.ts';
import { createRoutes } from '../graph/routes.ts';
import { requiredScopesOf } from '../graph/types.ts';
import type { Secret } from '../shared/secret.ts';
import {
  type AuthorityFacts,
  authorityFindings,
  metadataUrlOf,
  probeAuthority,
} from './authority.ts';
import { type ConfigFacts, configFindings } from './configuration.ts';
import { type CredentialFacts, credentialFindings, probeCredential } from './credential.ts';
import {
  type ClockSource,
  clockFindings,
  type EndpointFacts,
  graphFindings,
  type ProbeParts,
  probeEndpoint,
} from './endpoint.ts';
import { type Finding, ok } from './finding.ts';
import type { PermissionNeeds } from './permission.ts';
import { probeRedis, type RedisFacts, redisFindings } from './redis.ts';
import {
  type GatewayFacts,
  gatewayFindings,
  probeGateway,
  sandboxFindings,
} from './runningGateway.ts';
import {
  probeCallerToken,
  readEmbeddedToken,
  readGraphToken,
  type TokenFacts,
  tokenFindings,
} from './token.ts';

const graphNeeds: PermissionNeeds = {
  read: requiredScopesOf('list'),
  write: requiredScopesOf('add'),
};

/** Judges all findings, in the order in which to fix them. */
export function decideFindings(
  configFacts: ConfigFacts,
  facts: DoctorFacts,
  { url, nowMs }: { readonly url: URL | undefined; readonly nowMs: number },
): readonly Finding[] {
  const { config, environment } = configFacts;
  const { identity, upstream, cloud } = config;
  const isProduction = environment['NODE_ENV']?.trim() === 'production';
  const own = identity.mode === 'passthrough' ? undefined : identity;
  const needs = own
    ? { read: own.inbound.readPermissions, write: own.inbound.writePermissions }
    : graphNeeds;
  const when = <Facts>(
    known: Facts | undefined,
    decide: (known: Facts) => readonly Finding[],
  ): readonly Finding[] => (known === undefined ? [] : decide(known));

  return [
    ...configFindings(configFacts),
    ...proxyFindings(facts),
    ...when(facts.graph, (graph) =>
      upstream.kind === 'graph' ? graphFindings(probedUrlOf(upstream.root, config), graph) : [],
    ),
    ...when(facts.authority, (authority) =>
      own ? authorityFindings(metadataUrlOf(own.inbound), authority) : [],
    ),
    ...clockFindings(clockSourcesOf(facts), own !== undefined),
    ...when(facts.credential, (credential) =>
      own ? credentialFindings(credential, { mode: own.mode, needs: graphNeeds, nowMs }) : [],
    ),
    ...when(facts.token, (token) => tokenFindings(token, { cloud, needs, nowMs })),
    ...when(facts.redis, redisFindings),
    ...(facts.gateway === undefined || url === undefined
      ? sandboxFindings({ ...sandboxSettingsOf(config), isProduction })
      : gatewayFindings(url, facts.gateway, isProduction)),
  ];
}

function sandboxSettingsOf({ corsOrigins: origins, introspection, trustedDocuments }: Config) {
  return { origins, introspection, trustsListedOnly: trustedDocuments.mode === 'enforce' };
}

/** The proxies that opened a tunnel; one that did not is reported in place of its target. */
function proxyFindings({ graph, authority }: DoctorFacts): readonly Finding[] {
  const passed = [graph, authority?.endpoint].flatMap((facts) => {
    const isPassed =
      facts?.kind === 'answered' || facts?.stage === 'tls' || facts?.stage === 'http';
    return isPassed && facts?.proxy !== undefined ? [facts.proxy] : [];
  });
  return [...new Set(passed)].map((proxy) =>
    ok('proxy', `The forward proxy ${proxy} opens tunnels.`),
  );
}

function clockSourcesOf({ graph, authority }: DoctorFacts): readonly ClockSource[] {
  const sources: readonly (readonly [string, EndpointFacts | undefined])[] = [
    ['Graph', graph],
    ['the authority', authority?.endpoint],
  ];
  return sources.flatMap(([name, facts]) =>
    facts?.kind === 'answered' && facts.clockAheadMs !== undefined
      ? [{ name, aheadMs: facts.clockAheadMs }]
      : [],
  );
}

/** What was found out; undefined stands for what this configuration does not have. */
interface DoctorFacts {
  readonly graph: EndpointFacts | undefined;
  readonly authority: AuthorityFacts | undefined;
  readonly credential: CredentialFacts | undefined;
  readonly token: TokenFacts | undefined;
  readonly redis: RedisFacts | undefined;
  readonly gateway: GatewayFacts | undefined;
}

/** What is looked at beside the configuration. */
interface Subjects {
  readonly token: Secret | undefined;
  readonly url: URL | undefined;
}

/** The list of partners: what Graph is asked for without a token. */
function probedUrlOf(root: URL, { apiVersion }: Config): URL {
  return createRoutes(root, apiVersion).collection;
}

/** Asks all at once; no answer depends on another. */
export async function gatherFacts(
  config: Config,
  { token, url }: Subjects,
  surroundings: Dependencies,
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
