import type { Checklist } from '../checklist.js';
import { type Place, post } from './fetchGraphQL.js';

/** A page of ids. */
export interface Page {
  readonly ids: readonly string[];
  readonly endCursor: string | null;
}

/** What each client is to show, in its own words. */
export interface Client {
  readonly name: string;
  list(first: number, after: string | null): Promise<Page>;
  /** All rows that the client's cache or page shows after two pages; undefined where it keeps none together. */
  shown?(): readonly string[];
  /** The id of what was added. */
  add(displayName: string): Promise<string>;
  /** The name of a partner. */
  read(id: string): Promise<string | null | undefined>;
}

/** Lists, pages, adds and reads back with a client, then deletes what it added. */
export async function tour(client: Client, place: Place, list: Checklist): Promise<void> {
  list.begin(client.name);
  const both = await post<{ complianceManagementPartners: { nodes: { id: string }[] } }>(
    place,
    '{ complianceManagementPartners(first: 4) { nodes { id } } }',
  );
  const ids = both.complianceManagementPartners.nodes.map(({ id }) => id);
  const one = await client.list(2, null);
  list.expect('it lists', one.ids, ids.slice(0, 2));
  const two = await client.list(2, one.endCursor);
  list.expect('it pages', two.ids, ids.slice(2));
  if (client.shown !== undefined) {
    list.expect('it shows both pages together', client.shown(), ids);
  }
  const displayName = `Added by ${client.name} ${Date.now()}`;
  const id = await client.add(displayName);
  try {
    list.expect('it reads back what it added', await client.read(id), displayName);
  } finally {
    const mutation =
      'mutation ($id: ID!) { deleteComplianceManagementPartner(input: { id: $id }) { userErrors { code } } }';
    await post(place, mutation, { id });
  }
}
