import { isGuid } from '../shared/guid.ts';

/**
 * The shapes that Microsoft Graph writes and reads for a compliance management partner, annotations included.
 *
 * Reading is tolerant, so states, type names and filter types are plain strings there and every property may be
 * absent; what the gateway writes is narrower. Source: the metadata of v1.0 and beta, and the reference page, whose
 * `windows*` properties neither has today.
 */

/** The platforms whose properties follow the pattern `<platform>Onboarded` and `<platform>EnrollmentAssignments`. */
export type WirePlatform = 'macOs' | 'windows' | 'android' | 'ios' | 'linux';

/** The members of `microsoft.graph.deviceManagementPartnerTenantState`, the same in v1.0 and beta. */
export type PartnerTenantState =
  | 'unknown'
  | 'unavailable'
  | 'enabled'
  | 'terminated'
  | 'rejected'
  | 'unresponsive';

/** A target as Graph writes it: the type annotation and whatever properties that type has. */
export interface AssignmentTargetResource {
  readonly '@odata.type'?: string;
  readonly groupId?: string | null;
  readonly collectionId?: string | null;
  readonly deviceAndAppManagementAssignmentFilterId?: string | null;
  readonly deviceAndAppManagementAssignmentFilterType?: string | null;
  readonly [property: string]: unknown;
}

/** One entry of an assignment list as Graph writes it. A missing target is legal. */
export interface AssignmentResource {
  readonly '@odata.type'?: string;
  readonly target?: AssignmentTargetResource | null;
  readonly [property: string]: unknown;
}

type PlatformProperties<Flag, List> = { readonly [P in WirePlatform as `${P}Onboarded`]?: Flag } & {
  readonly [P in WirePlatform as `${P}EnrollmentAssignments`]?: List;
};

/** A partner as Graph writes it. Only the id is sure to be there. */
export interface PartnerResource
  extends PlatformProperties<boolean | null, readonly (AssignmentResource | null)[] | null> {
  readonly '@odata.type'?: string;
  readonly id: string;
  readonly displayName?: string | null;
  readonly partnerState?: string | null;
  readonly lastHeartbeatDateTime?: string | null;
}

/** A target as the gateway sends it: the type is mandatory, because the declared type is abstract. */
export interface NewAssignmentTargetResource {
  readonly '@odata.type': `#microsoft.graph.${string}AssignmentTarget`;
  readonly groupId?: string;
  readonly collectionId?: string;
  readonly deviceAndAppManagementAssignmentFilterId?: string;
  readonly deviceAndAppManagementAssignmentFilterType?: 'include' | 'exclude';
}

/** One entry of an assignment list as the gateway sends it. */
export interface NewAssignmentResource {
  readonly '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment';
  readonly target?: NewAssignmentTargetResource;
}

/** The body of an update: exactly what is to change. Absent means not sent; nothing is ever sent as null. */
export interface PartnerChanges
  extends PlatformProperties<boolean, readonly NewAssignmentResource[]> {
  readonly displayName?: string;
  readonly partnerState?: PartnerTenantState;
  readonly lastHeartbeatDateTime?: string;
}

/** The body of an add. Absent means not sent. */
export interface NewPartnerResource extends PartnerChanges {
  readonly '@odata.type': '#microsoft.graph.complianceManagementPartner';
  readonly id?: string;
  readonly displayName: string;
}

const collection = '/deviceManagement/complianceManagementPartners';
const onePartner = `${collection}/{id}` as const;
const batch = '/$batch';

/** For each operation its HTTP method, in upper case, because Intune rejects any other spelling, and its route. */
const operations = {
  list: ['GET', collection],
  get: ['GET', onePartner],
  // A batch that holds nothing but GETs.
  getMany: ['POST', batch],
  // The answers that the answer to a batch left for later.
  getMore: ['GET', batch],
  // Ids as a body, because they would not fit into a URL.
  getGroups: ['POST', '/directoryObjects/getByIds'],
  // A batch of GETs, too.
  getFilters: ['POST', batch],
  add: ['POST', collection],
  update: ['PATCH', onePartner],
  delete: ['DELETE', onePartner],
} as const;

/** What is done to the resource. */
export type GraphOperation = keyof typeof operations;

export function methodOf(operation: GraphOperation): 'GET' | 'POST' | 'PATCH' | 'DELETE' {
  return operations[operation][0];
}

/** The path behind the version, with a placeholder for the id: what telemetry may show of a URL. */
export function routeOf(operation: GraphOperation): string {
  return operations[operation][1];
}

/** Whether the operation changes something, so that a doubtful outcome matters. */
export function isWrite(operation: GraphOperation): boolean {
  return operation === 'add' || operation === 'update' || operation === 'delete';
}

/** Whether the operation reads what stands beside partners: a fault of the directory is none of theirs. */
export function isBesidePartners(operation: GraphOperation): boolean {
  return operation === 'getGroups' || operation === 'getFilters';
}

/** Whether the operation is about one partner by its id, so that "not found" can be said of it. */
export function isAboutOnePartner(operation: GraphOperation): boolean {
  return operations[operation][1] === onePartner;
}

/** The version segment of Graph's URLs. */
export type GraphApiVersion = 'beta' | 'v1.0';

/**
 * The platforms whose properties the version can know. Beta has had two generations: the reference page's with
 * `windows*` and today's with `linux*`; which one answers is only seen there, so both are sent.
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

const form = /^[A-Za-z0-9_.~=-]{1,256}$/;

/** What an id may look like, for messages. */
export const partnerIdForm =
  '1 to 256 of the characters A-Z a-z 0-9 _ . ~ = - that are not all dots, usually a UUID';

/**
 * Tells whether an id can stand in a path without changing its meaning. Encoding alone would not do:
 * `encodeURIComponent('..')` is `..`, and URL parsers climb out of the path on `%2e%2e` as well.
 */
export function isPartnerId(id: string): boolean {
  return form.test(id) && !/^\.+$/.test(id);
}

/** Gives the same text for all spellings of one id: a UUID may come in any case, any other id only as it is. */
export function idKeyOf(id: string): string {
  return isGuid(id) ? id.toLowerCase() : id;
}

/**
 * Whether an answer is about the id that was asked for. A Graph that finds an id in another case takes ids so, whatever
 * their form; in a list the same two ids could stand for two rows.
 */
export function isSameId(asked: string, answered: string): boolean {
  return asked.toLowerCase() === answered.toLowerCase();
}

const readWrite = [
  'DeviceManagementServiceConfig.ReadWrite.All',
  'DeviceManagementConfiguration.ReadWrite.All',
];
const read = [
  'DeviceManagementServiceConfig.Read.All',
  'DeviceManagementConfiguration.Read.All',
  ...readWrite,
];

/** The permissions of which one suffices, the least privileged first, as Graph's permissions reference lists them. */
export function requiredScopesOf(operation: GraphOperation): readonly string[] {
  switch (operation) {
    case 'getGroups':
      return ['GroupMember.Read.All', 'Group.Read.All', 'Directory.Read.All'];
    case 'getFilters':
      return [
        'DeviceManagementConfiguration.Read.All',
        'DeviceManagementConfiguration.ReadWrite.All',
      ];
    default:
      return isWrite(operation) ? readWrite : read;
  }
}
