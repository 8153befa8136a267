import type {
  AddComplianceManagementPartnerInput,
  AssignmentFilterInput,
  AssignmentTargetInput,
  ComplianceManagementPartnerAssignmentInput,
  PartnerState,
  Platform,
  UpdateComplianceManagementPartnerInput,
} from '../generated/graphql.ts';
import type {
  AssignmentTargetResource,
  NewAssignmentResource,
  NewAssignmentTargetResource,
  NewPartnerResource,
  PartnerChanges,
  PartnerResource,
  WirePlatform,
} from '../graph/types.ts';
import { isJsonObject } from '../shared/json.ts';
import { revisionOf, typeNameOf } from './meaning.ts';
import {
  type AssignmentModel,
  type AssignmentTargetModel,
  knownPartnerStates,
  type PartnerModel,
  wireByPlatform,
  wireByState,
  wireNameByTypename,
  wirePlatforms,
} from './model.ts';

/** A JSON value is no partner; the message says why. */
class RowError extends Error {}

/**
 * Checks that a JSON value is a partner and makes the schema's object of it, in one pass; gives a text that names the
 * first property whose JSON type cannot be right. Unknown properties, states and target types pass, and so do lists
 * with null entries. What Graph left out reads null.
 */
export function readPartner(value: unknown): PartnerModel | string {
  try {
    return partnerFromWire(value);
  } catch (error) {
    if (error instanceof RowError) {
      return error.message;
    }
    throw error;
  }
}

/** The same for what is known to be a partner. */
export function partnerFromWire(value: unknown): PartnerModel {
  if (!isJsonObject(value)) {
    throw new RowError('a partner is not a JSON object');
  }
  const { id } = value;
  if (typeof id !== 'string' || id === '') {
    throw new RowError('a partner has no id');
  }
  textOf(value['@odata.type'], '@odata.type');
  const wire = value as unknown as PartnerResource;
  let revision: string | undefined;
  // Each property is read right here: one reader for all names would take three times as long for a row.
  const partner: PartnerModel = {
    id,
    displayName: textOf(value['displayName'], 'displayName'),
    partnerState: stateFromWire(textOf(value['partnerState'], 'partnerState')),
    lastHeartbeatDateTime: textOf(value['lastHeartbeatDateTime'], 'lastHeartbeatDateTime'),
    macOsOnboarded: flagOf(value['macOsOnboarded'], 'macOsOnboarded'),
    windowsOnboarded: flagOf(value['windowsOnboarded'], 'windowsOnboarded'),
    androidOnboarded: flagOf(value['androidOnboarded'], 'androidOnboarded'),
    iosOnboarded: flagOf(value['iosOnboarded'], 'iosOnboarded'),
    linuxOnboarded: flagOf(value['linuxOnboarded'], 'linuxOnboarded'),
    macOsEnrollmentAssignments: listOf(
      value['macOsEnrollmentAssignments'],
      'macOsEnrollmentAssignments',
    ),
    windowsEnrollmentAssignments: listOf(
      value['windowsEnrollmentAssignments'],
      'windowsEnrollmentAssignments',
    ),
    androidEnrollmentAssignments: listOf(
      value['androidEnrollmentAssignments'],
      'androidEnrollmentAssignments',
    ),
    iosEnrollmentAssignments: listOf(value['iosEnrollmentAssignments'], 'iosEnrollmentAssignments'),
    linuxEnrollmentAssignments: listOf(
      value['linuxEnrollmentAssignments'],
      'linuxEnrollmentAssignments',
    ),
    revision: () => {
      revision ??= revisionOf(wire);
      return revision;
    },
    wire,
    platforms: (args) => platformsOf(partner, args.in),
  };
  return partner;
}

const allPlatforms = Object.keys(wireByPlatform) as readonly Platform[];

type FieldNames = readonly [`${WirePlatform}Onboarded`, `${WirePlatform}EnrollmentAssignments`];

/** Names made once: a list reads them for each platform of each row. */
const fieldNames = Object.fromEntries(
  Object.entries(wireByPlatform).map(([platform, wire]): [string, FieldNames] => [
    platform,
    [`${wire}Onboarded`, `${wire}EnrollmentAssignments`],
  ]),
) as Readonly<Record<Platform, FieldNames>>;

/** Gives what a partner has of platforms, each once, in the order in which they are asked for. */
function platformsOf(
  partner: PartnerModel,
  wanted: readonly Platform[] | null | undefined,
): ReturnType<PartnerModel['platforms']> {
  const platforms = wanted ? [...new Set(wanted)] : allPlatforms;
  return platforms.map((platform) => {
    const [onboarded, assignments] = fieldNames[platform];
    return {
      platform,
      onboarded: partner[onboarded],
      enrollmentAssignments: partner[assignments],
    };
  });
}

function textOf(value: unknown, name: string): string | null {
  if (value == null || typeof value === 'string') {
    return value ?? null;
  }
  throw new RowError(`${name} of a partner is not a string`);
}

function flagOf(value: unknown, name: string): boolean | null {
  if (value == null || typeof value === 'boolean') {
    return value ?? null;
  }
  throw new RowError(`${name} of a partner is neither true nor false`);
}

/** Its target is made when a field asks for it: most rows of a list are not shown, or without their targets. */
class Assignment implements AssignmentModel {
  readonly #wire: AssignmentTargetResource | null;

  constructor(wire: AssignmentTargetResource | null) {
    this.#wire = wire;
  }

  get target(): AssignmentTargetModel | null {
    return this.#wire && targetFromWire(this.#wire);
  }
}

/** A null entry, which OData allows, reads as an assignment without a target. */
function listOf(value: unknown, name: string): readonly AssignmentModel[] | null {
  if (value == null) {
    return null;
  }
  const list: AssignmentModel[] = [];
  for (const entry of Array.isArray(value) ? value : [undefined]) {
    const target = isJsonObject(entry) ? (entry['target'] ?? null) : entry;
    if (target !== null && !isTarget(target)) {
      throw new RowError(`${name} of a partner is not a list of assignments`);
    }
    list.push(new Assignment(target));
  }
  return list;
}

function isTarget(value: unknown): value is AssignmentTargetResource {
  return isJsonObject(value) && typeof (value['@odata.type'] ?? '') === 'string';
}

const stateByWire: ReadonlyMap<string, PartnerState> = new Map(
  knownPartnerStates.map((state) => [wireByState[state], state]),
);

/**
 * An unlisted state becomes `UNKNOWN_FUTURE_VALUE`, so that one row with a new state (or the reference page's own
 * `"String"`) never fails a read. Graph's `unknown` is a state, not a fallback.
 */
function stateFromWire(wire: string | null): PartnerState | null {
  return wire === null ? null : (stateByWire.get(wire) ?? 'UNKNOWN_FUTURE_VALUE');
}

const declaredType = '#microsoft.graph.deviceAndAppManagementAssignmentTarget';

type RecognizedTypename = keyof typeof wireNameByTypename;

/** By Graph's own spelling, and by the name alone in lower case. */
const typenames: ReadonlyMap<string, RecognizedTypename> = new Map(
  (Object.keys(wireNameByTypename) as RecognizedTypename[]).flatMap((typename) => {
    const name = wireNameByTypename[typename];
    return [
      [`#microsoft.graph.${name}`, typename],
      [typeNameOf(name), typename],
    ] as const;
  }),
);

/**
 * Gives the schema's target for any target that Graph may hold. The type's name is read with and without `#` and in
 * any case, as Microsoft's own pages write it; a type that the schema does not list keeps its name and all members. So
 * does a target with a kind of filter that the schema does not list: shown as one without a filter, it would seem to be
 * for more devices than it is. The inside of an unlisted type may be anything.
 */
export function targetFromWire(wire: AssignmentTargetResource): AssignmentTargetModel {
  const odataType = wire['@odata.type'] ?? declaredType;
  const filter = filterFromWire(wire);
  const __typename = typenames.get(odataType) ?? typenames.get(typeNameOf(odataType));
  if (filter !== 'unknown') {
    switch (__typename) {
      case 'AllLicensedUsersAssignmentTarget':
      case 'AllDevicesAssignmentTarget':
        return { __typename, filter };
      case 'GroupAssignmentTarget':
      case 'ExclusionGroupAssignmentTarget': {
        const { groupId = null } = wire;
        if (isTextOrNull(groupId)) {
          return { __typename, filter, groupId };
        }
        break;
      }
      case 'ConfigurationManagerCollectionAssignmentTarget': {
        const { collectionId = null } = wire;
        if (isTextOrNull(collectionId)) {
          return { __typename, filter, collectionId };
        }
      }
    }
  }
  const { '@odata.type': _type, ...properties } = wire;
  return {
    __typename: 'UnrecognizedAssignmentTarget',
    filter: filter === 'unknown' ? null : filter,
    odataType,
    properties,
  };
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

/** A filter of kind `none`, of no kind, or without an id reads as no filter. */
function filterFromWire(
  wire: AssignmentTargetResource,
): AssignmentTargetModel['filter'] | 'unknown' {
  const kind: unknown = wire.deviceAndAppManagementAssignmentFilterType ?? '';
  const type = typeof kind === 'string' ? kind.toLowerCase() : undefined;
  if (type === '' || type === 'none') {
    return null;
  }
  if (type !== 'include' && type !== 'exclude') {
    return 'unknown';
  }
  const id: unknown = wire.deviceAndAppManagementAssignmentFilterId;
  const isId = typeof id === 'string' && id !== '';
  return isId ? { id, type: type === 'include' ? 'INCLUDE' : 'EXCLUDE' } : null;
}

type WritableInput = Omit<UpdateComplianceManagementPartnerInput, 'id' | 'ifRevision'>;

/** Gives the body of an add. A field that is absent is left out, and so is an id of null. */
export function newPartnerToWire(input: AddComplianceManagementPartnerInput): NewPartnerResource {
  return {
    '@odata.type': '#microsoft.graph.complianceManagementPartner',
    ...(input.id != null && { id: input.id }),
    ...partnerChangesToWire(input),
    displayName: input.displayName,
  };
}

/**
 * Gives the body of an update, in the reference page's order. A field that is absent is left out; a list of null is sent
 * empty, because Graph takes no null for a collection.
 * @throws TypeError for what has no wire form, which the check of the input rejects before.
 */
export function partnerChangesToWire(input: WritableInput): PartnerChanges {
  const { lastHeartbeatDateTime, partnerState, displayName } = input;
  if (partnerState === 'UNKNOWN_FUTURE_VALUE') {
    throw new TypeError('UNKNOWN_FUTURE_VALUE has no wire form: check the input before mapping it');
  }
  const changes: Record<string, unknown> = {
    lastHeartbeatDateTime,
    partnerState: partnerState && wireByState[partnerState],
    displayName,
  };
  for (const platform of wirePlatforms) {
    changes[`${platform}Onboarded`] = input[`${platform}Onboarded`];
  }
  for (const platform of wirePlatforms) {
    const list = input[`${platform}EnrollmentAssignments`];
    changes[`${platform}EnrollmentAssignments`] =
      list === undefined ? undefined : (list ?? []).map(assignmentToWire);
  }
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  if (given.some(([, value]) => value === null)) {
    throw new TypeError('Null has no wire form here: check the input before mapping it');
  }
  return Object.fromEntries(given);
}

/** Gives the wire form of one entry. A target that is absent or null is not sent. */
export function assignmentToWire({
  target,
}: ComplianceManagementPartnerAssignmentInput): NewAssignmentResource {
  const odataType = '#microsoft.graph.complianceManagementPartnerAssignment';
  return { '@odata.type': odataType, ...(target && { target: targetToWire(target) }) };
}

/**
 * Gives the wire form of a target. The type is always written, with `#`, because the declared type is abstract. A filter
 * of `none` is never sent: Intune asks for its properties to be left out instead.
 */
export function targetToWire(input: AssignmentTargetInput): NewAssignmentTargetResource {
  const [[kind, { filter, ...ids }]] = Object.entries(input).filter(([, value]) => value) as [
    [keyof AssignmentTargetInput, TargetInput],
  ];
  return {
    '@odata.type': `#microsoft.graph.${kind}AssignmentTarget`,
    ...ids,
    ...(filter && {
      deviceAndAppManagementAssignmentFilterId: filter.id,
      deviceAndAppManagementAssignmentFilterType: filter.type === 'INCLUDE' ? 'include' : 'exclude',
    }),
  };
}

/** The one member of a target in an input, which is named by its kind. */
type TargetInput = Pick<NewAssignmentTargetResource, 'groupId' | 'collectionId'> & {
  readonly filter?: AssignmentFilterInput | null;
};
