import { hostedSandbox } from '../../config/http.ts';
import { isJsonObject } from '../../graph/json.ts';
import type { EndpointFacts } from '../endpoint.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';
import type { GatewayFacts } from '../runningGateway.ts';
import { sandboxFindings } from './sandboxFindings.ts';
import { unreachedFinding } from './unreachedFinding.ts';

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
        'Check --url and what stands before the gateway.',
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
    'Check what stands before the gateway, and its log.',
  );
}

function dataOf(facts: EndpointFacts): Readonly<Record<string, unknown>> | undefined {
  const body = facts.kind === 'answered' && isJsonObject(facts.json) ? facts.json : {};
  return isJsonObject(body['data']) ? body['data'] : undefined;
}

/** Whether a query was refused for being nobody's listed document. */
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
