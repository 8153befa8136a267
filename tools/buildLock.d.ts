/** Waits until no other process builds this checkout; the returned function lets the next one build. */
export function lockBuild(root: string): () => void;
