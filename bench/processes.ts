import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A started program under measurement. */
export interface Started {
  readonly url: string;
  /** User and system time that its process has used so far, in microseconds. */
  cpuUs(): number;
  stop(): void;
}

const microsecondsPerTick = 10_000;

/**
 * Starts a script and waits for the line in which it names its port or URL. Where it ends before it is stopped, nothing
 * that was measured means anything, so this process says so and ends as well.
 */
export async function startProgram(
  script: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  const url = await addressOf(child);
  let isStopped = false;
  child.once('exit', (code, signal) => {
    if (!isStopped) {
      process.stderr.write(`${script} ended by itself: ${signal ?? `exit code ${code}`}\n`);
      process.exit(1);
    }
  });
  return {
    url,
    cpuUs: () => cpuTicks(child.pid) * microsecondsPerTick,
    stop() {
      isStopped = true;
      child.kill('SIGKILL');
    },
  };
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) {
    throw new Error('A program without an output');
  }
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const port =
      /^port (\d+)$/.exec(line)?.[1] ?? /"url":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(line)?.[1];
    if (port !== undefined) {
      child.stdout.resume();
      return `http://127.0.0.1:${port}`;
    }
  }
  throw new Error('A program ended before it listened');
}

/** Fields 14 and 15 of /proc/PID/stat: user and system time in clock ticks. */
function cpuTicks(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
