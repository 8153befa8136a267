import { hostedSandbox } from '../config/http.ts';
import { isLoopback } from '../shared/proxy.ts';
import {
  type CheckParts,
  type EndpointFacts,
  probeEndpoint,
  unreachedFinding,
} from './endpoint.ts';
import { type Finding, findingsOf } from './finding.ts';

/** Asks a running gateway, as a browser at the hosted Sandbox would: whether it is ready, answers, and lets it in. */
export async function checkGateway(url: URL, isProduction: boolean, parts: CheckParts) {
  const root = url.href.replace(/\/(graphql)?\/?$/, '');
  const graphql = new URL(`${root}/graphql`);
  const headers = { 'content-type': 'application/json', origin: hostedSandbox };
  const post = (query: string): Promise<EndpointFacts> => {
    const body = JSON.stringify({ query });
    return probeEndpoint({ url: graphql, method: 'POST', headers, body }, parts);
  };
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
  const isPlain = origins.length > 0 && url.protocol === 'http:' && !isLoopback(url.hostname);
  const plain = findingsOf('sandbox').warning(
    `A browser at ${hostedSandbox} does not call ${url.host} over http.`,
    'Put TLS before the gateway; only addresses of the own machine are excepted.',
  );
  return [
    readinessFinding(readiness.status),
    queryFinding(query),
    sandboxFinding({
      corsOrigins: origins,
      trustsListedOnly: jsonOf(query).includes(unlisted),
      introspection: jsonOf(introspection).includes('"__schema":{'),
      isProduction,
    }),
    ...(isPlain ? [plain] : []),
  ];
}

const { ok, problem } = findingsOf('gateway');

function readinessFinding(status: number): Finding {
  if (status === 200) {
    return ok('It is ready.');
  }
  const stopped = "It starts, stops, or has no keys to check callers' tokens with: see its log.";
  const message = `/readyz answers with ${status}, as this gateway never does.`;
  return status === 503
    ? problem('It lives and is not ready (503).', stopped)
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
  const message = `POST /graphql gives no answer to a query (${answer}).`;
  return problem(message, 'Check the proxies before the gateway, and its log.');
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

/** Says whether a browser at the hosted Apollo Sandbox could use the gateway, and what is missing. */
export function sandboxFinding(facts: {
  /** The origins whose pages may call; `*` stands for all. */
  readonly corsOrigins: readonly string[];
  readonly introspection: boolean;
  readonly trustsListedOnly: boolean;
  readonly isProduction: boolean;
}): Finding {
  const { ok, warning } = findingsOf('sandbox');
  const isLetIn = facts.corsOrigins.some((origin) => origin === hostedSandbox || origin === '*');
  const lacks = [
    [isLetIn, `CORS rejects ${hostedSandbox}`, 'add it to CORS_ORIGINS'],
    [facts.introspection, 'introspection is off', 'set INTROSPECTION=true'],
    [
      !facts.trustsListedOnly,
      'only trusted documents are accepted',
      'set TRUSTED_DOCUMENTS_MODE=log-unknown',
    ],
  ].filter(([isThere]) => isThere === false);
  if (lacks.length === 0) {
    return ok('A browser at the hosted Apollo Sandbox can use the gateway.');
  }
  const reasons = lacks.map(([, reason]) => reason).join(', ');
  const message = `A browser at the hosted Apollo Sandbox cannot use the gateway: ${reasons}.`;
  return facts.isProduction
    ? ok(`${message} That is usual in production.`)
    : warning(message, `To allow it: ${lacks.map(([, , step]) => step).join(', ')}.`);
}
