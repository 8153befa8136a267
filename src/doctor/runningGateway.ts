import { hostedSandbox } from '../config/http.ts';
import { isLoopback } from '../shared/proxy.ts';
import {
  type EndpointFacts,
  type ProbeParts,
  probeEndpoint,
  unreachedFinding,
} from './endpoint.ts';
import { type Finding, findingsOf } from './finding.ts';

/** Asks a running gateway, as a browser at the hosted Sandbox would: whether it is ready, answers, and lets it in. */
export async function checkGateway(
  url: URL,
  isProduction: boolean,
  parts: ProbeParts,
): Promise<readonly Finding[]> {
  const root = url.href.replace(/\/(graphql)?\/?$/, '');
  const graphql = new URL(`${root}/graphql`);
  const headers = { 'content-type': 'application/json', origin: hostedSandbox };
  const post = (query: string): Promise<EndpointFacts> =>
    probeEndpoint(
      { url: graphql, method: 'POST', headers, body: JSON.stringify({ query }) },
      parts,
    );
  const preflightHeaders = {
    origin: hostedSandbox,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  };
  const [readiness, query, introspection, preflight] = await Promise.all([
    probeEndpoint({ url: new URL(`${root}/readyz`) }, parts),
    post('{ __typename }'),
    post('{ __schema { queryType { name } } }'),
    probeEndpoint({ url: graphql, method: 'OPTIONS', headers: preflightHeaders }, parts),
  ]);
  if (readiness.kind === 'unreached') {
    return [unreachedFinding('gateway', url, readiness)];
  }
  const origins = originsOf(preflight);
  const findings = [
    readinessFinding(readiness.status),
    queryFinding(query),
    sandboxFinding({
      origins,
      trustsListedOnly: jsonOf(query).includes(unlisted),
      introspection: jsonOf(introspection).includes('"__schema":{'),
      isProduction,
    }),
  ];
  if (origins.length > 0 && url.protocol === 'http:' && !isLoopback(url.hostname)) {
    findings.push(
      findingsOf('sandbox').warning(
        `A browser at ${hostedSandbox} does not call ${url.host} over http.`,
        'Put TLS before the gateway; only addresses of the own machine are excepted.',
      ),
    );
  }
  return findings;
}

const { ok, problem } = findingsOf('gateway');

function readinessFinding(status: number): Finding {
  if (status === 503) {
    const remedy = "It starts, stops, or has no keys to check callers' tokens with: see its log.";
    return problem('It lives and is not ready (503).', remedy);
  }
  const message = `/readyz answers with ${status}, as this gateway never does.`;
  return status === 200
    ? ok('It is ready.')
    : problem(message, 'Check --url and the proxies before the gateway.');
}

const unlisted = '"code":"TRUSTED_DOCUMENT_UNKNOWN"';

const jsonOf = (facts: EndpointFacts): string =>
  facts.kind === 'answered' ? JSON.stringify(facts.json ?? null) : '';

function queryFinding(query: EndpointFacts): Finding {
  if (jsonOf(query).includes('"__typename":"Query"')) {
    return ok('It answers a query.');
  }
  if (jsonOf(query).includes(unlisted)) {
    return ok('It answers, and takes trusted documents only.');
  }
  const answer = query.kind === 'answered' ? `status ${query.status}` : query.reason;
  return problem(
    `POST /graphql gives no answer to a query (${answer}).`,
    'Check the proxies before the gateway, and its log.',
  );
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

/** What decides whether the hosted Sandbox can work with a gateway. */
interface SandboxFacts {
  /** The origins whose pages may call; `*` stands for all. */
  readonly origins: readonly string[];
  readonly introspection: boolean;
  readonly trustsListedOnly: boolean;
  readonly isProduction: boolean;
}

/** Says whether a browser at the hosted Apollo Sandbox could use the gateway, and what is missing. */
export function sandboxFinding({
  origins,
  introspection,
  trustsListedOnly,
  isProduction,
}: SandboxFacts): Finding {
  const { ok, warning } = findingsOf('sandbox');
  const isLetIn = origins.includes(hostedSandbox) || origins.includes('*');
  const lacks = [
    !isLetIn && [`CORS rejects ${hostedSandbox}`, 'add it to CORS_ORIGINS'],
    !introspection && ['introspection is off', 'set INTROSPECTION=true'],
    trustsListedOnly && [
      'only trusted documents are accepted',
      'set TRUSTED_DOCUMENTS_MODE=log-unknown',
    ],
  ].filter((lack) => lack !== false);
  if (lacks.length === 0) {
    return ok('A browser at the hosted Apollo Sandbox can use the gateway.');
  }
  const reasons = lacks.map(([reason]) => reason).join(', ');
  const message = `A browser at the hosted Apollo Sandbox cannot use the gateway: ${reasons}.`;
  return isProduction
    ? ok(`${message} That is usual in production.`)
    : warning(message, `To allow it: ${lacks.map(([, step]) => step).join(', ')}.`);
}
