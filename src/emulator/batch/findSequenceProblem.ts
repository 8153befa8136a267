import { type BatchItem, isSameId } from './parseBatch.ts';

/**
 * Says in Graph's words what keeps requests from being put into a sequence: one that waits for a request which is not
 * before it, and a sequence that is none of the three which Graph takes and Microsoft's clients send: nobody waits,
 * each waits for the one before it, or all who wait do so for the same one.
 */
export function findSequenceProblem(items: readonly BatchItem[]): string | undefined {
  const lost = items.find(({ dependsOn }, index) =>
    dependsOn.some((id) => !items.slice(0, index).some((earlier) => isSameId(earlier.id, id))),
  );
  if (lost !== undefined) {
    return `Invalid dependency for request Id ${lost.id}.`;
  }
  return isChain(items) || isFan(items)
    ? undefined
    : 'Batch should be either fully sequential or fully parallel.';
}

function isChain(items: readonly BatchItem[]): boolean {
  return items.every(({ dependsOn }, index) => {
    const previous = items[index - 1];
    const [first, ...others] = dependsOn;
    return previous === undefined
      ? first === undefined
      : first !== undefined && others.length === 0 && isSameId(first, previous.id);
  });
}

/** Nobody who waits is a fan without ribs. */
function isFan(items: readonly BatchItem[]): boolean {
  const [first, ...others] = items.flatMap(({ dependsOn }) => dependsOn);
  return first === undefined || others.every((id) => isSameId(id, first));
}
