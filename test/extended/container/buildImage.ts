import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Stage } from './readDockerfile.ts';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** The names at the repository's top that are sent to a build; everything else is left out. */
export async function readBuildContext(): Promise<readonly string[]> {
  const lines = (await readFile(join(repository, '.dockerignore'), 'utf8')).split('\n');
  const rules = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const [first, ...kept] = rules;
  if (first !== '*' || !kept.every((rule) => /^![\w.-]+$/.test(rule))) {
    throw new Error('.dockerignore is more than a list of what is sent');
  }
  return kept.map((rule) => rule.slice(1));
}

/**
 * Fills a folder for each stage by the stage's own steps and gives the last one's: what the image holds beside its base.
 * What a build runs, it runs on this machine.
 */
export async function buildImage(stages: readonly Stage[], folder: string): Promise<string> {
  const context = await readBuildContext();
  const roots = new Map<string, string>();
  let last = '';
  for (const [index, stage] of stages.entries()) {
    last = join(folder, stage.name ?? `stage-${index}`);
    roots.set(stage.name ?? '', last);
    await fill(stage, last, (from, source) => {
      const root = from === undefined ? repository : roots.get(from);
      const isSent = from !== undefined || context.includes(source.split('/')[0] ?? '');
      if (root === undefined || !isSent) {
        throw new Error(`${source} is not there to be copied`);
      }
      return join(root, source);
    });
  }
  return last;
}

async function fill(
  stage: Stage,
  root: string,
  locate: (from: string | undefined, source: string) => string,
): Promise<void> {
  let workdir = '/';
  for (const step of stage.steps) {
    if (step.kind === 'workdir') {
      workdir = posix.resolve(workdir, step.path);
      await mkdir(join(root, workdir), { recursive: true });
    } else if (step.kind === 'run') {
      // What was downloaded before need not be asked for again.
      const env = { ...process.env, npm_config_prefer_offline: 'true', ...stage.environment };
      await run('sh', ['-c', step.command], { cwd: join(root, workdir), env });
    } else {
      const target = join(root, posix.resolve(workdir, step.target));
      for (const source of step.sources) {
        await copy(locate(step.from, source), target, step.target.endsWith('/'));
      }
    }
  }
}

/** As COPY does it: the content of a folder into the target, a file into a target that ends in a slash. */
async function copy(source: string, target: string, isIntoFolder: boolean): Promise<void> {
  const isFolder = (await stat(source)).isDirectory();
  const place = !isFolder && isIntoFolder ? join(target, basename(source)) : target;
  await cp(source, place, { recursive: true, verbatimSymlinks: true });
}
