import { parseArgs } from 'node:util';
import { type Config, readConfig } from '../config/config.ts';
import { ConfigError, createReaders, type Environment } from '../config/readers.ts';
import type { Dependencies } from '../dependencies.ts';
import { NamedFileError } from '../shared/namedFile.ts';
import { Secret } from '../shared/secret.ts';
import { decideFindings, gatherFacts } from './checks.ts';
import { unusableFindings } from './configuration.ts';
import { reasonOf } from './endpoint.ts';
import {
  type DoctorExitCode,
  exitCodeOf,
  type Finding,
  jsonOf,
  problem,
  type Report,
  textOf,
} from './finding.ts';

/** What the command takes from the outside. */
export interface DoctorParts extends Dependencies {
  readonly environment: Environment;
  readonly readFile: (path: string) => Promise<string>;
  readonly readStdin: () => Promise<string>;
  /** How long one probe may take; 5 s if absent. */
  readonly timeoutMs?: number;
}

/** How the command ends: as the report says, or with 64 (`EX_USAGE`) where it was called in a wrong way. */
interface DoctorResult {
  readonly exitCode: DoctorExitCode | 64;
  readonly output: string;
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
export async function doctorCommand(
  args: readonly string[],
  parts: DoctorParts,
): Promise<DoctorResult> {
  const wish = readDoctorOptions(args);
  if (wish.kind !== 'examine') {
    return wish.kind === 'help'
      ? { exitCode: 0, output: usage }
      : { exitCode: 64, output: `${wish.problem}\n\n${usage}` };
  }
  const given = await readToken({
    tokenFile: wish.tokenFile,
    variable: parts.environment['GRAPH_TOKEN'],
    ...parts,
  });
  const report = await examine(given, wish.url, parts).catch(brokenOff);
  return { exitCode: report.exitCode, output: wish.isJson ? jsonOf(report) : textOf(report) };
}

/** The last resort: an error that nothing else understood becomes a finding, and no stack. */
function brokenOff(error: unknown): Report {
  const finding = problem(
    'configuration',
    `The examination broke off with an unexpected error (${reasonOf(error)}).`,
    'Check the addresses and files that the configuration names; if they are right, this is a fault of the doctor.',
  );
  return { findings: [finding], exitCode: 1 };
}

async function examine(
  { token, findings: tokenProblems }: GivenToken,
  url: URL | undefined,
  parts: DoctorParts,
): Promise<Report> {
  const { environment } = parts;
  const read = await readWholeConfig(environment);
  if (read.config === undefined) {
    const findings = [...unusableFindings(read.problems), ...tokenProblems];
    return { findings, exitCode: exitCodeOf(findings, false) };
  }
  const { config, readNames } = read;
  const subjects = { token, url };
  const facts = await gatherFacts(config, subjects, parts, parts.timeoutMs ?? defaultTimeoutMs);
  const view = { url, nowMs: parts.clock.now() };
  const findings = [
    ...decideFindings({ config, environment, readNames }, facts, view),
    ...tokenProblems,
  ];
  return { findings, exitCode: exitCodeOf(findings, true) };
}

/** What the command line asks for. */
type DoctorWish =
  | {
      readonly kind: 'examine';
      readonly isJson: boolean;
      /** Where a token is to be read: a file, or `-` for standard input. */
      readonly tokenFile: string | undefined;
      /** A running gateway. */
      readonly url: URL | undefined;
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'misuse'; readonly problem: string };

const options = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  'token-file': { type: 'string' },
  url: { type: 'string' },
} as const;

const isOption = (name: string): name is keyof typeof options => Object.hasOwn(options, name);

/** Reads the arguments. What cannot be understood is never repeated: it could be a token. */
export function readDoctorOptions(args: readonly string[]): DoctorWish {
  // The parser's own complaints quote what they complain about.
  const { values, tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    const problem = token.kind === 'option' ? findOptionProblem(token) : onlyOptions;
    if (problem !== undefined) {
      return { kind: 'misuse', problem };
    }
  }
  if (values.help === true) {
    return { kind: 'help' };
  }
  const { url: urlText, 'token-file': tokenFile } = values;
  const url = typeof urlText === 'string' ? readUrl(urlText) : undefined;
  if (urlText !== undefined && url === undefined) {
    const problem = '--url takes the http or https address of a gateway, without a password in it.';
    return { kind: 'misuse', problem };
  }
  return {
    kind: 'examine',
    isJson: values.json === true,
    tokenFile: typeof tokenFile === 'string' ? tokenFile : undefined,
    url,
  };
}

const onlyOptions = 'Only options are understood, each with two dashes.';

interface OptionToken {
  readonly name: string;
  readonly value: string | undefined;
}

function findOptionProblem({ name, value }: OptionToken): string | undefined {
  if (name === 'token') {
    return (
      'A token is never an argument, because everybody on this machine could read it: ' +
      'use --token-file, standard input (--token-file -) or the variable GRAPH_TOKEN.'
    );
  }
  if (!isOption(name)) {
    return /^[a-z][a-z-]{0,20}$/.test(name) ? `There is no option --${name}.` : onlyOptions;
  }
  if (options[name].type === 'boolean') {
    return value === undefined ? undefined : `--${name} takes no value.`;
  }
  const isValue = value !== undefined && (value === '-' || /^[^-]/.test(value));
  return isValue ? undefined : `--${name} needs a value.`;
}

function readUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
  return isHttp && url.username === '' && url.password === '' ? url : undefined;
}

/** Where a token may stand. */
interface TokenPlaces {
  /** A file, or `-` for standard input; it goes before the variable. */
  readonly tokenFile: string | undefined;
  /** The variable GRAPH_TOKEN. */
  readonly variable: string | undefined;
  readonly readFile: (path: string) => Promise<string>;
  readonly readStdin: () => Promise<string>;
}

/** The token at hand, if one was given and could be read. */
interface GivenToken {
  readonly token: Secret | undefined;
  readonly findings: readonly Finding[];
}

/** Reads a token from where it was put; a header's `Bearer` before it does not matter. */
async function readToken({
  tokenFile,
  variable,
  readFile,
  readStdin,
}: TokenPlaces): Promise<GivenToken> {
  if (tokenFile === undefined) {
    return tokenIn(variable ?? '', []);
  }
  const [place, read] =
    tokenFile === '-'
      ? ['Standard input', readStdin]
      : ['The file of --token-file', () => readFile(tokenFile)];
  const wrong = (what: string): Finding =>
    problem('token', `${place} ${what}.`, 'The file must hold the token alone.');
  try {
    return tokenIn(await read(), [wrong('holds no token')]);
  } catch (error) {
    const reason = error instanceof NamedFileError ? error.reason : reasonOf(error);
    return { token: undefined, findings: [wrong(`cannot be read (${reason})`)] };
  }
}

function tokenIn(text: string, otherwise: readonly Finding[]): GivenToken {
  const token = text.trim().replace(/^Bearer\s+/i, '');
  return /^\S+$/.test(token)
    ? { token: new Secret(token), findings: [] }
    : { token: undefined, findings: otherwise };
}

/** A configuration that can be used, or all that is wrong with it. */
type ReadConfig =
  | {
      readonly config: Config;
      /** The variables that were asked for. */
      readonly readNames: ReadonlySet<string>;
    }
  | { readonly config: undefined; readonly problems: readonly string[] };

/** Reads the configuration with the file that it may name, as the gateway does when it starts. */
async function readWholeConfig(environment: Environment): Promise<ReadConfig> {
  try {
    const readers = createReaders(environment);
    const config = readConfig(environment, readers);
    await checkTrustedDocuments(config);
    return { config, readNames: readers.names };
  } catch (error) {
    if (error instanceof ConfigError) {
      return { config: undefined, problems: error.problems };
    }
    throw error;
  }
}

/** @throws ConfigError if the manifest cannot be used. */
async function checkTrustedDocuments(config: Config): Promise<void> {
  if (config.trustedDocuments.mode === 'off') {
    return;
  }
  const [{ loadTrusted }, { schemaOf }] = await Promise.all([
    import('../loadTrusted.ts'),
    import('../graphql/subgraph.ts'),
  ]);
  await loadTrusted(config, schemaOf(config).schema);
}
