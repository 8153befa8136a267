import type { Readers } from './readers.ts';

/** What `/` shows: Apollo Sandbox from the internet, an explorer from the package itself, one or the other, or nothing. */
export type ExplorerMode = (typeof explorerModes)[number];

const explorerModes = ['auto', 'sandbox', 'offline', 'off'] as const;

/** Reads which explorer there is; in production there is none unless somebody wants it. */
export function readExplorer(readers: Readers, isProduction: boolean): ExplorerMode {
  return readers.oneOf('EXPLORER', explorerModes) ?? (isProduction ? 'off' : 'auto');
}
