import type {
  AssignmentResource,
  AssignmentTargetResource,
  PartnerResource,
} from '../graph/types.ts';
import {
  collectionPath,
  type EmulatorAnswer,
  type EmulatorRequest,
  methodRefusal,
  readJsonBody,
  refusal,
  rootHeaders,
  serviceRefusal,
  splitPath,
  type Version,
} from './http.ts';
import {
  type BetaGeneration,
  type Model,
  partnerType,
  propertiesOf,
  readPartner,
  typeOf,
} from './model.ts';
import { type PageRequest, parsePageRequest, parseSelect, writeSkipToken } from './query.ts';
import { applyAnswerQuirks, type Quirk, recognizePartner } from './quirks.ts';
import { blankPartner, type PartnerStore } from './store.ts';

export interface EmulatorParts {
  readonly store: PartnerStore;
  /** The rows as reads show them. */
  readonly seen: () => PartnerStore;
  readonly generation: BetaGeneration;
  readonly pageSize: number;
  readonly acceptToken: (token: string) => boolean;
  readonly newId: () => string;
  readonly oddities: ReadonlySet<Quirk>;
}

/** What a request for partners is about; without an id it is the collection. */
interface PartnersRoute {
  readonly version: Version;
  readonly model: Model;
  readonly id?: string | undefined;
}

/**
 * Executes an operation on partners.
 * @throws Refusal for what Graph rejects
 */
export function answerPartners(
  parts: EmulatorParts,
  request: EmulatorRequest,
  { version, model, id }: PartnersRoute,
): EmulatorAnswer {
  const { oddities, newId, pageSize } = parts;
  const { method } = request;
  const isOne = id !== undefined;
  const key = id ?? '';
  const isForgiving = oddities.has('missing-as-200');
  const store = method === 'GET' ? parts.seen() : parts.store;
  const baseUrl = `${callerRootOf(request)}/${version}`;
  const { query } = splitPath(request.path);

  function storedRow(): PartnerResource {
    const row = store.get(key);
    if (row === undefined) {
      throw notFound(key);
    }
    return row;
  }

  const readBody = (): unknown => recognizePartner(oddities, readJsonBody(request));

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

  /** Adds a row, under its own id if it brings one; 201, 400 or 409. */
  function create(): EmulatorAnswer {
    const given = readPartner(model, readBody());
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
  }

  /** Changes the given properties of a row, lists as a whole; 200, 400 or 404. */
  function update(): EmulatorAnswer {
    const json = readBody();
    const row = storedRow();
    const given = readPartner(model, json);
    if (given.id !== undefined && given.id.toLowerCase() !== key.toLowerCase()) {
      throw refusal(400, 'BadRequest', "The key property 'id' cannot be updated.");
    }
    const updated = { ...row, ...given, id: row.id };
    store.put(updated);
    return { status: 200, body: entityOf(oddities.has('old-entity-update') ? row : updated) };
  }

  function list(page: PageRequest): EmulatorAnswer {
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
  }

  function answer(): EmulatorAnswer {
    switch (`${method} ${isOne ? 'one' : 'all'}`) {
      case 'GET all': {
        const traits = { pageSize, hasEmptyPages: oddities.has('empty-pages') };
        return list(parsePageRequest(query, version, model, traits));
      }
      case 'POST all':
        return create();
      case 'GET one': {
        const select = parseSelect(query, version, model);
        const row = isForgiving ? (store.get(key) ?? { ...blankPartner, id: key }) : storedRow();
        return { status: 200, body: entityOf(row, select) };
      }
      case 'PATCH one':
        return update();
      case 'DELETE one':
        if (!store.delete(key) && !isForgiving) {
          throw notFound(key);
        }
        return { status: 204 };
      default:
        throw methodRefusal(isOne ? 'GET, PATCH, DELETE' : 'GET, POST');
    }
  }

  return applyAnswerQuirks(oddities, { method, isOne }, answer());
}

/**
 * Scheme and host as the caller wrote them, without a slash at the end: links have to lead back through a proxy that
 * ends TLS, because Microsoft's own clients send their token over https only.
 */
function callerRootOf({
  headers,
  isSecure,
}: Pick<EmulatorRequest, 'headers' | 'isSecure'>): string {
  // Each proxy on the way adds its own value behind a comma; the first is the one next to the caller.
  const [host, forwardedHost, scheme] = rootHeaders.map((name) =>
    String(headers[name] ?? '').replace(/\s*,.*/, ''),
  );
  const isHttps = isSecure || scheme === 'https';
  return `${isHttps ? 'https' : 'http'}://${forwardedHost || host || '127.0.0.1'}`;
}

/** Leaves the selected properties of a row, and the annotations. */
function narrow(row: Readonly<Record<string, unknown>>, select: PageRequest['select']): object {
  const entries = Object.entries(row);
  return select === undefined
    ? row
    : Object.fromEntries(entries.filter(([name]) => name.startsWith('@') || select.includes(name)));
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
