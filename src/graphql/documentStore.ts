import { hash } from 'node:crypto';
import type { ApolloServerOptions, BaseContext } from '@apollo/server';
import type { DocumentNode, FieldNode, OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { RequestContext } from '../partners/context.ts';
import { type DocumentMeasure, type LimitViolation, measureDocument } from './limits.ts';
import { findRootFields, isListField } from './operationWork.ts';
import type { Plan } from './plan/plan.ts';

type Store = NonNullable<ApolloServerOptions<BaseContext>['documentStore']>;

/** Looks up documents by Apollo's key, and all that is known of them. */
export interface DocumentStore {
  /** Where Apollo looks for a document by its hash before it parses and validates the text. */
  readonly store: Store;
  /** What is known of a document, kept or not. */
  recordOf(document: DocumentNode): DocumentRecord;
  /** Gives the one spelling of a text that `print` finds; a document that is kept remembers its own. */
  spellingOf(text: string, print: (text: string) => string): string;
  /** Keeps the document of an operation that was executed for a caller whose token was accepted. */
  keep(record: DocumentRecord, context: Pick<RequestContext, 'isTokenAccepted'>): void;
  /** How much is kept, in bytes, as estimated. */
  readonly bytes: () => number;
}

/** All that is known of a parsed document: found once, kept under one key, gone with the document. */
export class DocumentRecord {
  readonly document: DocumentNode;
  /** Apollo's key, from the moment that the document was found valid. */
  key: string | undefined;
  /** The limits that the document is beyond, if those are tolerated. */
  tolerated: readonly LimitViolation[] = [];
  /** The text for all spellings of the document, if a manifest asked for it. */
  spelling: string | undefined;
  /** What it took when it was kept. */
  keptBytes = 0;
  #measure: DocumentMeasure | undefined;
  readonly #operations = new Map<OperationDefinitionNode, OperationRecord>();
  #documentBytes: number | undefined;

  constructor(document: DocumentNode) {
    this.document = document;
  }

  get measure(): DocumentMeasure {
    this.#measure ??= measureDocument(this.document);
    return this.#measure;
  }

  operation(operation: OperationDefinitionNode): OperationRecord {
    const known = this.#operations.get(operation) ?? new OperationRecord(operation, this.document);
    this.#operations.set(operation, known);
    return known;
  }

  /** The memory that all of this takes, as estimated. Plans grow with what is asked of them. */
  bytes(): number {
    this.#documentBytes ??= bytesOf(this.document);
    let bytes = this.#documentBytes + bytesPerCharacter * (this.spelling?.length ?? 0);
    for (const { plan } of this.#operations.values()) {
      bytes += bytesPerPlannedField * (plan?.fields() ?? 0);
    }
    return bytes;
  }
}

/** What is known of one operation of a document. */
export class OperationRecord {
  readonly operation: OperationDefinitionNode;
  /** The fields at its root, those of fragments included; whether skipped or not. */
  readonly rootFields: readonly FieldNode[];
  /** The lists among them, each response key once, because GraphQL executes it once. */
  readonly lists: readonly FieldNode[];
  /** Undefined until the operation is executed first. */
  plan: Plan | undefined;

  constructor(operation: OperationDefinitionNode, document: DocumentNode) {
    this.operation = operation;
    this.rootFields = findRootFields(operation, document);
    const lists = this.rootFields.filter(isListField);
    this.lists = [
      ...new Map(lists.map((field) => [(field.alias ?? field.name).value, field])).values(),
    ];
  }
}

/**
 * Keeps what is known of valid documents, the least recently used of them as long as there is room. A document is kept
 * only after its operation was executed for an accepted token, so that unknown callers leave nothing behind.
 */
export function createDocumentStore(maximumBytes: number): DocumentStore {
  const kept = new LRUCache<string, DocumentRecord>({ maxSize: maximumBytes });
  /** Apollo stores a document before anything is known of the caller: the record waits here, as long as the document. */
  const records = new WeakMap<DocumentNode, DocumentRecord>();

  function recordOf(document: DocumentNode): DocumentRecord {
    const record = records.get(document) ?? new DocumentRecord(document);
    records.set(document, record);
    return record;
  }

  return {
    store: {
      get: async (key) => kept.get(bareKey(key))?.document,
      set: async (key, document) => {
        recordOf(document).key = bareKey(key);
      },
      delete: async (key) => kept.delete(bareKey(key)),
    },
    recordOf,
    spellingOf(text, print) {
      const record = kept.get(hash('sha256', text));
      const spelling = record?.spelling ?? print(text);
      if (record !== undefined) {
        record.spelling = spelling;
      }
      return spelling;
    },
    keep(record, context) {
      const { key } = record;
      if (key === undefined) {
        return;
      }
      const bytes = record.bytes();
      const isKept = kept.peek(key) === record && record.keptBytes === bytes;
      if (!isKept && context.isTokenAccepted()) {
        record.keptBytes = bytes;
        kept.set(key, record, { size: bytes });
      }
    },
    bytes: () => kept.calculatedSize,
  };
}

/** Apollo writes the hash of the schema before that of the text; a store has one schema. */
const bareKey = (key: string): string => key.slice(key.lastIndexOf(':') + 1);

/** Measured on 15 shapes of documents with graphql-js 16: the estimate is 0.95 to 2.8 times the truth. */
const bytesPerDocument = 1_000;
const bytesPerCharacter = 2;
/** graphql-js keeps all tokens of a document in a chain, comments included. */
const bytesPerLink = 100;
/** A printer of a compiled plan, with its key, its arguments and what it is made of. */
const bytesPerPlannedField = 1_000;
/** The nodes that a token stands for, with their locations and lists. */
const bytesPerToken = 400;

/** Estimates the memory that a parsed document takes. It depends on its tokens far more than on its text. */
export function bytesOf({ loc, tokenCount = 0 }: DocumentNode): number {
  let links = 0;
  for (let token = loc?.startToken; token; token = token.next ?? undefined) {
    links += 1;
  }
  const characters = loc?.source.body.length ?? 0;
  return (
    bytesPerDocument +
    bytesPerCharacter * characters +
    bytesPerLink * links +
    bytesPerToken * tokenCount
  );
}
