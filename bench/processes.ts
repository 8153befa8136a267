import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** A started program under measurement. */
export interface Started {
  readonly url: string;
  /** User and system time until it listened, in milliseconds. */
  readonly startCpuMs: number;
  /** User and system time that its process has used so far, in microseconds. */
  cpuUs(): number;
  /** Resident memory, in MiB. */
  memoryMiB(): number;
  /** All that it wrote on standard output, which is a file. */
  output(): string;
  stop(): void;
}

const microsecondsPerTick = 10_000;
const address = /^port (\d+)$|"url":"http:\/\/127\.0\.0\.1:(\d+)"/m;

/**
 * Starts a script and waits for the line in which it names its port or URL. Where it ends before it is stopped, nothing
 * that was measured means anything, so this process says so and ends as well.
 */
export async function startProgram(
  script: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
  nodeOptions: readonly string[] = [],
): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const file = join(folder, 'output');
  const descriptor = openSync(file, 'w');
  const child = spawn(process.execPath, [...nodeOptions, script, ...args], {
    stdio: ['ignore', descriptor, 'inherit'],
    env: { ...process.env, ...environment },
  });
  closeSync(descriptor);
  const output = (): string => readFileSync(file, 'utf8');
  let isStopped = false;
  child.once('exit', (code, signal) => {
    if (!isStopped) {
      process.stderr.write(`${script} ended by itself: ${signal ?? `exit code ${code}`}\n`);
      process.exit(1);
    }
  });
  const statusOf = (name: string): string => readFileSync(`/proc/${child.pid}/${name}`, 'utf8');
  let found: RegExpExecArray | null = null;
  while (found === null) {
    await pause(5);
    found = address.exec(output());
  }
  return {
    url: `http://127.0.0.1:${found[1] ?? found[2]}`,
    startCpuMs: (cpuTicks(statusOf('stat')) * microsecondsPerTick) / 1_000,
    cpuUs: () => cpuTicks(statusOf('stat')) * microsecondsPerTick,
    memoryMiB: () => Number(/VmRSS:\s+(\d+)/.exec(statusOf('status'))?.[1]) / 1_024,
    output,
    stop() {
      isStopped = true;
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    },
  };
}

/** Fields 14 and 15 of /proc/PID/stat: user and system time in clock ticks. */
function cpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
