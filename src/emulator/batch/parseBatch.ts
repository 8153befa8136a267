/** One request of a batch. */
export interface BatchItem {
  /** As it was given; ids are the same where only their case differs. */
  readonly id: string;
  readonly method: string;
  /** Behind the version, with the query. */
  readonly url: string;
  /** The names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Ids of requests before this one. */
  readonly dependsOn: readonly string[];
}

/** The requests of a batch, or why the whole of it is refused. */
export type BatchReading = { readonly items: readonly BatchItem[] } | { readonly problem: string };

const maxItems = 20;
const writes = ['POST', 'PUT', 'PATCH'];
const malformed = 'Invalid batch payload format.';

/** Reads the body of a batch, or says in Graph's words what is wrong with its form. */
export function parseBatch(body: unknown): BatchReading {
  const requests = isObject(body) ? body['requests'] : undefined;
  if (!Array.isArray(requests) || requests.length === 0) {
    return { problem: malformed };
  }
  if (requests.length > maxItems) {
    return { problem: 'Number of requests inside batch exceeds the limit.' };
  }
  const items: BatchItem[] = [];
  for (const request of requests) {
    const item = readItem(request);
    if (item === undefined) {
      return { problem: malformed };
    }
    if (items.some(({ id }) => isSameId(id, item.id))) {
      return { problem: `Request Id ${item.id} has to be unique in a batch.` };
    }
    if (lacksContent(item)) {
      return {
        problem: `Write request id : ${item.id} does not contain Content-Type header or body.`,
      };
    }
    items.push(item);
  }
  return { items };
}

/** Ids in a batch are compared without case. */
export function isSameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function readItem(request: unknown): BatchItem | undefined {
  const { id, method, url, headers, body, dependsOn } = isObject(request) ? request : {};
  const isComplete = isText(id) && isText(method) && isText(url);
  const isDependent = Array.isArray(dependsOn) && dependsOn.every(isText);
  const pairs = isObject(headers) ? Object.entries(headers) : [];
  const texts = pairs.flatMap(([name, value]) =>
    typeof value === 'string' ? [[name.toLowerCase(), value]] : [],
  );
  const isReadable =
    (headers === undefined || headers === null || isObject(headers)) &&
    texts.length === pairs.length &&
    (dependsOn === undefined || dependsOn === null || isDependent);
  return isComplete && isReadable
    ? {
        id,
        method,
        url,
        headers: Object.fromEntries(texts),
        body: body ?? undefined,
        dependsOn: isDependent ? dependsOn : [],
      }
    : undefined;
}

/** A body needs its type beside it, and a write needs a body, be it an empty object. */
function lacksContent({ method, headers, body }: BatchItem): boolean {
  const hasType = headers['content-type'] !== undefined;
  return body === undefined ? writes.includes(method) : !hasType;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
