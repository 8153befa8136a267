import { hash } from 'node:crypto';
import { safeParse } from 'secure-json-parse';
import type { Limits } from '../config/http.ts';
import { findInexactNumbers, type InexactNumber, isJsonObject, judgeJson } from '../shared/json.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { LimitProblem, RequestProblem } from './errorFormat.ts';
import { bareId, type TrustedDocuments } from './trusted.ts';

/** What a request says of its document. */
interface NamedDocument {
  /** The text. */
  readonly query: string | undefined;
  /** The `documentId` of GraphQL over HTTP's persisted documents. */
  readonly documentId: unknown;
  /** Apollo's `extensions.persistedQuery.sha256Hash`. */
  readonly persistedHash: unknown;
}

interface DocumentDecision {
  /** The text that is executed; absent if it is the one that was sent. */
  readonly text?: string;
  /** Whether the manifest lacks the document. */
  readonly isUnknown: boolean;
  /** Why nothing is executed. */
  readonly problem?: RequestProblem;
}

const asSent: DocumentDecision = { isUnknown: false };

/** Decides which document a request means. Without a manifest, an id is unknown. */
export function decideDocument(
  { query, documentId, persistedHash }: NamedDocument,
  trusted: TrustedDocuments | undefined,
): DocumentDecision {
  if (trusted === undefined) {
    // Apollo's own way is left to Apollo: its clients know the answer and send the text.
    return documentId === undefined ? asSent : refused('TRUSTED_DOCUMENTS_OFF');
  }
  const ids = [documentId, persistedHash].filter((id) => id !== undefined);
  if (!ids.every((id) => typeof id === 'string')) {
    return refused('BAD_REQUEST');
  }
  const [id] = ids;
  const text = id === undefined ? undefined : trusted.find(id);
  if (id !== undefined && ids.some((other) => bareId(other) !== bareId(id))) {
    return refused('TRUSTED_DOCUMENT_MISMATCH');
  }
  if (text !== undefined) {
    return query === undefined || trusted.areSame(query, text)
      ? { text, isUnknown: false }
      : refused('TRUSTED_DOCUMENT_MISMATCH');
  }
  // A client may have hashed its own spelling of a trusted document: then the text counts.
  if (query === undefined ? id === undefined : trusted.has(query)) {
    return asSent;
  }
  return query === undefined || trusted.mode === 'enforce'
    ? refused('TRUSTED_DOCUMENT_UNKNOWN')
    : { isUnknown: true };
}

const messages = {
  TRUSTED_DOCUMENTS_OFF:
    'This gateway has no trusted documents, so "documentId" is not supported. Send the document as "query".',
  TRUSTED_DOCUMENT_UNKNOWN:
    "This document is not one of the gateway's trusted documents. Add it to the manifest, or send one that is listed, by id or as text.",
  TRUSTED_DOCUMENT_MISMATCH:
    'The ids and the text of this request name different documents. Send one of them.',
  BAD_REQUEST: "A document's id must be a text.",
} as const;

function refused(code: keyof typeof messages): DocumentDecision {
  const problem = new RequestProblem(400, code, messages[code]);
  return { isUnknown: code === 'TRUSTED_DOCUMENT_UNKNOWN', problem };
}

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
interface GraphQLParameters extends NamedDocument {
  /** How deep the JSON in the URL is; 0 if there is none. */
  readonly jsonDepth: number;
  /** The numbers of the variables that are not as they were sent once they are parsed. */
  readonly inexactVariables: readonly InexactNumber[];
  /** The same request without what is empty and means absent. */
  readonly request: HttpParts;
  /** The same request with this document, and without ids. */
  replace(query: string | undefined): HttpParts;
}

/**
 * Finds the document in a body. Here as in a URL, what makes no sense is left as it is: the GraphQL server has answers for
 * it.
 */
function inBody({ body: given, search, inexactNumbers = [] }: OperationRequest): GraphQLParameters {
  const isObject = isJsonObject(given);
  const sent = isObject ? given : {};
  const body = sent['operationName'] === '' ? without(sent, 'operationName') : sent;
  const { query, documentId, extensions } = body;
  return {
    jsonDepth: 0,
    request: { body: isObject ? body : given, search },
    inexactVariables: inexactNumbers.flatMap(({ path: [member, ...path], text }) =>
      member === 'variables' ? [{ path, text }] : [],
    ),
    query: nonEmpty(query),
    documentId: documentId ?? undefined,
    persistedHash: persistedHashOf(extensions),
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
  const jsonDepth = Math.max(variables.depth, extensions.depth);
  const ids = parameters.getAll('documentId');
  if (ids.length > 1) {
    throw new RequestProblem(
      400,
      'BAD_REQUEST',
      'The parameter "documentId" is repeated. Send it once.',
    );
  }
  return {
    request: { body, search },
    inexactVariables: variables.inexact,
    query: nonEmpty(parameters.get('query')),
    documentId: ids[0],
    persistedHash: persistedHashOf(extensions.value),
    jsonDepth,
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

const nonEmpty = (query: unknown): string | undefined =>
  typeof query === 'string' && query !== '' ? query : undefined;

function persistedHashOf(extensions: unknown): unknown {
  const persisted = isJsonObject(extensions) ? extensions['persistedQuery'] : undefined;
  return isJsonObject(persisted) ? (persisted['sha256Hash'] ?? undefined) : undefined;
}

type JsonObject = Readonly<Record<string, unknown>>;

const without = (object: JsonObject, name: string): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([member]) => member !== name));

interface AdmissionParts {
  readonly limits: Limits;
  /** Undefined if callers send documents of their own and nothing else. */
  readonly trusted: (() => TrustedDocuments) | undefined;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'limitSeen' | 'untrustedDocument'>;
}

/** Lets a request through, with the document that it means in its place, or throws a `RequestProblem`. */
export type Admit = ReturnType<typeof createAdmission>;

/** Builds what stands between HTTP and the GraphQL server. */
export function createAdmission(parts: AdmissionParts) {
  const { limits, trusted, log, measurements } = parts;
  return (request: OperationRequest) => {
    const { id: requestId, method } = request;
    if (method === 'POST' && Array.isArray(request.body)) {
      throw new RequestProblem(
        400,
        'BATCHING_NOT_SUPPORTED',
        'The request body is an array. Send one operation in each request, as a JSON object.',
      );
    }
    const parameters = method === 'GET' ? inUrl(request, limits.jsonDepth) : inBody(request);
    const { query = '', inexactVariables, jsonDepth } = parameters;
    if (jsonDepth > 0) {
      measurements.limitSeen('json-depth', jsonDepth);
    }
    const { documentBytes: allowed } = limits;
    // No character has more than three bytes for each of its units, so most documents need not be counted.
    const seen = query.length * 3 > allowed ? Buffer.byteLength(query) : 0;
    if (seen > allowed) {
      throw new LimitProblem({ limit: 'document-bytes', allowed, seen, isExact: true });
    }
    const { text, isUnknown, problem } = decideDocument(parameters, trusted?.());
    if (isUnknown) {
      const state = problem === undefined ? 'warned' : 'rejected';
      measurements.untrustedDocument(state);
      const documentHash = parameters.query && hash('sha256', query);
      log.warn('A document is not in the manifest', { requestId, documentHash, state });
    }
    if (problem !== undefined) {
      throw problem;
    }
    const isReplaced =
      text !== undefined || (trusted !== undefined && parameters.persistedHash !== undefined);
    return {
      ...(isReplaced ? parameters.replace(text ?? parameters.query) : parameters.request),
      /** The numbers of the variables that are not as they were sent once they are parsed. */
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
