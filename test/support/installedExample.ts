import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs npm in a folder of `examples/` and gives what it printed; rejects where it fails. */
export async function runNpm(
  folder: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const npm = process.env['npm_execpath'];
  const [command, before] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const env = { ...process.env, ...environment };
  const { stdout } = await run(command, [...before, ...args], { cwd: folder, env });
  return stdout;
}

/** Installs the packages of an example, unless they are there; gives its folder. */
export async function installExample(name: string): Promise<string> {
  const folder = fileURLToPath(new URL(`../../examples/${name}/`, import.meta.url));
  const installed = `${folder}node_modules/.package-lock.json`;
  const isFresh =
    existsSync(installed) &&
    statSync(installed).mtimeMs >= statSync(`${folder}package-lock.json`).mtimeMs;
  if (!isFresh) {
    await runNpm(folder, ['ci', '--ignore-scripts']);
  }
  return folder;
}
