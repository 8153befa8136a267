import { hostedSandbox } from '../config/http.ts';
import { isJsonObject } from '../shared/json.ts';
import {
  type EndpointFacts,
  type ProbeParts,
  probeEndpoint,
  unreachedFinding,
} from './endpoint.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** How a running gateway answers. */
export interface GatewayFacts {
  readonly readiness: EndpointFacts;
  /** To a small query without a token. */
  readonly query: EndpointFacts;
  readonly introspection: EndpointFacts;
  /** To a browser at the hosted Sandbox that asks whether it may send one. */
  readonly preflight: EndpointFacts;
}

/** Asks a running gateway, as a browser at the hosted Sandbox would. */
export async function probeGateway(url: URL, parts: ProbeParts): Promise<GatewayFacts> {
  const root = url.href.replace(/\/(graphql)?\/?$/, '');
  const graphql = new URL(`${root}/graphql`);
  const headers = { 'content-type': 'application/json', origin: hostedSandbox };
  const post = (query: string): Promise<EndpointFacts> =>
    probeEndpoint(
      { url: graphql, method: 'POST', headers, body: JSON.stringify({ query }) },
      parts,
    );
  const [readiness, query, introspection, preflight] = await Promise.all([
    probeEndpoint({ url: new URL(`${root}/readyz`) }, parts),
    post('{ __typename }'),
    post('{ __schema { queryType { name } } }'),
    probeEndpoint(
      {
        url: graphql,
        method: 'OPTIONS',
        headers: {
          origin: hostedSandbox,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type',
        },
      },
      parts,
    ),
  ]);
  return { readiness, query, introspection, preflight };
}

const loopback = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** Judges a running gateway: whether it is ready, answers queries, and lets the hosted Sandbox in. */
export function gatewayFindings(
  url: URL,
  facts: GatewayFacts,
  isProduction: boolean,
): readonly Finding[] {
  const { readiness, query, introspection, preflight } = facts;
  if (readiness.kind === 'unreached') {
    return [unreachedFinding('gateway', url, readiness)];
  }
  return [
    readinessFinding(readiness.status),
    queryFinding(query),
    ...sandboxFindings({
      origins: originsOf(preflight),
      trustsListedOnly: takesListedOnly(query),
      introspection: isJsonObject(dataOf(introspection)?.['__schema']),
      isProduction,
    }),
    ...mixedContentFindings(url, preflight),
  ];
}

function readinessFinding(status: number): Finding {
  if (status === 200) {
    return ok('gateway', 'It is ready.');
  }
  return status === 503
    ? problem(
        'gateway',
        'It lives and is not ready (503).',
        "It starts, stops, or has no keys to check callers' tokens with: see its log.",
      )
    : problem(
        'gateway',
        `/readyz answers with ${status}, as this gateway never does.`,
        'Check --url and the proxies before the gateway.',
      );
}

function queryFinding(query: EndpointFacts): Finding {
  if (dataOf(query)?.['__typename'] === 'Query') {
    return ok('gateway', 'It answers a query.');
  }
  if (takesListedOnly(query)) {
    return ok('gateway', 'It answers, and takes trusted documents only.');
  }
  const answer = query.kind === 'answered' ? `status ${query.status}` : query.reason;
  return problem(
    'gateway',
    `POST /graphql gives no answer to a query (${answer}).`,
    'Check the proxies before the gateway, and its log.',
  );
}

function dataOf(facts: EndpointFacts): Readonly<Record<string, unknown>> | undefined {
  const body = facts.kind === 'answered' && isJsonObject(facts.json) ? facts.json : {};
  return isJsonObject(body['data']) ? body['data'] : undefined;
}

/** Whether a query was rejected because its document is not listed. */
function takesListedOnly(query: EndpointFacts): boolean {
  const errors = query.kind === 'answered' && isJsonObject(query.json) ? query.json['errors'] : [];
  const [first] = Array.isArray(errors) ? errors : [];
  const extensions = isJsonObject(first) ? first['extensions'] : undefined;
  return isJsonObject(extensions) && extensions['code'] === 'TRUSTED_DOCUMENT_UNKNOWN';
}

/** The origins that the answer to a preflight lets in, as far as this one tells. */
function originsOf(preflight: EndpointFacts): readonly string[] {
  if (preflight.kind === 'unreached' || preflight.status >= 300) {
    return [];
  }
  const textOf = (name: string): string => String(preflight.headers[name] ?? '').toLowerCase();
  const allowed = textOf('access-control-allow-headers').split(/\s*,\s*/);
  const isComplete = ['authorization', 'content-type'].every((name) => allowed.includes(name));
  return isComplete ? [textOf('access-control-allow-origin')] : [];
}

function mixedContentFindings(url: URL, preflight: EndpointFacts): readonly Finding[] {
  const isOpen = originsOf(preflight).length > 0;
  return isOpen && url.protocol === 'http:' && !loopback.test(url.hostname)
    ? [
        warning(
          'sandbox',
          `A browser at ${hostedSandbox} does not call ${url.host} over http.`,
          'Put TLS before the gateway; only addresses of the own machine are excepted.',
        ),
      ]
    : [];
}

/** What decides whether the hosted Sandbox can work with a gateway. */
interface SandboxFacts {
  /** The origins whose pages may call; `*` stands for all. */
  readonly origins: readonly string[];
  readonly introspection: boolean;
  /** Whether documents are rejected that are not in the manifest. */
  readonly trustsListedOnly: boolean;
  /** Whether it is meant to be closed by default. */
  readonly isProduction: boolean;
}

/** Says whether a browser at the hosted Apollo Sandbox could use the gateway, and what is missing. */
export function sandboxFindings({
  origins,
  introspection,
  trustsListedOnly,
  isProduction,
}: SandboxFacts): readonly Finding[] {
  const isLetIn = origins.includes(hostedSandbox) || origins.includes('*');
  const lacks = [
    ...(isLetIn ? [] : [{ what: `CORS rejects ${hostedSandbox}`, step: 'add it to CORS_ORIGINS' }]),
    ...(introspection ? [] : [{ what: 'introspection is off', step: 'set INTROSPECTION=true' }]),
    ...(trustsListedOnly
      ? [
          {
            what: 'only trusted documents are accepted',
            step: 'set TRUSTED_DOCUMENTS_MODE=log-unknown',
          },
        ]
      : []),
  ];
  if (lacks.length === 0) {
    return [ok('sandbox', 'A browser at the hosted Apollo Sandbox can use the gateway.')];
  }
  const message = `A browser at the hosted Apollo Sandbox cannot use the gateway: ${listOf(lacks.map(({ what }) => what))}.`;
  return isProduction
    ? [ok('sandbox', `${message} That is usual in production.`)]
    : [warning('sandbox', message, `To allow it: ${listOf(lacks.map(({ step }) => step))}.`)];
}

const listOf = (words: readonly string[]): string => words.join(', ');
