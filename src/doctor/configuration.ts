import { cloudOf } from '../config/clouds.ts';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/readers.ts';
import { namesWithin } from '../config/variables.ts';
import { isLoopback } from '../shared/proxy.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** What is wrong with a configuration that cannot be used, one finding for each problem. */
export function unusableFindings(problems: readonly string[]): readonly Finding[] {
  const remedy = 'docs/configuration.md lists the variables and their values.';
  return problems.map((message) => problem('configuration', message, remedy));
}

/** What a configuration means, and what is doubtful in it. */
export function configFindings(facts: ConfigFacts): readonly Finding[] {
  return [
    ok('configuration', `It can be used: ${summaryOf(facts.config)}.`),
    ...configHints(facts),
  ];
}

function summaryOf({ upstream, apiVersion, identity, cloud, host, port }: Config): string {
  const graph =
    upstream.kind === 'emulator'
      ? 'the embedded Graph answers'
      : `Graph at ${upstream.root.host} (${apiVersion}, cloud ${cloud})`;
  return `${graph}, AUTH_MODE=${identity.mode}, listening at ${host}:${port}`;
}

/** What a hint may hang on. */
export interface ConfigFacts {
  readonly config: Config;
  readonly environment: Environment;
  /** The variables that reading the configuration has asked for. */
  readonly readNames: ReadonlySet<string>;
}

type Hint = (facts: ConfigFacts) => Finding | undefined;

const isSet = ({ environment }: ConfigFacts, name: string): boolean =>
  (environment[name] ?? '').trim() !== '';

const isProduction = ({ environment }: ConfigFacts): boolean =>
  environment['NODE_ENV']?.trim() === 'production';

/** Prefixes under which every variable is the gateway's. */
const ownNames =
  /^(GRAPH|AUTH|CORS|DRAIN|EMULATOR|EXPLORER|HEADERS|KEEP_ALIVE|LIMITS?|LIST|MAX|OPERATION|RESPONSE_IDLE|SHED|TRUSTED_DOCUMENTS|AZURE_CLIENT)_/;
const credentialNames: ReadonlySet<string> = new Set(namesWithin('credentials'));
const doctorsOwn: ReadonlySet<string> = new Set(['GRAPH_TOKEN']);
/** What Kubernetes gives a pod to stop where nothing else is said. */
const usualGraceMs = 30_000;

const hint = (message: string, remedy: string): Finding =>
  warning('configuration', message, remedy);

const hints: readonly Hint[] = [
  (facts) => {
    const unread = Object.keys(facts.environment).filter(
      (name) =>
        (ownNames.test(name) || credentialNames.has(name)) &&
        !facts.readNames.has(name) &&
        !doctorsOwn.has(name) &&
        isSet(facts, name),
    );
    const { mode } = facts.config.identity;
    return unread.length === 0
      ? undefined
      : hint(
          `${unread.sort().join(', ')}: set, and nothing reads it with AUTH_MODE=${mode}.`,
          'Check the spelling and the mode, or take it away.',
        );
  },
  (facts) => {
    const given = namesWithin('emulator').filter((name) => isSet(facts, name));
    return facts.config.upstream.kind === 'graph' && given.length > 0
      ? hint(
          `${given.join(', ')}: set, but a Graph is configured, so there is no embedded one.`,
          'Take it away, or take GRAPH_CLOUD and GRAPH_BASE_URL away.',
        )
      : undefined;
  },
  (facts) =>
    facts.config.graphBudget.redisUrl !== undefined && !isSet(facts, 'GRAPH_BUDGET_REPLICAS')
      ? hint(
          'REDIS_URL is set and GRAPH_BUDGET_REPLICAS is not: while Redis is away, each replica takes half of the budget.',
          'Set GRAPH_BUDGET_REPLICAS to the number of replicas.',
        )
      : undefined,
  (facts) =>
    isProduction(facts) && facts.config.introspection
      ? hint(
          'Introspection is on in production: every client that reaches the gateway can read its whole schema.',
          'Set INTROSPECTION=false unless that is meant; the schema is in the package too.',
        )
      : undefined,
  (facts) =>
    isProduction(facts) && facts.config.upstream.kind === 'emulator'
      ? hint(
          'The embedded Graph answers in production: its data are invented, and lost when it stops.',
          'Set GRAPH_CLOUD to the cloud of your tenant.',
        )
      : undefined,
  ({ config }) =>
    config.upstream.kind === 'emulator' && !isLoopback(config.host)
      ? hint(
          `The embedded Graph accepts a public token, and HOST=${config.host} accepts other machines.`,
          'Leave HOST at 127.0.0.1, or name a Graph of your own.',
        )
      : undefined,
  (facts) => {
    const { upstream, cloud } = facts.config;
    const clouds = new URL(cloudOf(cloud).graphRoot).host;
    return upstream.kind === 'graph' &&
      isSet(facts, 'GRAPH_BASE_URL') &&
      upstream.root.host !== clouds
      ? hint(
          `Tokens go to ${upstream.root.host} (GRAPH_BASE_URL) and not to ${clouds}.`,
          'Make sure that this proxy is yours, or take GRAPH_BASE_URL away.',
        )
      : undefined;
  },
  (facts) =>
    isSet(facts, 'ALL_PROXY') && facts.config.proxies.https === undefined
      ? hint(
          'ALL_PROXY is set, and the gateway reads HTTPS_PROXY and HTTP_PROXY only.',
          'Name the proxy in HTTPS_PROXY if Graph is reached through one.',
        )
      : undefined,
  ({ environment }) =>
    environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0'
      ? problem(
          'configuration',
          'NODE_TLS_REJECT_UNAUTHORIZED=0: certificates are not checked, so anyone on the way can read the tokens.',
          'Take it away; name the certificate of an authority of your own in NODE_EXTRA_CA_CERTS.',
        )
      : undefined,
  ({ config: { drainDelayMs, drainTimeoutMs } }) =>
    drainDelayMs + drainTimeoutMs >= usualGraceMs
      ? hint(
          `Stopping may take ${(drainDelayMs + drainTimeoutMs) / 1000} s, and Kubernetes kills after 30 s unless terminationGracePeriodSeconds is longer.`,
          'Set terminationGracePeriodSeconds above the sum of DRAIN_DELAY_MS and DRAIN_TIMEOUT_MS.',
        )
      : undefined,
  ({ config: { operationTimeoutMs, drainTimeoutMs } }) =>
    operationTimeoutMs > drainTimeoutMs
      ? hint(
          'OPERATION_TIMEOUT_MS is longer than DRAIN_TIMEOUT_MS: an operation in flight may be cut at a stop.',
          'Make DRAIN_TIMEOUT_MS at least as long.',
        )
      : undefined,
  (facts) =>
    isProduction(facts) && ['trace', 'debug', 'silent'].includes(facts.config.logLevel)
      ? hint(
          `LOG_LEVEL=${facts.config.logLevel} in production.`,
          'Set it to info or warn: more costs time, and silence hides faults.',
        )
      : undefined,
];

/** What is legal and doubtful in a configuration. */
export function configHints(facts: ConfigFacts): readonly Finding[] {
  return hints.map((find) => find(facts)).filter((finding) => finding !== undefined);
}
