import type { Platform } from '../../../src/generated/graphql.ts';

/** What the Graph behind a gateway knows, and what the gateway knows of that beforehand. */
export interface Generation {
  readonly name: 'today' | 'reference-page' | 'v1.0';
  readonly apiVersion: 'beta' | 'v1.0';
  readonly platforms: readonly Platform[];
  readonly hasFilters: boolean;
  /** Whether the gateway refuses what this generation does not know, or leaves that to Graph. */
  readonly isKnownBeforehand: boolean;
}

/** The three generations that a gateway can meet. */
export const generations: readonly Generation[] = [
  {
    name: 'today',
    apiVersion: 'beta',
    platforms: ['MAC_OS', 'ANDROID', 'IOS', 'LINUX'],
    hasFilters: true,
    isKnownBeforehand: false,
  },
  {
    name: 'reference-page',
    apiVersion: 'beta',
    platforms: ['MAC_OS', 'WINDOWS', 'ANDROID', 'IOS'],
    hasFilters: false,
    isKnownBeforehand: false,
  },
  {
    name: 'v1.0',
    apiVersion: 'v1.0',
    platforms: ['MAC_OS', 'ANDROID', 'IOS'],
    hasFilters: false,
    isKnownBeforehand: true,
  },
];

/** The names of a platform's two fields. */
export const fieldsOf = {
  MAC_OS: { onboarded: 'macOsOnboarded', assignments: 'macOsEnrollmentAssignments' },
  WINDOWS: { onboarded: 'windowsOnboarded', assignments: 'windowsEnrollmentAssignments' },
  ANDROID: { onboarded: 'androidOnboarded', assignments: 'androidEnrollmentAssignments' },
  IOS: { onboarded: 'iosOnboarded', assignments: 'iosEnrollmentAssignments' },
  LINUX: { onboarded: 'linuxOnboarded', assignments: 'linuxEnrollmentAssignments' },
} as const satisfies Record<Platform, object>;

/** All platforms of the schema. */
export const allPlatforms: readonly Platform[] = ['MAC_OS', 'WINDOWS', 'ANDROID', 'IOS', 'LINUX'];
