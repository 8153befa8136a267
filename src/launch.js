#!/usr/bin/env node
// The package's command. Plain JavaScript, because in a fresh checkout it has to run before anything is built.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readCommandLine } from './commandLine.js';

// Node.js would open its inspector, and a build may go on for a while.
process.on('SIGUSR1', () => undefined);

const programs = { start: 'main.js', doctor: 'doctor.js', drift: 'drift.js' };
const root = new URL('../', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const asked = readCommandLine(process.argv.slice(2), version);

if (asked.command === undefined) {
  (asked.exitCode === 0 ? process.stdout : process.stderr).write(asked.text);
  process.exitCode = asked.exitCode;
} else {
  await buildCheckout();
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...asked.args);
  process.setSourceMapsEnabled(true);
  await import(new URL(`dist/${programs[asked.command]}`, root).href);
}

/** Only a checkout has sources, and they may be newer than the build. */
async function buildCheckout() {
  if (!existsSync(new URL('tools/build.js', root))) {
    return;
  }
  const { isBuilt } = await import(new URL('tools/buildStamp.js', root).href);
  if (isBuilt(fileURLToPath(root))) {
    return;
  }
  process.stderr.write('Building once after a change of the sources; this takes some seconds.\n');
  const build = fileURLToPath(new URL('tools/build.js', root));
  // Standard output belongs to the program.
  const { status } = spawnSync(process.execPath, [build], { stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    process.stderr.write('This checkout cannot be built. Run npm ci in it first.\n');
    process.exit(1);
  }
}
