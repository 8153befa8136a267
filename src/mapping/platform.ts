import type { Platform } from '../generated/graphql.ts';
import type { WirePlatform } from '../graph/types.ts';

const wireByPlatform: Readonly<Record<Platform, WirePlatform>> = {
  MAC_OS: 'macOs',
  WINDOWS: 'windows',
  ANDROID: 'android',
  IOS: 'ios',
  LINUX: 'linux',
};

/** Gives the prefix that a platform's properties have in Graph. */
export function wirePlatformOf(platform: Platform): WirePlatform {
  return wireByPlatform[platform];
}
