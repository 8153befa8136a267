import { isGuid } from '../shared/guid.ts';
import { isJsonObject } from '../shared/json.ts';
import {
  type EmulatorAnswer,
  type EmulatorRequest,
  type ErrorStamp,
  type Route,
  readJsonBody,
  refuse,
  refuseMethod,
  serviceError,
} from './http.ts';
import { type BetaGeneration, modelOf, propertiesOf, targetType } from './model.ts';
import type { Quirk } from './quirks.ts';

/** What decides how names are shown. */
interface DirectoryTraits {
  readonly generation: BetaGeneration;
  readonly oddities: ReadonlySet<Quirk>;
}

/** What is asked, and how errors are stamped. */
interface DirectoryCall {
  readonly request: EmulatorRequest;
  readonly stamp: ErrorStamp;
}

/** The groups and filters of the catalogue's rows; names are invented. */
const knownNames: ReadonlyMap<string, string> = new Map([
  ['3f6f5a0e-2f5b-4b0b-8a4e-1d2c3b4a5f60', 'Engineering Linux workstations'],
  ['9d1f7c2b-6a34-4e0d-b3c8-7e5a4f3b2c1d', 'Executives'],
  ['c0a7d1f4-58be-4f0f-9d3c-2b1a0f9e8d7c', 'Field service Android users'],
  ['61f0b7a9-3c2d-4e5f-8a9b-0c1d2e3f4a5b', 'Corporate-owned Android'],
]);

/** A group that a row still names, as happens when one is deleted in Entra. */
const deletedIds: ReadonlySet<string> = new Set(['1e2d3c4b-5a69-4788-96a5-b4c3d2e1f0a9']);

const departments = ['Sales', 'Finance', 'Support', 'Legal', 'Logistics', 'Research', 'Retail'];
const populations = ['pilot users', 'mobile users', 'contractors', 'managers', 'all staff'];

/**
 * Gives the name behind any id, always the same: an id that no row of the catalogue has gets an invented one. Undefined
 * for what was deleted, which every id that begins with `dead` was.
 */
export function nameOf(id: string): string | undefined {
  const key = id.toLowerCase();
  if (deletedIds.has(key) || key.startsWith('dead')) {
    return undefined;
  }
  const sum = [...key].reduce((total, character) => total + character.charCodeAt(0), 0);
  const invented = `${departments[sum % departments.length]} ${populations[sum % populations.length]}`;
  return knownNames.get(key) ?? invented;
}

const maximumIds = 1000;

/** `getByIds` for groups: what was deleted is left out, and a name that the token may not see is null. */
export function answerGroups(
  traits: DirectoryTraits,
  { request, stamp }: DirectoryCall,
): EmulatorAnswer {
  if (request.method !== 'POST') {
    return refuseMethod('POST', stamp);
  }
  if (traits.oddities.has('names-forbidden')) {
    const message = 'Insufficient privileges to complete the operation.';
    return refuse({ status: 403, code: 'Authorization_RequestDenied', message }, stamp);
  }
  const json = readJsonBody(request, stamp);
  if ('refusal' in json) {
    return json.refusal;
  }
  const ids = isJsonObject(json.value) ? json.value['ids'] : undefined;
  const problem = findIdsProblem(ids);
  if (problem !== undefined) {
    return refuse({ status: 400, code: 'Request_BadRequest', message: problem }, stamp);
  }
  const value = (ids as readonly string[]).flatMap((id) => {
    const displayName = nameOf(id);
    const type = { '@odata.type': '#microsoft.graph.group' };
    return displayName === undefined ? [] : [{ ...type, id, ...shown(traits, displayName) }];
  });
  return { status: 200, body: { value } };
}

function findIdsProblem(ids: unknown): string | undefined {
  if (!Array.isArray(ids) || ids.length === 0) {
    return 'Missing required parameter ids.';
  }
  if (ids.length > maximumIds) {
    return `Too many identifiers: at most ${maximumIds} are supported.`;
  }
  const wrong = ids.find((id) => typeof id !== 'string' || !isGuid(id));
  return wrong === undefined ? undefined : `Invalid object identifier '${String(wrong)}'.`;
}

/** One assignment filter; only a beta that has filters at all knows their path. */
export function answerFilter(
  traits: DirectoryTraits,
  { request, stamp }: DirectoryCall,
  { version, id }: Extract<Route, { kind: 'filter' }>,
): EmulatorAnswer {
  const model = modelOf(version === 'v1.0' ? 'v1.0' : traits.generation);
  if (Object.keys(propertiesOf(model, targetType)).length === 0) {
    const message = "Resource not found for the segment 'assignmentFilters'.";
    return refuse({ status: 400, code: 'BadRequest', message }, stamp);
  }
  if (request.method !== 'GET') {
    return refuseMethod('GET', stamp);
  }
  const path = `/deviceManagement/assignmentFilters('${id}')`;
  if (traits.oddities.has('names-forbidden')) {
    const text =
      'Application is not authorized to perform this operation. Application must have one of the following scopes: DeviceManagementConfiguration.Read.All, DeviceManagementConfiguration.ReadWrite.All';
    return { status: 403, body: serviceError('Forbidden', text, path, stamp) };
  }
  const displayName = nameOf(id);
  if (displayName === undefined) {
    const text = `Assignment filter ${id} was not found.`;
    return { status: 404, body: serviceError('ResourceNotFound', text, path, stamp) };
  }
  return { status: 200, body: { id, ...shown(traits, displayName) } };
}

function shown({ oddities }: DirectoryTraits, displayName: string): object {
  return { displayName: oddities.has('names-withheld') ? null : displayName };
}
