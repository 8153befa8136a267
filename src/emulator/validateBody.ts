import { isDateTimeLiteral } from './dateTimeLiteral.ts';
import {
  assignmentType,
  type EdmKind,
  type EdmProperty,
  enumMembers,
  isAssignable,
  type Model,
  partnerType,
  propertiesOf,
  targetType,
  typeOf,
} from './model.ts';

const namespace = 'microsoft.graph.';
/** Under which Intune's own service names the same types in its messages. */
const backendNamespace = 'microsoft.management.services.api.';

/** Says in Graph's own words what keeps a JSON value from being a partner; undefined where nothing does. */
export function findModelProblem(model: Model, body: unknown): string | undefined {
  return findObjectProblem(model, body, partnerType);
}

function findObjectProblem(model: Model, value: unknown, declared: string): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return nodeProblem(value, 'StartObject');
  }
  const members = Object.entries(value);
  const annotation: unknown = Object.getOwnPropertyDescriptor(value, '@odata.type')?.value;
  const name = annotation === undefined ? declared : typeNameOf(annotation);
  const type = name === undefined ? undefined : typeOf(model, name);
  if (name === undefined || type === undefined) {
    return `A type named '${String(annotation).replace(/^#/, '')}' could not be resolved by the model. When a model is available, each type name must resolve to a valid type.`;
  }
  if (!isAssignable(model, name, declared)) {
    return `A value with type name '${namespace}${name}' was found, which is not assignable to the expected type '${namespace}${declared}'.`;
  }
  if (type.isAbstract) {
    return 'Cannot create an abstract class.';
  }
  const properties = propertiesOf(model, name);
  // Annotations, of the object or of a member: what was answered can be sent back.
  for (const [member, content] of members.filter(([key]) => !key.includes('@'))) {
    const property = Object.hasOwn(properties, member) ? properties[member] : undefined;
    const problem =
      property === undefined
        ? `The property '${member}' does not exist on type '${backendNamespace}${name}'. Make sure to only use property names that are defined by the type.`
        : findPropertyProblem(model, member, property, content);
    if (problem !== undefined) {
      return problem;
    }
  }
  return undefined;
}

function typeNameOf(annotation: unknown): string | undefined {
  const text = typeof annotation === 'string' ? annotation.replace(/^#/, '') : '';
  return text.startsWith(namespace) ? text.slice(namespace.length) : undefined;
}

function findPropertyProblem(
  model: Model,
  member: string,
  { kind, isNullable }: EdmProperty,
  value: unknown,
): string | undefined {
  if (value === null) {
    return findNullProblem(member, kind, isNullable);
  }
  if (kind === 'target') {
    return findObjectProblem(model, value, targetType);
  }
  if (kind === 'assignments') {
    return findListProblem(model, value);
  }
  if (typeof value === 'object') {
    return nodeProblem(value, 'PrimitiveValue');
  }
  return isLiteral(kind, value)
    ? undefined
    : `Cannot convert the literal '${String(value)}' to the expected type '${wireNameOf(kind)}'.`;
}

/** A collection is never null, whatever its facet says, which is about what is in it. */
function findNullProblem(member: string, kind: EdmKind, isNullable: boolean): string | undefined {
  if (isNullable && kind !== 'assignments') {
    return undefined;
  }
  const type = `${wireNameOf(kind)}[Nullable=${isNullable ? 'True' : 'False'}]`;
  const rule = isNullable
    ? 'cannot be null but it can have null values'
    : 'does not allow null values';
  return `A null value was found for the property named '${member}', which has the expected type '${type}'. The expected type '${type}' ${rule}.`;
}

function findListProblem(model: Model, value: unknown): string | undefined {
  if (!Array.isArray(value)) {
    return nodeProblem(value, 'StartArray');
  }
  for (const item of value) {
    const problem = findObjectProblem(model, item, assignmentType);
    if (problem !== undefined) {
      return problem;
    }
  }
  return undefined;
}

type JsonNode = 'StartObject' | 'StartArray' | 'PrimitiveValue';

function nodeProblem(value: unknown, expected: JsonNode): string {
  const isComplex = typeof value === 'object' && value !== null;
  const complex: JsonNode = Array.isArray(value) ? 'StartArray' : 'StartObject';
  const found: JsonNode = isComplex ? complex : 'PrimitiveValue';
  return `An unexpected '${found}' node was found when reading from the JSON reader. A '${expected}' node was expected.`;
}

function isLiteral(kind: EdmKind, value: unknown): boolean {
  switch (kind) {
    case 'Edm.Boolean':
      return typeof value === 'boolean';
    case 'Edm.DateTimeOffset':
      return typeof value === 'string' && isDateTimeLiteral(value);
    case 'partnerState':
    case 'filterType':
      return enumMembers[kind]?.some((name) => name === value) ?? false;
    default:
      return typeof value === 'string';
  }
}

function wireNameOf(kind: EdmKind): string {
  switch (kind) {
    case 'partnerState':
      return `${backendNamespace}deviceManagementPartnerTenantState`;
    case 'filterType':
      return `${backendNamespace}deviceAndAppManagementAssignmentFilterType`;
    case 'assignments':
      return `Collection(${backendNamespace}${assignmentType})`;
    default:
      return kind;
  }
}
