import { createHash } from 'node:crypto';
import { type DocumentNode, type GraphQLSchema, parse, specifiedRules, validate } from 'graphql';
import { isJsonObject, parseJson } from '../../graph/json.ts';
import { findJsonProblem } from '../../jsonProblem.ts';
import type { Limits } from '../limits/limits.ts';
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
 * Reads a manifest as GraphQL Code Generator's client preset writes it: a JSON object of documents by their hashes.
 * Gives everything that is wrong with it, documents that this gateway would refuse included.
 */
export function readManifest(text: string, rules: ManifestRules): Manifest {
  const value = parseJson(text);
  if (!isJsonObject(value)) {
    return { problems: ['it must be a JSON object with documents by their hashes'] };
  }
  const problem = findJsonProblem(text, value);
  if (problem !== undefined) {
    return { problems: [problem] };
  }
  const entries = Object.entries(value);
  if (entries.length === 0) {
    return { problems: ['it has no documents'] };
  }
  const documents = new Map<string, string>();
  const problems: string[] = [];
  for (const [index, [id, document]] of entries.entries()) {
    if (typeof document === 'string') {
      documents.set(id, document);
    }
    for (const found of findDocumentProblems(id, document, rules)) {
      problems.push(`document ${nameOf(id, index)}: ${found}`);
    }
  }
  return problems.length === 0 ? { documents } : { problems };
}

/** A name that is no hash may be anything: what is told ends in logs, and the file may be a wrong one. */
const nameOf = (id: string, index: number): string =>
  /^(sha256:)?[\da-f]{40,64}$/i.test(id) ? id : `number ${index + 1}`;

function findDocumentProblems(id: string, text: unknown, rules: ManifestRules): readonly string[] {
  if (typeof text !== 'string') {
    return ['it must be a text'];
  }
  const { limits } = rules;
  const bytes = Buffer.byteLength(text);
  if (!isHashOf(id, text)) {
    return ['the name is not the SHA-1 or SHA-256 of the text'];
  }
  return bytes > limits.documentBytes
    ? [`it has ${bytes} bytes, and LIMIT_DOCUMENT_BYTES allows ${limits.documentBytes}`]
    : findGraphQLProblems(text, rules);
}

/** Hashes are checked, so that a manifest that was changed or mixed up by hand does not start. */
function isHashOf(id: string, text: string): boolean {
  const hex = (algorithm: 'sha1' | 'sha256'): string =>
    createHash(algorithm).update(text).digest('hex');
  return id === hex('sha1') || id === hex('sha256') || id === `sha256:${hex('sha256')}`;
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
