import { isJsonObject } from '../../graph/json.ts';
import { RequestProblem } from '../requestProblem.ts';
import type { NamedDocument } from '../trusted/decideDocument.ts';
import { readJson } from './readJson.ts';

interface HttpParts {
  readonly method: string;
  readonly body: unknown;
  readonly search: string;
}

/** What a request says of its document, wherever it says it. */
export interface GraphQLParameters extends NamedDocument {
  /** How deep the JSON in the URL is, where there is any. */
  readonly jsonDepth?: number;
  /** The same request with this document, and without ids. */
  replace(query: string | undefined): Pick<HttpParts, 'body' | 'search'>;
}

/** Finds the document in body or URL. What makes no sense is left as it is: the GraphQL server has answers for it. */
export function parametersOf(
  { method, body, search }: HttpParts,
  maximumJsonDepth: number,
): GraphQLParameters {
  return method === 'GET'
    ? inUrl(new URLSearchParams(search), body, maximumJsonDepth)
    : inBody(isJsonObject(body) ? body : {}, search);
}

function inBody(body: Readonly<Record<string, unknown>>, search: string): GraphQLParameters {
  const { query, documentId, extensions } = body;
  return {
    query: nonEmpty(query),
    documentId: documentId ?? undefined,
    persistedHash: persistedHashOf(extensions),
    replace: (text) => ({
      body: {
        ...body,
        query: text,
        ...(isJsonObject(extensions) && { extensions: withoutPersisted(extensions) }),
      },
      search,
    }),
  };
}

function inUrl(
  parameters: URLSearchParams,
  body: unknown,
  maximumJsonDepth: number,
): GraphQLParameters {
  const read = (name: string): { readonly value?: unknown; readonly depth: number } => {
    const text = parameters.get(name);
    // In a body they would stand inside its object.
    const place = { name: `the parameter "${name}"`, depth: 1 };
    return text === null ? { depth: 0 } : readJson(text, place, maximumJsonDepth);
  };
  const [variables, extensions] = [read('variables'), read('extensions')];
  const jsonDepth = Math.max(variables.depth, extensions.depth);
  const ids = parameters.getAll('documentId');
  if (ids.length > 1) {
    throw new RequestProblem(400, 'BAD_REQUEST', 'The parameter "documentId" came more than once.');
  }
  return {
    query: nonEmpty(parameters.get('query')),
    documentId: ids[0],
    persistedHash: persistedHashOf(extensions.value),
    ...(jsonDepth > 0 && { jsonDepth }),
    replace(text) {
      const replaced = new URLSearchParams(parameters);
      replaced.delete('documentId');
      replaced.delete('extensions');
      if (isJsonObject(extensions.value)) {
        replaced.set('extensions', JSON.stringify(withoutPersisted(extensions.value)));
      }
      if (text !== undefined) {
        replaced.set('query', text);
      }
      return { body, search: `?${replaced}` };
    },
  };
}

const nonEmpty = (query: unknown): string | undefined =>
  typeof query === 'string' && query !== '' ? query : undefined;

function persistedHashOf(extensions: unknown): unknown {
  const persisted = isJsonObject(extensions) ? extensions['persistedQuery'] : undefined;
  return isJsonObject(persisted) ? (persisted['sha256Hash'] ?? undefined) : undefined;
}

function withoutPersisted(extensions: Readonly<Record<string, unknown>>): object {
  const { persistedQuery: _persistedQuery, ...others } = extensions;
  return others;
}
