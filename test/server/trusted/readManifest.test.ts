import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { wholeLoop } from '../../../src/loopShare.ts';
import { createSchema, readSdl } from '../../../src/server/schema.ts';
import { readManifest } from '../../../src/server/trusted/readManifest.ts';
import { usualLimits } from '../../support/usualLimits.ts';

const schema = createSchema(readSdl());
const read = (text: string, limits = usualLimits) =>
  readManifest(text, { schema, limits }, wholeLoop);
const problemsOf = async (text: string) => {
  const manifest = await read(text);
  return 'problems' in manifest ? manifest.problems : [];
};

const hash = (text: string, algorithm = 'sha256'): string =>
  createHash(algorithm).update(text).digest('hex');
const manifestOf = (...texts: string[]): string =>
  JSON.stringify(Object.fromEntries(texts.map((text) => [hash(text), text])));
const good = '{ viewer { tenantId } }';
const many = `{ ${'__typename '.repeat(11)} }`;

describe('readManifest', () => {
  it.each([hash(good), `sha256:${hash(good)}`, hash(good, 'sha1'), hash(good, 'md5')])(
    'reads a document by %s',
    async (id) => {
      expect(await read(JSON.stringify({ [id]: good }))).toEqual({
        documents: new Map([[id, good]]),
      });
    },
  );

  it.each<[string, string, RegExp]>([
    ['no JSON', '{', /must be a JSON object/],
    ['an array', '[]', /must be a JSON object/],
    ['nothing', '{}', /has no documents/],
    [
      'a name twice',
      `{"${hash(good)}":"{ a }","${hash(good)}":"{ a }"}`,
      /two members of one name/,
    ],
    [
      'a value that is no text',
      JSON.stringify({ [hash(good)]: { query: good } }),
      /must be a text/,
    ],
    [
      'the hash of something else',
      JSON.stringify({ [hash('x')]: good }),
      /not the SHA-256, SHA-1 or MD5/,
    ],
    [
      'a prefix of another hash',
      JSON.stringify({ [`sha1:${hash(good, 'sha1')}`]: good }),
      /not the SHA/,
    ],
    ['a name like the prototype', `{"__proto__":"${good}"}`, /document number 1: the name is not/],
    ['no GraphQL', manifestOf('{ viewer'), /Syntax Error/],
    ['a field that is not there', manifestOf('{ nothing }'), /Cannot query field "nothing"/],
    ['types', manifestOf('type Query { a: Int }'), /not executable/],
    ['a subscription', manifestOf('subscription { a }'), /no operations of the kind/],
    ['a document beyond a limit', manifestOf(many), /has 11 root fields, and 10 are allowed/],
    ['too many tokens', manifestOf(`{ ${'__typename '.repeat(1000)} }`), /more that 1000 tokens/],
    [
      'too many bytes',
      manifestOf(`${good} #${'x'.repeat(16_384)}`),
      /LIMIT_DOCUMENT_BYTES allows 16384/,
    ],
  ])('refuses %s', async (_what, text, problem) => {
    expect(await problemsOf(text)).toEqual([expect.stringMatching(problem)]);
  });

  const apollo = (operations: unknown, more: object = {}): string =>
    JSON.stringify({
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations,
      ...more,
    });

  it("reads Apollo's manifest of persisted queries", async () => {
    const operation = { id: hash(good), name: 'Who', type: 'query', body: good };
    expect(await read(apollo([operation]))).toEqual({ documents: new Map([[hash(good), good]]) });
  });

  it.each<[string, string, RegExp]>([
    ['of another version', apollo([], { version: 2 }), /only version 1 with "operations" is known/],
    ['without operations', apollo(undefined), /only version 1 with "operations" is known/],
    ['with none', apollo([]), /has no documents/],
    ['with something else', apollo([null]), /document number 1: it must be a text/],
    ['with the wrong id', apollo([{ id: hash('x'), body: good }]), /: the name is not the SHA/],
    ['without an id', apollo([{ body: good }]), /document number 1: the name is not the SHA/],
    ['without a body', apollo([{ id: hash(good) }]), /: it must be a text/],
    ['with a wrong document', apollo([{ id: hash('{ a }'), body: '{ a }' }]), /Cannot query field/],
  ])("rejects Apollo's manifest %s", async (_what, text, problem) => {
    expect(await problemsOf(text)).toEqual([expect.stringMatching(problem)]);
  });

  it('tells everything that is wrong, each with the name of its document', async () => {
    const [first, second] = ['{ one two }', '{ three }'];
    expect(await problemsOf(manifestOf(first, good, second))).toEqual([
      `document ${hash(first)}: Cannot query field "one" on type "Query".`,
      `document ${hash(first)}: Cannot query field "two" on type "Query".`,
      `document ${hash(second)}: Cannot query field "three" on type "Query".`,
    ]);
  });

  it('takes what is beyond a limit where that only warns', async () => {
    expect(await read(manifestOf(many), { ...usualLimits, mode: 'warn-only' })).toHaveProperty(
      'documents',
    );
  });
});
