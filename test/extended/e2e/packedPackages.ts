import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A folder of somebody who installed what `npm pack` makes, with its declared dependencies and nothing else. */
export interface PackedPackage {
  /** All files of the package, relative to it. */
  readonly files: readonly string[];
  /** Runs a module in that folder; gives its standard output, rejects where it fails. */
  run(source: string): Promise<string>;
  /** Checks a module in that folder, strictly; gives the compiler's complaints. */
  findTypeErrors(source: string): Promise<string>;
  remove(): void;
}

/** Packs what was built, and installs it without asking a registry. */
export async function installPackedPackage(): Promise<PackedPackage> {
  const folder = mkdtempSync(join(tmpdir(), 'packed-'));
  const installed = join(folder, 'node_modules', 'compliance-partner-gateway');
  mkdirSync(installed, { recursive: true });
  const { filename, files } = await pack(folder);
  await run(
    'tar',
    ['-xzf', filename, '--strip-components=1', '-C', 'node_modules/compliance-partner-gateway'],
    { cwd: folder },
  );
  linkDependencies(folder, installed);
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write('package.json', '{ "type": "module" }');

  return {
    files,
    async run(source) {
      write('consumer.js', source);
      const { stdout } = await run(process.execPath, ['--no-warnings', 'consumer.js'], {
        cwd: folder,
      });
      return stdout;
    },
    async findTypeErrors(source) {
      write('consumer.ts', source);
      write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
      const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      return run(process.execPath, [compiler, '-p', folder], { cwd: folder }).then(
        ({ stdout }) => stdout,
        (error: { stdout: string }) => error.stdout,
      );
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** As a careful consumer has it: the declarations of the package are checked too. */
const compilerOptions = {
  target: 'ES2023',
  lib: ['ES2023', 'DOM'],
  module: 'NodeNext',
  types: [],
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  skipDefaultLibCheck: true,
  resolveJsonModule: true,
};

async function pack(folder: string): Promise<{ filename: string; files: readonly string[] }> {
  const npm = process.env['npm_execpath'];
  const [command, before] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const { stdout } = await run(
    command,
    [...before, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder],
    { cwd: root },
  );
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  return { filename: packed.filename, files: packed.files.map(({ path }) => path) };
}

function linkDependencies(folder: string, installed: string): void {
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(manifest.dependencies)) {
    const place = join(folder, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), place, 'junction');
  }
}
