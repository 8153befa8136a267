import { Session } from 'node:inspector/promises';
import { bannerOf } from './banner.ts';
import { type Config, readConfig } from './config/config.ts';
import { ConfigError, StartError } from './config/readers.ts';
import { createGateway, type OwnGateway } from './createGateway.ts';
import { createProcessEnd } from './processEnd.ts';
import { systemClock } from './shared/clock.ts';
import { errnoCodeOf } from './shared/forms.ts';
import { createLogger, type Log } from './telemetry/log.ts';
import { standardOutput } from './telemetry/logSink.ts';

/** `EX_CONFIG` of sysexits: starting again without a change is of no use. */
const exitCodeConfig = 78;

const loadFailures = /^(?:EMFILE|ENFILE|ERR_MODULE_NOT_FOUND|ERR_INVALID_PACKAGE_CONFIG)$/;

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

/** Ends the process after its last log lines; if they are not read, a second later. */
function exitAfterLog(code: number): void {
  standardOutput()
    .flush(longestFlushMs)
    .finally(() => process.exit(code));
}

/** Ends by signals and uncaught errors; warnings of Node.js become log lines. */
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
  await giveMemoryBack();
  const gateway = createGateway(config, { log });
  const starting = gateway.start();
  listenToProcess(gateway, config, log);
  const { url, upstreamUrl } = await starting;
  const banner = bannerOf(config, { url, upstreamUrl }, process.stdout.isTTY === true);
  if (banner !== '') {
    standardOutput().write(banner, 'now');
  }
} catch (error) {
  exitOnConfigError(error);
  if (isLoadFailure(error)) {
    throw error;
  }
  const reason = reasonOf(error);
  log.error('The gateway could not start', { code: errnoCodeOf(error) }, error);
  process.stderr.write(`The gateway could not start: ${reason}\n`);
  exitAfterLog(1);
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

/** Some files are loaded only now; `main.ts` says what their absence means. */
function isLoadFailure(error: unknown): boolean {
  return !(error instanceof StartError) && loadFailures.test(errnoCodeOf(error) ?? '');
}

function reasonOf(error: unknown): string {
  return error instanceof StartError ? error.message : 'see the last log line.';
}
