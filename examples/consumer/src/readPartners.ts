import type { Checklist } from './checklist.js';
import type { PartnerFragment, PartnerPageQueryVariables } from './gql/graphql.js';
import type { PartnerApi } from './partnerApi.js';

/** Reads one partner by its id, then all whose name has the prefix, from Z to A and two at a time. */
export async function readPartners(
  api: PartnerApi,
  list: Checklist,
  added: readonly PartnerFragment[],
  prefix: string,
): Promise<void> {
  list.begin('Read partners');
  const { authMode, operations } = await api.viewer();
  list.say(`the gateway works in the mode ${authMode}`);
  const refused = operations.filter(({ isPermitted }) => isPermitted === false);
  list.expect('the token refuses nothing', refused, []);
  for (const partner of added.slice(0, 1)) {
    list.expect('a partner is found by its id', await api.find(partner.id), partner);
    list.expect('a partner is refetched as a node', await api.refetch(partner.id), partner);
  }

  const ids = added.map(({ id }) => id);
  list.expect('several are found at once', await api.findAll(ids), added);

  const names: (string | null)[] = [];
  const sizes: number[] = [];
  const counts = new Set<number>();
  const question: PartnerPageQueryVariables = {
    first: 2,
    filter: { displayName: { startsWith: prefix }, not: { partnerState: { eq: 'TERMINATED' } } },
    orderBy: [{ field: 'DISPLAY_NAME', direction: 'DESC' }],
  };
  for await (const page of api.pages(question)) {
    sizes.push(page.nodes.length);
    counts.add(page.totalCount);
    names.push(...page.nodes.map(({ displayName }) => displayName));
    list.say(`a page with ${page.nodes.length} of ${page.totalCount}`);
  }
  const wanted = added.map(({ displayName }) => displayName).sort();
  list.expect('all pages together have them in order', names, wanted.reverse());
  list.expect('the pages are as long as asked for', sizes, [2, 1]);
  list.expect('every page counts the whole list', [...counts], [added.length]);
}
