import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The licences of the packages that bundled files come from, as one text: name, version and the licence text, which
 * most licences require in every copy.
 * @throws Error if a package does not name its licence.
 */
export function licensesOf(root: string, inputs: readonly string[]): string {
  const folders = new Set(inputs.map(packageFolderOf).filter((folder) => folder !== undefined));
  return [...folders]
    .sort()
    .map((folder) => describe(join(root, folder)))
    .join(`\n${'-'.repeat(80)}\n\n`);
}

/** The innermost package of a path, scoped or not. */
function packageFolderOf(path: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
}

function describe(folder: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const text = (name: string): string => {
    const value: unknown = Object.entries(manifest ?? {}).find(([key]) => key === name)?.[1];
    if (typeof value !== 'string') {
      throw new Error(`${folder} has no ${name} in its package.json.`);
    }
    return value;
  };
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const words = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  return `${text('name')} ${text('version')}: ${text('license')}\n${words}`;
}
