import { isGuid } from '../shared/forms.ts';
import { isJsonObject } from '../shared/json.ts';
import {
  type EmulatorAnswer,
  type EmulatorRequest,
  methodRefusal,
  readJsonBody,
  refusal,
  serviceRefusal,
  unknownSegment,
} from './http.ts';
import { type Model, propertiesOf, targetType } from './model.ts';
import type { Quirk } from './quirks.ts';

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
 * The name behind an id, always the same; ids that no row of the catalogue has get an invented one. Undefined if it was
 * deleted, as all ids that begin with `dead` are.
 */
function nameOf(id: string): string | undefined {
  const key = id.toLowerCase();
  if (deletedIds.has(key) || key.startsWith('dead')) {
    return undefined;
  }
  const sum = [...key].reduce((total, character) => total + character.charCodeAt(0), 0);
  const invented = `${departments[sum % departments.length]} ${populations[sum % populations.length]}`;
  return knownNames.get(key) ?? invented;
}

const maximumIds = 1000;

/** `getByIds` for groups: deleted ones are left out, and a name that the token may not see is null. */
export function answerGroups(
  oddities: ReadonlySet<Quirk>,
  request: EmulatorRequest,
): EmulatorAnswer {
  if (request.method !== 'POST') {
    throw methodRefusal('POST');
  }
  if (oddities.has('names-forbidden')) {
    const message = 'Insufficient privileges to complete the operation.';
    throw refusal(403, 'Authorization_RequestDenied', message);
  }
  const value = idsOf(readJsonBody(request)).flatMap((id) => {
    const displayName = nameOf(id);
    const row = { '@odata.type': '#microsoft.graph.group', id, ...shown(oddities, displayName) };
    return displayName === undefined ? [] : [row];
  });
  return { status: 200, body: { value } };
}

function idsOf(body: unknown): readonly string[] {
  const ids: readonly unknown[] =
    isJsonObject(body) && Array.isArray(body['ids']) ? body['ids'] : [];
  const isId = (id: unknown): id is string => typeof id === 'string' && isGuid(id);
  if (ids.length > 0 && ids.length <= maximumIds && ids.every(isId)) {
    return ids;
  }
  const problem =
    ids.length === 0
      ? 'Missing required parameter ids.'
      : ids.length > maximumIds
        ? `Too many identifiers: at most ${maximumIds} are supported.`
        : `Invalid object identifier '${String(ids.find((id) => !isId(id)))}'.`;
  throw refusal(400, 'Request_BadRequest', problem);
}

/** One assignment filter; only a beta that has filters at all knows their path. */
export function answerFilter(
  oddities: ReadonlySet<Quirk>,
  model: Model,
  { method }: EmulatorRequest,
  id: string,
): EmulatorAnswer {
  if (Object.keys(propertiesOf(model, targetType)).length === 0) {
    throw refusal(400, 'BadRequest', unknownSegment('assignmentFilters').message);
  }
  if (method !== 'GET') {
    throw methodRefusal('GET');
  }
  const path = `/deviceManagement/assignmentFilters('${id}')`;
  if (oddities.has('names-forbidden')) {
    const text =
      'Application is not authorized to perform this operation. Application must have one of the following scopes: DeviceManagementConfiguration.Read.All, DeviceManagementConfiguration.ReadWrite.All';
    throw serviceRefusal(403, 'Forbidden', text, path);
  }
  const displayName = nameOf(id);
  if (displayName === undefined) {
    throw serviceRefusal(404, 'ResourceNotFound', `Assignment filter ${id} was not found.`, path);
  }
  return { status: 200, body: { id, ...shown(oddities, displayName) } };
}

function shown(oddities: ReadonlySet<Quirk>, displayName: string | undefined): object {
  return { displayName: oddities.has('names-withheld') ? null : displayName };
}
