import { describe, expect, it } from '@jest/globals';
import type { GraphClient } from '../../src/graph/client.ts';
import { GraphNetworkError } from '../../src/graph/errors.ts';
import type { NewPartnerResource, PartnerResource } from '../../src/graph/resource.ts';
import { wholeLoop } from '../../src/loopShare.ts';
import type { RequestContext } from '../../src/resolvers/context.ts';
import {
  createKnownPartnerIds,
  type KnownPartnerIds,
} from '../../src/resolvers/knownPartnerIds.ts';
import { lookForAdded } from '../../src/resolvers/lookForAdded.ts';
import { noteIds } from '../../src/resolvers/noteIds.ts';
import { createPartnerLocks } from '../../src/resolvers/partnerLocks.ts';
import { createPartnerReads } from '../../src/resolvers/partnerReads.ts';
import { testCall } from '../support/graphClients.ts';

type Page = readonly PartnerResource[];

const sent: NewPartnerResource = {
  '@odata.type': '#microsoft.graph.complianceManagementPartner',
  displayName: 'Fleet',
  iosOnboarded: true,
};
const fleet = (id: string): PartnerResource => ({ id, displayName: 'Fleet', iosOnboarded: true });
const other = (id: string): PartnerResource => ({ id, displayName: 'Other' });

/** A context whose Graph has a list of these pages; one that is an error is thrown. */
function contextOf(
  pages: readonly (Page | Error)[],
  knownIds: KnownPartnerIds = createKnownPartnerIds(),
  maximumRows = 1000,
): RequestContext & { readonly pagesRead: () => number } {
  let read = 0;
  const unused = () => Promise.reject(new Error('Only the list is read'));
  const graph: GraphClient = {
    async *listPages() {
      for (const page of pages) {
        await Promise.resolve();
        read += 1;
        if (page instanceof Error) {
          throw page;
        }
        yield page;
      }
    },
    get: unused,
    getSource: unused,
    getMany: unused,
    add: unused,
    update: unused,
    replaceAssignments: unused,
    delete: unused,
  };
  const call = testCall();
  return {
    requestId: 'test-request-id',
    graph: noteIds(graph, knownIds),
    apiVersion: 'beta',
    call,
    reads: createPartnerReads(graph, call, maximumRows),
    share: wholeLoop,
    knownIds,
    authorizer: undefined,
    authMode: 'PASSTHROUGH',
    maximumRows,
    notices: [],
    finish: () => undefined,
    locks: createPartnerLocks(),
    pagesRead: () => read,
  };
}

function knowing(...partners: PartnerResource[]): KnownPartnerIds {
  const knownIds = createKnownPartnerIds();
  knownIds.note(partners);
  return knownIds;
}

describe('lookForAdded', () => {
  it.each<[string, Page[]]>([
    ['the only row', [[fleet('new')]]],
    ['one of several', [[other('a'), fleet('new'), other('b')]]],
    ['on the first page of several', [[fleet('new')], [], [other('a')]]],
    ['on the last page', [[other('a')], [other('b')], [fleet('new')]]],
  ])('finds the partner that fits where it is %s', async (_where, pages) => {
    await expect(lookForAdded(sent, contextOf(pages))).resolves.toEqual(fleet('new'));
  });

  it.each<[string, (Page | Error)[]]>([
    ['there is nothing', [[]]],
    ['nothing fits', [[other('a')], [other('b')]]],
    ['two fit on one page', [[fleet('a'), fleet('b')]]],
    ['two fit on two pages', [[fleet('a')], [fleet('b')]]],
    ['the list cannot be read', [new GraphNetworkError('unavailable', 'Down')]],
    ['its end cannot be read', [[fleet('a')], new GraphNetworkError('unavailable', 'Down')]],
  ])('finds none where %s', async (_what, pages) => {
    await expect(lookForAdded(sent, contextOf(pages))).resolves.toBeUndefined();
  });

  it('does not take a partner that was seen before, so that the new one is the only one', async () => {
    const pages = [[fleet('old'), fleet('new')]];
    await expect(lookForAdded(sent, contextOf(pages, knowing(fleet('old'))))).resolves.toEqual(
      fleet('new'),
    );
    await expect(
      lookForAdded(sent, contextOf([[fleet('old')]], knowing(fleet('old')))),
    ).resolves.toBeUndefined();
  });

  it.each<[string, Page[]]>([
    ['one page', [[fleet('new')]]],
    ['several pages', [[other('a')], [fleet('new')], [other('b')]]],
  ])('gives one partner to one of two looks at the same moment, in %s', async (_what, pages) => {
    const knownIds = createKnownPartnerIds();
    const found = await Promise.all(
      [contextOf(pages, knownIds), contextOf(pages, knownIds)].map((context) =>
        lookForAdded(sent, context),
      ),
    );
    expect(found.filter((partner) => partner !== undefined)).toEqual([fleet('new')]);
  });

  it('stops reading as soon as two fit, and where the list is too long', async () => {
    const twice = contextOf([[fleet('a')], [fleet('b')], [other('c')]]);
    await lookForAdded(sent, twice);
    expect(twice.pagesRead()).toBe(2);
    const long = contextOf([[fleet('a'), other('b')], [other('c')], [other('d')]], undefined, 2);
    await expect(lookForAdded(sent, long)).resolves.toBeUndefined();
    expect(long.pagesRead()).toBe(2);
  });

  it('hides no fault of its own', async () => {
    const context = contextOf([new TypeError('A fault in the program')]);
    await expect(lookForAdded(sent, context)).rejects.toThrow(TypeError);
  });
});
