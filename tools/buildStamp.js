// Plain JavaScript, because it runs before anything is built.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Everything that the build reads; the lockfile stands for `node_modules`. */
const inputs = [
  'src',
  'schema',
  'tools',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
];
const outputs = ['dist', 'schema/dist'];
const stampName = '.stamp.json';

/** Whether `dist` is complete and none of the inputs has changed since it was built. */
export function isBuilt(root) {
  const stamp = readStamp(root);
  try {
    return (
      stamp !== undefined &&
      stamp.inputs === digestInputs(root) &&
      stamp.outputs === digestOutputs(root)
    );
  } catch (error) {
    // Another process is removing files to build them again.
    if (error.code === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

/** Prepares `dist` for a build. If the last build was not finished, removes it: the compiler would not complete it. */
export function beginBuild(root) {
  const dist = join(root, 'dist');
  const stamp = readStamp(root);
  if (stamp?.outputs === digestOutputs(root)) {
    rmSync(join(dist, stampName), { force: true });
  } else {
    rmSync(dist, { recursive: true, force: true });
  }
  return digestInputs(root);
}

/** Marks the build as finished. `inputsDigest` is from its beginning, so that changes during the build are seen. */
export function finishBuild(root, inputsDigest) {
  const stamp = { inputs: inputsDigest, outputs: digestOutputs(root) };
  writeFileSync(join(root, 'dist', stampName), `${JSON.stringify(stamp)}\n`);
}

function readStamp(root) {
  try {
    return JSON.parse(readFileSync(join(root, 'dist', stampName), 'utf8'));
  } catch {
    return undefined;
  }
}

/** By content, because a checkout changes times without changing files. */
function digestInputs(root) {
  const hash = createHash('sha256');
  for (const file of inputs.flatMap((name) => filesIn(root, name)).filter(isInput)) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

/** Leaves out the output of builds and of `npm pack`, and pages. */
const isInput = (file) =>
  !/\.(?:tgz|md)$/.test(file) && !outputs.some((folder) => file.startsWith(`${folder}/`));

/** By name and size: a file that is absent or half-written is seen without reading megabytes. */
function digestOutputs(root) {
  const hash = createHash('sha256');
  const files = outputs.flatMap((name) => filesIn(root, name));
  for (const file of files.filter((name) => !name.endsWith(stampName))) {
    hash.update(`${file}\0${statSync(join(root, file)).size}\0`);
  }
  return hash.digest('hex');
}

/** The files of a folder, or the file itself; none if it does not exist. */
function filesIn(root, name) {
  const stats = statSync(join(root, name), { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true) {
    return stats === undefined ? [] : [name];
  }
  return readdirSync(join(root, name))
    .sort()
    .flatMap((child) => filesIn(root, `${name}/${child}`));
}
