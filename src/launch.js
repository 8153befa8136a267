#!/usr/bin/env node
// The package's command. Plain JavaScript, because in a fresh checkout it has to run before anything is built.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Node.js would open its inspector, and a build may go on for a while.
process.on('SIGUSR1', () => undefined);

const programs = { start: 'main.js', doctor: 'doctor.js', drift: 'drift.js' };
const [command = 'start'] = process.argv.splice(2, 1);

if (!Object.hasOwn(programs, command)) {
  process.stderr.write(
    `Usage: compliance-partner-gateway [${Object.keys(programs).join(' | ')}]\n`,
  );
  process.exit(64);
}
// Only a checkout has sources, and what was built of them may be older than they are.
if (existsSync(new URL('main.ts', import.meta.url))) {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    // Standard output belongs to the program.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    process.stderr.write('This checkout cannot be built. Run npm ci in it first.\n');
    process.exit(1);
  }
}
process.setSourceMapsEnabled(true);
await import(new URL(`../dist/${programs[command]}`, import.meta.url).href);
