import type {
  AssignmentResource,
  AssignmentTargetResource,
  PartnerResource,
} from '../graph/types.ts';
import { isGuid } from '../shared/forms.ts';
import { isJsonObject } from '../shared/json.ts';
import {
  collectionPath,
  type EmulatorAnswer,
  type EmulatorRequest,
  readJsonBody,
  refusal,
  serviceRefusal,
} from './http.ts';
import { type Model, partnerType, propertiesOf, readPartner, typeOf } from './model.ts';
import { narrow, type PageRequest, writeSkipToken } from './query.ts';
import type { Quirk } from './quirks.ts';
import { blankPartner, type PartnerStore } from './store.ts';

interface OperationScope {
  readonly store: PartnerStore;
  readonly model: Model;
  /** Scheme, host and version, without a slash at the end. */
  readonly baseUrl: string;
  readonly newId: () => string;
}

/** The operations on partners, which throw a Refusal for what Graph rejects. */
export function createOperations({ store, model, baseUrl, newId }: OperationScope) {
  function rowOf(id: string): PartnerResource {
    const row = store.get(id);
    if (row === undefined) {
      throw notFound(id);
    }
    return row;
  }

  function entityOf(row: PartnerResource, select?: PageRequest['select']): object {
    return {
      '@odata.context': `${contextOf(select)}/$entity`,
      ...narrow(projectPartner(model, row), select),
    };
  }

  /** The annotation that every body begins with. */
  function contextOf(select: PageRequest['select']): string {
    const narrowed = select === undefined ? '' : `(${select.join(',')})`;
    return `${baseUrl}/$metadata#${collectionPath.slice(1)}${narrowed}`;
  }

  return {
    get: (id: string, select?: PageRequest['select']): EmulatorAnswer => ({
      status: 200,
      body: entityOf(rowOf(id), select),
    }),

    /** Adds a row, under its own id if it brings one; 201, 400 or 409. */
    create(body: unknown): EmulatorAnswer {
      const given = readPartner(model, body);
      const id = given.id ?? newId();
      // Half a surrogate pair cannot be written into the Location header's URL.
      if (id === '' || /\p{Surrogate}/u.test(id)) {
        throw refusal(400, 'BadRequest', "The key property 'id' cannot be empty or ill-formed.");
      }
      if (store.get(id) !== undefined) {
        const text = `A compliance management partner with the id ${id} already exists.`;
        throw serviceRefusal(409, 'Conflict', text, collectionPath);
      }
      const row = { ...blankPartner, ...given, id };
      store.put(row);
      // Quotes are written twice, and nothing that a header cannot carry.
      const key = encodeURIComponent(id.replaceAll("'", "''"));
      const headers = { location: `${baseUrl}${collectionPath}('${key}')` };
      return { status: 201, headers, body: entityOf(row) };
    },

    /** Changes the given properties of a row, lists as a whole; 200, 400 or 404. */
    update(id: string, body: unknown): EmulatorAnswer {
      const row = rowOf(id);
      const given = readPartner(model, body);
      if (given.id !== undefined && given.id.toLowerCase() !== id.toLowerCase()) {
        throw refusal(400, 'BadRequest', "The key property 'id' cannot be updated.");
      }
      const updated = { ...row, ...given, id: row.id };
      store.put(updated);
      return { status: 200, body: entityOf(updated) };
    },

    delete(id: string): EmulatorAnswer {
      if (!store.delete(id)) {
        throw notFound(id);
      }
      return { status: 204 };
    },

    list(page: PageRequest): EmulatorAnswer {
      const { select, fits, options, hasEmptyPages } = page;
      const fitting = store.rowsBehind(page.after).filter(({ row }) => fits(row));
      const after = fitting.slice(0, page.skip).at(-1)?.number ?? page.after;
      const rows = fitting.slice(page.skip);
      const shown = page.isHollow ? [] : rows.slice(0, page.size);
      const isMore = page.isHollow || rows.length > shown.length;
      const isHollow = hasEmptyPages && !page.isHollow;
      const token = writeSkipToken({ after: shown.at(-1)?.number ?? after, isHollow }, options);
      const nextLink = `${baseUrl}${collectionPath}?${options}$skiptoken=${token}`;
      return {
        status: 200,
        body: {
          '@odata.context': contextOf(select),
          ...(page.isCounted && { '@odata.count': store.rows().filter(fits).length }),
          ...(isMore && { '@odata.nextLink': nextLink }),
          value: shown.map(({ row }) => {
            // The rows are of the declared type, so minimal metadata leaves the annotation out.
            const { '@odata.type': _type, ...properties } = projectPartner(model, row);
            return narrow(properties, select);
          }),
        },
      };
    },
  };
}

function notFound(id: string): Error {
  const text = `Compliance management partner ${id} was not found.`;
  return serviceRefusal(404, 'ResourceNotFound', text, `${collectionPath}('${id}')`);
}

/**
 * Shows a stored row as one generation writes it: only the properties that it has, in its order, targets with `#`, and
 * filter properties on each target even if there is no filter, if the generation has filters.
 */
function projectPartner(model: Model, row: PartnerResource): Readonly<Record<string, unknown>> {
  const properties = Object.keys(propertiesOf(model, partnerType)).flatMap((name) => {
    const value = row[name as keyof PartnerResource];
    // A property that a seed leaves out stays out, for readers that must bear it.
    return value === undefined
      ? []
      : [[name, Array.isArray(value) ? value.map((one) => projectAssignment(model, one)) : value]];
  });
  return { '@odata.type': `#microsoft.graph.${partnerType}`, ...Object.fromEntries(properties) };
}

function projectAssignment(model: Model, assignment: AssignmentResource | null): object | null {
  if (assignment === null) {
    return null;
  }
  const { target } = assignment;
  return {
    '@odata.type': '#microsoft.graph.complianceManagementPartnerAssignment',
    ...(target !== undefined && { target: target && projectTarget(model, target) }),
  };
}

function projectTarget(model: Model, target: AssignmentTargetResource): object {
  const name = (target['@odata.type'] ?? '').replace(/^#?microsoft\.graph\./, '');
  if (typeOf(model, name) === undefined) {
    // Graph may write types that came after the metadata; a seed with one plays that.
    return target;
  }
  const members = Object.entries(propertiesOf(model, name)).map(([member, { isNullable }]) => [
    member,
    target[member] ?? (isNullable ? null : 'none'),
  ]);
  return { '@odata.type': `#microsoft.graph.${name}`, ...Object.fromEntries(members) };
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
export function getGroups(oddities: ReadonlySet<Quirk>, request: EmulatorRequest): EmulatorAnswer {
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

/** One assignment filter. */
export function getFilter(oddities: ReadonlySet<Quirk>, id: string): EmulatorAnswer {
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
