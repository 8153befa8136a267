import { hash } from 'node:crypto';
import type { ApolloServerOptions, BaseContext } from '@apollo/server';
import {
  type DocumentNode,
  type FieldNode,
  type OperationDefinitionNode,
  valueFromASTUntyped,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Limits } from '../config/http.ts';
import type { RequestContext } from '../partners/context.ts';
import { defaultRows, maximumRows } from '../partners/list/arguments.ts';
import { maximumEntities } from '../partners/queries.ts';
import { fieldsIn, fragmentsOf, type LimitViolation, measureDocument } from './limits.ts';
import type { compilePlan } from './plan/plan.ts';

/** All that is known of a parsed document: found once, kept under one key, gone with the document. */
class DocumentRecord {
  readonly document: DocumentNode;
  /** Apollo's key, from the moment that the document was found valid. */
  key: string | undefined;
  /** The limits that the document is beyond, if those are tolerated. */
  tolerated: readonly LimitViolation[] = [];
  /** The text for all spellings of the document, if a manifest asked for it. */
  spelling: string | undefined;
  /** What it took when it was kept. */
  keptBytes = 0;
  #measure: ReturnType<typeof measureDocument> | undefined;
  readonly #operations = new Map<OperationDefinitionNode, OperationRecord>();
  #documentBytes: number | undefined;

  constructor(document: DocumentNode) {
    this.document = document;
  }

  get measure(): ReturnType<typeof measureDocument> {
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

/** What a composer of subgraphs and its routers ask for, by the names that their specification has. */
export const [serviceField, entitiesField] = ['_service', '_entities'];

const publicFields: ReadonlySet<string> = new Set([
  '__typename',
  '__schema',
  '__type',
  serviceField,
]);
/** The root fields whose work grows with their arguments. */
const listFields: ReadonlySet<string> = new Set([
  'complianceManagementPartners',
  'nodes',
  entitiesField,
]);

/** What is known of one operation of a document. */
class OperationRecord {
  readonly operation: OperationDefinitionNode;
  /**
   * Whether it asks for nothing but `__typename`, introspection and a router's `_service`, skipped or not: variables
   * decide about that.
   */
  readonly isPublic: boolean;
  /** The lists at its root, each response key once, because GraphQL executes it once. */
  readonly lists: readonly FieldNode[];
  /** Undefined until the operation is executed first. */
  plan: ReturnType<typeof compilePlan> | undefined;

  constructor(operation: OperationDefinitionNode, document: DocumentNode) {
    this.operation = operation;
    const fields = fieldsIn([operation.selectionSet], fragmentsOf(document));
    this.isPublic = fields.every(({ name }) => publicFields.has(name.value));
    const lists = fields.filter(({ name }) => listFields.has(name.value));
    this.lists = [
      ...new Map(lists.map((field) => [(field.alias ?? field.name).value, field])).values(),
    ];
  }

  /**
   * Counts the work in its fields of several partners before any of it is done: in variables as in the
   * document, as often as each is used. Values come as the caller wrote them, so nothing is certain of their types. Takes
   * time that grows with the document and the limits, not with what the variables would be if they were written out:
   * counting ends at a limit.
   */
  measureWork(given: Readonly<Record<string, unknown>>, limits: Limits): Meter {
    const meter = new Meter(limits);
    // A variable that was not sent must not be found on a prototype, whatever its name.
    const variables: Record<string, unknown> = Object.create(null);
    for (const { variable, defaultValue } of this.operation.variableDefinitions ?? []) {
      if (defaultValue !== undefined) {
        variables[variable.name.value] = valueFromASTUntyped(defaultValue);
      }
    }
    Object.assign(variables, given);
    for (const { name: fieldName, arguments: args = [] } of this.lists) {
      const values = new Map(
        args.map(({ name, value }) => [name.value, valueFromASTUntyped(value, variables)]),
      );
      if (fieldName.value === entitiesField) {
        meter.add('entities', itemsOf(values.get('representations')).length);
      } else if (fieldName.value === 'nodes') {
        meter.add('page-rows', itemsOf(values.get('ids')).length);
      } else {
        const keys = values.get('orderBy');
        if (Array.isArray(keys)) {
          meter.note('order-keys', keys.length);
        }
        meter.add('page-rows', rowsOf(values.get('first') ?? values.get('last') ?? defaultRows));
        measureFilter(values.get('filter'), meter);
        if (meter.excess !== undefined) {
          break;
        }
      }
    }
    return meter;
  }
}

/**
 * Keeps what is known of valid documents, the least recently used of them as long as there is room. A document is kept
 * only after its operation was executed for an accepted token, so that unknown callers leave nothing behind.
 */
export function createDocumentStore(maximumBytes: number) {
  const kept = new LRUCache<string, DocumentRecord>({ maxSize: maximumBytes });
  /** Apollo stores a document before anything is known of the caller: the record waits here, as long as the document. */
  const records = new WeakMap<DocumentNode, DocumentRecord>();

  function recordOf(document: DocumentNode): DocumentRecord {
    const record = records.get(document) ?? new DocumentRecord(document);
    records.set(document, record);
    return record;
  }

  /** Where Apollo looks for a document by its hash before it parses and validates the text. */
  const store: ApolloServerOptions<BaseContext>['documentStore'] = {
    get: async (key) => kept.get(bareKey(key))?.document,
    set: async (key, document) => {
      recordOf(document).key = bareKey(key);
    },
    delete: async (key) => kept.delete(bareKey(key)),
  };

  return {
    store,
    /** What is known of a document, kept or not. */
    recordOf,
    /** Gives the one spelling of a text that `print` finds; a document that is kept remembers its own. */
    spellingOf(text: string, print: (text: string) => string): string {
      const record = kept.get(hash('sha256', text));
      const spelling = record?.spelling ?? print(text);
      if (record !== undefined) {
        record.spelling = spelling;
      }
      return spelling;
    },
    /** Keeps the document of an operation that was executed for a caller whose token was accepted. */
    keep(
      record: DocumentRecord,
      { isTokenAccepted }: Pick<RequestContext, 'isTokenAccepted'>,
    ): void {
      const { key } = record;
      if (key === undefined) {
        return;
      }
      const bytes = record.bytes();
      const isKept = kept.peek(key) === record && record.keptBytes === bytes;
      if (!isKept && isTokenAccepted()) {
        record.keptBytes = bytes;
        kept.set(key, record, { size: bytes });
      }
    },
    /** How much is kept, in bytes, as estimated. */
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
function bytesOf({ loc, tokenCount = 0 }: DocumentNode): number {
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

/** A count beyond what a page may have is rejected by the field itself, with its own sentence. */
function rowsOf(count: unknown): number {
  return typeof count === 'number' ? Math.min(Math.max(count, 0), maximumRows) : 0;
}

const leaves = [
  ['partnerState', ['eq', 'in', 'notIn']],
  ['displayName', ['eq', 'contains', 'startsWith']],
  ['lastHeartbeatDateTime', ['before', 'after']],
] as const;

/** Every filter counts at least one condition, so that nothing grows without being counted. */
function measureFilter(filter: unknown, meter: Meter): void {
  const open: { readonly value: unknown; readonly depth: number }[] =
    filter == null ? [] : [{ value: filter, depth: 1 }];
  for (let next = open.pop(); next !== undefined && !meter.excess; next = open.pop()) {
    const { value, depth } = next;
    meter.note('filter-depth', depth);
    let count = 0;
    for (const [field, names] of leaves) {
      for (const name of names) {
        const operands = itemsOf(memberOf(memberOf(value, field), name));
        count += operands.length;
        if (typeof operands[0] === 'string') {
          meter.note('filter-text', operands[0].length);
        }
      }
    }
    count += itemsOf(memberOf(value, 'onboarded')).length;
    let children = 0;
    for (const name of ['and', 'or', 'not']) {
      for (const child of itemsOf(memberOf(value, name))) {
        open.push({ value: child, depth: depth + 1 });
        children += 1;
      }
    }
    meter.add('filter-conditions', Math.max(count, children === 0 ? 1 : 0));
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** GraphQL takes one value for a list of one. */
function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

/** How much of each kind of work one operation may ask for. */
const allowedWork = (limits: Limits) => ({
  'filter-conditions': limits.filterConditions,
  'filter-depth': limits.filterDepth,
  'filter-text': limits.filterText,
  'order-keys': limits.orderKeys,
  'page-rows': limits.pageRows,
  entities: maximumEntities,
});

type WorkLimit = keyof ReturnType<typeof allowedWork>;

/** The work of an operation with lists and entities. */
class Meter {
  readonly seen = new Map<WorkLimit, number>();
  /** The first limit that the operation is beyond. */
  excess: LimitViolation | undefined;
  readonly #allowed: Readonly<Record<WorkLimit, number>>;

  constructor(limits: Limits) {
    this.#allowed = allowedWork(limits);
  }

  /** Adds to a sum over the whole operation. */
  add(limit: WorkLimit, count: number): void {
    this.#set(limit, (this.seen.get(limit) ?? 0) + count);
  }

  /** Notes one of several of which the largest counts. */
  note(limit: WorkLimit, count: number): void {
    this.#set(limit, Math.max(this.seen.get(limit) ?? 0, count));
  }

  #set(limit: WorkLimit, seen: number): void {
    this.seen.set(limit, seen);
    const allowed = this.#allowed[limit];
    if (seen > allowed && (this.excess === undefined || this.excess.limit === limit)) {
      const isExact = limit === 'order-keys' || limit === 'filter-text';
      this.excess = { limit, allowed, seen, isExact };
    }
  }
}
