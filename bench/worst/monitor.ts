import { createServer } from 'node:http';

/**
 * Loaded into the gateway's process: measures the CPU time of each turn of its event loop between `/start` and `/stop`.
 * With `/start?turns` the loop never sleeps, so that its own turns are short and each long one is somebody's work.
 */
let isRunning = false;
let isCountingTurns = false;
let started = process.cpuUsage();
let longestUs = 0;
let largestHeap = 0;

const sum = ({ user, system }: NodeJS.CpuUsage): number => user + system;

function turn(before: NodeJS.CpuUsage): void {
  longestUs = Math.max(longestUs, sum(process.cpuUsage(before)));
  if (isRunning && isCountingTurns) {
    const now = process.cpuUsage();
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
        setImmediate(() => turn(process.cpuUsage()));
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
