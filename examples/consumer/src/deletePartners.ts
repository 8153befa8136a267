import type { Checklist } from './checklist.js';
import type { PartnerFragment } from './gql/graphql.js';
import type { PartnerApi } from './partnerApi.js';

/** Deletes partners, and meets the answer for what is not there any more. */
export async function deletePartners(
  api: PartnerApi,
  list: Checklist,
  partners: readonly PartnerFragment[],
): Promise<void> {
  list.begin('Delete partners');
  for (const { id } of partners) {
    const outcome = await api.delete({ id });
    list.expect(`${id} is deleted`, outcome, { kind: 'done', value: id });
    list.expect('it is not in the cache', api.known(id), null);
  }
  for (const { id } of partners.slice(0, 1)) {
    const again = await api.delete({ id });
    list.expect(
      'it cannot be deleted twice',
      again.kind === 'refused' && again.problems.map(({ code }) => code),
      ['NOT_FOUND'],
    );
    list.expect('it is not found', await api.find(id), null);
  }
}
