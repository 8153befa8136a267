import { readErrorBody } from '../../graph/errorBody.ts';
import type { EndpointFacts } from '../endpoint.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';
import { unreachedFinding } from './unreachedFinding.ts';

const otherPlace = 'Check GRAPH_BASE_URL, and what stands between this machine and Graph.';

/** Judges the answer to a request without a token: Graph refuses it, and in its own form. */
export function graphFindings(url: URL, facts: EndpointFacts): readonly Finding[] {
  if (facts.kind === 'unreached') {
    return [unreachedFinding('graph', url, facts)];
  }
  const { status, json, durationMs } = facts;
  const isGraphs = readErrorBody(json) !== undefined;
  if (status === 401 && isGraphs) {
    const message = `${url.host} answers, and asks for a token as it should (${Math.round(durationMs)} ms).`;
    return [ok('graph', message)];
  }
  if (status === 429 || status >= 500) {
    const message = `${url.host} is reached, and answers with ${status} at the moment.`;
    return [warning('graph', message, 'Look again later, and at the health of Microsoft 365.')];
  }
  if (status >= 300 && status < 400) {
    const message = `${url.host} answers with a redirect (${status}), which the gateway never follows.`;
    return [problem('graph', message, otherPlace)];
  }
  if (status < 300) {
    const message = `${url.host} answers a request without a token with ${status}; Graph never does.`;
    return [problem('graph', message, otherPlace)];
  }
  const message = `${url.host} answers with ${status}, ${isGraphs ? 'and not with 401' : 'and not in the form of Graph'}.`;
  return [problem('graph', message, otherPlace)];
}
