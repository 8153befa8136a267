/** What is done to the resource. */
export type GraphOperation = 'list' | 'get' | 'add';

/** The HTTP method, in upper case: Intune refuses any other spelling. */
export type GraphMethod = 'GET' | 'POST';

const methods: Readonly<Record<GraphOperation, GraphMethod>> = {
  list: 'GET',
  get: 'GET',
  add: 'POST',
};

export function methodOf(operation: GraphOperation): GraphMethod {
  return methods[operation];
}

/** Whether the operation changes something, so that a doubtful outcome matters. */
export function isWrite(operation: GraphOperation): boolean {
  return methods[operation] !== 'GET';
}
