/** Whether `dist` is complete and none of the inputs has changed since it was built. */
export function isBuilt(root: string): boolean;
/** Prepares `dist` for a build; gives the digest of the inputs. */
export function beginBuild(root: string): string;
/** Marks the build as finished. */
export function finishBuild(root: string, inputsDigest: string): void;
