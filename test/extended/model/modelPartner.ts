import type {
  AssignmentFilterInput,
  AssignmentTargetInput,
  ComplianceManagementPartnerAssignmentInput,
  PartnerState,
  Platform,
  UpdateComplianceManagementPartnerInput,
} from '../../../src/generated/graphql.ts';

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

/** A target as the schema shows it. */
export interface ModelTarget {
  readonly __typename: string;
  readonly filter: AssignmentFilterInput | null;
  readonly groupId?: string | null;
  readonly collectionId?: string | null;
  readonly odataType?: string;
  readonly properties?: object;
}

/** An entry of a list. */
export interface ModelEntry {
  readonly target: ModelTarget | null;
  /** Whether this Graph holds it and would not take it again. */
  readonly isRefused?: boolean;
}

/** What the model knows of a partner. */
export interface ModelPartner {
  readonly id: string;
  /** Its place in Graph's own order. */
  readonly serial: number;
  readonly displayName: string | null;
  readonly partnerState: PartnerState | null;
  readonly lastHeartbeatDateTime: string | null;
  readonly onboarded: Readonly<Record<Platform, boolean | null>>;
  readonly assignments: Readonly<Record<Platform, readonly ModelEntry[] | null>>;
}

/** The properties that an add and an update have in common. */
export type Changes = Omit<UpdateComplianceManagementPartnerInput, 'id' | 'ifRevision'>;

/** One value for each platform. */
export const forPlatforms = <Value>(give: (platform: Platform) => Value) =>
  Object.fromEntries(allPlatforms.map((platform) => [platform, give(platform)])) as Record<
    Platform,
    Value
  >;

/** A partner of which nothing but the id is given, with Graph's defaults. */
export function newPartner(id: string, serial: number, { platforms }: Generation): ModelPartner {
  return {
    id,
    serial,
    displayName: null,
    partnerState: 'UNKNOWN',
    lastHeartbeatDateTime: '0001-01-01T00:00:00Z',
    onboarded: forPlatforms((platform) => (platforms.includes(platform) ? false : null)),
    assignments: forPlatforms((platform) => (platforms.includes(platform) ? [] : null)),
  };
}

/** The partner after changes that Graph accepts. */
export function changed(partner: ModelPartner, changes: Changes): ModelPartner {
  const { displayName, partnerState, lastHeartbeatDateTime } = changes;
  return {
    ...partner,
    ...(displayName !== undefined && { displayName }),
    ...(partnerState !== undefined && { partnerState }),
    ...(lastHeartbeatDateTime !== undefined && { lastHeartbeatDateTime }),
    onboarded: forPlatforms((platform) => {
      const given = changes[fieldsOf[platform].onboarded];
      return given === undefined ? partner.onboarded[platform] : given;
    }),
    assignments: forPlatforms((platform) => {
      const given = changes[fieldsOf[platform].assignments];
      return given === undefined ? partner.assignments[platform] : (given ?? []).map(entryOf);
    }),
  };
}

function entryOf({ target }: ComplianceManagementPartnerAssignmentInput): ModelEntry {
  return { target: target ? targetOf(target) : null };
}

const typenames = {
  allLicensedUsers: 'AllLicensedUsersAssignmentTarget',
  allDevices: 'AllDevicesAssignmentTarget',
  group: 'GroupAssignmentTarget',
  exclusionGroup: 'ExclusionGroupAssignmentTarget',
  configurationManagerCollection: 'ConfigurationManagerCollectionAssignmentTarget',
} as const;

/** The target that an input means. */
export function targetOf(input: AssignmentTargetInput): ModelTarget {
  const [content] = Object.values(input);
  return { __typename: typenames[kindOf(input)], ...content, filter: content?.filter ?? null };
}

/** Which of the five kinds a target is. */
export function kindOf(input: AssignmentTargetInput): keyof typeof typenames {
  return Object.keys(input)[0] as keyof typeof typenames;
}

/** Whether two targets are the same one to Graph: type and identity count, case and filter do not. */
export function isSameTarget(left: ModelTarget | null, right: ModelTarget): boolean {
  return (
    left !== null &&
    left.__typename === right.__typename &&
    left.odataType === right.odataType &&
    isSameId(left.groupId, right.groupId) &&
    isSameId(left.collectionId, right.collectionId)
  );
}

/** Whether two targets have the same filter, or both none. */
export function isSameFilter(
  { filter: left }: ModelTarget,
  { filter: right }: ModelTarget,
): boolean {
  return isSameId(left?.id, right?.id) && left?.type === right?.type;
}

function isSameId(left: string | null | undefined, right: string | null | undefined): boolean {
  return (left ?? null)?.toLowerCase() === (right ?? null)?.toLowerCase();
}

/** Everything that the schema shows of a partner, but for its revision. */
export function shown(partner: ModelPartner): Record<string, unknown> {
  const { id, displayName, partnerState, lastHeartbeatDateTime, onboarded, assignments } = partner;
  const platforms = allPlatforms.flatMap((platform) => [
    [fieldsOf[platform].onboarded, onboarded[platform]],
    [
      fieldsOf[platform].assignments,
      assignments[platform]?.map(({ target }) => ({ target })) ?? null,
    ],
  ]);
  return { id, displayName, partnerState, lastHeartbeatDateTime, ...Object.fromEntries(platforms) };
}

/**
 * A text that is the same for two partners if everything that a user can change on them is, by meaning: nothing, false
 * and an empty list are one, and neither the order of a list nor the case of ids counts.
 */
export function stateOf({ displayName, onboarded, assignments }: ModelPartner): string {
  return JSON.stringify([
    displayName,
    forPlatforms((platform) => onboarded[platform] === true),
    forPlatforms((platform) => (assignments[platform] ?? []).map(meaningOf).sort()),
  ]);
}

function meaningOf({ target }: ModelEntry): string {
  const inLowerCase = (_name: string, value: unknown): unknown =>
    typeof value === 'string' ? value.toLowerCase() : value;
  return JSON.stringify(target, target?.odataType === undefined ? inLowerCase : undefined);
}
