import type { WirePlatform } from './types.ts';

/** The version segment of Graph's URLs. */
export type GraphApiVersion = 'beta' | 'v1.0';

/**
 * The platforms whose properties the version can know. Beta has had two generations: the reference page's with
 * `windows*` and today's with `linux*`; which one answers is only seen there, so neither is held back.
 */
export function platformsOf(version: GraphApiVersion): readonly WirePlatform[] {
  return version === 'v1.0'
    ? ['macOs', 'android', 'ios']
    : ['macOs', 'windows', 'android', 'ios', 'linux'];
}

/** Whether the version can know assignment filters; in v1.0 the target's base type is empty. */
export function knowsAssignmentFilters(version: GraphApiVersion): boolean {
  return version !== 'v1.0';
}
