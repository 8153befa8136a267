import type { Checklist } from './checklist.js';
import { describeTarget } from './describeTarget.js';
import type { PartnerFragment } from './gql/graphql.js';
import type { Outcome, PartnerApi } from './partnerApi.js';

const group = { group: { groupId: '0c65e46a-e46a-0c65-6ae4-650c6ae4650c' } };

/** Changes a property, meets a conflict, and changes single assignments. */
export async function changePartner(
  api: PartnerApi,
  list: Checklist,
  partner: PartnerFragment,
): Promise<void> {
  const { id, revision } = partner;
  const displayName = `${partner.displayName} (renamed)`;

  list.begin('Update a partner');
  const renamed = await api.update({ id, ifRevision: revision, displayName });
  const { revision: newRevision, ...changed } = resultOf(renamed) ?? partner;
  const { revision: _, ...before } = partner;
  list.expect('the name is new, all else as before', changed, { ...before, displayName });
  list.expect('the revision is another one', newRevision === revision, false);
  list.expect('the cache has the new name without a read', api.known(id)?.displayName, displayName);

  const late = await api.update({ id, ifRevision: revision, displayName: 'Too late' });
  list.expect('an update of an old revision is a conflict', codesOf(late), ['CONFLICT']);
  list.expect(
    'which shows the partner as it is now',
    late.kind === 'refused' && late.current?.displayName,
    displayName,
  );

  list.begin('Change single assignments');
  const assignment = { id, platform: 'MAC_OS', target: group } as const;
  for (const wanted of [true, false]) {
    const outcome = await api.addAssignment(assignment);
    list.expect(`the group is added: ${wanted}`, resultOf(outcome)?.changed, wanted);
  }
  list.expect('the assignment that was there is kept', targetsOf(api.known(id)), [
    'all licensed users',
    `the group ${group.group.groupId}`,
  ]);
  for (const wanted of [true, false]) {
    const outcome = await api.removeAssignment(assignment);
    list.expect(`the group is removed: ${wanted}`, resultOf(outcome)?.changed, wanted);
  }
  list.expect('the other one is still there', targetsOf(api.known(id)), ['all licensed users']);
}

function resultOf<Value>(outcome: Outcome<Value>): Value | undefined {
  return outcome.kind === 'done' ? outcome.value : undefined;
}

function codesOf(outcome: Outcome<unknown>): readonly string[] {
  return outcome.kind === 'refused' ? outcome.problems.map(({ code }) => code) : [];
}

function targetsOf(partner: PartnerFragment | null): readonly string[] | undefined {
  return partner?.macOsEnrollmentAssignments?.map(({ target }) => describeTarget(target));
}
