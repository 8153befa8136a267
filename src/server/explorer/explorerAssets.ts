import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The names of the files that the explorer's pages load, as the build wrote them. */
export interface ExplorerAssets {
  readonly icon: string;
  readonly sandboxScript: string;
  readonly sandboxStyle: string;
  readonly offlineScript: string;
  readonly offlineStyle: string;
  readonly editorWorker: string;
  readonly jsonWorker: string;
  readonly graphqlWorker: string;
}

const folder = new URL('../../../dist/explorer/', import.meta.url);

/** The folder of the files themselves. */
export const explorerAssetsFolder = fileURLToPath(new URL('assets/', folder));

/** Reads the list. @throws Error where the explorer was not built. */
export function readExplorerAssets(): ExplorerAssets {
  // Written by this package's own build, in this form.
  return JSON.parse(readFileSync(new URL('assets.json', folder), 'utf8')) as ExplorerAssets;
}
