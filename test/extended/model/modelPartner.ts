import type {
  AssignmentFilterInput,
  AssignmentTargetInput,
  ComplianceManagementPartnerAssignmentInput,
  PartnerState,
  Platform,
  UpdateComplianceManagementPartnerInput,
} from '../../../src/generated/graphql.ts';
import type { PartnerResource } from '../../../src/graph/types.ts';

/** How the names of a platform's two fields begin. */
const prefixes = {
  MAC_OS: 'macOs',
  WINDOWS: 'windows',
  ANDROID: 'android',
  IOS: 'ios',
  LINUX: 'linux',
} as const;
export const allPlatforms = Object.keys(prefixes) as Platform[];

type Prefix = (typeof prefixes)[Platform];

export const onboardedOf = (platform: Platform): `${Prefix}Onboarded` =>
  `${prefixes[platform]}Onboarded`;
export const assignmentsOf = (platform: Platform): `${Prefix}EnrollmentAssignments` =>
  `${prefixes[platform]}EnrollmentAssignments`;

/** What the Graph behind a gateway knows, and what the gateway knows of that beforehand. */
export interface Generation {
  readonly name: 'today' | 'reference-page' | 'v1.0';
  readonly platforms: readonly Platform[];
  readonly hasFilters: boolean;
  /** Whether the gateway rejects what this generation does not know, or leaves that to Graph. */
  readonly isKnownBeforehand: boolean;
}

const generation = (name: Generation['name'], ...more: Platform[]): Generation => ({
  name,
  platforms: ['MAC_OS', 'ANDROID', 'IOS', ...more],
  hasFilters: name === 'today',
  isKnownBeforehand: name === 'v1.0',
});

export const generations = [
  generation('today', 'LINUX'),
  generation('reference-page', 'WINDOWS'),
  generation('v1.0'),
];

/** A target as the schema shows it. */
interface ModelTarget {
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
}

/** A partner as the schema shows it. */
export interface ModelPartner
  extends Readonly<Record<`${Prefix}Onboarded`, boolean | null>>,
    Readonly<Record<`${Prefix}EnrollmentAssignments`, readonly ModelEntry[] | null>> {
  readonly id: string;
  /** Its place in Graph's own order, which the schema does not show. */
  readonly serial: number;
  readonly displayName: string | null;
  readonly partnerState: PartnerState | null;
  readonly lastHeartbeatDateTime: string | null;
}

/** The properties that an add and an update have in common. */
export type Changes = Omit<UpdateComplianceManagementPartnerInput, 'id' | 'ifRevision'>;

/** A partner of which nothing but the id is given, with Graph's defaults; null if Graph does not know a property. */
export function newPartner(id: string, serial: number, platforms: readonly Platform[]) {
  const fields = allPlatforms.flatMap((platform) => [
    [onboardedOf(platform), platforms.includes(platform) ? false : null],
    [assignmentsOf(platform), platforms.includes(platform) ? [] : null],
  ]);
  const [displayName, partnerState] = [null, 'UNKNOWN'];
  const lastHeartbeatDateTime = '0001-01-01T00:00:00Z';
  const own = { id, serial, displayName, partnerState, lastHeartbeatDateTime };
  return { ...own, ...Object.fromEntries(fields) } as ModelPartner;
}

/** The partner after changes that Graph accepts. */
export function changed(partner: ModelPartner, changes: Changes): ModelPartner {
  const fields = Object.entries(changes).map(([name, value]) => {
    const entries = value as readonly ComplianceManagementPartnerAssignmentInput[] | null;
    const isList = name.endsWith('Assignments');
    return [name, isList ? (entries ?? []).map(({ target }) => entryOf(target)) : value];
  });
  return { ...partner, ...Object.fromEntries(fields) };
}

/** The entry that an input means. */
export function entryOf(input: AssignmentTargetInput | null | undefined): ModelEntry {
  const [[kind, content] = []] = Object.entries(input ?? {});
  const __typename = `${kind?.charAt(0).toUpperCase()}${kind?.slice(1)}AssignmentTarget`;
  return { target: kind ? { ...content, __typename, filter: content?.filter ?? null } : null };
}

/** An input that means a target; undefined if none can. */
export function inputOf({
  __typename,
  filter,
  ...ids
}: ModelTarget): AssignmentTargetInput | undefined {
  const kind = __typename.charAt(0).toLowerCase() + __typename.slice(1, -'AssignmentTarget'.length);
  const input = { [kind]: { ...ids, filter } };
  return ids.odataType === undefined ? (input as AssignmentTargetInput) : undefined;
}

const isSameId = (left: string | null | undefined, right: string | null | undefined): boolean =>
  (left ?? null)?.toLowerCase() === (right ?? null)?.toLowerCase();

/** Whether two entries have the same target to Graph: type and identity count, case and filter do not. */
export const isSameTarget = (
  { target: left }: ModelEntry,
  { target: right }: ModelEntry,
): boolean =>
  left !== null &&
  left.__typename === right?.__typename &&
  isSameId(left.groupId, right.groupId) &&
  isSameId(left.collectionId, right.collectionId);

/** Whether two entries have the same filter, or both none. */
export const isSameFilter = (
  { target: left }: ModelEntry,
  { target: right }: ModelEntry,
): boolean =>
  isSameId(left?.filter?.id, right?.filter?.id) && left?.filter?.type === right?.filter?.type;

/** Everything that the schema shows of a partner, but for its revision. */
export const shown = ({ serial: _serial, ...fields }: ModelPartner): object => fields;

/**
 * A text that is the same for two partners if everything that a user can change on them is, by meaning: nothing, false
 * and an empty list are one, and neither the order of a list nor the case of ids counts.
 */
export function stateOf(partner: ModelPartner): string {
  return JSON.stringify([
    partner.displayName,
    allPlatforms.filter((platform) => partner[onboardedOf(platform)]),
    allPlatforms.map((platform) => (partner[assignmentsOf(platform)] ?? []).map(meaningOf).sort()),
  ]);
}

function meaningOf({ target }: ModelEntry): string {
  const text = JSON.stringify(target);
  return target?.odataType === undefined ? text.toLowerCase() : text;
}

const groupId = '2b4f3f0e-1f5d-4c7a-9a0b-0d9a5f1f7c11';
const filter = { id: '61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b', type: 'INCLUDE' } as const;
const typed = (name: string, more: object, filterType = 'include') => ({
  target: {
    '@odata.type': `#microsoft.graph.${name}AssignmentTarget`,
    deviceAndAppManagementAssignmentFilterId: filter.id,
    deviceAndAppManagementAssignmentFilterType: filterType,
    ...more,
  },
});
const everyone = '#microsoft.graph.everyoneTarget';
const properties = { weight: 1.5, depth: { a: [1, null, 'é'] }, groupId: 'no UUID' };
const [oddName, oddTime] = ['zebra "\\\n"', 'yesterday'];

/** Rows as Graph holds them at the start, with what no user can make through this schema. */
export const seededRows: readonly PartnerResource[] = [
  { id: 'bare' },
  {
    id: 'Odd',
    displayName: oddName,
    lastHeartbeatDateTime: oddTime,
    macOsOnboarded: true,
    partnerState: 'hibernating',
    windowsOnboarded: true,
    iosOnboarded: false,
    linuxOnboarded: null,
    androidEnrollmentAssignments: null,
    macOsEnrollmentAssignments: [
      typed('allLicensedUsers', {}, 'none'),
      typed('group', { groupId }),
      typed('group', { groupId: groupId.toUpperCase() }, 'none'),
    ],
    iosEnrollmentAssignments: [{}, { target: { '@odata.type': everyone, ...properties } }],
  },
];

/** How the gateway shows these rows over a generation of Graph. */
export function seededPartners({ platforms, hasFilters }: Generation): readonly ModelPartner[] {
  const group = { __typename: 'GroupAssignmentTarget', filter: null };
  const users = { __typename: 'AllLicensedUsersAssignmentTarget', filter: null };
  const odd = { __typename: 'UnrecognizedAssignmentTarget', filter: null };
  const nothing = { partnerState: null, lastHeartbeatDateTime: null };
  return [
    { ...newPartner('bare', 0, []), ...nothing },
    {
      ...newPartner('Odd', 1, []),
      displayName: oddName,
      lastHeartbeatDateTime: oddTime,
      macOsOnboarded: true,
      partnerState: 'UNKNOWN_FUTURE_VALUE',
      iosOnboarded: false,
      windowsOnboarded: platforms.includes('WINDOWS') ? true : null,
      macOsEnrollmentAssignments: [
        { target: users },
        { target: { ...group, groupId, filter: hasFilters ? filter : null } },
        { target: { ...group, groupId: groupId.toUpperCase() } },
      ],
      iosEnrollmentAssignments: [
        { target: null },
        { target: { ...odd, odataType: everyone, properties } },
      ],
    },
  ];
}
