import type { PartnerResource } from '../graph/types.ts';
import { blankPartner } from './blankPartner.ts';
import { type EmulatorAnswer, refuse } from './emulatorAnswer.ts';
import { modelError, serviceError } from './errorEnvelopes.ts';
import { type Model, partnerType, propertiesOf } from './model.ts';
import { collectionPath, contextOf, type OperationScope } from './operationScope.ts';
import { projectPartner } from './projection.ts';
import { narrow, type Selection } from './query/parseSelect.ts';
import { findModelProblem } from './validateBody.ts';

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
