import { type Config, readConfig } from './config/config.ts';
import { ConfigError, StartError } from './config/readers.ts';
import { createGateway, type OwnGateway } from './createGateway.ts';
import { type Clock, systemClock } from './shared/clock.ts';
import { errnoCodeOf } from './shared/errnoCode.ts';
import { embeddedGraphToken } from './shared/secret.ts';
import { createLogger, type Log } from './telemetry/log.ts';
import { standardOutput } from './telemetry/logSink.ts';

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

/** What a newcomer reads after the start on the embedded Graph: where to go, what answers, and a first mutation. */
export function bannerOf(url: string, upstreamUrl: string, hasExplorer: boolean): string {
  const explorer = hasExplorer ? `\n    Explorer   ${url}/` : '';
  const body = JSON.stringify({ query: mutation, variables });
  return `
  The gateway is running.

    GraphQL    ${url}/graphql
    Schema     ${url}/schema.graphql${explorer}
    Health     ${url}/livez  ${url}/readyz

  No Microsoft Graph is configured, so the EMBEDDED GRAPH answers: invented data, kept in memory, gone at the end.
  It listens at ${upstreamUrl} and accepts one token: ${embeddedGraphToken}
  To use the real one, set GRAPH_CLOUD=global (or GRAPH_BASE_URL) and send a token for it.

  A first mutation:

curl -s ${url}/graphql \\
  -H 'content-type: application/json' \\
  -H 'authorization: Bearer ${embeddedGraphToken}' \\
  -d '${body}'

`;
}

/** `EX_CONFIG` of sysexits: starting again without a change is of no use. */
const exitCodeConfig = 78;

/** Gives the configuration, or tells all that is wrong with it and ends. */
function readConfigOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    exitOnConfigError(error);
    throw error;
  }
}

function exitOnConfigError(error: unknown): void {
  if (error instanceof ConfigError) {
    process.stderr.write(`The configuration cannot be used:\n${error.message}\n`);
    process.exit(exitCodeConfig);
  }
}

const longestFlushMs = 1_000;

/** Ends the process after its last log lines; where nobody takes them, a second later. */
function exitAfterLog(code: number): void {
  standardOutput()
    .flush(longestFlushMs)
    .finally(() => process.exit(code));
}

/** Ends by signals and by errors that nobody caught; what Node.js warns of becomes a log line like all others. */
function listenToProcess(gateway: OwnGateway, config: Config, log: Log): void {
  const end = createProcessEnd({
    stop: (delayMs) => gateway.stop(delayMs),
    exit: exitAfterLog,
    drainDelayMs: config.drainDelayMs,
    clock: systemClock,
    log,
  });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGINT'] as const) {
    process.on(signal, end.onSignal);
  }
  process.on('uncaughtException', end.onFault);
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    log.warn('Node.js warns', { reason: warning.name, code: errnoCodeOf(warning) });
  });
}

const config = readConfigOrExit();
const log = createLogger(config.logLevel);
try {
  const gateway = createGateway(config, { log });
  const starting = gateway.start();
  listenToProcess(gateway, config, log);
  const { url, upstreamUrl } = await starting;
  if (config.upstream.kind === 'emulator') {
    standardOutput().write(bannerOf(url, upstreamUrl, config.explorer !== 'off'));
  }
} catch (error) {
  exitOnConfigError(error);
  const reason = reasonOf(error);
  log.error('The gateway could not start', { code: errnoCodeOf(error) }, error);
  process.stderr.write(`The gateway could not start: ${reason}\n`);
  exitAfterLog(1);
}

function reasonOf(error: unknown): string {
  return error instanceof StartError ? error.message : 'see the last log line.';
}

export interface ProcessEndParts {
  /** Stops in order; `delayMs` is for balancers. */
  readonly stop: (delayMs: number) => Promise<void>;
  /** Ends everything, with this exit code. */
  readonly exit: (code: number) => void;
  readonly drainDelayMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** What ends the process, and how. */
export interface ProcessEnd {
  /**
   * The first signal stops in order and ends with 0, the second ends at once with 1. SIGINT is a person at a terminal:
   * no delay for them. One that comes while the gateway starts is obeyed as soon as it has started.
   */
  onSignal(signal: NodeJS.Signals): void;
  /**
   * An error that nobody caught ends with 1, because nobody knows what it has left behind; but what is in flight gets a
   * few seconds, because a write that is cut off is a write in doubt. A second one ends at once.
   */
  onFault(error: unknown, origin: string): void;
}

const lastResortMs = 5_000;

/** Starts with a process that is to go on. */
export function createProcessEnd(parts: ProcessEndParts): ProcessEnd {
  const { stop, exit, drainDelayMs, clock, log } = parts;
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
    onSignal(signal) {
      if (isStopping) {
        exit(1);
        return;
      }
      log.info('Told to stop', { signal });
      stopAndExit(signal === 'SIGINT' ? 0 : drainDelayMs);
    },
    onFault(error, origin) {
      log.error('An error that nobody caught ends the gateway', { reason: origin }, error);
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
