/** What is done to the resource. */
export type GraphOperation = 'list' | 'get' | 'getMany' | 'getMore' | 'add' | 'update' | 'delete';

/** The HTTP method, in upper case: Intune refuses any other spelling. */
export type GraphMethod = 'GET' | 'POST' | 'PATCH' | 'DELETE';

const methods: Readonly<Record<GraphOperation, GraphMethod>> = {
  list: 'GET',
  get: 'GET',
  // A batch that holds nothing but GETs.
  getMany: 'POST',
  // The answers that the answer to a batch left for later.
  getMore: 'GET',
  add: 'POST',
  update: 'PATCH',
  delete: 'DELETE',
};

const collection = '/deviceManagement/complianceManagementPartners';

const routes: Readonly<Record<GraphOperation, string>> = {
  list: collection,
  get: `${collection}/{id}`,
  getMany: '/$batch',
  getMore: '/$batch',
  add: collection,
  update: `${collection}/{id}`,
  delete: `${collection}/{id}`,
};

const writes: ReadonlySet<GraphOperation> = new Set(['add', 'update', 'delete']);
const onePartner: ReadonlySet<GraphOperation> = new Set(['get', 'update', 'delete']);

export function methodOf(operation: GraphOperation): GraphMethod {
  return methods[operation];
}

/** The path behind the version, with a placeholder for the id: what telemetry may show of a URL. */
export function routeOf(operation: GraphOperation): string {
  return routes[operation];
}

/** Whether the operation changes something, so that a doubtful outcome matters. */
export function isWrite(operation: GraphOperation): boolean {
  return writes.has(operation);
}

/** Whether the operation is about one partner by its id, so that "not found" can be said of it. */
export function isAboutOnePartner(operation: GraphOperation): boolean {
  return onePartner.has(operation);
}
