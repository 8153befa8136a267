import { type GraphApiVersion, knowsAssignmentFilters, platformsOf } from '../graph/apiVersion.ts';
import type { WirePlatform } from '../graph/types.ts';
import { type Csdl, propertiesOf } from './csdl.ts';
import { filterProperties, typeNames } from './knownProperties.ts';

/** What a version is expected to have, of all that the gateway knows. */
export interface Generation {
  readonly platforms: readonly WirePlatform[];
  readonly hasFilters: boolean;
  /** What is absent and why that is no drift. */
  readonly note?: string;
}

/**
 * Decides which generation a document is to be measured by. Beta is today's, where `windows*` may be absent, unless it
 * has `windows*` and no `linux*`: then it is an older one like the reference page's, where filters may be absent too.
 * Half of a platform counts as the platform, so that the other half is missed.
 */
export function generationOf(csdl: Csdl, version: GraphApiVersion): Generation {
  const platforms = platformsOf(version);
  if (version === 'v1.0') {
    return { platforms, hasFilters: knowsAssignmentFilters(version) };
  }
  const partner = propertiesOf(csdl, typeNames.partner);
  const has = (platform: WirePlatform): boolean =>
    platformProperties(platform).some((name) => partner.has(name));
  if (has('linux')) {
    return has('windows')
      ? { platforms, hasFilters: true, note: bothNote }
      : { platforms: without(platforms, 'windows'), hasFilters: true, note: todayNote };
  }
  if (has('windows')) {
    const target = propertiesOf(csdl, typeNames.target);
    const hasFilters = filterProperties.some((name) => target.has(name));
    return { platforms: without(platforms, 'linux'), hasFilters, note: olderNote };
  }
  return { platforms: without(platforms, 'windows'), hasFilters: true };
}

/** The names of the properties that a partner has for a platform. */
export function platformProperties(platform: WirePlatform): readonly string[] {
  return [`${platform}Onboarded`, `${platform}EnrollmentAssignments`];
}

function without(platforms: readonly WirePlatform[], absent: WirePlatform): WirePlatform[] {
  return platforms.filter((platform) => platform !== absent);
}

const consequence =
  'The gateway offers what is absent all the same: it reads null, and Graph refuses a write that has it.';

const bothNote = 'This beta has the windows* of the reference page beside the linux* of today.';

const todayNote = `This is today's beta, which has no windows*; only the reference page's has. ${consequence}`;

const olderNote = `This is an older beta, like the reference page's: it has windows* and no linux*, and may have no filters. ${consequence}`;
