import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

/**
 * Loaded into the gateway's process: measures the CPU time of each turn of its event loop between `/start` and `/stop`.
 * With `/start?turns` the loop never sleeps, so that its own turns are short and each long one is work of a request.
 */
const sum = ({ user, system }: NodeJS.CpuUsage): number => user + system;

const mainThread = `/proc/self/task/${process.pid}/schedstat`;

/**
 * CPU time of the thread that runs the loop, in microseconds. The collector's helpers work beside it; where there is no
 * such count, that of the process, which is never less.
 */
const threadUs = ((): (() => number) => {
  const { threadCpuUsage } = process as { threadCpuUsage?: () => NodeJS.CpuUsage };
  if (threadCpuUsage !== undefined) {
    return () => sum(threadCpuUsage.call(process));
  }
  try {
    readFileSync(mainThread);
    return () => Number(readFileSync(mainThread, 'latin1').split(' ')[0]) / 1000;
  } catch {
    return () => sum(process.cpuUsage());
  }
})();

let isRunning = false;
let isCountingTurns = false;
let started = process.cpuUsage();
let longestUs = 0;
let largestHeap = 0;

function turn(before: number): void {
  const now = threadUs();
  longestUs = Math.max(longestUs, now - before);
  if (isRunning && isCountingTurns) {
    setImmediate(() => turn(now));
  }
}

createServer((request, response) => {
  if (request.url?.startsWith('/start')) {
    isRunning = true;
    isCountingTurns = request.url.endsWith('turns');
    longestUs = 0;
    response.end(() => {
      started = process.cpuUsage();
      if (isCountingTurns) {
        setImmediate(() => turn(threadUs()));
      }
    });
    return;
  }
  const usedUs = sum(process.cpuUsage(started));
  largestHeap = Math.max(largestHeap, process.memoryUsage().rss);
  isRunning = false;
  response.end(JSON.stringify({ usedUs, longestUs, largestHeap }));
})
  .listen(Number(process.env['MONITOR_PORT']), '127.0.0.1')
  .unref();
