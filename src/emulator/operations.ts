import type {
  AssignmentResource,
  AssignmentTargetResource,
  PartnerResource,
} from '../graph/types.ts';
import { type EmulatorAnswer, type ErrorStamp, modelError, refuse, serviceError } from './http.ts';
import { findModelProblem, type Model, partnerType, propertiesOf, typeOf } from './model.ts';
import {
  narrow,
  type PageRequest,
  type PageStart,
  type Selection,
  writeSkipToken,
} from './query.ts';
import { blankPartner, type PartnerStore } from './store.ts';

/** One row; 200 or 404. */
export function getPartner(
  scope: OperationScope,
  id: string,
  { select }: Selection,
): EmulatorAnswer {
  const row = scope.store.get(id);
  return row === undefined
    ? notFound(scope, id)
    : { status: 200, body: entityOf(scope, row, select) };
}

/** Adds a row, under its own id where it brings one; 201, 400 or 409. */
export function createPartner(scope: OperationScope, body: unknown): EmulatorAnswer {
  const problem = findModelProblem(scope.model, body);
  if (problem !== undefined) {
    return { status: 400, body: modelError(problem, scope.stamp) };
  }
  const given = givenProperties(scope.model, body);
  const id = given.id ?? scope.newId();
  // Half a surrogate pair cannot be written into the Location header's URL.
  if (id === '' || /\p{Surrogate}/u.test(id)) {
    const message = "The key property 'id' cannot be empty or ill-formed.";
    return refuse({ status: 400, code: 'BadRequest', message }, scope.stamp);
  }
  if (scope.store.get(id) !== undefined) {
    const text = `A compliance management partner with the id ${id} already exists.`;
    return { status: 409, body: serviceError('Conflict', text, collectionPath, scope.stamp) };
  }
  const row = { ...blankPartner, ...given, id };
  scope.store.put(row);
  return {
    status: 201,
    headers: { location: `${scope.baseUrl}${collectionPath}('${toKey(id)}')` },
    body: entityOf(scope, row),
  };
}

/** Changes the given properties of a row, lists as a whole; 200, 400 or 404. */
export function updatePartner(scope: OperationScope, id: string, body: unknown): EmulatorAnswer {
  const row = scope.store.get(id);
  if (row === undefined) {
    return notFound(scope, id);
  }
  const problem = findModelProblem(scope.model, body);
  if (problem !== undefined) {
    return { status: 400, body: modelError(problem, scope.stamp) };
  }
  const given = givenProperties(scope.model, body);
  if (given.id !== undefined && given.id.toLowerCase() !== id.toLowerCase()) {
    const message = "The key property 'id' cannot be updated.";
    return refuse({ status: 400, code: 'BadRequest', message }, scope.stamp);
  }
  const updated = { ...row, ...given, id: row.id };
  scope.store.put(updated);
  return { status: 200, body: entityOf(scope, updated) };
}

/** Takes a row out; 204 or 404. */
export function deletePartner(scope: OperationScope, id: string): EmulatorAnswer {
  return scope.store.delete(id) ? { status: 204 } : notFound(scope, id);
}

function notFound({ stamp }: OperationScope, id: string): EmulatorAnswer {
  const text = `Compliance management partner ${id} was not found.`;
  const path = `${collectionPath}('${id}')`;
  return { status: 404, body: serviceError('ResourceNotFound', text, path, stamp) };
}

function entityOf(
  scope: OperationScope,
  row: PartnerResource,
  select?: Selection['select'],
): object {
  return {
    '@odata.context': contextOf(scope, select, '/$entity'),
    ...narrow(projectPartner(scope.model, row), select),
  };
}

/** An id between the quotes of a path: quotes twice, and nothing that a header cannot carry. */
function toKey(id: string): string {
  return encodeURIComponent(id.replaceAll("'", "''"));
}

/** The properties of a body that has passed the model. */
function givenProperties(model: Model, body: unknown): Partial<PartnerResource> {
  const known = propertiesOf(model, partnerType);
  const entries = Object.entries(body as Partial<PartnerResource>);
  return Object.fromEntries(entries.filter(([name]) => name in known));
}

/** A page of the list; 200. */
export function listPartners(scope: OperationScope, page: PageRequest): EmulatorAnswer {
  const { store, model, baseUrl } = scope;
  const fitting = store.rowsBehind(page.after).filter(({ row }) => page.fits(row));
  const after = fitting.slice(0, page.skip).at(-1)?.number ?? page.after;
  const rows = fitting.slice(page.skip);
  const shown = page.isHollow ? [] : rows.slice(0, page.size);
  const next = nextStart({ ...page, after }, shown.at(-1)?.number, rows.length > shown.length);
  return {
    status: 200,
    body: {
      '@odata.context': contextOf(scope, page.select),
      ...(page.isCounted && { '@odata.count': store.rows().filter(page.fits).length }),
      ...(next !== undefined && {
        '@odata.nextLink': `${baseUrl}${collectionPath}?${page.options}$skiptoken=${writeSkipToken({ ...next, options: page.options })}`,
      }),
      value: shown.map(({ row }) => narrow(withoutType(projectPartner(model, row)), page.select)),
    },
  };
}

function nextStart(
  { after, isHollow, hasEmptyPages }: PageRequest,
  last: number | undefined,
  isMore: boolean,
): PageStart | undefined {
  if (isHollow) {
    return { after, isHollow: false };
  }
  return isMore && last !== undefined ? { after: last, isHollow: hasEmptyPages } : undefined;
}

/** In a list the rows are of the declared type, so minimal metadata leaves the annotation out. */
function withoutType({ '@odata.type': _type, ...row }: ProjectedPartner): ProjectedPartner {
  return row;
}

/** What an operation works with. */
export interface OperationScope {
  readonly store: PartnerStore;
  readonly model: Model;
  readonly stamp: ErrorStamp;
  /** Scheme, host and version, without a slash at the end. */
  readonly baseUrl: string;
  readonly newId: () => string;
}

/** The path of the collection behind the version. */
export const collectionPath = '/deviceManagement/complianceManagementPartners';

/** The annotation that every body begins with; `select` is what the query narrowed the properties to. */
function contextOf(
  { baseUrl }: OperationScope,
  select: readonly string[] | undefined,
  suffix: '' | '/$entity' = '',
): string {
  const narrowed = select === undefined ? '' : `(${select.join(',')})`;
  return `${baseUrl}/$metadata#${collectionPath.slice(1)}${narrowed}${suffix}`;
}

/** A row as JSON, annotation first. */
export type ProjectedPartner = Readonly<Record<string, unknown>>;

/**
 * Shows a stored row as one generation writes it: only the properties that it has, in its order, targets with `#`, and
 * the filter properties that today's beta writes on each target even if there is no filter.
 */
export function projectPartner(model: Model, row: PartnerResource): ProjectedPartner {
  const stored: Readonly<Record<string, unknown>> = { ...row };
  const projected: Record<string, unknown> = {
    '@odata.type': `#microsoft.graph.${partnerType}`,
  };
  for (const [name, { kind }] of Object.entries(propertiesOf(model, partnerType))) {
    const value = stored[name];
    // A property that a seed leaves out stays out, for readers that must bear it.
    if (value !== undefined) {
      projected[name] =
        kind === 'assignments' && Array.isArray(value)
          ? value.map((item: AssignmentResource | null) => projectAssignment(model, item))
          : value;
    }
  }
  return projected;
}

function projectAssignment(model: Model, assignment: AssignmentResource | null): object | null {
  if (assignment === null) {
    return null;
  }
  const odataType = { '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment' };
  const { target } = assignment;
  if (target === undefined || target === null) {
    return target === null ? { ...odataType, target } : odataType;
  }
  return { ...odataType, target: projectTarget(model, target) };
}

function projectTarget(model: Model, target: AssignmentTargetResource): object {
  const name = (target['@odata.type'] ?? '').replace(/^#?microsoft\.graph\./, '');
  if (typeOf(model, name) === undefined) {
    // Graph may write types that came after the metadata; a seed with one plays that.
    return target;
  }
  const members = Object.entries(propertiesOf(model, name)).map(([member, { kind }]) => [
    member,
    target[member] ?? (kind === 'filterType' ? 'none' : null),
  ]);
  return { '@odata.type': `#microsoft.graph.${name}`, ...Object.fromEntries(members) };
}
