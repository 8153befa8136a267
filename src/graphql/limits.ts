import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type ValidationRule,
} from 'graphql';
import type { Limits } from '../config/http.ts';

/** What is limited, by the label that metrics and logs have for it. */
export type LimitName = keyof typeof limitCodes;

/** The stable code of each limit. */
export const limitCodes = {
  'body-bytes': 'REQUEST_TOO_LARGE',
  'json-depth': 'JSON_TOO_DEEP',
  'duplicate-keys': 'DUPLICATE_KEYS',
  'document-bytes': 'DOCUMENT_TOO_LARGE',
  tokens: 'TOO_MANY_TOKENS',
  depth: 'QUERY_TOO_DEEP',
  'introspection-depth': 'INTROSPECTION_TOO_DEEP',
  aliases: 'TOO_MANY_ALIASES',
  'introspection-aliases': 'TOO_MANY_INTROSPECTION_ALIASES',
  'root-fields': 'TOO_MANY_ROOT_FIELDS',
  directives: 'TOO_MANY_DIRECTIVES',
  'filter-conditions': 'TOO_MANY_CONDITIONS',
  'filter-depth': 'FILTER_TOO_DEEP',
  'filter-text': 'FILTER_TEXT_TOO_LONG',
  'order-keys': 'TOO_MANY_ORDER_KEYS',
  'page-rows': 'TOO_MANY_PAGE_ROWS',
  entities: 'TOO_MANY_ENTITIES',
  'answer-bytes': 'ANSWER_TOO_LARGE',
  'answer-values': 'TOO_MANY_ANSWER_VALUES',
  errors: 'TOO_MANY_ERRORS',
} as const;

/** A limit that a request is beyond. */
export interface LimitViolation {
  readonly limit: LimitName;
  readonly allowed: number;
  /** What the request has; where counting stopped, the least that it has. */
  readonly seen: number;
  readonly isExact: boolean;
}

/** The limits of documents that only cost: `warn-only` lets those pass. */
const documentLimits = [
  ['depth', 'depth'],
  ['introspection-depth', 'introspectionDepth'],
  ['aliases', 'aliases'],
  ['introspection-aliases', 'introspectionAliases'],
  ['root-fields', 'rootFields'],
  ['directives', 'directives'],
] as const satisfies readonly (readonly [LimitName, keyof DocumentMeasure & keyof Limits])[];

/** What a document has of each thing that is limited. */
export function seenIn(measure: DocumentMeasure): readonly (readonly [LimitName, number])[] {
  return documentLimits.map(([limit, key]) => [limit, measure[key]]);
}

/** Finds the limits that a document is beyond. */
export function findLimitViolations(
  measure: DocumentMeasure,
  limits: Limits,
): readonly LimitViolation[] {
  return documentLimits
    .filter(([, key]) => measure[key] > limits[key])
    .map(([limit, key]) => ({
      limit,
      allowed: limits[key],
      seen: measure[key],
      isExact: measure[key] < countedAtMost,
    }));
}

const spread = 'fields of a fragment count wherever it is spread';

const sentences: Readonly<Record<LimitName, (seen: string, allowed: number) => string>> = {
  'body-bytes': (seen, allowed) =>
    `The request body has ${seen} bytes, and ${allowed} are allowed. Send less at once.`,
  'json-depth': (seen, allowed) =>
    `The JSON has ${seen} objects and arrays inside each other, and ${allowed} are allowed. Nest less.`,
  'duplicate-keys': () =>
    'An object in the JSON has two members of one name, of which readers may take either. Send each name once.',
  'document-bytes': (seen, allowed) =>
    `The document has ${seen} bytes, and ${allowed} are allowed. Ask in several operations, and pass values as variables.`,
  tokens: (seen, allowed) =>
    `The document has ${seen} tokens, and ${allowed} are allowed. Ask in several operations, and pass values as variables.`,
  depth: (seen, allowed) =>
    `The operation has ${seen} levels of fields, and ${allowed} are allowed. Ask for fewer levels.`,
  'introspection-depth': (seen, allowed) =>
    `The introspection has ${seen} levels of fields, and ${allowed} are allowed. Ask for fewer levels.`,
  aliases: (seen, allowed) =>
    `The operation has ${seen} aliases, and ${allowed} are allowed (${spread}). Ask in several operations.`,
  'introspection-aliases': (seen, allowed) =>
    `The introspection has ${seen} aliases, and ${allowed} are allowed (${spread}). Ask in several operations.`,
  'root-fields': (seen, allowed) =>
    `The operation has ${seen} root fields, and ${allowed} are allowed (${spread}). Ask in several operations.`,
  directives: (seen, allowed) =>
    `The operation has ${seen} directives, and ${allowed} are allowed (${spread}). Use fewer, or several operations.`,
  'filter-conditions': (seen, allowed) =>
    `The operation's filters have ${seen} conditions, and ${allowed} are allowed (each element of a list counts). Use fewer, or several operations.`,
  'filter-depth': (seen, allowed) =>
    `A filter has ${seen} levels of "and", "or" and "not", and ${allowed} are allowed. Nest less.`,
  'filter-text': (seen, allowed) =>
    `A text in a filter has ${seen} characters, and ${allowed} are allowed. Give a shorter one.`,
  'order-keys': (seen, allowed) =>
    `An order has ${seen} keys, and ${allowed} are allowed. Order by fewer.`,
  'page-rows': (seen, allowed) =>
    `The operation requests pages of ${seen} partners in all, and ${allowed} are allowed. Request smaller pages, or use several operations.`,
  entities: (seen, allowed) =>
    `The operation requests ${seen} entities, and ${allowed} are allowed. Use several operations.`,
  'answer-bytes': (seen, allowed) =>
    `The answer would have ${seen} bytes, and ${allowed} are allowed. Ask for fewer partners or fields.`,
  'answer-values': (seen, allowed) =>
    `The answer would have ${seen} values, and ${allowed} are allowed. Ask for fewer partners or fields.`,
  errors: (_seen, allowed) =>
    `There are more errors; at most ${allowed} of one request are reported. Fix these, then send it again.`,
};

/** Says which limit it is, what was seen and what would be right. */
export function messageOf({ limit, seen, allowed, isExact }: LimitViolation): string {
  return sentences[limit](isExact ? String(seen) : `${seen} or more`, allowed);
}

/** What `extensions` says of it. */
export function extensionsOf({
  limit,
  seen,
  allowed,
}: LimitViolation): Readonly<Record<string, unknown>> {
  const code = limitCodes[limit];
  return limit === 'duplicate-keys' ? { code } : { code, seen, allowed };
}

/** A document, an operation or an answer that is beyond a limit. */
export class LimitError extends GraphQLError {
  override readonly name = 'LimitError';
  readonly excess: LimitViolation;

  /** The status is that of the HTTP answer, for what is rejected before it is executed and not by validation. */
  constructor(excess: LimitViolation, status?: number) {
    super(messageOf(excess), {
      extensions: { ...extensionsOf(excess), ...(status !== undefined && { http: { status } }) },
    });
    this.excess = excess;
  }
}

/** As graphql-js words it; nothing that a caller writes can make it say exactly this. */
const tooManyTokens = /^Syntax Error: Document contains more that \d+ tokens\. Parsing aborted\.$/;

/** Gives the limit that an error of Apollo's is about, undefined if it is about something else. */
export function excessOf(error: unknown, { tokens }: Limits): LimitViolation | undefined {
  const original = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  if (original instanceof LimitError) {
    return original.excess;
  }
  return original instanceof GraphQLError && tooManyTokens.test(original.message)
    ? { limit: 'tokens', allowed: tokens, seen: tokens + 1, isExact: false }
    : undefined;
}

/** A rule that rejects documents beyond the limits; with `warn-only` it rejects none. */
export function createLimitsRule(limits: Limits, measureOf = measureDocument): ValidationRule {
  return (context) => {
    if (limits.mode === 'enforce') {
      for (const excess of findLimitViolations(measureOf(context.getDocument()), limits)) {
        context.reportError(new LimitError(excess));
      }
    }
    return {};
  };
}

/** What a document asks for: of its operations, the one that has most counts. Spread fragments count at each spread. */
export interface DocumentMeasure {
  /** Fields inside each other; what is inside `__schema` and `__type` counts apart. */
  readonly depth: number;
  readonly introspectionDepth: number;
  readonly aliases: number;
  readonly introspectionAliases: number;
  readonly rootFields: number;
  readonly directives: number;
}

/** Beyond this nothing is counted exactly: nested fragments grow by powers. */
const countedAtMost = 1_000_000;

const nothing: DocumentMeasure = {
  depth: 0,
  introspectionDepth: 0,
  aliases: 0,
  introspectionAliases: 0,
  rootFields: 0,
  directives: 0,
};

/**
 * Measures a parsed document, valid or not, in one walk: each fragment is measured once and added as often as it is
 * spread. A spread without a fragment, or one that leads back into itself, counts nothing; validation rejects both.
 */
export function measureDocument(document: DocumentNode): DocumentMeasure {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const operations: OperationDefinitionNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    } else if (definition.kind === Kind.OPERATION_DEFINITION) {
      operations.push(definition);
    }
  }
  const known = new Map<string, DocumentMeasure>();

  const ofFragment = (name: string): DocumentMeasure => {
    const measured = known.get(name);
    if (measured !== undefined) {
      return measured;
    }
    known.set(name, nothing);
    const fragment = fragments.get(name);
    const measure = fragment === undefined ? nothing : ofParent(fragment);
    known.set(name, measure);
    return measure;
  };

  /** Of anything with selections: what they have together, and its own directives. */
  const ofParent = ({ selectionSet, directives }: Parent): DocumentMeasure => {
    let measure = directivesOf(directives);
    for (const selection of selectionSet?.selections ?? []) {
      measure = add(measure, ofSelection(selection));
    }
    return measure;
  };

  const ofSelection = (selection: SelectionNode): DocumentMeasure => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      return add(directivesOf(selection.directives), ofFragment(selection.name.value));
    }
    const inside = ofParent(selection);
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      return inside;
    }
    const aliases = inside.aliases + (selection.alias === undefined ? 0 : 1);
    const field = { ...inside, aliases, rootFields: 1 };
    return /^__(schema|type)$/.test(selection.name.value)
      ? {
          ...field,
          depth: 1,
          introspectionDepth: inside.depth + 1,
          introspectionAliases: aliases,
        }
      : { ...field, depth: inside.depth + 1 };
  };

  return operations
    .map((operation) =>
      (operation.variableDefinitions ?? []).reduce(
        (sum, { directives }) => add(sum, directivesOf(directives)),
        ofParent(operation),
      ),
    )
    .reduce(
      (most, measure) => combine(most, measure, (left, right) => Math.max(left, right)),
      nothing,
    );
}

type Parent = Pick<FragmentDefinitionNode, 'directives'> &
  Partial<Pick<FragmentDefinitionNode, 'selectionSet'>>;

function directivesOf(directives: Parent['directives']): DocumentMeasure {
  return { ...nothing, directives: directives?.length ?? 0 };
}

const sum = (one: number, other: number): number => Math.min(one + other, countedAtMost);

/** Of two that stand beside each other: counts add up, the deeper one decides. */
function add(one: DocumentMeasure, other: DocumentMeasure): DocumentMeasure {
  return combine(one, other, (left, right, key) =>
    key === 'depth' || key === 'introspectionDepth' ? Math.max(left, right) : sum(left, right),
  );
}

function combine(
  one: DocumentMeasure,
  other: DocumentMeasure,
  by: (one: number, other: number, key: keyof DocumentMeasure) => number,
): DocumentMeasure {
  const combined: Record<keyof DocumentMeasure, number> = { ...one };
  for (const [, key] of documentLimits) {
    combined[key] = by(one[key], other[key], key);
  }
  return combined;
}

/**
 * Refuses an operation of a kind that the schema does not have, such as a subscription. graphql-js 16 has no rule for
 * it: such a document is valid there and fails when it is executed, as if the server were at fault.
 */
export const knownOperationTypes: ValidationRule = (context) => ({
  OperationDefinition(node) {
    if (!context.getSchema().getRootType(node.operation)) {
      const message = `This gateway has no operations of the kind "${node.operation}".`;
      context.reportError(new GraphQLError(message, { nodes: node }));
    }
    return undefined;
  },
});
