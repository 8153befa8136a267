import type { Config } from '../config/config.ts';
import { cloudOf } from '../config/graph.ts';
import type { Environment } from '../config/readers.ts';
import { variableNames } from '../config/variables.ts';
import { isLoopback } from '../shared/proxy.ts';
import { type Finding, findingsOf } from './finding.ts';

const { ok, warning, problem } = findingsOf('configuration');

export const isProduction = (environment: Environment): boolean =>
  environment['NODE_ENV']?.trim() === 'production';

/** Prefixes under which every variable is the gateway's. */
const ownNames =
  /^(GRAPH|AUTH|CORS|DRAIN|EMULATOR|EXPLORER|HEADERS|KEEP_ALIVE|LIMITS?|LIST|MAX|OPERATION|RESPONSE_IDLE|SHED|TRUSTED_DOCUMENTS|AZURE_CLIENT)_/;
/** What Kubernetes gives a pod to stop if nothing else is said. */
const usualGraceMs = 30_000;

/** What a configuration that can be used means, and what is legal and doubtful in it. */
export function configFindings(
  config: Config,
  environment: Environment,
  /** The variables that reading the configuration has asked for. */
  readNames: ReadonlySet<string>,
): readonly Finding[] {
  const { upstream, cloud, host, logLevel, operationTimeoutMs, drainTimeoutMs } = config;
  const authMode = `AUTH_MODE=${config.identity.mode}`;
  const inProduction = isProduction(environment);
  const isEmbedded = upstream.kind === 'emulator';
  const isSet = (name: string): boolean => (environment[name] ?? '').trim() !== '';
  const unread = Object.keys(environment).filter(
    (name) =>
      (ownNames.test(name) || (name.startsWith('AZURE_') && variableNames.has(name))) &&
      !(readNames.has(name) || name === 'GRAPH_TOKEN') &&
      isSet(name),
  );
  const ofEmulator = [...variableNames].filter((name) => /^EMULATOR_/.test(name) && isSet(name));
  const cloudsHost = new URL(cloudOf(cloud).graphRoot).host;
  const rootHost = isEmbedded ? cloudsHost : upstream.root.host;
  const graph = isEmbedded
    ? 'the embedded Graph answers'
    : `Graph at ${rootHost} (${config.apiVersion}, cloud ${cloud})`;
  const stopMs = config.drainDelayMs + drainTimeoutMs;

  const doubt = (isSo: boolean, message: string, remedy: string, finding = warning) =>
    isSo ? [finding(message, remedy)] : [];
  return [
    ok(`It can be used: ${graph}, ${authMode}, listening at ${host}:${config.port}.`),
    ...doubt(
      unread.length > 0,
      `${unread.sort().join(', ')}: set, and nothing reads it with ${authMode}.`,
      'Check the spelling and the mode, or take it away.',
    ),
    ...doubt(
      !isEmbedded && ofEmulator.length > 0,
      `${ofEmulator.join(', ')}: set, but a Graph is configured, so there is no embedded one.`,
      'Take it away, or take GRAPH_CLOUD and GRAPH_BASE_URL away.',
    ),
    ...doubt(
      config.graphBudget.redisUrl !== undefined && !isSet('GRAPH_BUDGET_REPLICAS'),
      'REDIS_URL is set and GRAPH_BUDGET_REPLICAS is not: while Redis is away, each replica takes half of the budget.',
      'Set GRAPH_BUDGET_REPLICAS to the number of replicas.',
    ),
    ...doubt(
      inProduction && config.introspection,
      'Introspection is on in production: every client that reaches the gateway can read its whole schema.',
      'Set INTROSPECTION=false unless that is meant; the schema is in the package too.',
    ),
    ...doubt(
      inProduction && isEmbedded,
      'The embedded Graph answers in production: its data are invented, and lost when it stops.',
      'Set GRAPH_CLOUD to the cloud of your tenant.',
    ),
    ...doubt(
      isEmbedded && !isLoopback(host),
      `The embedded Graph accepts a public token, and HOST=${host} accepts other machines.`,
      'Leave HOST at 127.0.0.1, or name a Graph of your own.',
    ),
    ...doubt(
      isSet('GRAPH_BASE_URL') && rootHost !== cloudsHost,
      `Tokens go to ${rootHost} (GRAPH_BASE_URL) and not to ${cloudsHost}.`,
      'Make sure that this proxy is yours, or take GRAPH_BASE_URL away.',
    ),
    ...doubt(
      isSet('ALL_PROXY') && config.proxies.https === undefined,
      'ALL_PROXY is set, and the gateway reads HTTPS_PROXY and HTTP_PROXY only.',
      'Name the proxy in HTTPS_PROXY if Graph is reached through one.',
    ),
    ...doubt(
      stopMs >= usualGraceMs,
      `Stopping may take ${stopMs / 1000} s, and Kubernetes kills after 30 s unless terminationGracePeriodSeconds is longer.`,
      'Set terminationGracePeriodSeconds above the sum of DRAIN_DELAY_MS and DRAIN_TIMEOUT_MS.',
    ),
    ...doubt(
      operationTimeoutMs > drainTimeoutMs,
      'OPERATION_TIMEOUT_MS is longer than DRAIN_TIMEOUT_MS: an operation in flight may be cut at a stop.',
      'Make DRAIN_TIMEOUT_MS at least as long.',
    ),
    ...doubt(
      inProduction && ['trace', 'debug', 'silent'].includes(logLevel),
      `LOG_LEVEL=${logLevel} in production.`,
      'Set it to info or warn: more costs time, and silence hides faults.',
    ),
    ...doubt(
      environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0',
      'NODE_TLS_REJECT_UNAUTHORIZED=0: certificates are not checked, so anyone on the way can read the tokens.',
      'Take it away; name the certificate of an authority of your own in NODE_EXTRA_CA_CERTS.',
      problem,
    ),
  ];
}
