import { describe, expect, it } from '@jest/globals';
import type {
  AllLicensedUsersAssignmentTarget,
  ComplianceManagementPartner,
  ComplianceManagementPartnerAssignment,
  ConfigurationManagerCollectionAssignmentTarget,
  DeviceManagementPartnerTenantState,
  ExclusionGroupAssignmentTarget,
  GroupAssignmentTarget,
} from '@microsoft/microsoft-graph-types-beta';
import type {
  NewAssignmentResource,
  NewAssignmentTargetResource,
  NewPartnerResource,
  PartnerResource,
  PartnerTenantState,
} from '../../src/graph/resource.ts';
import type { wirePartnerStates } from '../../src/mapping/partnerState.ts';

/** What both sides know, without null, which only the writer of a null has to answer for, and without `readonly`. */
type Shared<Ours, Theirs> = { -readonly [P in keyof Ours & keyof Theirs]?: Given<Ours[P]> };
type Given<Value> = Mutable<Exclude<Value, null | undefined>>;
type Mutable<Value> = Value extends readonly (infer Item)[]
  ? Shared<Exclude<Item, null>, ComplianceManagementPartnerAssignment>[]
  : Value;
type Assignable<Ours, Theirs> = [Ours] extends [Theirs] ? true : false;
type Fits<Ours, Theirs> = Assignable<Shared<Ours, Theirs>, Theirs>;

/** Each line only compiles where what we write fits into Microsoft's type, and what they type fits into what we read. */
const checks: readonly true[] = [
  true satisfies Fits<NewPartnerResource, ComplianceManagementPartner>,
  true satisfies Fits<NewAssignmentResource, ComplianceManagementPartnerAssignment>,
  true satisfies Fits<NewAssignmentTargetResource, GroupAssignmentTarget>,
  true satisfies Fits<NewAssignmentTargetResource, ExclusionGroupAssignmentTarget>,
  true satisfies Fits<NewAssignmentTargetResource, AllLicensedUsersAssignmentTarget>,
  true satisfies Fits<NewAssignmentTargetResource, ConfigurationManagerCollectionAssignmentTarget>,
  true satisfies Assignable<PartnerTenantState, DeviceManagementPartnerTenantState>,
  true satisfies Assignable<DeviceManagementPartnerTenantState, PartnerTenantState>,
  true satisfies Assignable<PartnerTenantState, (typeof wirePartnerStates)[number]>,
  true satisfies Assignable<
    Shared<Omit<ComplianceManagementPartner, `${string}Assignments`>, PartnerResource>,
    Omit<Partial<PartnerResource>, `${string}Assignments`>
  >,
];

/** A property of another type must not get through, or the lines above would prove nothing. */
const counterchecks: readonly false[] = [
  false satisfies Fits<{ displayName: number }, ComplianceManagementPartner>,
  false satisfies Fits<{ partnerState: 'String' }, ComplianceManagementPartner>,
  false satisfies Fits<{ iosOnboarded: string }, ComplianceManagementPartner>,
  false satisfies Fits<{ groupId: number }, GroupAssignmentTarget>,
];

/** Properties that only the reference page's beta has; everything else of ours must be known to Microsoft's types. */
type OnlyOnThePage = 'windowsOnboarded' | 'windowsEnrollmentAssignments' | '@odata.type';
const unknownToMicrosoft: readonly Exclude<
  keyof NewPartnerResource,
  keyof ComplianceManagementPartner | OnlyOnThePage
>[] = [];
const missingHere: readonly Exclude<keyof ComplianceManagementPartner, keyof NewPartnerResource>[] =
  [];

describe('the wire types', () => {
  it("fit into Microsoft's generated types of beta, property by property", () => {
    expect(checks.every(Boolean)).toBe(true);
    expect(counterchecks.some(Boolean)).toBe(false);
    expect([...unknownToMicrosoft, ...missingHere]).toEqual([]);
  });
});
