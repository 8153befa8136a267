import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { describeViewer, type ViewerFacts } from '../../src/resolvers/describeViewer.ts';
import { readSdl } from '../../src/server/schema.ts';

const facts: ViewerFacts = {
  authMode: 'PASSTHROUGH',
  isVerified: false,
  tenantId: 'tenant',
  clientId: 'client',
  scopes: [],
  roles: [],
  expiresAtMs: Date.UTC(2026, 2, 1),
  permissionsFor: { READ: ['Read', 'ReadWrite'], WRITE: ['ReadWrite'] },
};

const permitted = (change: Partial<ViewerFacts>) =>
  describeViewer({ ...facts, ...change }).operations.map(
    ({ kind, isPermitted, missingPermission }) => `${kind} ${isPermitted} ${missingPermission}`,
  );

const all = (read: string, write: string) => [
  ...Array.from({ length: 2 }, () => `READ ${read}`),
  ...Array.from({ length: 5 }, () => `WRITE ${write}`),
];

describe('describeViewer', () => {
  it.each<[string, Partial<ViewerFacts>, string[]]>([
    ['a user who may read', { scopes: ['Read'] }, all('true null', 'false ReadWrite')],
    ['a user who may write', { scopes: ['ReadWrite'] }, all('true null', 'true null')],
    [
      'a user in another spelling, which lets nobody in',
      { scopes: ['readwrite'] },
      all('false Read', 'false ReadWrite'),
    ],
    ['a user with other scopes', { scopes: ['User.Read'] }, all('false Read', 'false ReadWrite')],
    ['an application that may read', { roles: ['Read'] }, all('true null', 'false ReadWrite')],
    [
      "a user with an application's roles, which do not count",
      { scopes: ['Read'], roles: ['ReadWrite'] },
      all('true null', 'false ReadWrite'),
    ],
    ['a token that says nothing', {}, all('null null', 'null null')],
    [
      'a gateway that cannot know',
      { scopes: ['Read'], permissionsFor: { READ: [], WRITE: [] } },
      all('null null', 'null null'),
    ],
  ])('tells what %s may do', (_what, change, expected) => {
    expect(permitted(change)).toEqual(expected);
  });

  it('tells who calls, until when', () => {
    expect(describeViewer({ ...facts, scopes: ['Read'] })).toMatchObject({
      authMode: 'PASSTHROUGH',
      isVerified: false,
      kind: 'USER',
      tenantId: 'tenant',
      clientId: 'client',
      expiresAt: '2026-03-01T00:00:00.000Z',
    });
    expect(
      describeViewer({ ...facts, roles: ['x'], tenantId: undefined, expiresAtMs: undefined }),
    ).toMatchObject({ kind: 'APPLICATION', tenantId: null, expiresAt: null });
  });

  it('names every query and mutation of the schema but itself', () => {
    const schema = buildSchema(readSdl());
    const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}),
    );
    const named = describeViewer(facts).operations.map(({ name }) => name);
    expect([...named, 'viewer'].sort()).toEqual(fields.sort());
  });
});
