import { parseArgs } from 'node:util';
import { type Config, readConfig } from '../config/config.ts';
import { ConfigError, createReaders, type Environment } from '../config/readers.ts';
import type { Dependencies } from '../dependencies.ts';
import { createRoutes } from '../graph/routes.ts';
import { NamedFileError, readNamedFile } from '../shared/namedFile.ts';
import { Secret } from '../shared/secret.ts';
import { checkAuthority } from './authority.ts';
import { type ConfigFacts, configFindings, isProduction } from './configuration.ts';
import { checkCredential } from './credential.ts';
import { type CheckParts, probeEndpoint, reasonOf } from './endpoint.ts';
import { type Finding, findingsOf, type Report, reportOf, textOf } from './finding.ts';
import { clockFindings, graphFinding, proxyFindings } from './graph.ts';
import { checkRedis } from './redis.ts';
import { checkGateway, sandboxFinding } from './runningGateway.ts';
import { checkToken } from './token.ts';

/** What the command takes from the outside. */
export interface DoctorParts extends Dependencies {
  readonly environment: Environment;
  readonly readStdin: () => Promise<string>;
  /** How long one probe may take; 5 s if absent. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 5_000;

const usage = `Usage: compliance-partner-gateway doctor [options]

Checks whether a gateway with this environment would work, and says what to do where it would not.

  --json               the report as JSON
  --token-file <file>  looks at a token that callers send; - reads it from standard input,
                       and the variable GRAPH_TOKEN holds one too. It is never printed.
  --url <address>      looks at a running gateway, too
  --help               this text

Ends with 0 (fine, or only doubtful), 1 (something is wrong), 64 (called in a wrong way) or 78 (the configuration
cannot be used).
`;

/** Examines everything once. Never rejects because of what it finds: every failure is a finding. */
export async function doctorCommand(args: readonly string[], parts: DoctorParts) {
  const options = readDoctorOptions(args);
  if (typeof options === 'string') {
    return { exitCode: 64, output: `${options}\n\n${usage}` };
  }
  if (options.help === true) {
    return { exitCode: 0, output: usage };
  }
  const report = await examineAsAsked(options, parts).catch(brokenOff);
  const output = options.json ? `${JSON.stringify(report, null, 2)}\n` : textOf(report);
  return { exitCode: report.exitCode, output };
}

/** The last resort: an error that nothing else understood becomes a finding, and no stack. */
function brokenOff(error: unknown): Report {
  const finding = findingsOf('configuration').problem(
    `The examination broke off with an unexpected error (${reasonOf(error)}).`,
    'Check the addresses and files that the configuration names; if they are right, this is a fault of the doctor.',
  );
  return reportOf([finding]);
}

async function examineAsAsked(options: DoctorOptions, parts: DoctorParts): Promise<Report> {
  const { environment, timeoutMs = defaultTimeoutMs } = parts;
  const read = await readToken(options['token-file'], parts);
  const [token, tokenProblems] = read instanceof Secret ? [read, []] : [undefined, read];
  const readers = createReaders(environment);
  try {
    const config = readConfig(environment, readers);
    await checkTrustedDocuments(config);
    const facts = { config, environment, readNames: readers.names };
    const url = options.url === undefined ? undefined : new URL(options.url);
    const given = { ...parts, timeoutMs, nowMs: parts.clock.now(), proxies: config.proxies };
    const findings = await examine(facts, { token, url }, given);
    return reportOf([...findings, ...tokenProblems]);
  } catch (error) {
    if (!(error instanceof ConfigError)) {
      throw error;
    }
    const { problem } = findingsOf('configuration');
    const remedy = 'docs/configuration.md lists the variables and their values.';
    const findings = error.problems.map((message) => problem(message, remedy));
    return { findings: [...findings, ...tokenProblems], exitCode: 78 };
  }
}

/**
 * Looks at everything at once, because no answer depends on another: beside the configuration at a token and a running
 * gateway, if there are any. The findings have the order in which to fix them.
 */
async function examine(
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

/** The file that the configuration may name is read as the gateway does when it starts. @throws ConfigError */
async function checkTrustedDocuments(config: Config): Promise<void> {
  const { trustedDocuments, limits } = config;
  if (trustedDocuments.mode !== 'off') {
    const { loadTrustedDocuments } = await import('../graphql/trusted.ts');
    const { schemaOf } = await import('../graphql/subgraph.ts');
    await loadTrustedDocuments(trustedDocuments, { schema: schemaOf(config).schema, limits });
  }
}

/** Reads a token from a file or standard input (`-`), which go before the variable GRAPH_TOKEN; or says why it cannot. */
async function readToken(
  tokenFile: string | undefined,
  { environment, readStdin }: DoctorParts,
): Promise<Secret | readonly Finding[]> {
  if (tokenFile === undefined) {
    return tokenIn(environment['GRAPH_TOKEN'] ?? '') ?? [];
  }
  const place = tokenFile === '-' ? 'Standard input' : 'The file of --token-file';
  const wrong = (what: string): readonly Finding[] => [
    findingsOf('token').problem(`${place} ${what}.`, 'The file must hold the token alone.'),
  ];
  try {
    const text = await (tokenFile === '-' ? readStdin() : readNamedFile(tokenFile));
    return tokenIn(text.toString()) ?? wrong('holds no token');
  } catch (error) {
    const reason = error instanceof NamedFileError ? error.reason : reasonOf(error);
    return wrong(`cannot be read (${reason})`);
  }
}

/** A header's `Bearer` before it does not matter. */
function tokenIn(text: string): Secret | undefined {
  const token = text.trim().replace(/^Bearer\s+/i, '');
  return /^\S+$/.test(token) ? new Secret(token) : undefined;
}

const options = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  'token-file': { type: 'string' },
  url: { type: 'string' },
} as const;

type DoctorOptions = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

/** Reads the arguments, or says what is wrong with them without repeating what may be a token. */
export function readDoctorOptions(args: readonly string[]): DoctorOptions | string {
  // The parser's own complaints quote what they complain about, so its strict form gets what is known to be right.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    const misuse =
      token.kind === 'option'
        ? findMisuse(token)
        : 'Only options are understood, each with two dashes.';
    if (misuse !== undefined) {
      return misuse;
    }
  }
  const { values } = parseArgs({ args: [...args], options });
  return values.help || values.url === undefined || isGateway(values.url)
    ? values
    : '--url takes the http or https address of a gateway, without a password in it.';
}

interface OptionToken {
  readonly name: string;
  /** With its dashes. */
  readonly rawName: string;
  readonly value?: string | undefined;
}

function findMisuse({ name, rawName, value }: OptionToken): string | undefined {
  if (name === 'token') {
    return (
      'A token is never an argument, because everybody on this machine could read it: ' +
      'use --token-file, standard input (--token-file -) or the variable GRAPH_TOKEN.'
    );
  }
  const known = Object.entries(options).find(([option]) => option === name);
  if (known === undefined) {
    const all = Object.keys(options).map((option) => `--${option}`);
    return /^[a-z][a-z-]{0,20}$/.test(name)
      ? `There is no option ${rawName}.`
      : `There is no such option; there are ${all.join(', ')}.`;
  }
  if (known[1].type === 'boolean') {
    return value === undefined ? undefined : `${rawName} takes no value.`;
  }
  return value && /^(-$|[^-])/.test(value) ? undefined : `${rawName} needs a value.`;
}

function isGateway(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return /^https?:$/.test(url?.protocol ?? '') && url?.username === '' && url.password === '';
}
