import type { Checklist } from './checklist.js';
import { describeTarget } from './describeTarget.js';
import type { AddComplianceManagementPartnerInput, PartnerFragment } from './gql/graphql.js';
import type { PartnerApi } from './partnerApi.js';

/** Every digit and the offset come back; a client must not put it through a date object. */
const lastHeartbeatDateTime = '2016-12-31T23:56:56.7799755+03:00';

/** Adds partners with these names to the tenant and to `added`, and meets a refusal. */
export async function addPartners(
  api: PartnerApi,
  list: Checklist,
  names: readonly string[],
  added: PartnerFragment[],
): Promise<void> {
  list.begin('Add partners');
  for (const displayName of names) {
    const input: AddComplianceManagementPartnerInput = {
      displayName,
      partnerState: 'ENABLED',
      lastHeartbeatDateTime,
      macOsOnboarded: true,
      macOsEnrollmentAssignments: [{ target: { allLicensedUsers: {} } }],
    };
    const outcome = await api.add(input);
    list.expect(`"${displayName}" is added`, outcome.kind, 'done');
    if (outcome.kind === 'done' && outcome.value !== null) {
      added.push(outcome.value);
      list.say(`its id is ${outcome.value.id}`);
    }
  }
  const [first] = added;
  list.expect(
    'its heartbeat is as it was sent',
    first?.lastHeartbeatDateTime,
    lastHeartbeatDateTime,
  );
  list.expect(
    'its assignment is for all licensed users',
    first?.macOsEnrollmentAssignments?.map(({ target }) => describeTarget(target)),
    ['all licensed users'],
  );

  const refused = await api.add({ displayName: 'Never', partnerState: 'UNKNOWN_FUTURE_VALUE' });
  list.expect(
    'a state that is only ever an answer is refused, with the path of its field',
    refused.kind === 'refused' && refused.problems.map(({ code, field }) => ({ code, field })),
    [{ code: 'BAD_USER_INPUT', field: ['input', 'partnerState'] }],
  );
}
