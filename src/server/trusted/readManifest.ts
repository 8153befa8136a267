import { createHash } from 'node:crypto';
import { type DocumentNode, type GraphQLSchema, parse, specifiedRules, validate } from 'graphql';
import { isJsonObject, parseJson } from '../../graph/json.ts';
import type { Limits } from '../../graphql/limits.ts';
import { bareId } from '../../graphql/trusted.ts';
import { findJsonProblem } from '../../shared/json.ts';
import type { LoopShare } from '../../shared/loopShare.ts';
import { createLimitsRule } from '../limits/limitsRule.ts';
import { knownOperationTypes } from '../rules/knownOperationTypes.ts';

/** What the documents of a manifest are measured by. */
export interface ManifestRules {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
}

export type Manifest =
  | { readonly documents: ReadonlyMap<string, string> }
  | { readonly problems: readonly string[] };

/**
 * Reads a manifest: a JSON object of texts by their hashes, as GraphQL Code Generator's client preset and Relay's compiler
 * write it, or Apollo's manifest of persisted queries. Gives everything that is wrong with it, documents that this gateway
 * would reject included. Lets others go on between documents, because it is also read while the gateway serves.
 */
export async function readManifest(
  text: string,
  rules: ManifestRules,
  share: LoopShare,
): Promise<Manifest> {
  const value = parseJson(text);
  if (!isJsonObject(value)) {
    return { problems: ['it must be a JSON object with documents by their hashes'] };
  }
  const problem = findJsonProblem(text, value);
  if (problem !== undefined) {
    return { problems: [problem] };
  }
  const entries = value['format'] === apolloFormat ? apolloEntries(value) : Object.entries(value);
  if (entries === undefined) {
    return {
      problems: [`of the format ${apolloFormat}, only version 1 with "operations" is known`],
    };
  }
  if (entries.length === 0) {
    return { problems: ['it has no documents'] };
  }
  const documents = new Map<string, string>();
  const problems: string[] = [];
  for (const [index, [id, document]] of entries.entries()) {
    if (share.isUsedUp()) {
      await share.nextTurn();
    }
    if (typeof document === 'string') {
      documents.set(id, document);
    }
    for (const found of findDocumentProblems(id, document, rules)) {
      problems.push(`document ${nameOf(id, index)}: ${found}`);
    }
  }
  return problems.length === 0 ? { documents } : { problems };
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
  const isHash = (algorithm: string) => bare === createHash(algorithm).update(text).digest('hex');
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
