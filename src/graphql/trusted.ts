import { hash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  type ASTNode,
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
import { createLoopShare, forEachUnit } from '../shared/loopShare.ts';
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

/** An id without the prefix that GraphQL over HTTP has for hashes. */
export function bareId(id: string): string {
  return id.replace(/^sha256:/, '');
}

/** Looking at the files works on all file systems, and with the links that Kubernetes swaps in a volume. */
const intervalMs = 5_000;
const longestReason = 500;

/** What the documents of a manifest are measured by. */
interface ManifestRules {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
  /** Gives what `print` makes of a text, remembered if possible: a text is parsed for it. */
  spellingOf?(text: string, print: (text: string) => string): string;
}

/** Where the manifest is: a file, or a directory of them. */
interface ManifestPlace {
  readonly mode: TrustedDocuments['mode'];
  readonly path: string;
}

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

/** Loads the manifest once. @throws ConfigError that lists every problem, each with the variable that leads to the file. */
export async function loadTrustedDocuments(
  { mode, path }: ManifestPlace,
  rules: ManifestRules,
): Promise<TrustedDocuments> {
  const { limits, spellingOf = (text, print) => print(text) } = rules;
  const spelling = (text: string): string => canonicalText(text, limits.tokens);
  const share = createLoopShare();
  const byId = new Map<string, string>();
  const spellings = new Map<string, string>();
  const problems: string[] = [];

  /** Lets others go on between documents, because manifests are also read while the gateway serves. */
  async function readManifest(text: string): Promise<readonly string[]> {
    const entries = readEntries(text);
    if (typeof entries === 'string') {
      return [entries];
    }
    const found: string[] = [];
    await forEachUnit(share, entries.length, (index) => {
      const [id, document] = entries[index] as ManifestEntry;
      const ofDocument = findDocumentProblems(id, document, rules);
      found.push(...ofDocument.map((problem) => `document ${nameOf(id, index)}: ${problem}`));
      if (typeof document === 'string' && ofDocument.length === 0) {
        byId.set(bareId(id), document);
        spellings.set(document, spelling(document));
      }
    });
    return found;
  }

  try {
    for (const file of await findFiles(path)) {
      const text = (await readNamedFile(file)).toString('utf8').replace(/^\uFEFF/, '');
      const place = file === path ? '' : `${basename(file)}: `;
      for (const problem of await readManifest(text)) {
        const sentence = problem.replace(/\.$/, '');
        problems.push(`TRUSTED_DOCUMENTS_PATH cannot be used: ${place}${sentence}.`);
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
  const known = new Set(spellings.values());
  return {
    mode,
    find: (id) => byId.get(bareId(id)),
    has: (text) => spellings.has(text) || known.has(spellingOf(text, spelling)),
    areSame: (text, document) =>
      text === document || spellingOf(text, spelling) === spellings.get(document),
  };
}

/** An id and what should be a text. */
type ManifestEntry = readonly [string, unknown];

/**
 * Reads a manifest: a JSON object of texts by their hashes, as GraphQL Code Generator's client preset and Relay's compiler
 * write it, or Apollo's manifest of persisted queries. Gives what is wrong if it is neither.
 */
function readEntries(text: string): readonly ManifestEntry[] | string {
  const value = parseJson(text);
  if (!isJsonObject(value)) {
    return 'it must be a JSON object with documents by their hashes';
  }
  const problem = findJsonProblem(text, value);
  if (problem !== undefined) {
    return problem;
  }
  const { format, version, operations } = value;
  let entries: readonly ManifestEntry[] = Object.entries(value);
  if (format === apolloFormat) {
    if (version !== 1 || !Array.isArray(operations)) {
      return `of the format ${apolloFormat}, only version 1 with "operations" is known`;
    }
    entries = operations.map((operation: unknown) =>
      isJsonObject(operation) ? [String(operation['id']), operation['body']] : ['', undefined],
    );
  }
  return entries.length > 0 ? entries : 'it has no documents';
}

const apolloFormat = 'apollo-persisted-query-manifest';

/** A name that is no hash may be anything: what is reported ends in logs, and the file may be a wrong one. */
const nameOf = (id: string, index: number): string =>
  /^(sha256:)?[\da-f]{32,64}$/i.test(id) ? id : `number ${index + 1}`;

/** Everything for which this gateway would reject a document. */
function findDocumentProblems(
  id: string,
  text: unknown,
  { schema, limits }: ManifestRules,
): readonly string[] {
  if (typeof text !== 'string') {
    return ['it must be a text'];
  }
  if (!isHashOf(id, text)) {
    return ['the name is not the SHA-256, SHA-1 or MD5 of the text'];
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.documentBytes) {
    return [`it has ${bytes} bytes, and LIMIT_DOCUMENT_BYTES allows ${limits.documentBytes}`];
  }
  try {
    const document = parse(text, { maxTokens: limits.tokens });
    const rules = [...specifiedRules, knownOperationTypes, createLimitsRule(limits)];
    return validate(schema, document, rules).map(({ message }) => message);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** Hashes are checked, so that a manifest that was changed or mixed up by hand does not start. */
function isHashOf(id: string, text: string): boolean {
  const bare = bareId(id);
  const isHash = (algorithm: string) => bare === hash(algorithm, text);
  return isHash('sha256') || (bare === id && (isHash('sha1') || isHash('md5')));
}

const maximumFiles = 100;

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
 * mutations does. What is no document of operations and fragments, or has more tokens, has no other spelling.
 */
function canonicalText(text: string, maxTokens: number): string {
  try {
    const { definitions } = parse(text, { noLocation: true, maxTokens });
    return definitions.every(isExecutableDefinitionNode)
      ? sorted(definitions.map((definition) => textOf(definition, isMutation(definition))))
      : text;
  } catch {
    return text;
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
