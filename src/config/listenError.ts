import { systemCodeOf } from '../shared/systemCode.ts';
import { ConfigError } from './configError.ts';
import { StartError } from './startError.ts';

/** Where something was to listen, and which variables say so. */
export interface ListenPlace {
  /** What cannot be done there, such as "it cannot listen". */
  readonly what: string;
  readonly host: string;
  readonly port: number;
  /** Undefined if the host cannot be set. */
  readonly hostVariable?: string;
  readonly portVariable: string;
}

/** Codes of a host that has no address, or another machine's. */
const hostCodes = /^(ENOTFOUND|EAI_\w+|EADDRNOTAVAIL)$/;
/** Codes of an address that this user may not take: no second start changes that. */
const configCodes = /^(EADDRNOTAVAIL|EACCES|EINVAL)$/;

/** Understands why nothing could listen: the address is wrong, or something else keeps the machine from it. */
export function listenErrorOf(
  error: unknown,
  { what, host, port, hostVariable, portVariable }: ListenPlace,
): Error {
  const code = systemCodeOf(error) ?? 'unknown';
  const failure = `${what} at ${host}:${port} (${code})`;
  if (/^E[MN]FILE$/.test(code)) {
    return new StartError(`${failure}; raise the limit of open files (ulimit -n).`, code);
  }
  if (hostVariable !== undefined && hostCodes.test(code)) {
    return new ConfigError([`${hostVariable} is no address of this machine: ${failure}.`]);
  }
  if (configCodes.test(code)) {
    return new ConfigError([`${portVariable} cannot be used: ${failure}.`]);
  }
  const variables = [hostVariable, portVariable].filter((name) => name !== undefined).join(' and ');
  const free = hostVariable === undefined ? 'port' : 'address';
  return new StartError(`${failure}; set ${variables} to a free ${free}.`, code);
}
