import { hash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  type ASTNode,
  type DocumentNode,
  type ExecutableDefinitionNode,
  type GraphQLSchema,
  isExecutableDefinitionNode,
  Kind,
  parse,
  print,
  type SelectionNode,
  specifiedRules,
  validate,
} from 'graphql';
import type { Limits } from '../config/http.ts';
import { ConfigError } from '../config/readers.ts';
import type { Clock } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/forms.ts';
import { findJsonProblem, isJsonObject, parseJson } from '../shared/json.ts';
import { createLoopShare, forEachUnit, type LoopShare } from '../shared/loopShare.ts';
import { NamedFileError, readNamedFile } from '../shared/namedFile.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { createLimitsRule, knownOperationTypes } from './limits.ts';

/** The documents that a manifest lists. */
export interface TrustedDocuments {
  readonly mode: 'log-unknown' | 'enforce';
  /** The text of the document with an id, `sha256:` before it or not. */
  find(id: string): string | undefined;
  /** Whether a text is one of the documents, in any spelling. */
  has(text: string): boolean;
  /** Whether a text is a spelling of a document that `find` gave. */
  areSame(text: string, document: string): boolean;
}

/** Gives what `print` makes of a text, remembered if possible: a text is parsed for it. */
type SpellingOf = (text: string, print: (text: string) => string) => string;

/** Builds the look-up from texts by their hashes; texts with more tokens than `maximumTokens` are not read. */
export async function createTrustedDocuments(
  mode: TrustedDocuments['mode'],
  texts: ReadonlyMap<string, string>,
  maximumTokens: number,
  share: LoopShare,
  spellingOf: SpellingOf = (text, print) => print(text),
): Promise<TrustedDocuments> {
  const spelling = (text: string): string => canonicalText(text, maximumTokens) ?? text;
  const byId = new Map([...texts].map(([id, text]) => [bareId(id), text]));
  const spellings = new Map<string, string>();
  const all = [...new Set(texts.values())];
  await forEachUnit(share, all.length, (index) => {
    const text = all[index] as string;
    spellings.set(text, spelling(text));
  });
  const known = new Set(spellings.values());
  return {
    mode,
    find: (id) => byId.get(bareId(id)),
    has: (text) => spellings.has(text) || known.has(spellingOf(text, spelling)),
    areSame: (text, document) =>
      text === document || spellingOf(text, spelling) === spellings.get(document),
  };
}

/** An id without the prefix that GraphQL over HTTP has for hashes. */
export function bareId(id: string): string {
  return id.replace(/^sha256:/, '');
}

/** Looking at the files works on all file systems, and with the links that Kubernetes swaps in a volume. */
const intervalMs = 5_000;
const longestReason = 500;

interface WatchParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'trustedDocumentsReloaded'>;
}

/**
 * Loads a manifest, and reads it again whenever its files change. If it cannot be used then, the documents from before
 * stay, and the log says why. @throws ConfigError if it cannot be used at first.
 */
export async function watchTrustedDocuments(
  place: ManifestPlace,
  rules: ManifestRules,
  { clock, log, measurements }: WatchParts,
) {
  // Before the documents are read: what changes meanwhile is seen the next time.
  let state = await readState(place.path);
  let current = await loadTrustedDocuments(place, rules);
  let isStopped = false;
  let stopTimer = (): void => undefined;

  async function look(): Promise<void> {
    try {
      const newState = await readState(place.path);
      if (newState === state) {
        return;
      }
      state = newState;
      current = await loadTrustedDocuments(place, rules);
      measurements.trustedDocumentsReloaded('loaded');
      log.info('Reloaded the trusted documents');
    } catch (error) {
      const message = 'Cannot reload the trusted documents; the previous ones stay in use';
      if (error instanceof ConfigError) {
        measurements.trustedDocumentsReloaded('rejected');
        log.error(message, { reason: error.problems.join(' ').slice(0, longestReason) });
      } else {
        log.error(message, {}, error);
      }
    }
  }

  function schedule(): void {
    stopTimer = clock.startTimer(intervalMs, async () => {
      await look();
      if (!isStopped) {
        schedule();
      }
    });
  }

  schedule();
  return {
    /** Those that were loaded last. */
    documents: () => current,
    stop(): void {
      isStopped = true;
      stopTimer();
    },
  };
}

/** What the documents of a manifest are measured by. */
export interface ManifestRules {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
  readonly spellingOf?: SpellingOf;
}

/**
 * Reads a manifest: a JSON object of texts by their hashes, as GraphQL Code Generator's client preset and Relay's compiler
 * write it, or Apollo's manifest of persisted queries. Adds its documents, and gives everything that is wrong with it,
 * documents that this gateway would reject included. Lets others go on between documents, because it is also read while
 * the gateway serves.
 */
async function readManifest(
  text: string,
  documents: Map<string, string>,
  rules: ManifestRules,
  share: LoopShare,
): Promise<readonly string[]> {
  const value = parseJson(text);
  if (!isJsonObject(value)) {
    return ['it must be a JSON object with documents by their hashes'];
  }
  const problem = findJsonProblem(text, value);
  if (problem !== undefined) {
    return [problem];
  }
  const entries = value['format'] === apolloFormat ? apolloEntries(value) : Object.entries(value);
  if (entries === undefined) {
    return [`of the format ${apolloFormat}, only version 1 with "operations" is known`];
  }
  const problems = entries.length === 0 ? ['it has no documents'] : [];
  await forEachUnit(share, entries.length, (index) => {
    const [id, document] = entries[index] as readonly [string, unknown];
    for (const found of findDocumentProblems(id, document, rules)) {
      problems.push(`document ${nameOf(id, index)}: ${found}`);
    }
    documents.set(id, String(document));
  });
  return problems;
}

const apolloFormat = 'apollo-persisted-query-manifest';

/** The ids and texts of Apollo's manifest; undefined if it has another form. */
function apolloEntries({
  version,
  operations,
}: Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] | undefined {
  return version === 1 && Array.isArray(operations)
    ? operations.map((operation: unknown) =>
        isJsonObject(operation) ? [String(operation['id']), operation['body']] : ['', undefined],
      )
    : undefined;
}

/** A name that is no hash may be anything: what is reported ends in logs, and the file may be a wrong one. */
const nameOf = (id: string, index: number): string =>
  /^(sha256:)?[\da-f]{32,64}$/i.test(id) ? id : `number ${index + 1}`;

function findDocumentProblems(id: string, text: unknown, rules: ManifestRules): readonly string[] {
  if (typeof text !== 'string') {
    return ['it must be a text'];
  }
  const { limits } = rules;
  const bytes = Buffer.byteLength(text);
  if (!isHashOf(id, text)) {
    return ['the name is not the SHA-256, SHA-1 or MD5 of the text'];
  }
  return bytes > limits.documentBytes
    ? [`it has ${bytes} bytes, and LIMIT_DOCUMENT_BYTES allows ${limits.documentBytes}`]
    : findGraphQLProblems(text, rules);
}

/** Hashes are checked, so that a manifest that was changed or mixed up by hand does not start. */
function isHashOf(id: string, text: string): boolean {
  const bare = bareId(id);
  const isHash = (algorithm: string) => bare === hash(algorithm, text);
  return isHash('sha256') || (bare === id && (isHash('sha1') || isHash('md5')));
}

function findGraphQLProblems(text: string, { schema, limits }: ManifestRules): string[] {
  let document: DocumentNode;
  try {
    document = parse(text, { maxTokens: limits.tokens });
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  const rules = [...specifiedRules, knownOperationTypes, createLimitsRule(limits)];
  return validate(schema, document, rules).map(({ message }) => message);
}

/** Where the manifest is: a file, or a directory of them. */
interface ManifestPlace {
  readonly mode: TrustedDocuments['mode'];
  readonly path: string;
}

const maximumFiles = 100;

/** Loads the manifest once. @throws ConfigError that lists every problem, each with the variable that leads to the file. */
export async function loadTrustedDocuments(
  { mode, path }: ManifestPlace,
  rules: ManifestRules,
): Promise<TrustedDocuments> {
  const documents = new Map<string, string>();
  const problems: string[] = [];
  const share = createLoopShare();
  try {
    const files = await findFiles(path);
    for (const file of files) {
      const text = (await readNamedFile(file)).toString('utf8');
      const place = file === path ? '' : `${basename(file)}: `;
      const found = await readManifest(text.replace(/^\uFEFF/, ''), documents, rules, share);
      for (const problem of found) {
        problems.push(
          `TRUSTED_DOCUMENTS_PATH cannot be used: ${place}${problem.replace(/\.$/, '')}.`,
        );
      }
    }
  } catch (error) {
    if (!(error instanceof NamedFileError)) {
      throw error;
    }
    problems.push(`TRUSTED_DOCUMENTS_PATH cannot be read: ${error.reason}.`);
  }
  if (problems.length > 0) {
    throw new ConfigError(problems);
  }
  return createTrustedDocuments(mode, documents, rules.limits.tokens, share, rules.spellingOf);
}

/** A text that is another one once a file of the manifest has changed. It is no reason to fail that there is none. */
async function readState(path: string): Promise<string> {
  try {
    const files = await findFiles(path);
    const states = await Promise.all(files.map((file) => stat(file)));
    return JSON.stringify(
      states.map(({ ino, mtimeMs, size }, index) => [files[index], ino, mtimeMs, size]),
    );
  } catch (error) {
    return error instanceof NamedFileError ? error.reason : (errnoCodeOf(error) ?? 'unknown');
  }
}

/** The files of a manifest in the order of their names. @throws NamedFileError */
async function findFiles(path: string): Promise<readonly string[]> {
  let entries: readonly string[];
  try {
    entries = await readdir(path);
  } catch (error) {
    const code = errnoCodeOf(error);
    if (code === 'ENOTDIR') {
      return [path];
    }
    throw new NamedFileError(code ?? 'unknown', code);
  }
  const names = entries.filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  if (names.length === 0 || names.length > maximumFiles) {
    const count = names.length === 0 ? 'no' : `more than ${maximumFiles}`;
    throw new NamedFileError(`the directory has ${count} files with names that end in .json`);
  }
  return names.sort().map((name) => join(path, name));
}

/**
 * Gives one text for all spellings of a document: white space, comments, and the order of definitions, variables,
 * fields and arguments make no difference, because code generators sort what clients then send unsorted. The order of
 * mutations does. Undefined if the text is no document of operations and fragments, or has more tokens.
 */
function canonicalText(text: string, maxTokens: number): string | undefined {
  try {
    const { definitions } = parse(text, { noLocation: true, maxTokens });
    return definitions.every(isExecutableDefinitionNode)
      ? sorted(definitions.map((definition) => textOf(definition, isMutation(definition))))
      : undefined;
  } catch {
    return undefined;
  }
}

const sorted = (texts: readonly string[]): string => [...texts].sort().join(' ');

const isMutation = (definition: ExecutableDefinitionNode): boolean =>
  definition.kind === Kind.OPERATION_DEFINITION
    ? definition.operation === 'mutation'
    : definition.typeCondition.name.value === 'Mutation';

/** What is printed apart, or makes no difference. */
const bare = {
  description: undefined,
  arguments: [],
  variableDefinitions: [],
  selectionSet: { kind: Kind.SELECTION_SET, selections: [] },
};

/**
 * Built from the inside out, so that nothing is printed once for each level around it. Directives are applied in their
 * order, so it stays.
 */
function textOf(node: ExecutableDefinitionNode | SelectionNode, isOrdered: boolean): string {
  const given: readonly ASTNode[] =
    ('arguments' in node && node.arguments) ||
    ('variableDefinitions' in node && node.variableDefinitions) ||
    [];
  const { selections = [] } = ('selectionSet' in node && node.selectionSet) || {};
  const inside = selections.map((one) => textOf(one, isOrdered && one.kind !== Kind.FIELD));
  const head = `${print({ ...node, ...bare } as ASTNode)}(${sorted(given.map(print))})`;
  return `${head}{${isOrdered ? inside.join(' ') : sorted(inside)}}`;
}
