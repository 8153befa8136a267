import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleExplorer } from './bundleExplorer.ts';

/** A part of the build: the explorer's pages, bundled again only if something in them has changed. */
const root = fileURLToPath(new URL('../', import.meta.url));
const folder = join(root, 'dist', 'explorer');
const stampFile = join(folder, '.stamp');

function digestInputs(): string {
  const pages = readdirSync(join(root, 'src', 'explorer')).map((name) =>
    join('src', 'explorer', name),
  );
  const bundler = ['bundleExplorer.ts', 'licensesOf.ts'].map((name) => `tools/artifacts/${name}`);
  const hash = createHash('sha256');
  for (const file of [...pages, ...bundler, 'package-lock.json'].sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

const stamp = digestInputs();
if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
  await bundleExplorer(root, folder);
  writeFileSync(stampFile, stamp);
}
