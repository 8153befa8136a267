import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, parse } from 'graphql';
import { readConfig } from '../../src/config/config.ts';
import { createAdmission } from '../../src/graphql/admission.ts';
import { createDocumentStore } from '../../src/graphql/documents.ts';
import { RequestProblem } from '../../src/graphql/errorFormat.ts';
import { measureDocument } from '../../src/graphql/limits.ts';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import { loadTrustedDocuments } from '../../src/graphql/trusted.ts';
import { silentLog } from '../support/logs.ts';
import { recordingMeasurements } from '../support/measurements.ts';
import { createManifestFolder } from '../support/persistedDocuments.ts';

/** What is allowed if nothing is configured. */
const { limits } = readConfig({});
const schema = createSchema(readSdl());
const folder = createManifestFolder();
afterAll(folder.remove);

const hash = (text: string, algorithm = 'sha256'): string =>
  createHash(algorithm).update(text).digest('hex');
const manifestOf = (...texts: string[]): string =>
  JSON.stringify(Object.fromEntries(texts.map((text) => [hash(text), text])));
const read = (text: string, rules = { schema, limits }) =>
  loadTrustedDocuments({ mode: 'enforce', path: folder.write(text) }, rules);

describe('a trusted document', () => {
  const small = buildSchema(`
    directive @s(a: Int) repeatable on FIELD | FRAGMENT_SPREAD
    interface I { b: Int }
    type Query implements I { a(x: Int, y: String, l: [Int]): Int b: Int o(x: Int, y: String): Query }
    type Mutation { a: Int b: Int o: Query }`);

  const spread = (order: string) => `{ o { ${order} } } ${part}`;
  const part = 'fragment F on Query { a }';
  const marked = '...F @s(a: 1) @s(a: 2)';
  const ofMutations = (order: string) => `mutation { ...M } fragment M on Mutation { ${order} }`;
  const tooLong = `{ ${'a '.repeat(1000)} }`;

  const swapped = '{ a(l: [$w], x: $v) }';

  // A document, `=` its other spellings, and `!` other documents.
  it.each([
    ['{ a b }', '={\n  b, # comment\n  a\n}', '=query { a b }', '!{ a }', '!{ a b b }'],
    ['{ a b }', '!{ x: a b }', '!mutation { a b }', '!query A { a b }'],
    ['{ a }', '={ a } # mine', '!', '!{', '!{ a @skip(if: false) }', `!${tooLong}`],
    ['{ a }', '!type Query { a: Int }', '!{ a } type T { a: Int }'],
    ['{ o(x: 1, y: "2") { a b } a }', '={ a o(y: "2", x: 1) { b a } }'],
    ['{ o(x: 1, y: "2") { a } a }', '!{ o(x: 2, y: "2") { a } a }', '!{ o(x: 1, y: 2) { a } a }'],
    ['{ o(x: 1, y: "2") { a b } a }', '!{ o(x: 1, y: "2") { b } a a }'],
    ['{ a(l: [1, 2]) }', '!{ a(l: [2, 1]) }'],
    ['query ($v: Int, $w: Int) { a(x: $v, l: [$w]) }', `=query ($w: Int, $v: Int) ${swapped}`],
    ['query ($v: Int) { a(x: $v) }', '!query ($v: Int = 1) { a(x: $v) }'],
    [spread(`... on I { b } ${marked}`), `=${part} { o { ${marked} ... on I { b } } }`],
    [spread(`... on I { b } ${marked}`), `!${spread(`... on Query { b } ${marked}`)}`],
    [spread(marked), `!${spread('...F @s(a: 2) @s(a: 1)')}`],
    ['mutation { o { a b } }', '=mutation { o { b a } }'],
    ['mutation { a b }', '!mutation { b a }'],
    ['mutation { ... { a b } }', '!mutation { ... { b a } }'],
    [ofMutations('a b'), `!${ofMutations('b a')}`],
  ])('%s is known in other spellings of itself only', async (...[text, ...others]) => {
    const trusted = await read(manifestOf(text), { schema: small, limits });
    const found = others.map((other) =>
      [trusted.has, trusted.areSame].map((is) => is(other.slice(1), text)),
    );
    expect([trusted.has(text), trusted.areSame(text, text)]).toEqual([true, true]);
    expect(found).toEqual(others.map((other) => [other.startsWith('='), other.startsWith('=')]));
  });

  it('has its spelling found once if it is kept, and each time if it is not', async () => {
    const { store, recordOf, keep, spellingOf } = createDocumentStore(65_536);
    const document = parse('{ a }');
    let printed = 0;
    const spell = () => spellingOf('{ a }', () => String(++printed));
    await store.set(`schema:${hash('{ a }')}`, document);
    keep(recordOf(document), { isTokenAccepted: () => false });
    expect([spell(), spell()]).toEqual(['1', '2']);
    keep(recordOf(document), { isTokenAccepted: () => true });
    expect([spell(), spell(), printed]).toEqual(['3', '3', 3]);
  });
});

const known = '{ viewer { tenantId } }';
const respelled = 'query {\n  viewer { tenantId } # mine\n}';
const typename = '{ __typename }';
const [id, sha1, strange] = [hash(known), hash(typename, 'sha1'), 'b'.repeat(64)];
const path = folder.write({ [`sha256:${id}`]: known, [sha1]: typename });
const unknown = 'TRUSTED_DOCUMENT_UNKNOWN, rejected';
const mismatch = 'TRUSTED_DOCUMENT_MISMATCH';
const off = 'TRUSTED_DOCUMENTS_OFF';

type Named = Partial<Record<'query' | 'documentId' | 'sha256Hash', unknown>>;

/** What a request leads to: the text that is executed, or the code; and what is noted of an unknown document. */
async function decide(
  mode: 'off' | 'log-unknown' | 'enforce',
  { sha256Hash, ...named }: Named,
): Promise<string> {
  const rules = { schema, limits };
  const trusted = mode === 'off' ? undefined : await loadTrustedDocuments({ mode, path }, rules);
  const measurements = recordingMeasurements();
  const parts = { limits, trusted: trusted && (() => trusted), log: silentLog, measurements };
  const asked = sha256Hash !== undefined && { extensions: { persistedQuery: { sha256Hash } } };
  const body = { ...named, ...asked };
  let outcome: unknown;
  try {
    const admitted = createAdmission(parts)({ id: 'id', method: 'POST', body, search: '' });
    outcome = (admitted.body as Named).query ?? 'nothing';
  } catch (error) {
    outcome = error instanceof RequestProblem && error.body.errors[0].extensions.code;
  }
  return [outcome, ...measurements.events].join(', ').replace('untrusted document ', '');
}

describe('the document of a request', () => {
  it.each<[Named, string, string, string]>([
    // What is sent, and what is executed with the modes off, log-unknown and enforce.
    [{}, 'nothing', 'nothing', 'nothing'],
    [{ query: known }, known, known, known],
    [{ query: '{ other }' }, '{ other }', '{ other }, warned', unknown],
    [{ query: '{ no graphql' }, '{ no graphql', '{ no graphql, warned', unknown],
    [{ documentId: id }, off, known, known],
    [{ documentId: sha1 }, off, typename, typename],
    [{ documentId: strange }, off, unknown, unknown],
    [{ documentId: '__proto__' }, off, unknown, unknown],
    [{ documentId: `sha512:${id}` }, off, unknown, unknown],
    [{ documentId: 7 }, off, 'BAD_REQUEST', 'BAD_REQUEST'],
    [{ documentId: id, query: known }, off, known, known],
    [{ documentId: id, query: '{ other }' }, off, mismatch, mismatch],
    [{ sha256Hash: id }, 'nothing', known, known],
    [{ sha256Hash: [id] }, 'nothing', 'BAD_REQUEST', 'BAD_REQUEST'],
    [{ sha256Hash: id, query: respelled }, respelled, known, known],
    [{ sha256Hash: id, query: '{ other }' }, '{ other }', mismatch, mismatch],
    [{ sha256Hash: strange, query: '{ other }' }, '{ other }', '{ other }, warned', unknown],
    [{ sha256Hash: strange, query: known }, known, known, known],
    [{ documentId: `sha256:${id}`, sha256Hash: id }, off, known, known],
    [{ documentId: id, sha256Hash: strange }, off, mismatch, mismatch],
  ])('named by %j', async (named, ...expected) => {
    const modes = ['off', 'log-unknown', 'enforce'] as const;
    expect(await Promise.all(modes.map((mode) => decide(mode, named)))).toEqual(expected);
  });
});

const many = `{ ${'__typename '.repeat(11)} }`;

describe('a manifest', () => {
  const unusable = (...problems: unknown[]) => ({ name: 'ConfigError', problems });

  const apollo = (operations: unknown, version = 1): string =>
    JSON.stringify({ format: 'apollo-persisted-query-manifest', version, operations });

  it('is read with each kind of hash, in the form of Apollo too, and after a byte order mark', async () => {
    for (const id of [`sha256:${hash(known)}`, hash(known, 'sha1'), hash(known, 'md5')]) {
      const trusted = await read(`\uFEFF${JSON.stringify({ [id]: known })}`);
      expect([id, trusted.find(id)]).toEqual([id, known]);
    }
    const operation = { id: hash(known), name: 'Who', type: 'query', body: known };
    expect((await read(apollo([operation]))).find(hash(known))).toBe(known);
  });

  it.each<[string, RegExp]>([
    ['{', /must be a JSON object/],
    ['{}', /has no documents/],
    [`{"${hash(known)}":"{ a }","${hash(known)}":"{ a }"}`, /two members of one name/],
    [JSON.stringify({ [hash(known)]: { query: known } }), /must be a text/],
    [JSON.stringify({ [hash('x')]: known }), /not the SHA-256, SHA-1 or MD5/],
    [JSON.stringify({ [`sha1:${hash(known, 'sha1')}`]: known }), /not the SHA/],
    [`{"__proto__":"${known}"}`, /document number 1: the name is not/],
    [manifestOf('{ viewer'), /Syntax Error/],
    [manifestOf('type Query { a: Int }'), /not executable/],
    [manifestOf('subscription { a }'), /no operations of the kind/],
    [manifestOf(many), /has 11 root fields, and 10 are allowed/],
    [manifestOf(`{ ${'__typename '.repeat(1000)} }`), /more that 1000 tokens/],
    [manifestOf(`${known} #${'x'.repeat(16_384)}`), /LIMIT_DOCUMENT_BYTES allows 16384/],
    [apollo([], 2), /only version 1 with "operations" is known/],
    [apollo([]), /has no documents/],
    [apollo([null]), /document number 1: it must be a text/],
    [apollo([{ body: known }]), /document number 1: the name is not the SHA/],
  ])('is rejected: %s', async (text, problem) => {
    await expect(read(text)).rejects.toMatchObject(unusable(expect.stringMatching(problem)));
  });

  it('is rejected with everything that is wrong, each with the name of its document', async () => {
    const [first, second] = ['{ uno two }', '{ three }'];
    const wrong = (text: string, field: string): string =>
      `TRUSTED_DOCUMENTS_PATH cannot be used: document ${hash(text)}: Cannot query field "${field}" on type "Query".`;
    await expect(read(manifestOf(first, known, second))).rejects.toMatchObject(
      unusable(wrong(first, 'uno'), wrong(first, 'two'), wrong(second, 'three')),
    );
  });

  it.each<[string, string]>([
    ['/nowhere/manifest.json', 'ENOENT.'],
    [import.meta.dirname, 'the directory has no files with names that end in .json.'],
    ['/dev/null', 'it is a device, a pipe or a socket, not a regular file.'],
  ])('is not read from %s', async (path, problem) => {
    const problems = unusable(`TRUSTED_DOCUMENTS_PATH cannot be read: ${problem}`);
    const loading = loadTrustedDocuments({ mode: 'enforce', path }, { schema, limits });
    await expect(loading).rejects.toMatchObject(problems);
  });
});

const measure = (text: string) => measureDocument(parse(text));

describe('measureDocument', () => {
  const directed = 'query ($v: Int @x) @x @y { a @x ... @x { b } ...F @x }';
  const introspecting = '{ x: __schema { y: types { ofType { name } } } a { z: b } }';
  const chain = [...Array(500).keys()].map(
    (index) => `fragment F${index} on Q { ...F${index + 1} x: a ...F${index + 1} }`,
  );
  const multiplied = `{ ...F0 } ${chain.join(' ')} fragment F500 on Q { a }`;
  it.each<[string, Partial<ReturnType<typeof measure>>]>([
    ['{ a }', { depth: 1, 'root-fields': 1, aliases: 0, directives: 0, 'introspection-depth': 0 }],
    ['{ x: a { x: b } ... { y: __typename } }', { aliases: 3, 'root-fields': 2, depth: 2 }],
    [`${directed} fragment F on Q @x { c @x }`, { directives: 8 }],
    ['query A { a { b } } query B { x: a y: a }', { depth: 2, aliases: 2, 'root-fields': 2 }],
    ['{ ...F } fragment F on Q { a ...G } fragment G on Q { b ...F }', { 'root-fields': 2 }],
    ['{ ...Missing a }', { 'root-fields': 1 }],
    ['fragment F on Q { x: a { b } } type Q { a: Int }', { depth: 0, aliases: 0 }],
    [introspecting, { depth: 2, aliases: 3 }],
    [introspecting, { 'introspection-depth': 4, 'introspection-aliases': 2 }],
    // The deepest document that can be allowed.
    [`${'{a'.repeat(1000)}${'}'.repeat(1000)}`, { depth: 1000 }],
    // The work is not done for each of those that fragments multiply.
    [multiplied, { aliases: 1_000_000, 'root-fields': 1_000_000, depth: 1 }],
  ])('of row %#', (text, expected) => {
    expect(measure(text)).toMatchObject(expected);
  });

  /** Selections in which `<n>` stands for a spread of fragment n. */
  const leaves = ['a', 'x: a', 'a @d', '__typename', 'y: __typename @d @e', '<0>', '<1>', '<2>'];
  const branches = fc.constantFrom('b', 'z: b', '... @d', '...', '__schema');
  const selections = fc.letrec<{ selection: string; set: string }>((tie) => ({
    selection: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(...leaves),
      fc.tuple(branches, tie('set')).map((parts) => parts.join(' ')),
    ),
    set: fc
      .array(tie('selection'), { minLength: 1, maxLength: 4 })
      .map((parts) => `{ ${parts.join(' ')} }`),
  })).set;

  it('counts as if fragments stood where they are spread', () => {
    fc.assert(
      fc.property(fc.tuple(selections, selections, selections, selections), ([root, ...all]) => {
        // Each fragment spreads only those behind it; the last one spreads nothing.
        const sets = all.map((set, own) =>
          set.replaceAll(/<(\d)>/g, (spread, index) => (Number(index) > own ? spread : 'c')),
        );
        const expand = (text: string): string =>
          text.replaceAll(/<(\d)>/g, (_spread, index) => `... ${expand(sets[index] ?? '')}`);
        const fragments = sets.map((set, index) => `fragment F${index} on Q ${set}`);
        const spread = [root, ...fragments].join('\n').replaceAll(/<(\d)>/g, '...F$1');
        expect(measure(spread)).toEqual(measure(expand(root)));
      }),
    );
  });
});
