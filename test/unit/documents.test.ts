import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { getIntrospectionQuery, parse } from 'graphql';
import { readConfig } from '../../src/config/config.ts';
import { createDocumentStore } from '../../src/graphql/documentStore.ts';
import { decideDocument, type NamedDocument } from '../../src/graphql/documents.ts';
import { type DocumentMeasure, measureDocument } from '../../src/graphql/limits.ts';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import {
  canonicalText,
  createTrustedDocuments,
  loadTrustedDocuments,
  readManifest,
} from '../../src/graphql/trusted.ts';
import { wholeLoop } from '../../src/shared/loopShare.ts';
import { addMutation, listQuery, partnerQuery } from '../support/documents.ts';
import { createManifestFolder } from '../support/persistedDocuments.ts';

/** What is allowed if nothing is configured. */
const usualLimits = readConfig({}).limits;

describe('canonicalText', () => {
  it.each<[boolean, string, string]>([
    [true, '{ a b }', '{\n  b, # comment\n  a\n}'],
    [true, 'query A { a }', 'query A{a}'],
    [true, '{ a(x: 1, y: "2") { b c } }', '{ a(y: "2", x: 1) { c b } }'],
    [
      true,
      'query ($a: Int, $b: Int = 1) { f(a: $a) }',
      'query ($b: Int = 1, $a: Int) { f(a: $a) }',
    ],
    [true, '{ ...F } fragment F on T { a }', 'fragment F on T { a } query { ...F }'],
    [true, '{ a { ... on B { x y } ...F @s(a: 1) } }', '{ a { ...F @s(a: 1) ... on B { y x } } }'],
    [true, 'mutation { a { x y } }', 'mutation { a { y x } }'],
    [false, '{ a }', '{ b }'],
    [false, '{ a }', '{ a a }'],
    [false, '{ a }', '{ x: a }'],
    [false, '{ a }', 'mutation { a }'],
    [false, 'query A { a }', 'query B { a }'],
    [false, '{ a(x: 1) }', '{ a(x: 2) }'],
    [false, '{ a(x: "1") }', '{ a(x: 1) }'],
    [false, '{ a(x: [1, 2]) }', '{ a(x: [2, 1]) }'],
    [false, '{ a { b } c }', '{ a { b c } }'],
    [false, '{ a { ... on B { x } } }', '{ a { ... on C { x } } }'],
    [false, '{ a @x @y }', '{ a @y @x }'],
    [false, '{ a }', '{ a @skip(if: false) }'],
    [false, 'query ($a: Int) { a }', 'query ($a: Int = 1) { a }'],
    [false, 'mutation { a b }', 'mutation { b a }'],
    [false, 'mutation { ... { a b } }', 'mutation { ... { b a } }'],
    [
      false,
      'mutation { ...F } fragment F on Mutation { a b }',
      'mutation { ...F } fragment F on Mutation { b a }',
    ],
  ])('is the same (%s) for %s and %s', (isSame, one, other) => {
    const text = canonicalText(one, 1000);
    expect(text).toBeDefined();
    expect(text === canonicalText(other, 1000)).toBe(isSame);
  });

  const tooLong = `{ ${'a '.repeat(1000)} }`;
  it.each(['', '{', 'type Query { a: Int }', '{ a } type Query { a: Int }', tooLong])(
    'is not there for what cannot be executed (%#)',
    (text) => {
      expect(canonicalText(text, 1000)).toBeUndefined();
    },
  );
});

const known = '{ viewer { tenantId } }';
const respelled = 'query {\n  viewer { tenantId } # mine\n}';
const id = 'a'.repeat(64);
const strange = 'b'.repeat(64);
const sha1 = 'c'.repeat(40);
const manifest = new Map([
  [`sha256:${id}`, known],
  [sha1, '{ __typename }'],
]);
const nothing = { query: undefined, documentId: undefined, persistedHash: undefined };

/** The decision in short. */
async function decide(
  mode: 'off' | 'log-unknown' | 'enforce',
  named: Partial<NamedDocument>,
): Promise<string> {
  const trusted =
    mode === 'off' ? undefined : await createTrustedDocuments(mode, manifest, 1000, wholeLoop);
  const decision = decideDocument({ ...nothing, ...named }, trusted);
  switch (decision.kind) {
    case 'by-id':
      return decision.text;
    case 'as-sent':
      return decision.isUnknown ? 'as sent, but told' : 'as sent';
    case 'refused':
      return `${decision.problem.body.errors[0].extensions.code}${decision.isUnknown ? ', told' : ''}`;
  }
}

const unknown = 'TRUSTED_DOCUMENT_UNKNOWN, told';
const mismatch = 'TRUSTED_DOCUMENT_MISMATCH';

describe('the spelling of a document', () => {
  it('is found once for a document that is kept, and each time for another', async () => {
    const { store, recordOf, keep, spellingOf } = createDocumentStore(65_536);
    let printed = 0;
    const print = (text: string): string => {
      printed += 1;
      return text.toUpperCase();
    };
    const document = parse(respelled);
    await store.set(`schema:${createHash('sha256').update(respelled).digest('hex')}`, document);
    keep(recordOf(document), { isTokenAccepted: () => false });
    spellingOf(respelled, print);
    spellingOf(respelled, print);
    expect(printed).toBe(2);
    keep(recordOf(document), { isTokenAccepted: () => true });
    spellingOf(respelled, print);
    expect(spellingOf(respelled, print)).toBe(respelled.toUpperCase());
    expect(printed).toBe(3);
  });
});

describe('decideDocument', () => {
  it.each<[Partial<NamedDocument>, string, string, string]>([
    // What is sent, and the decisions with the modes off, log-unknown and enforce.
    [{}, 'as sent', 'as sent', 'as sent'],
    [{ query: known }, 'as sent', 'as sent', 'as sent'],
    [{ query: respelled }, 'as sent', 'as sent', 'as sent'],
    [{ query: '{ other }' }, 'as sent', 'as sent, but told', unknown],
    [{ query: '{ no graphql' }, 'as sent', 'as sent, but told', unknown],
    [{ documentId: id }, 'TRUSTED_DOCUMENTS_OFF', known, known],
    [{ documentId: `sha256:${id}` }, 'TRUSTED_DOCUMENTS_OFF', known, known],
    [{ documentId: sha1 }, 'TRUSTED_DOCUMENTS_OFF', '{ __typename }', '{ __typename }'],
    [{ documentId: strange }, 'TRUSTED_DOCUMENTS_OFF', unknown, unknown],
    [{ documentId: '__proto__' }, 'TRUSTED_DOCUMENTS_OFF', unknown, unknown],
    [{ documentId: `sha512:${id}` }, 'TRUSTED_DOCUMENTS_OFF', unknown, unknown],
    [{ documentId: 7 }, 'TRUSTED_DOCUMENTS_OFF', 'BAD_REQUEST', 'BAD_REQUEST'],
    [{ persistedHash: id }, 'as sent', known, known],
    [{ persistedHash: strange }, 'as sent', unknown, unknown],
    [{ persistedHash: [id] }, 'as sent', 'BAD_REQUEST', 'BAD_REQUEST'],
    [{ persistedHash: id, query: respelled }, 'as sent', known, known],
    [{ persistedHash: id, query: '{ other }' }, 'as sent', mismatch, mismatch],
    [{ persistedHash: strange, query: '{ other }' }, 'as sent', 'as sent, but told', unknown],
    [{ persistedHash: strange, query: known }, 'as sent', 'as sent', 'as sent'],
    [{ documentId: `sha256:${id}`, persistedHash: id }, 'TRUSTED_DOCUMENTS_OFF', known, known],
    [{ documentId: id, persistedHash: strange }, 'TRUSTED_DOCUMENTS_OFF', mismatch, mismatch],
  ])('of %j', async (named, off, logUnknown, enforce) => {
    expect(await decide('off', named)).toBe(off);
    expect(await decide('log-unknown', named)).toBe(logUnknown);
    expect(await decide('enforce', named)).toBe(enforce);
  });
});

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
      const documents = new Map([[id, good]]);
      expect(await read(JSON.stringify({ [id]: good }))).toEqual({ documents });
    },
  );

  const apollo = (operations: unknown, more: object = {}): string =>
    JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations, ...more });

  it("reads Apollo's manifest of persisted queries", async () => {
    const operation = { id: hash(good), name: 'Who', type: 'query', body: good };
    expect(await read(apollo([operation]))).toEqual({ documents: new Map([[hash(good), good]]) });
  });

  it.each<[string, RegExp]>([
    ['{', /must be a JSON object/],
    ['[]', /must be a JSON object/],
    ['{}', /has no documents/],
    [`{"${hash(good)}":"{ a }","${hash(good)}":"{ a }"}`, /two members of one name/],
    [JSON.stringify({ [hash(good)]: { query: good } }), /must be a text/],
    [JSON.stringify({ [hash('x')]: good }), /not the SHA-256, SHA-1 or MD5/],
    [JSON.stringify({ [`sha1:${hash(good, 'sha1')}`]: good }), /not the SHA/],
    [`{"__proto__":"${good}"}`, /document number 1: the name is not/],
    [manifestOf('{ viewer'), /Syntax Error/],
    [manifestOf('{ nothing }'), /Cannot query field "nothing"/],
    [manifestOf('type Query { a: Int }'), /not executable/],
    [manifestOf('subscription { a }'), /no operations of the kind/],
    [manifestOf(many), /has 11 root fields, and 10 are allowed/],
    [manifestOf(`{ ${'__typename '.repeat(1000)} }`), /more that 1000 tokens/],
    [manifestOf(`${good} #${'x'.repeat(16_384)}`), /LIMIT_DOCUMENT_BYTES allows 16384/],
    [apollo([], { version: 2 }), /only version 1 with "operations" is known/],
    [apollo(undefined), /only version 1 with "operations" is known/],
    [apollo([]), /has no documents/],
    [apollo([null]), /document number 1: it must be a text/],
    [apollo([{ id: hash('x'), body: good }]), /: the name is not the SHA/],
    [apollo([{ body: good }]), /document number 1: the name is not the SHA/],
    [apollo([{ id: hash(good) }]), /: it must be a text/],
    [apollo([{ id: hash('{ a }'), body: '{ a }' }]), /Cannot query field/],
  ])('rejects %.150s', async (text, problem) => {
    expect(await problemsOf(text)).toEqual([expect.stringMatching(problem)]);
  });

  it('tells everything that is wrong, each with the name of its document', async () => {
    const [first, second] = ['{ uno two }', '{ three }'];
    expect(await problemsOf(manifestOf(first, good, second))).toEqual([
      `document ${hash(first)}: Cannot query field "uno" on type "Query".`,
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

const folder = createManifestFolder();
afterAll(folder.remove);

const load = (path: string) =>
  loadTrustedDocuments({ mode: 'enforce', path }, { schema, limits: usualLimits });

describe('loadTrustedDocuments', () => {
  it('loads a manifest, with a byte order mark or without', async () => {
    const query = '{ __typename }';
    const id = hash(query);
    const text = JSON.stringify({ [id]: query });
    for (const content of [text, `\uFEFF${text}`]) {
      const loaded = await load(folder.write(content));
      expect('trusted' in loaded && loaded.trusted.find(`sha256:${id}`)).toBe(query);
    }
  });

  it.each<[string, string]>([
    ['/nowhere/manifest.json', 'read: ENOENT.'],
    [import.meta.dirname, 'read: the directory has no files with names that end in .json.'],
    ['/dev/null', 'read: it is a device, a pipe or a socket, not a regular file.'],
    [folder.write('{'), 'used: it must be a JSON object with documents by their hashes.'],
  ])('says what is wrong with %s', async (path, problem) => {
    const problems = [`TRUSTED_DOCUMENTS_PATH cannot be ${problem}`];
    expect(await load(path)).toEqual({ problems });
  });
});

const measure = (text: string): DocumentMeasure => measureDocument(parse(text));

describe('measureDocument', () => {
  it.each<[string, Partial<DocumentMeasure>]>([
    ['{ a }', { depth: 1, rootFields: 1, aliases: 0, directives: 0, introspectionDepth: 0 }],
    ['{ a { b { c } d } e }', { depth: 3, rootFields: 2 }],
    ['{ a { ... { ... on B { b } } } }', { depth: 2, rootFields: 1 }],
    ['{ x: a { x: b } ... { y: __typename } }', { aliases: 3, rootFields: 2 }],
    ['{ a: a }', { aliases: 1 }],
    ['{ ...F ...F } fragment F on Q { x: a { y: b } c }', { aliases: 4, rootFields: 4, depth: 2 }],
    ['{ r { ...F } } fragment F on Q { a { ...G } } fragment G on R { b { c } }', { depth: 4 }],
    [
      'query ($v: Int @x) @x @y { a @x ... @x { b } ...F @x } fragment F on Q @x { c @x }',
      { directives: 8 },
    ],
    ['query A { a { b } } query B { x: a y: a }', { depth: 2, aliases: 2, rootFields: 2 }],
    ['{ ...F } fragment F on Q { a ...F }', { rootFields: 1, depth: 1 }],
    ['{ ...F } fragment F on Q { a ...G } fragment G on Q { b ...F }', { rootFields: 2 }],
    ['{ ...Missing a }', { rootFields: 1 }],
    ['fragment F on Q { x: a { b } }', { depth: 0, aliases: 0 }],
    ['type Q { a: Int }', { depth: 0 }],
    [
      '{ x: __schema { y: types { ofType { name } } } a { z: b } }',
      { depth: 2, introspectionDepth: 4, aliases: 3, introspectionAliases: 2, rootFields: 2 },
    ],
    [
      '{ ...F } fragment F on Q { __type(name: "A") { ...T } } fragment T on __Type { x: kind }',
      { depth: 1, introspectionDepth: 2, introspectionAliases: 1 },
    ],
  ])('of %s', (text, expected) => {
    expect(measure(text)).toMatchObject(expected);
  });

  it("leaves room for this project's own operations and for those of tools", () => {
    const everything = { specifiedByUrl: true, directiveIsRepeatable: true, oneOf: true };
    const more = { schemaDescription: true, inputValueDeprecation: true };
    expect(measure(getIntrospectionQuery({ ...everything, ...more }))).toMatchObject({
      introspectionDepth: 15,
      introspectionAliases: 0,
    });
    expect([addMutation, partnerQuery, listQuery].map((text) => measure(text).depth)).toEqual([
      6, 5, 4,
    ]);
  });

  it('counts what fragments multiply without doing the work for each', () => {
    const chain = Array.from(
      { length: 5000 },
      (_fragment, index) => `fragment F${index} on Q { ...F${index + 1} x: a ...F${index + 1} }`,
    );
    const text = `{ ...F0 } ${chain.slice(0, 500).join(' ')} fragment F500 on Q { a }`;
    expect(measure(text)).toMatchObject({ aliases: 1_000_000, rootFields: 1_000_000, depth: 1 });
  });

  it('bears the deepest documents that can be allowed', () => {
    const depth = 1000;
    expect(measure(`${'{a'.repeat(depth)}${'}'.repeat(depth)}`).depth).toBe(depth);
  });

  it('counts as if fragments stood where they are spread', () => {
    fc.assert(
      fc.property(documents, ({ spread, expanded }) => {
        expect(measure(spread)).toEqual(measure(expanded));
      }),
    );
  });
});

/** Selections in which `<n>` stands for a spread of fragment n. */
const selections = fc.letrec<{ selection: string; set: string }>((tie) => ({
  selection: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('a', 'x: a', 'a @d', '__typename', 'y: __typename @d @e', '<0>', '<1>', '<2>'),
    fc
      .tuple(fc.constantFrom('b', 'z: b', '... @d', '...', '__schema'), tie('set'))
      .map((parts) => parts.join(' ')),
  ),
  set: fc
    .array(tie('selection'), { minLength: 1, maxLength: 4 })
    .map((parts) => `{ ${parts.join(' ')} }`),
})).set;

const documents = fc
  .tuple(selections, selections, selections, selections)
  .map(([root, first, second, third]) => {
    // Each fragment spreads only those behind it; the last one spreads nothing.
    const sets = [
      first.replaceAll('<0>', 'c'),
      second.replaceAll(/<[01]>/g, 'c'),
      third.replaceAll(/<\d>/g, 'c'),
    ];
    const spread = (text: string): string => text.replaceAll(/<(\d)>/g, '...F$1');
    const expand = (text: string): string =>
      text.replaceAll(/<(\d)>/g, (_spread, index) => `... ${expand(sets[Number(index)] ?? '')}`);
    const fragments = sets.map((set, index) => `fragment F${index} on Q ${spread(set)}`);
    return { spread: [spread(root), ...fragments].join('\n'), expanded: expand(root) };
  });
