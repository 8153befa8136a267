/** Whether `dist` has all that a finished build wrote, and nothing that the build reads has changed since. */
export function isBuilt(root: string): boolean;
/** Prepares `dist` for a build; gives the digest of what the build reads. */
export function beginBuild(root: string): string;
/** Marks the build as finished. */
export function finishBuild(root: string, inputsDigest: string): void;
