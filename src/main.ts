import { bannerOf } from './banner.ts';
import { type Config, readConfig } from './config/config.ts';
import { ConfigError } from './config/configError.ts';
import { StartError } from './config/startError.ts';
import { createGateway, type OwnGateway } from './createGateway.ts';
import type { Log } from './telemetry/log.ts';
import { createLogger } from './telemetry/logger.ts';

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

/**
 * The first signal stops in order, the second ends at once. SIGINT is a person at a terminal: no delay for them. One
 * that comes while the gateway starts is obeyed as soon as it has started.
 */
function stopOnSignals(gateway: OwnGateway, config: Config, log: Log): void {
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isStopping) {
      process.exit(1);
    }
    isStopping = true;
    log.info('Told to stop', { signal });
    gateway.stop(signal === 'SIGTERM' ? config.drainDelayMs : 0).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('Stopping failed', {}, error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

const config = readConfigOrExit();
const log = createLogger(config.logLevel);
try {
  const gateway = createGateway(config, { log });
  const starting = gateway.start();
  stopOnSignals(gateway, config, log);
  const { url, upstreamUrl } = await starting;
  if (config.upstream.kind === 'emulator') {
    process.stdout.write(bannerOf(url, upstreamUrl, config.explorer !== 'off'));
  }
} catch (error) {
  exitOnConfigError(error);
  const reason = reasonOf(error);
  log.error('The gateway could not start', { code: codeOf(error) }, error);
  process.stderr.write(`The gateway could not start: ${reason}\n`);
  process.exit(1);
}

function reasonOf(error: unknown): string {
  if (error instanceof StartError) {
    return error.message;
  }
  const isListening = error instanceof Error && 'syscall' in error && error.syscall === 'listen';
  return isListening
    ? `it cannot listen at ${config.host}:${config.port}; set HOST and PORT to a free address.`
    : 'see the last log line.';
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
