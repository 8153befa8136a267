import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  valueFromASTUntyped,
} from 'graphql';
import type { Limits } from '../config/http.ts';
import { defaultRows, maximumRows } from '../partners/list/arguments.ts';
import { maximumEntities } from '../partners/queries.ts';
import type { LimitName, LimitViolation } from './limits.ts';

/** An operation with the lists at its root, each response key once. */
interface OperationLists {
  readonly operation: OperationDefinitionNode;
  readonly lists: readonly FieldNode[];
}

type Variables = Readonly<Record<string, unknown>>;

const [listField, nodesField] = ['complianceManagementPartners', 'nodes'];
/** What a router asks for by key, by the name that the specification of subgraphs has. */
export const entitiesField = '_entities';

/** Whether the work of a root field grows with its arguments. */
export const isListField = ({ name }: FieldNode): boolean =>
  [listField, nodesField, entitiesField].includes(name.value);

/**
 * Counts the work in an operation's fields of several partners before any of it is done: in variables as in the
 * document, as often as each is used. Values come as the caller wrote them, so nothing is certain of their types. Takes
 * time that grows with the document and the limits, not with what the variables would be if they were written out:
 * counting ends at a limit.
 */
export function measureOperationWork(
  { operation, lists }: OperationLists,
  given: Variables,
  limits: Limits,
): Meter {
  const meter = new Meter(limits);
  if (lists.length === 0) {
    return meter;
  }
  const variables = withDefaults(operation, given);
  for (const { name: fieldName, arguments: args = [] } of lists) {
    const values = new Map(
      args.map(({ name, value }) => [name.value, valueFromASTUntyped(value, variables)]),
    );
    if (fieldName.value === entitiesField) {
      meter.add('entities', itemsOf(values.get('representations')).length);
    } else if (fieldName.value === nodesField) {
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

/** A count beyond what a page may have is rejected by the field itself, with its own sentence. */
function rowsOf(count: unknown): number {
  return typeof count === 'number' ? Math.min(Math.max(count, 0), maximumRows) : 0;
}

/** Finds the fields at the root of a valid operation, those of its fragments included; whether skipped or not. */
export function findRootFields(
  operation: OperationDefinitionNode,
  document: DocumentNode,
): readonly FieldNode[] {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    }
  }
  const fields: FieldNode[] = [];
  const open: SelectionNode[] = [...operation.selectionSet.selections];
  for (let selection = open.pop(); selection !== undefined; selection = open.pop()) {
    if (selection.kind === Kind.FIELD) {
      fields.push(selection);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      open.push(...selection.selectionSet.selections);
    } else {
      const { value: name } = selection.name;
      // Looked at once: a fragment that is spread again adds nothing.
      open.push(...(fragments.get(name)?.selectionSet.selections ?? []));
      fragments.delete(name);
    }
  }
  return fields;
}

function withDefaults(operation: OperationDefinitionNode, given: Variables): Variables {
  const defaults = (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
    defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)]],
  );
  // A variable that was not sent must not be found on a prototype, whatever its name.
  return Object.assign(Object.create(null), Object.fromEntries(defaults), given);
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

const workLimits = {
  'filter-conditions': 'filterConditions',
  'filter-depth': 'filterDepth',
  'filter-text': 'filterText',
  'order-keys': 'orderKeys',
  'page-rows': 'pageRows',
} as const satisfies Partial<Readonly<Record<LimitName, keyof Limits>>>;

type WorkLimit = keyof typeof workLimits | 'entities';

/** The work of an operation with lists and entities. */
class Meter {
  readonly seen = new Map<WorkLimit, number>();
  readonly #limits: Limits;
  #beyond: WorkLimit | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Adds to a sum over the whole operation. */
  add(limit: WorkLimit, count: number): void {
    this.#set(limit, (this.seen.get(limit) ?? 0) + count);
  }

  /** Notes one of several of which the largest counts. */
  note(limit: WorkLimit, count: number): void {
    this.#set(limit, Math.max(this.seen.get(limit) ?? 0, count));
  }

  /** The first limit that the operation is beyond. */
  get excess(): LimitViolation | undefined {
    const limit = this.#beyond;
    const isExact = limit === 'order-keys' || limit === 'filter-text';
    return (
      limit && { limit, allowed: this.#allowed(limit), seen: this.seen.get(limit) ?? 0, isExact }
    );
  }

  #set(limit: WorkLimit, count: number): void {
    this.seen.set(limit, count);
    this.#beyond ??= count > this.#allowed(limit) ? limit : undefined;
  }

  #allowed(limit: WorkLimit): number {
    return limit === 'entities' ? maximumEntities : this.#limits[workLimits[limit]];
  }
}
