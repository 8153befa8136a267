// Plain JavaScript, because it runs before anything is built.
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Longer than any build takes: an older lock was left behind, and its process id belongs to another process now. */
const longestBuildMs = 3 * 60 * 1000;
const pollMs = 100;

/**
 * Waits until no other process builds this checkout, and then locks it. The returned function unlocks it. The lock of a
 * process that ended without calling it is ignored.
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
    // The file is empty until the process id is written.
    return Date.now() - stats.mtimeMs > longestBuildMs || (pid > 0 && !isRunning(pid));
  } catch {
    return false;
  }
}

function isRunning(pid) {
  // Each container counts process ids from the start.
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
