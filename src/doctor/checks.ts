import type { Config } from '../config/config.ts';
import { requiredScopesOf } from '../graph/requiredScopes.ts';
import { metadataUrlOf } from './authority.ts';
import { configFindings } from './configuration.ts';
import type { EndpointFacts } from './endpoint.ts';
import { type Finding, ok } from './finding.ts';
import { authorityFindings } from './findings/authorityFindings.ts';
import { type ClockSource, clockFindings } from './findings/clockFindings.ts';
import type { ConfigFacts } from './findings/configHints.ts';
import { credentialFindings } from './findings/credentialFindings.ts';
import { gatewayFindings } from './findings/gatewayFindings.ts';
import { graphFindings } from './findings/graphFindings.ts';
import { redisFindings } from './findings/redisFindings.ts';
import { sandboxFindings } from './findings/sandboxFindings.ts';
import { tokenFindings } from './findings/tokenFindings.ts';
import { type DoctorFacts, probedUrlOf } from './gatherFacts.ts';
import type { PermissionNeeds } from './permission.ts';

const graphNeeds: PermissionNeeds = {
  read: requiredScopesOf('list'),
  write: requiredScopesOf('add'),
};

/** Judges all that was found out, in the order in which it is best mended. */
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

/** The proxies that opened a tunnel; one that did not is told in place of what it should lead to. */
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
