/** A command to run with its arguments, or a text to print and an exit code. */
type CommandLine =
  | { readonly command: 'start' | 'doctor' | 'drift'; readonly args: readonly string[] }
  | { readonly command?: undefined; readonly exitCode: 0 | 64; readonly text: string };

/** Decides what a command line asks for. */
export function readCommandLine(args: readonly string[], version: string): CommandLine;

/** How the caller names a command of this program, by what npm says of itself in the environment. */
export function nameOfCall(
  command: string,
  environment: Readonly<Record<string, string | undefined>>,
): string;
