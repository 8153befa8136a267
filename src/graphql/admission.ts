import { hash } from 'node:crypto';
import { safeParse } from 'secure-json-parse';
import type { Limits } from '../config/http.ts';
import { findInexactNumbers, type InexactNumber, isJsonObject, judgeJson } from '../shared/json.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { LimitProblem, RequestProblem } from './errorFormat.ts';
import { bareId, type TrustedDocuments } from './trusted.ts';

const refusals = {
  TRUSTED_DOCUMENTS_OFF:
    'This gateway has no trusted documents, so "documentId" is not supported. Send the document as "query".',
  TRUSTED_DOCUMENT_UNKNOWN:
    "This document is not one of the gateway's trusted documents. Add it to the manifest, or send one that is listed, by id or as text.",
  TRUSTED_DOCUMENT_MISMATCH:
    'The ids and the text of this request name different documents. Send one of them.',
  BATCHING_NOT_SUPPORTED:
    'The request body is an array. Send one operation in each request, as a JSON object.',
} as const;

const refused = (code: keyof typeof refusals): RequestProblem =>
  new RequestProblem(400, code, refusals[code]);

/** The parts of an HTTP request that may hold an operation. */
interface OperationRequest {
  readonly id: string;
  readonly method: string;
  readonly body: unknown;
  /** The query of the URL with its question mark, or nothing. */
  readonly search: string;
  /** The numbers that the parsed body does not have as they were sent. */
  readonly inexactNumbers?: readonly InexactNumber[] | undefined;
}

type HttpParts = Pick<OperationRequest, 'body' | 'search'>;

/** What a request says of its document, wherever it says it. */
interface GraphQLParameters {
  readonly query: string | undefined;
  /** The `documentId` of GraphQL over HTTP's persisted documents. */
  readonly documentId: unknown;
  /** Apollo's `extensions.persistedQuery.sha256Hash`. */
  readonly persistedHash: unknown;
  /** How deep the JSON in the URL is. */
  readonly jsonDepth?: number;
  /** The numbers of the variables that are not as they were sent once they are parsed. */
  readonly inexactVariables: readonly InexactNumber[];
  /** The same request without what is empty and means absent. */
  readonly request: HttpParts;
  /** The same request with this document, and without ids. */
  replace(query: string | undefined): HttpParts;
}

function documentOf(query: unknown, documentId: unknown, extensions: unknown) {
  const persisted = isJsonObject(extensions) ? extensions['persistedQuery'] : undefined;
  return {
    query: typeof query === 'string' && query !== '' ? query : undefined,
    documentId: documentId ?? undefined,
    persistedHash: isJsonObject(persisted) ? (persisted['sha256Hash'] ?? undefined) : undefined,
  };
}

/** What makes no sense is left as it is: the GraphQL server has answers for it. */
function inBody({ body: given, search, inexactNumbers = [] }: OperationRequest): GraphQLParameters {
  const isObject = isJsonObject(given);
  const sent = isObject ? given : {};
  const body = sent['operationName'] === '' ? without(sent, 'operationName') : sent;
  const { query, documentId, extensions } = body;
  return {
    ...documentOf(query, documentId, extensions),
    request: { body: isObject ? body : given, search },
    inexactVariables: inexactNumbers.flatMap(({ path: [member, ...path], text }) =>
      member === 'variables' ? [{ path, text }] : [],
    ),
    replace: (text) => ({
      body: {
        ...body,
        query: text,
        ...(isJsonObject(extensions) && { extensions: without(extensions, 'persistedQuery') }),
      },
      search,
    }),
  };
}

/** Forms and some clients send parameters with no value, which means the same as no parameter. */
const absent: Readonly<Record<string, readonly string[]>> = {
  operationName: [''],
  documentId: [''],
  variables: ['', 'null'],
  extensions: ['', 'null'],
};

function inUrl(
  { search: givenSearch, body }: OperationRequest,
  maximumJsonDepth: number,
): GraphQLParameters {
  const parameters = new URLSearchParams(givenSearch);
  const empty = Object.entries(absent).filter(([name, texts]) => {
    const [text, ...others] = parameters.getAll(name);
    return text !== undefined && others.length === 0 && texts.includes(text);
  });
  for (const [name] of empty) {
    parameters.delete(name);
  }
  const search = empty.length > 0 ? `?${parameters}` : givenSearch;
  const read = (name: string): ReadJson => {
    const text = parameters.get(name);
    // In a body they would stand inside its object.
    return text === null
      ? { value: undefined, depth: 0, inexact: [] }
      : readJson(text, `the parameter "${name}"`, maximumJsonDepth, 1);
  };
  const [variables, extensions] = [read('variables'), read('extensions')];
  const ids = parameters.getAll('documentId');
  if (ids.length > 1) {
    const message = 'The parameter "documentId" is repeated. Send it once.';
    throw new RequestProblem(400, 'BAD_REQUEST', message);
  }
  return {
    ...documentOf(parameters.get('query'), ids[0], extensions.value),
    request: { body, search },
    inexactVariables: variables.inexact,
    jsonDepth: Math.max(variables.depth, extensions.depth),
    replace(text) {
      const replaced = new URLSearchParams(parameters);
      replaced.delete('documentId');
      replaced.delete('extensions');
      if (isJsonObject(extensions.value)) {
        replaced.set('extensions', JSON.stringify(without(extensions.value, 'persistedQuery')));
      }
      if (text !== undefined) {
        replaced.set('query', text);
      }
      return { body, search: `?${replaced}` };
    },
  };
}

const without = (object: Readonly<Record<string, unknown>>, name: string) =>
  Object.fromEntries(Object.entries(object).filter(([member]) => member !== name));

interface AdmissionParts {
  readonly limits: Limits;
  /** Undefined if callers send documents of their own and nothing else. */
  readonly trusted: (() => TrustedDocuments) | undefined;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'limitSeen' | 'untrustedDocument'>;
}

/** Builds what lets a request through to the GraphQL server, with the document that it means in its place. */
export function createAdmission({ limits, trusted, log, measurements }: AdmissionParts) {
  /**
   * Finds the text of the trusted document that a request means; undefined if the sent text is executed.
   * @throws RequestProblem if nothing is executed.
   */
  function findTrusted(
    { query, documentId, persistedHash }: GraphQLParameters,
    requestId: string,
  ): string | undefined {
    const documents = trusted?.();
    if (documents === undefined) {
      // Apollo's own way is left to Apollo: its clients know the answer and send the text.
      if (documentId !== undefined) {
        throw refused('TRUSTED_DOCUMENTS_OFF');
      }
      return undefined;
    }
    const ids = [documentId, persistedHash].filter((id) => id !== undefined);
    if (!ids.every((id) => typeof id === 'string')) {
      throw new RequestProblem(400, 'BAD_REQUEST', "A document's id must be a text.");
    }
    const [id] = ids;
    const text = id === undefined ? undefined : documents.find(id);
    const isMismatch = text !== undefined && query !== undefined && !documents.areSame(query, text);
    if (isMismatch || new Set(ids.map(bareId)).size > 1) {
      throw refused('TRUSTED_DOCUMENT_MISMATCH');
    }
    // A client may have hashed its own spelling of a trusted document: then the text counts.
    if (text === undefined && (query === undefined ? id !== undefined : !documents.has(query))) {
      const isTolerated = query !== undefined && documents.mode === 'log-unknown';
      const state = isTolerated ? 'warned' : 'rejected';
      measurements.untrustedDocument(state);
      const documentHash = query && hash('sha256', query);
      log.warn('A document is not in the manifest', { requestId, documentHash, state });
      if (!isTolerated) {
        throw refused('TRUSTED_DOCUMENT_UNKNOWN');
      }
    }
    return text;
  }

  return (request: OperationRequest) => {
    const { id, method } = request;
    if (method === 'POST' && Array.isArray(request.body)) {
      throw refused('BATCHING_NOT_SUPPORTED');
    }
    const parameters = method === 'GET' ? inUrl(request, limits.jsonDepth) : inBody(request);
    const { query = '', persistedHash, inexactVariables, jsonDepth = 0 } = parameters;
    if (jsonDepth > 0) {
      measurements.limitSeen('json-depth', jsonDepth);
    }
    const { documentBytes: allowed } = limits;
    // No character has more than three bytes for each of its units, so most documents need not be counted.
    const seen = query.length * 3 > allowed ? Buffer.byteLength(query) : 0;
    if (seen > allowed) {
      throw new LimitProblem({ limit: 'document-bytes', allowed, seen, isExact: true });
    }
    const text = findTrusted(parameters, id);
    const isReplaced = text !== undefined || (trusted !== undefined && persistedHash !== undefined);
    return {
      ...(isReplaced ? parameters.replace(text ?? parameters.query) : parameters.request),
      inexactVariables,
    };
  };
}

/** What a JSON text of a caller says. */
interface ReadJson {
  /** Without keys that could reach a prototype. */
  readonly value: unknown;
  readonly depth: number;
  /** The numbers that `value` does not have as they were sent. */
  readonly inexact: readonly InexactNumber[];
}

/**
 * Reads JSON that a caller sent; `place` says where it stands, in the middle of a sentence, and `outerDepth` inside how many objects.
 * @throws RequestProblem if it is none, too deep or ambiguous.
 */
export function readJson(
  text: string,
  place: string,
  maximumDepth: number,
  outerDepth = 0,
): ReadJson {
  const value: unknown = safeParse(text);
  if (value === undefined) {
    throw new RequestProblem(400, 'BAD_REQUEST', `Invalid JSON in ${place}.`);
  }
  if (value === null && text.trim() !== 'null') {
    const message = `There is a key "__proto__", or "prototype" in a "constructor", in ${place}. Use other names.`;
    throw new RequestProblem(400, 'FORBIDDEN_KEY', message);
  }
  const judged = judgeJson(text, value, maximumDepth - outerDepth);
  const depth = judged.depth + outerDepth;
  if (judged.problem !== undefined) {
    const [limit, allowed, seen] =
      judged.problem === 'too-deep'
        ? (['json-depth', maximumDepth, depth] as const)
        : (['duplicate-keys', 1, 2] as const);
    throw new LimitProblem({ limit, allowed, seen, isExact: false });
  }
  return { value, depth, inexact: findInexactNumbers(text, value) };
}
