import { parseArgs } from 'node:util';
import { readConfig } from '../config/config.ts';
import { ConfigError, createReaders, type Environment } from '../config/readers.ts';
import type { Dependencies } from '../dependencies.ts';
import { createRoutes } from '../graph/request.ts';
import { NamedFileError, readNamedFile } from '../shared/namedFile.ts';
import { Secret } from '../shared/secret.ts';
import { configFindings, isProduction } from './configuration.ts';
import {
  checkRedis,
  clockFindings,
  graphFinding,
  probeEndpoint,
  proxyFindings,
  reasonOf,
} from './endpoint.ts';
import { type Finding, findingsOf } from './finding.ts';
import { checkAuthority, checkCredential, checkToken } from './identity.ts';
import { checkGateway, sandboxFinding } from './runningGateway.ts';

/** What the command takes from the outside. */
interface DoctorParts extends Dependencies {
  readonly environment: Environment;
  readonly readStdin: () => Promise<string>;
  readonly timeoutMs?: number;
}

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

interface Report {
  readonly findings: readonly Finding[];
  /** 0: all is fine or only doubtful; 1: something is wrong; 78 (`EX_CONFIG`): the configuration cannot be used. */
  readonly exitCode: 0 | 1 | 78;
}

function reportOf(findings: readonly Finding[]): Report {
  return { findings, exitCode: findings.some(({ severity }) => severity === 'problem') ? 1 : 0 };
}

/** The report for people: a line for each finding, below it what to do, and at the end how many there are. */
function textOf({ findings }: Report): string {
  const lines = findings.flatMap(({ check, severity, message, remedy }) => [
    `${severity.padEnd(8)} ${check.padEnd(14)} ${message}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(24)}${remedy}`]),
  ]);
  const count = (severity: Finding['severity']) =>
    findings.filter((finding) => finding.severity === severity).length;
  const summary = `${count('problem')} wrong, ${count('warning')} doubtful, ${count('ok')} fine`;
  return `${[...lines, '', summary].join('\n')}\n`;
}

/** Examines everything once. Never rejects because of what it finds: every failure is a finding. */
export async function doctorCommand(args: readonly string[], parts: DoctorParts) {
  const options = readDoctorOptions(args);
  if (typeof options === 'string') {
    return { exitCode: 64, output: `${options}\n\n${usage}` };
  }
  if (options.help === true) {
    return { exitCode: 0, output: usage };
  }
  const token = await readToken(options['token-file'], parts);
  const tokenProblems = token instanceof Secret ? [] : token;
  const report = await examine(options.url, token instanceof Secret ? token : undefined, parts)
    .then((findings) => reportOf([...findings, ...tokenProblems]))
    .catch((error: unknown) => failureReport(error, tokenProblems));
  const output = options.json ? `${JSON.stringify(report, null, 2)}\n` : textOf(report);
  return { exitCode: report.exitCode, output };
}

function failureReport(error: unknown, tokenProblems: readonly Finding[]): Report {
  const { problem } = findingsOf('configuration');
  if (error instanceof ConfigError) {
    const remedy = 'docs/configuration.md lists the variables and their values.';
    const findings = error.problems.map((message) => problem(message, remedy));
    return { findings: [...findings, ...tokenProblems], exitCode: 78 };
  }
  // The last resort: an error that nothing else understood becomes a finding, and no stack.
  const finding = problem(
    `The examination broke off with an unexpected error (${reasonOf(error)}).`,
    'Check the addresses and files that the configuration names; if they are right, this is a fault of the doctor.',
  );
  return reportOf([finding]);
}

/**
 * Looks at everything at once, because no answer depends on another: beside the configuration at a token and a running
 * gateway, if there are any. The findings have the order in which to fix them. @throws ConfigError
 */
async function examine(url: string | undefined, token: Secret | undefined, given: DoctorParts) {
  const { environment, timeoutMs = 5_000 } = given;
  const readers = createReaders(environment);
  const config = readConfig(environment, readers);
  const { identity, upstream, apiVersion, graphBudget, proxies, trustedDocuments, limits } = config;
  if (trustedDocuments.mode !== 'off') {
    const { loadTrustedDocuments } = await import('../graphql/trusted.ts');
    const { schemaOf } = await import('../graphql/schema.ts');
    await loadTrustedDocuments(trustedDocuments, { schema: schemaOf(config).schema, limits });
  }
  const parts = { ...given, timeoutMs, proxies };
  const inProduction = isProduction(environment);
  const trustsListedOnly = trustedDocuments.mode === 'enforce';
  const own = identity.mode === 'passthrough' ? undefined : identity;
  // The list of partners: what Graph is asked for without a token.
  const graphUrl = upstream.kind === 'graph' && createRoutes(upstream.root, apiVersion).collection;
  const [graph, authority, credential = [], tokens = [], redis, gateway] = await Promise.all([
    graphUrl && probeEndpoint({ url: graphUrl }, parts),
    own && checkAuthority(own, parts),
    own && checkCredential(config, own, parts),
    token && checkToken(token, config, parts),
    graphBudget.redisUrl && checkRedis(graphBudget.redisUrl, parts),
    url === undefined
      ? [sandboxFinding({ ...config, trustsListedOnly, isProduction: inProduction })]
      : checkGateway(new URL(url), inProduction, parts),
  ]);
  const endpoints = { Graph: graph || undefined, 'the authority': authority?.endpoint };
  return [
    ...configFindings(config, environment, readers.names),
    ...proxyFindings(endpoints),
    ...(graph && graphUrl ? [graphFinding(graphUrl, graph)] : []),
    ...(authority ? [authority.finding] : []),
    ...clockFindings(endpoints, own !== undefined),
    ...credential,
    ...tokens,
    ...(redis ? [redis] : []),
    ...gateway,
  ];
}

/** Reads a token from a file or standard input (`-`), which go before the variable GRAPH_TOKEN; or says why it cannot. */
async function readToken(file: string | undefined, { environment, readStdin }: DoctorParts) {
  if (file === undefined) {
    return tokenIn(environment['GRAPH_TOKEN'] ?? '') ?? [];
  }
  const place = file === '-' ? 'Standard input' : 'The file of --token-file';
  const wrong = (what: string) => [
    findingsOf('token').problem(`${place} ${what}.`, 'The file must hold the token alone.'),
  ];
  try {
    const text = await (file === '-' ? readStdin() : readNamedFile(file));
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

/** Reads the arguments, or says what is wrong with them without repeating what may be a token. */
function readDoctorOptions(given: readonly string[]) {
  const args = [...given];
  // The parser's own complaints quote what they complain about, so its strict form gets what is known to be right.
  const { tokens } = parseArgs({ args, options, strict: false, tokens: true });
  const misuse = tokens.map(findMisuse).find((found) => found !== undefined);
  if (misuse !== undefined) {
    return misuse;
  }
  const { values } = parseArgs({ args, options });
  return values.help || values.url === undefined || isGateway(values.url)
    ? values
    : '--url takes the http or https address of a gateway, without a password in it.';
}

type Argument = ReturnType<typeof parseArgs<{ strict: false; tokens: true }>>['tokens'][number];

function findMisuse(argument: Argument): string | undefined {
  if (argument.kind !== 'option') {
    return 'Only options are understood, each with two dashes.';
  }
  const { name, rawName, value } = argument;
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
