// Plain JavaScript, because it runs before anything is built.
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Longer than any build takes: whoever holds the lock for so long was another process with its id. */
const longestBuildMs = 3 * 60 * 1000;
const pollMs = 100;

/**
 * Waits until no other process builds this checkout, and keeps all others waiting. The returned function ends that; a
 * process that ends without it leaves a lock that nobody waits for.
 */
export function lockBuild(root) {
  const file = join(root, '.build-lock');
  while (!take(file)) {
    if (isLeft(file)) {
      rmSync(file, { force: true });
    } else {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pollMs);
    }
  }
  return () => rmSync(file, { force: true });
}

function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') {
      return false;
    }
    throw error;
  }
}

/** Whether the process that holds the lock is gone. */
function isLeft(file) {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) {
    return false;
  }
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    // Empty for the moment in which it is written.
    return Date.now() - stats.mtimeMs > longestBuildMs || (pid > 0 && !isRunning(pid));
  } catch {
    return false;
  }
}

function isRunning(pid) {
  // Containers count from the start again and again.
  if (pid === process.pid) {
    return false;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
