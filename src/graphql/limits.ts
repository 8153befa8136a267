import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationRule,
} from 'graphql';
import type { Limits } from '../config/http.ts';

/** What is limited, by the label that metrics and logs have for it. */
type LimitName = keyof typeof limitCodes;

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

/** The limits of documents that only cost, by the settings that have them: `warn-only` lets documents beyond them pass. */
const documentLimits = {
  depth: 'depth',
  'introspection-depth': 'introspectionDepth',
  aliases: 'aliases',
  'introspection-aliases': 'introspectionAliases',
  'root-fields': 'rootFields',
  directives: 'directives',
} as const satisfies Partial<Readonly<Record<LimitName, keyof Limits>>>;

type DocumentLimit = keyof typeof documentLimits;
const limitNames = Object.keys(documentLimits) as readonly DocumentLimit[];

/** Finds the limits that a document is beyond. */
export function findLimitViolations(
  measure: DocumentMeasure,
  limits: Limits,
): readonly LimitViolation[] {
  return limitNames.flatMap((limit) => {
    const [allowed, seen] = [limits[documentLimits[limit]], measure[limit]];
    return seen > allowed ? [{ limit, allowed, seen, isExact: seen < countedAtMost }] : [];
  });
}

const less = 'Ask for fewer levels.';
const split = 'Ask in several operations.';
const splitOrPass = 'Ask in several operations, and pass values as variables.';
const narrow = 'Ask for fewer partners or fields.';
const spread = ' (fields of a fragment count wherever it is spread)';
const element = ' (each element of a list counts)';

/** What has too many of what, `#` of them; what to do; and how they are counted, if that may surprise. */
const sentences: Readonly<
  Record<Exclude<LimitName, 'duplicate-keys' | 'errors'>, readonly [string, string, string?]>
> = {
  'body-bytes': ['The request body has # bytes', 'Send less at once.'],
  'json-depth': ['The JSON has # objects and arrays inside each other', 'Nest less.'],
  'document-bytes': ['The document has # bytes', splitOrPass],
  tokens: ['The document has # tokens', splitOrPass],
  depth: ['The operation has # levels of fields', less],
  'introspection-depth': ['The introspection has # levels of fields', less],
  aliases: ['The operation has # aliases', split, spread],
  'introspection-aliases': ['The introspection has # aliases', split, spread],
  'root-fields': ['The operation has # root fields', split, spread],
  directives: ['The operation has # directives', 'Use fewer, or several operations.', spread],
  'filter-conditions': [
    "The operation's filters have # conditions",
    'Use fewer, or several operations.',
    element,
  ],
  'filter-depth': ['A filter has # levels of "and", "or" and "not"', 'Nest less.'],
  'filter-text': ['A text in a filter has # characters', 'Give a shorter one.'],
  'order-keys': ['An order has # keys', 'Order by fewer.'],
  'page-rows': [
    'The operation requests pages of # partners in all',
    'Request smaller pages, or use several operations.',
  ],
  entities: ['The operation requests # entities', 'Use several operations.'],
  'answer-bytes': ['The answer would have # bytes', narrow],
  'answer-values': ['The answer would have # values', narrow],
};

function messageOf({ limit, seen, allowed, isExact }: LimitViolation): string {
  if (limit === 'duplicate-keys') {
    return 'An object in the JSON has two members of one name, of which readers may take either. Send each name once.';
  }
  if (limit === 'errors') {
    return `There are more errors; at most ${allowed} of one request are reported. Fix these, then send it again.`;
  }
  const [what, advice, note = ''] = sentences[limit];
  const count = isExact ? String(seen) : `${seen} or more`;
  return `${what.replace('#', count)}, and ${allowed} are allowed${note}. ${advice}`;
}

/** Says which limit it is, what was seen and what would be right. */
export function errorOf(violation: LimitViolation) {
  const { limit, seen, allowed } = violation;
  const code = limitCodes[limit];
  return {
    message: messageOf(violation),
    extensions: limit === 'duplicate-keys' ? { code } : { code, seen, allowed },
  };
}

/** A document, an operation or an answer that is beyond a limit. */
export class LimitError extends GraphQLError {
  override readonly name = 'LimitError';
  readonly excess: LimitViolation;

  /** The status is that of the HTTP answer, for what is rejected before it is executed and not by validation. */
  constructor(excess: LimitViolation, status?: number) {
    const { message, extensions } = errorOf(excess);
    super(message, { extensions: { ...extensions, ...(status && { http: { status } }) } });
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

/**
 * What a document asks for: of its operations, the one that has most counts. Spread fragments count at each spread. Depth
 * is fields inside each other; what is inside `__schema` and `__type` counts apart.
 */
type DocumentMeasure = Readonly<Record<DocumentLimit, number>>;

/** Beyond this nothing is counted exactly: nested fragments grow by powers. */
const countedAtMost = 1_000_000;

const measureOf = (count: (limit: DocumentLimit) => number) =>
  Object.fromEntries(limitNames.map((limit) => [limit, count(limit)])) as DocumentMeasure;

const nothing = measureOf(() => 0);

/** The fragments of a document by their names. */
export function fragmentsOf({ definitions }: DocumentNode): Record<string, FragmentDefinitionNode> {
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments[definition.name.value] = definition;
    }
  }
  return fragments;
}

/** The fields of selections, those of their fragments included; whether skipped or not. */
export function fieldsIn(
  selectionSets: readonly (SelectionSetNode | undefined)[],
  fragments: Readonly<Record<string, FragmentDefinitionNode>>,
): readonly FieldNode[] {
  const fields: FieldNode[] = [];
  const spread = new Set<string>();
  const open = selectionSets.flatMap((set) => set?.selections ?? []);
  for (let selection = open.pop(); selection !== undefined; selection = open.pop()) {
    if (selection.kind === Kind.FIELD) {
      fields.push(selection);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      open.push(...selection.selectionSet.selections);
    } else if (!spread.has(selection.name.value)) {
      // A fragment that is spread again adds nothing.
      spread.add(selection.name.value);
      open.push(...(fragments[selection.name.value]?.selectionSet.selections ?? []));
    }
  }
  return fields;
}

/**
 * Measures a parsed document, valid or not, in one walk: each fragment is measured once and added as often as it is
 * spread. A spread without a fragment, or one that leads back into itself, counts nothing; validation rejects both.
 */
export function measureDocument(document: DocumentNode): DocumentMeasure {
  const fragments = fragmentsOf(document);
  const known = new Map<string, DocumentMeasure>();

  const ofFragment = (name: string): DocumentMeasure => {
    const fragment = fragments[name];
    if (fragment !== undefined && !known.has(name)) {
      // For a spread that leads back here.
      known.set(name, nothing);
      known.set(name, ofParent(fragment));
    }
    return known.get(name) ?? nothing;
  };

  /** Of anything with selections: what they have together, and its own directives. */
  const ofParent = ({ selectionSet, directives }: Parent): DocumentMeasure =>
    (selectionSet?.selections ?? []).map(ofSelection).reduce(add, directivesOf(directives));

  const ofSelection = (selection: SelectionNode): DocumentMeasure => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      return add(directivesOf(selection.directives), ofFragment(selection.name.value));
    }
    const inside = ofParent(selection);
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      return inside;
    }
    const depth = inside.depth + 1;
    const aliases = inside.aliases + (selection.alias === undefined ? 0 : 1);
    return {
      ...inside,
      aliases,
      'root-fields': 1,
      ...(/^__(schema|type)$/.test(selection.name.value)
        ? { depth: 1, 'introspection-depth': depth, 'introspection-aliases': aliases }
        : { depth }),
    };
  };

  const measures = document.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) {
      return [];
    }
    const { variableDefinitions = [] } = definition;
    const variables = variableDefinitions.map(({ directives }) => directivesOf(directives));
    return [variables.reduce(add, ofParent(definition))];
  });
  return measureOf((limit) => Math.max(0, ...measures.map((measure) => measure[limit])));
}

type Parent = Pick<FragmentDefinitionNode, 'directives'> &
  Partial<Pick<FragmentDefinitionNode, 'selectionSet'>>;

const directivesOf = (directives: Parent['directives']): DocumentMeasure => ({
  ...nothing,
  directives: directives?.length ?? 0,
});

/** Of two that stand beside each other: counts add up, the deeper one decides. */
const add = (one: DocumentMeasure, other: DocumentMeasure): DocumentMeasure =>
  measureOf((limit) =>
    limit === 'depth' || limit === 'introspection-depth'
      ? Math.max(one[limit], other[limit])
      : Math.min(one[limit] + other[limit], countedAtMost),
  );

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
