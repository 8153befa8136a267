import { Session } from 'node:inspector/promises';
import { type Config, readConfig } from './config/config.ts';
import { ConfigError, StartError } from './config/readers.ts';
import { createGateway, type OwnGateway } from './createGateway.ts';
import { publicTokenWarning } from './gateway.ts';
import { type Clock, systemClock } from './shared/clock.ts';
import { errnoCodeOf } from './shared/forms.ts';
import { embeddedGraphToken } from './shared/secret.ts';
import { createLogger, type Log, standardOutput } from './telemetry/log.ts';

/** `EX_CONFIG` of sysexits: starting again without a change is of no use. */
const exitCodeConfig = 78;
const longestFlushMs = 1_000;

/**
 * Starts a gateway with this process's environment; what is wrong goes to standard error and becomes the exit code.
 * @throws what `isLoadFailure` knows: some files are loaded only here, and `main.ts` says what their absence means.
 */
export async function runProgram(isLoadFailure: (error: unknown) => boolean): Promise<void> {
  let log: Log | undefined;
  try {
    const config = readConfig(process.env);
    log = createLogger(config.logLevel);
    await giveMemoryBack();
    const gateway = createGateway(config, { log });
    const starting = gateway.start();
    listenToProcess(gateway, config, log);
    const banner = bannerOf(config, await starting, process.stdout.isTTY === true);
    if (banner !== '') {
      standardOutput().write(banner, 'now');
    }
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`The configuration cannot be used:\n${error.message}\n`);
      process.exit(exitCodeConfig);
    }
    const isStartError = error instanceof StartError;
    if (log === undefined || (!isStartError && isLoadFailure(error))) {
      throw error;
    }
    log.error('The gateway could not start', { code: errnoCodeOf(error) }, error);
    const reason = isStartError ? error.message : 'see the last log line.';
    process.stderr.write(`The gateway could not start: ${reason}\n`);
    exitAfterLog(1);
  }
}

/**
 * Loading leaves garbage, about 14 MiB, that V8 would keep for as long as the gateway is idle. Before the gateway
 * listens, because nothing else is done meanwhile.
 */
async function giveMemoryBack(): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.collectGarbage');
  session.disconnect();
}

/** Ends by signals and uncaught errors; warnings of Node.js become log lines. */
function listenToProcess(gateway: OwnGateway, config: Config, log: Log): void {
  const { drainDelayMs } = config;
  const parts = { stop: gateway.stop, exit: exitAfterLog, clock: systemClock, log };
  const end = createProcessEnd({ ...parts, drainDelayMs });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGINT'] as const) {
    process.on(signal, end.onSignal);
  }
  process.on('uncaughtException', end.onFault);
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    log.warn('Node.js warns', { reason: warning.name, code: errnoCodeOf(warning) });
  });
}

/** Ends the process after its last log lines; if they are not read, a second later. */
function exitAfterLog(code: number): void {
  standardOutput()
    .flush(longestFlushMs)
    .finally(() => process.exit(code));
}

interface ProcessEndParts extends Pick<Config, 'drainDelayMs'>, Pick<OwnGateway, 'stop'> {
  /** Ends everything, with this exit code. */
  readonly exit: (code: number) => void;
  readonly clock: Clock;
  readonly log: Log;
}

const lastResortMs = 5_000;

/** What ends the process, and how. */
export function createProcessEnd({ stop, exit, drainDelayMs, clock, log }: ProcessEndParts) {
  let isStopping = false;
  let hasFault = false;

  function stopAndExit(delayMs: number): void {
    isStopping = true;
    stop(delayMs).then(
      () => exit(hasFault ? 1 : 0),
      (error: unknown) => {
        log.error('Stopping failed', {}, error);
        exit(1);
      },
    );
  }

  return {
    /**
     * The first signal stops in order and ends with 0, the second ends at once with 1. SIGINT is a person at a terminal:
     * no delay for them. One that comes while the gateway starts is obeyed as soon as it has started.
     */
    onSignal(signal: NodeJS.Signals): void {
      if (isStopping) {
        exit(1);
        return;
      }
      log.info('Told to stop', { signal });
      stopAndExit(signal === 'SIGINT' ? 0 : drainDelayMs);
    },
    /**
     * An uncaught error ends with 1, because the state after it is unknown; but what is in flight gets a few seconds,
     * because a write that is cut off is a write in doubt. A second one ends at once.
     */
    onFault(error: unknown, origin: string): void {
      log.error('An uncaught error ends the gateway', { reason: origin }, error);
      if (hasFault) {
        exit(1);
        return;
      }
      hasFault = true;
      clock.startTimer(lastResortMs, () => exit(1));
      if (!isStopping) {
        stopAndExit(0);
      }
    },
  };
}

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

/**
 * What a person reads after the start, or nothing: addresses, which Graph answers, and a first request. On a terminal
 * it is always shown; elsewhere only for the embedded Graph, so that invented data is not mistaken for real data.
 */
export function bannerOf(
  config: Config,
  { url, upstreamUrl }: { readonly url: string; readonly upstreamUrl: string },
  isTerminal: boolean,
): string {
  const isGraph = config.upstream.kind === 'graph';
  if (isGraph && !isTerminal) {
    return '';
  }
  const explorer = config.explorer === 'off' ? '' : `\n    Explorer   ${url}/`;
  return `
  The gateway is running.

    GraphQL    ${url}/graphql
    Schema     ${url}/schema.graphql${explorer}
    Health     ${url}/livez  ${url}/readyz

${isGraph ? graphTextOf(config, url, upstreamUrl) : embeddedTextOf(config, url, upstreamUrl)}
`;
}

function embeddedTextOf(config: Config, url: string, upstreamUrl: string): string {
  const warning = publicTokenWarning(config, url);
  return `  No Microsoft Graph is configured, so the EMBEDDED GRAPH answers: invented data, kept in memory, gone at the end.
  It listens at ${upstreamUrl} and accepts one token: ${embeddedGraphToken}
  To use the real one, set GRAPH_CLOUD=global (or GRAPH_BASE_URL) and send a token for it.
${warning === undefined ? '' : `\n  WARNING: ${warning}.\n`}
  A first mutation:

${curlOf(url, embeddedGraphToken, { query: mutation, variables })}`;
}

function graphTextOf({ identity: { mode } }: Config, url: string, upstreamUrl: string): string {
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
