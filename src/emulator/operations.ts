import type { PartnerResource } from '../graph/resource.ts';
import { type ErrorStamp, modelError, plainError, serviceError } from './errorEnvelopes.ts';
import { type Model, partnerType, propertiesOf } from './model.ts';
import { type PageRequest, skipTokenOf } from './pageRequest.ts';
import type { PartnerStore } from './partnerStore.ts';
import { type ProjectedPartner, projectPartner } from './projection.ts';
import { findModelProblem } from './validateBody.ts';

/** An answer before it becomes HTTP. */
export interface EmulatorAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
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

const path = '/deviceManagement/complianceManagementPartners';

/** What OData gives to properties that an add leaves out: the default, null, or an empty list. */
const defaults = {
  lastHeartbeatDateTime: '0001-01-01T00:00:00Z',
  partnerState: 'unknown',
  displayName: null,
  macOsOnboarded: false,
  windowsOnboarded: false,
  androidOnboarded: false,
  iosOnboarded: false,
  linuxOnboarded: false,
  macOsEnrollmentAssignments: [],
  windowsEnrollmentAssignments: [],
  androidEnrollmentAssignments: [],
  iosEnrollmentAssignments: [],
  linuxEnrollmentAssignments: [],
} as const satisfies Omit<PartnerResource, 'id'>;

/** A page of the list; 200. */
export function listPartners(scope: OperationScope, page: PageRequest): EmulatorAnswer {
  const { store, model, baseUrl } = scope;
  const rows = store.page(page.after, page.size + 1);
  const shown = rows.slice(0, page.size);
  const last = shown.at(-1);
  const isMore = rows.length > shown.length && last !== undefined;
  const top = page.top === undefined ? '' : `$top=${page.top}&`;
  return {
    status: 200,
    body: {
      '@odata.context': `${baseUrl}/$metadata#deviceManagement/complianceManagementPartners`,
      ...(page.isCounted && { '@odata.count': store.size() }),
      ...(isMore && {
        '@odata.nextLink': `${baseUrl}${path}?${top}$skiptoken=${skipTokenOf(last.number)}`,
      }),
      value: shown.map(({ row }) => withoutType(projectPartner(model, row))),
    },
  };
}

/** One row; 200 or 404. */
export function getPartner(scope: OperationScope, id: string): EmulatorAnswer {
  const row = scope.store.get(id);
  return row === undefined ? notFound(scope, id) : { status: 200, body: entityOf(scope, row) };
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
    return { status: 400, body: plainError('BadRequest', message, scope.stamp) };
  }
  if (scope.store.get(id) !== undefined) {
    const text = `A compliance management partner with the id ${id} already exists.`;
    return { status: 409, body: serviceError('Conflict', text, path, scope.stamp) };
  }
  const row = { ...defaults, ...given, id };
  scope.store.put(row);
  return {
    status: 201,
    headers: { location: `${scope.baseUrl}${path}('${toKey(id)}')` },
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
    return { status: 400, body: plainError('BadRequest', message, scope.stamp) };
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
  return { status: 404, body: serviceError('ResourceNotFound', text, `${path}('${id}')`, stamp) };
}

function entityOf({ model, baseUrl }: OperationScope, row: PartnerResource): object {
  return {
    '@odata.context': `${baseUrl}/$metadata#deviceManagement/complianceManagementPartners/$entity`,
    ...projectPartner(model, row),
  };
}

/** An id between the quotes of a path: quotes twice, and nothing that a header cannot carry. */
function toKey(id: string): string {
  return encodeURIComponent(id.replaceAll("'", "''"));
}

/** In a list the rows are of the declared type, so minimal metadata leaves the annotation out. */
function withoutType({ '@odata.type': _type, ...row }: ProjectedPartner): object {
  return row;
}

/** The properties of a body that has passed the model. */
function givenProperties(model: Model, body: unknown): Partial<PartnerResource> {
  const known = propertiesOf(model, partnerType);
  const entries = Object.entries(body as Partial<PartnerResource>);
  return Object.fromEntries(entries.filter(([name]) => name in known));
}
