import type { InexactNumber } from '../../graph/exactNumbers.ts';
import { isJsonObject } from '../../graph/json.ts';
import type { NamedDocument } from '../../graphql/documents.ts';
import { RequestProblem } from '../../graphql/problems.ts';
import { type ReadJson, readJson } from './readJson.ts';

interface HttpParts {
  readonly method: string;
  readonly body: unknown;
  readonly search: string;
  /** Those in the body. */
  readonly inexactNumbers?: readonly InexactNumber[] | undefined;
}

/** What a request says of its document, wherever it says it. */
export interface GraphQLParameters extends NamedDocument {
  /** How deep the JSON in the URL is, where there is any. */
  readonly jsonDepth?: number;
  /** The numbers of the variables that are not as they were sent once they are parsed. */
  readonly inexactVariables: readonly InexactNumber[];
  /** The same request without what is empty and means absent. */
  readonly request: Pick<HttpParts, 'body' | 'search'>;
  /** The same request with this document, and without ids. */
  replace(query: string | undefined): Pick<HttpParts, 'body' | 'search'>;
}

/** Finds the document in body or URL. What makes no sense is left as it is: the GraphQL server has answers for it. */
export function parametersOf(
  { method, body, search, inexactNumbers = [] }: HttpParts,
  maximumJsonDepth: number,
): GraphQLParameters {
  return method === 'GET'
    ? inUrl(search, body, maximumJsonDepth)
    : inBody(body, search, inexactNumbers);
}

function inBody(
  given: unknown,
  search: string,
  inexact: readonly InexactNumber[],
): GraphQLParameters {
  const body = isJsonObject(given) ? withoutEmptyName(given) : {};
  const { query, documentId, extensions } = body;
  return {
    request: { body: isJsonObject(given) ? body : given, search },
    inexactVariables: inexact.flatMap(({ path: [member, ...path], text }) =>
      member === 'variables' ? [{ path, text }] : [],
    ),
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

function withoutEmptyName(
  body: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  if (body['operationName'] !== '') {
    return body;
  }
  const { operationName: _operationName, ...others } = body;
  return others;
}

/** Forms and some clients send parameters with no value, which means the same as no parameter. */
const absent: Readonly<Record<string, readonly string[]>> = {
  operationName: [''],
  documentId: [''],
  variables: ['', 'null'],
  extensions: ['', 'null'],
};

function inUrl(givenSearch: string, body: unknown, maximumJsonDepth: number): GraphQLParameters {
  const parameters = new URLSearchParams(givenSearch);
  const empty = Object.entries(absent).filter(([name, texts]) => {
    const [text, ...others] = parameters.getAll(name);
    return text !== undefined && others.length === 0 && texts.includes(text);
  });
  for (const [name] of empty) {
    parameters.delete(name);
  }
  const search = empty.length > 0 ? `?${parameters}` : givenSearch;
  const read = (name: string): Partial<ReadJson> & Pick<ReadJson, 'depth'> => {
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
    request: { body, search },
    inexactVariables: variables.inexact ?? [],
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
