/** How many resources of each kind keep the process alive. */
export type ResourceCount = Readonly<Record<string, number>>;

export declare function countResources(): ResourceCount;

export declare function findLeftovers(
  before: ResourceCount,
  patienceMs?: number,
  isExcused?: (kind: string) => boolean,
): Promise<ResourceCount>;
