import fc from 'fast-check';
import { isDateTimeLiteral } from '../../src/emulator/model.ts';
import type {
  AddComplianceManagementPartnerInput,
  AssignmentTargetInput,
} from '../../src/generated/graphql.ts';
import { knownPartnerStates, wirePlatforms } from '../../src/partners/model.ts';

const pad = (number: number): string => String(number).padStart(2, '0');
const offsets = fc.oneof(
  fc.constant('Z'),
  fc
    .tuple(fc.constantFrom('+', '-'), fc.nat(23), fc.nat(59))
    .map(([sign, hours, minutes]) => `${sign}${pad(hours)}:${pad(minutes)}`),
);
const fractions = fc.stringMatching(/^(\.\d{1,12})?$/);
const [min, max] = [new Date('0001-01-01T00:00:00Z'), new Date('9999-12-31T23:59:59Z')];

/** Date-times that exist, written with 0 to 12 fractional digits and any offset. */
export const dateTimeOffsets = fc
  .tuple(fc.date({ min, max, noInvalidDate: true }), fractions, offsets)
  .map(([date, fraction, offset]) => `${date.toISOString().slice(0, 19)}${fraction}${offset}`);

const texts = fc.string({ minLength: 1 }).filter((text) => text.trim() !== '');
const types = fc.constantFrom('INCLUDE' as const, 'EXCLUDE' as const);
const filter = fc.option(fc.record({ id: fc.uuid(), type: types }));
const ofGroup = fc.record({ groupId: fc.uuid(), filter });

/** Targets of each kind, with and without a filter. */
export const targetInputs: fc.Arbitrary<AssignmentTargetInput> = fc.oneof(
  fc.record({ allLicensedUsers: fc.record({ filter }) }),
  fc.record({ allDevices: fc.record({ filter }) }),
  fc.record({ group: ofGroup }),
  fc.record({ exclusionGroup: ofGroup }),
  fc.record({ configurationManagerCollection: fc.record({ collectionId: texts, filter }) }),
);

const assignments = fc.record({ target: fc.option(targetInputs) }, { requiredKeys: [] });
const lists = fc.option(fc.array(assignments, { maxLength: 4 }));
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
