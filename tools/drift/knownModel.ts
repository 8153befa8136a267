import type {
  GraphApiVersion,
  NewAssignmentTargetResource,
  PartnerResource,
  WirePlatform,
} from '../../src/graph/types.ts';
import {
  knowsAssignmentFilters,
  platformsOf,
  wireByState,
  wireNameByTypename,
} from '../../src/partners/model.ts';
import { type Csdl, type CsdlProperty, type Properties, propertiesOf } from './readCsdl.ts';

/** What the gateway knows of a generation, by full names of types. */
export interface KnownModel {
  readonly partner: Properties;
  readonly assignment: Properties;
  /** What all targets have. */
  readonly anyTarget: Properties;
  /** The targets, each with what it adds to that, and with what it inherits from another target. */
  readonly targets: ReadonlyMap<string, Properties>;
  readonly enums: ReadonlyMap<string, readonly string[]>;
}

/** The full names of the types that the gateway is about. */
export const typeNames = {
  deviceManagement: 'microsoft.graph.deviceManagement',
  partner: 'microsoft.graph.complianceManagementPartner',
  partnerState: 'microsoft.graph.deviceManagementPartnerTenantState',
  assignment: 'microsoft.graph.complianceManagementPartnerAssignment',
  target: 'microsoft.graph.deviceAndAppManagementAssignmentTarget',
  filterType: 'microsoft.graph.deviceAndAppManagementAssignmentFilterType',
} as const;

const text: CsdlProperty = { type: 'Edm.String', isNullable: true };

/** The properties of a partner that belong to no platform. */
const partnerProperties = {
  id: { type: 'Edm.String', isNullable: false },
  displayName: text,
  partnerState: { type: typeNames.partnerState, isNullable: false },
  lastHeartbeatDateTime: { type: 'Edm.DateTimeOffset', isNullable: false },
} satisfies Record<
  Exclude<keyof PartnerResource, '@odata.type' | `${WirePlatform}${string}`>,
  CsdlProperty
>;

/** The reference page's are taken to be declared like the others. */
function platformProperties(platform: WirePlatform): readonly [string, CsdlProperty][] {
  return [
    [`${platform}Onboarded`, { type: 'Edm.Boolean', isNullable: false }],
    [
      `${platform}EnrollmentAssignments`,
      { type: `Collection(${typeNames.assignment})`, isNullable: true },
    ],
  ];
}

const { groupId, collectionId, ...filterProperties } = {
  groupId: text,
  collectionId: text,
  deviceAndAppManagementAssignmentFilterId: text,
  deviceAndAppManagementAssignmentFilterType: { type: typeNames.filterType, isNullable: false },
} satisfies Record<Exclude<keyof NewAssignmentTargetResource, '@odata.type'>, CsdlProperty>;

const ownProperties: Readonly<
  Record<keyof typeof wireNameByTypename, Readonly<Record<string, CsdlProperty>>>
> = {
  AllLicensedUsersAssignmentTarget: {},
  AllDevicesAssignmentTarget: {},
  GroupAssignmentTarget: { groupId },
  ExclusionGroupAssignmentTarget: { groupId },
  ConfigurationManagerCollectionAssignmentTarget: { collectionId },
};

/** Gives the gateway's knowledge from the tables that its mapping and its wire types are checked against. */
export function knownModelOf({ platforms, hasFilters }: Generation): KnownModel {
  const typenames = Object.keys(ownProperties) as (keyof typeof wireNameByTypename)[];
  return {
    partner: new Map([
      ...Object.entries(partnerProperties),
      ...platforms.flatMap(platformProperties),
    ]),
    assignment: new Map([['target', { type: typeNames.target, isNullable: true }]]),
    anyTarget: new Map(hasFilters ? Object.entries(filterProperties) : []),
    targets: new Map(
      typenames.map((typename) => [
        `microsoft.graph.${wireNameByTypename[typename]}`,
        new Map(Object.entries(ownProperties[typename])),
      ]),
    ),
    enums: new Map<string, readonly string[]>([
      [typeNames.partnerState, Object.values(wireByState)],
      ...(hasFilters ? [[typeNames.filterType, ['none', 'include', 'exclude']] as const] : []),
    ]),
  };
}

/** What a version is expected to have, of all that the gateway knows. */
interface Generation {
  readonly platforms: readonly WirePlatform[];
  readonly hasFilters: boolean;
  /** What is absent and why that is no drift. */
  readonly note?: string;
}

const consequence =
  'The gateway still offers absent properties: they read null, and Graph rejects a write that has one.';

/**
 * Decides which generation a document is compared with. Beta has `linux*` and filters now, and may lack `windows*`. A
 * beta with `windows*` and without `linux*` is an older one like the reference page's, and may lack filters.
 * Half of a platform counts as the platform, so that the other half is missed.
 */
export function generationOf(csdl: Csdl, version: GraphApiVersion): Generation {
  const platforms = platformsOf(version);
  if (version === 'v1.0') {
    return { platforms, hasFilters: knowsAssignmentFilters(version) };
  }
  const partner = propertiesOf(csdl, typeNames.partner);
  const has = (platform: WirePlatform): boolean =>
    platformProperties(platform).some(([name]) => partner.has(name));
  const without = (absent: WirePlatform): WirePlatform[] =>
    platforms.filter((platform) => platform !== absent);
  if (has('linux') && has('windows')) {
    const note = 'This beta has the windows* of the reference page beside linux*.';
    return { platforms, hasFilters: true, note };
  }
  if (has('windows')) {
    const target = propertiesOf(csdl, typeNames.target);
    const note = `This is an older beta, like the reference page's: it has windows* and no linux*, and may have no filters. ${consequence}`;
    const hasFilters = Object.keys(filterProperties).some((name) => target.has(name));
    return { platforms: without('linux'), hasFilters, note };
  }
  const note = `This is the current beta, which has no windows*; only the reference page's has. ${consequence}`;
  return { platforms: without('windows'), hasFilters: true, ...(has('linux') && { note }) };
}
