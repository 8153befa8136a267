import fc from 'fast-check';
import { isDateTimeLiteral } from '../../src/emulator/model.ts';
import type {
  AddComplianceManagementPartnerInput,
  AssignmentTargetInput,
  ComplianceManagementPartnerAssignmentInput,
} from '../../src/generated/graphql.ts';
import { knownPartnerStates, wirePlatforms } from '../../src/partners/model.ts';

const pad = (number: number, width = 2): string => String(number).padStart(width, '0');

const offsets = fc.oneof(
  fc.constant('Z'),
  fc
    .tuple(fc.constantFrom('+', '-'), fc.nat(23), fc.nat(59))
    .map(([sign, hours, minutes]) => `${sign}${pad(hours)}:${pad(minutes)}`),
);

const fractions = fc
  .array(fc.nat(9), { maxLength: 12 })
  .map((digits) => (digits.length === 0 ? '' : `.${digits.join('')}`));

/** Date-times that exist, written with 0 to 12 fractional digits and any offset. */
export const dateTimeOffsets = fc
  .tuple(
    fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    }),
    fractions,
    offsets,
  )
  .map(([date, fraction, offset]) => `${date.toISOString().slice(0, 19)}${fraction}${offset}`);

const texts = fc.string({ minLength: 1 }).filter((text) => text.trim() !== '');

const filters = fc.option(
  fc.record({ id: fc.uuid(), type: fc.constantFrom('INCLUDE' as const, 'EXCLUDE' as const) }),
);

/** Targets of each kind, with and without a filter. */
export const targetInputs: fc.Arbitrary<AssignmentTargetInput> = fc.oneof(
  fc.record({ filter: filters }).map((allLicensedUsers) => ({ allLicensedUsers })),
  fc.record({ filter: filters }).map((allDevices) => ({ allDevices })),
  fc.record({ groupId: fc.uuid(), filter: filters }).map((group) => ({ group })),
  fc.record({ groupId: fc.uuid(), filter: filters }).map((exclusionGroup) => ({ exclusionGroup })),
  fc
    .record({ collectionId: texts, filter: filters })
    .map((configurationManagerCollection) => ({ configurationManagerCollection })),
);

const assignmentInputs: fc.Arbitrary<ComplianceManagementPartnerAssignmentInput> = fc.record(
  { target: fc.option(targetInputs) },
  { requiredKeys: [] },
);

const lists = fc.option(fc.array(assignmentInputs, { maxLength: 4 }));
const perPlatform = <Value>(suffix: string, value: fc.Arbitrary<Value>) =>
  Object.fromEntries(wirePlatforms.map((platform) => [`${platform}${suffix}`, value]));

/** Inputs of the add in which every optional field may be absent or given, and null where Graph takes that. */
export const newPartnerInputs: fc.Arbitrary<AddComplianceManagementPartnerInput> = fc.record(
  {
    displayName: fc.string({ minLength: 1, unit: 'grapheme' }),
    id: fc.uuid(),
    partnerState: fc.constantFrom(...knownPartnerStates),
    lastHeartbeatDateTime: dateTimeOffsets.filter(isDateTimeLiteral),
    ...perPlatform('Onboarded', fc.boolean()),
    ...perPlatform('EnrollmentAssignments', lists),
  },
  { requiredKeys: ['displayName'] },
);
