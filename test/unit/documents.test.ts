import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { getIntrospectionQuery, parse } from 'graphql';
import { readConfig } from '../../src/config/config.ts';
import { decideDocument } from '../../src/graphql/admission.ts';
import { createDocumentStore } from '../../src/graphql/documents.ts';
import { measureDocument } from '../../src/graphql/limits.ts';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import { createTrustedDocuments, loadTrustedDocuments } from '../../src/graphql/trusted.ts';
import { wholeLoop } from '../../src/shared/loopShare.ts';
import { addMutation, listQuery, partnerQuery } from '../support/documents.ts';
import { createManifestFolder } from '../support/persistedDocuments.ts';

/** What is allowed if nothing is configured. */
const usualLimits = readConfig({}).limits;

const trustedOf = (mode: 'log-unknown' | 'enforce', texts: ReadonlyMap<string, string>) =>
  createTrustedDocuments(mode, texts, 1000, wholeLoop);

describe('a spelling of a trusted document', () => {
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
  ])('is trusted (%s) for %s and %s', async (isSame, one, other) => {
    const trusted = await trustedOf('enforce', new Map([['', one]]));
    expect([trusted.has(`${one} # it is parsed`), trusted.has(other)]).toEqual([true, isSame]);
  });

  const tooLong = `{ ${'a '.repeat(1000)} }`;
  it.each(['', '{', 'type Query { a: Int }', '{ a } type Query { a: Int }', tooLong])(
    'is only the text itself for what cannot be executed (%#)',
    async (text) => {
      const trusted = await trustedOf('enforce', new Map([['', text]]));
      expect([trusted.has(text), trusted.has(`${text} `)]).toEqual([true, false]);
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
const nothing: Parameters<typeof decideDocument>[0] = {
  query: undefined,
  documentId: undefined,
  persistedHash: undefined,
};

/** The decision in short. */
async function decide(
  mode: 'off' | 'log-unknown' | 'enforce',
  named: Partial<typeof nothing>,
): Promise<string> {
  const trusted = mode === 'off' ? undefined : await trustedOf(mode, manifest);
  const { text, problem, isUnknown } = decideDocument({ ...nothing, ...named }, trusted);
  const code = problem?.body.errors[0].extensions.code;
  return `${code ?? text ?? 'as sent'}${isUnknown ? ', told' : ''}`;
}

const unknown = 'TRUSTED_DOCUMENT_UNKNOWN, told';
const mismatch = 'TRUSTED_DOCUMENT_MISMATCH';
const off = 'TRUSTED_DOCUMENTS_OFF';

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
  it.each<[Partial<typeof nothing>, string, string, string]>([
    // What is sent, and the decisions with the modes off, log-unknown and enforce.
    [{}, 'as sent', 'as sent', 'as sent'],
    [{ query: known }, 'as sent', 'as sent', 'as sent'],
    [{ query: '{ other }' }, 'as sent', 'as sent, told', unknown],
    [{ query: '{ no graphql' }, 'as sent', 'as sent, told', unknown],
    [{ documentId: id }, off, known, known],
    [{ documentId: sha1 }, off, '{ __typename }', '{ __typename }'],
    [{ documentId: strange }, off, unknown, unknown],
    [{ documentId: '__proto__' }, off, unknown, unknown],
    [{ documentId: `sha512:${id}` }, off, unknown, unknown],
    [{ documentId: 7 }, off, 'BAD_REQUEST', 'BAD_REQUEST'],
    [{ persistedHash: id }, 'as sent', known, known],
    [{ persistedHash: [id] }, 'as sent', 'BAD_REQUEST', 'BAD_REQUEST'],
    [{ persistedHash: id, query: respelled }, 'as sent', known, known],
    [{ persistedHash: id, query: '{ other }' }, 'as sent', mismatch, mismatch],
    [{ persistedHash: strange, query: '{ other }' }, 'as sent', 'as sent, told', unknown],
    [{ persistedHash: strange, query: known }, 'as sent', 'as sent', 'as sent'],
    [{ documentId: `sha256:${id}`, persistedHash: id }, off, known, known],
    [{ documentId: id, persistedHash: strange }, off, mismatch, mismatch],
  ])('of %j', async (named, ...expected) => {
    const modes = ['off', 'log-unknown', 'enforce'] as const;
    expect(await Promise.all(modes.map((mode) => decide(mode, named)))).toEqual(expected);
  });
});

const schema = createSchema(readSdl());
const folder = createManifestFolder();
afterAll(folder.remove);

const load = (path: string, limits = usualLimits) =>
  loadTrustedDocuments({ mode: 'enforce', path }, { schema, limits });
const read = (text: string, limits = usualLimits) => load(folder.write(text), limits);
const unusable = (...problems: unknown[]) => ({ name: 'ConfigError', problems });

const hash = (text: string, algorithm = 'sha256'): string =>
  createHash(algorithm).update(text).digest('hex');
const manifestOf = (...texts: string[]): string =>
  JSON.stringify(Object.fromEntries(texts.map((text) => [hash(text), text])));
const good = '{ viewer { tenantId } }';
const many = `{ ${'__typename '.repeat(11)} }`;

describe('a manifest', () => {
  it.each([hash(good), `sha256:${hash(good)}`, hash(good, 'sha1'), hash(good, 'md5')])(
    'is read with a document by %s, with a byte order mark or without',
    async (id) => {
      const text = JSON.stringify({ [id]: good });
      for (const content of [text, `\uFEFF${text}`]) {
        expect((await read(content)).find(id)).toBe(good);
      }
    },
  );

  const apollo = (operations: unknown, more: object = {}): string =>
    JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations, ...more });

  it('is read in the form of Apollo', async () => {
    const operation = { id: hash(good), name: 'Who', type: 'query', body: good };
    expect((await read(apollo([operation]))).find(hash(good))).toBe(good);
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
  ])('is rejected: %.150s', async (text, problem) => {
    await expect(read(text)).rejects.toMatchObject(unusable(expect.stringMatching(problem)));
  });

  it('is rejected with everything that is wrong, each with the name of its document', async () => {
    const [first, second] = ['{ uno two }', '{ three }'];
    const wrong = (text: string, field: string): string =>
      `TRUSTED_DOCUMENTS_PATH cannot be used: document ${hash(text)}: Cannot query field "${field}" on type "Query".`;
    await expect(read(manifestOf(first, good, second))).rejects.toMatchObject(
      unusable(wrong(first, 'uno'), wrong(first, 'two'), wrong(second, 'three')),
    );
  });

  it('is read beyond a limit if that only warns', async () => {
    const trusted = await read(manifestOf(many), { ...usualLimits, mode: 'warn-only' });
    expect(trusted.find(hash(many))).toBe(many);
  });

  it.each<[string, string]>([
    ['/nowhere/manifest.json', 'ENOENT.'],
    [import.meta.dirname, 'the directory has no files with names that end in .json.'],
    ['/dev/null', 'it is a device, a pipe or a socket, not a regular file.'],
  ])('is not read from %s', async (path, problem) => {
    const problems = unusable(`TRUSTED_DOCUMENTS_PATH cannot be read: ${problem}`);
    await expect(load(path)).rejects.toMatchObject(problems);
  });
});

const measure = (text: string) => measureDocument(parse(text));

describe('measureDocument', () => {
  it.each<[string, Partial<ReturnType<typeof measure>>]>([
    ['{ a }', { depth: 1, 'root-fields': 1, aliases: 0, directives: 0, 'introspection-depth': 0 }],
    ['{ x: a { x: b } ... { y: __typename } }', { aliases: 3, 'root-fields': 2 }],
    [
      '{ ...F ...F } fragment F on Q { x: a { y: b } c }',
      { aliases: 4, 'root-fields': 4, depth: 2 },
    ],
    ['{ r { ...F } } fragment F on Q { a { ...G } } fragment G on R { b { c } }', { depth: 4 }],
    [
      'query ($v: Int @x) @x @y { a @x ... @x { b } ...F @x } fragment F on Q @x { c @x }',
      { directives: 8 },
    ],
    ['query A { a { b } } query B { x: a y: a }', { depth: 2, aliases: 2, 'root-fields': 2 }],
    ['{ ...F } fragment F on Q { a ...F }', { 'root-fields': 1, depth: 1 }],
    ['{ ...F } fragment F on Q { a ...G } fragment G on Q { b ...F }', { 'root-fields': 2 }],
    ['{ ...Missing a }', { 'root-fields': 1 }],
    ['fragment F on Q { x: a { b } }', { depth: 0, aliases: 0 }],
    ['type Q { a: Int }', { depth: 0 }],
    [
      '{ x: __schema { y: types { ofType { name } } } a { z: b } }',
      {
        depth: 2,
        'introspection-depth': 4,
        aliases: 3,
        'introspection-aliases': 2,
        'root-fields': 2,
      },
    ],
    [
      '{ ...F } fragment F on Q { __type(name: "A") { ...T } } fragment T on __Type { x: kind }',
      { depth: 1, 'introspection-depth': 2, 'introspection-aliases': 1 },
    ],
  ])('of %s', (text, expected) => {
    expect(measure(text)).toMatchObject(expected);
  });

  it("leaves room for this project's own operations and for those of tools", () => {
    const everything = { specifiedByUrl: true, directiveIsRepeatable: true, oneOf: true };
    const more = { schemaDescription: true, inputValueDeprecation: true };
    expect(measure(getIntrospectionQuery({ ...everything, ...more }))).toMatchObject({
      'introspection-depth': 15,
      'introspection-aliases': 0,
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
    expect(measure(text)).toMatchObject({ aliases: 1_000_000, 'root-fields': 1_000_000, depth: 1 });
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
