import { readErrorBody } from '../graph/errorBody.ts';
import { type EndpointFacts, unreachedFinding } from './endpoint.ts';
import { type Finding, findingsOf } from './finding.ts';

/** Judges the answer to a request for the list without a token: Graph rejects it, and in its own form. */
export function graphFinding(url: URL, facts: EndpointFacts): Finding {
  const { ok, warning, problem } = findingsOf('graph');
  if (facts.kind === 'unreached') {
    return unreachedFinding('graph', url, facts);
  }
  const { host } = url;
  const { status, json, durationMs } = facts;
  const isGraphs = readErrorBody(json) !== undefined;
  if (status === 401 && isGraphs) {
    return ok(`${host} answers, and requires a token as expected (${Math.round(durationMs)} ms).`);
  }
  if (status === 429 || status >= 500) {
    const message = `${host} is reached, and answers with ${status} at the moment.`;
    return warning(message, 'Look again later, and at the health of Microsoft 365.');
  }
  const remedy = 'Check GRAPH_BASE_URL, and proxies and firewalls between this machine and Graph.';
  if (status >= 300 && status < 400) {
    const message = `${host} answers with a redirect (${status}), which the gateway never follows.`;
    return problem(message, remedy);
  }
  if (status < 300) {
    const message = `${host} answers a request without a token with ${status}; Graph never does.`;
    return problem(message, remedy);
  }
  const but = isGraphs ? 'and not with 401' : 'and not in the form of Graph';
  return problem(`${host} answers with ${status}, ${but}.`, remedy);
}

/** The proxies that opened a tunnel; one that did not is reported in place of its target. */
export function proxyFindings(
  endpoints: readonly (EndpointFacts | undefined)[],
): readonly Finding[] {
  const passed = endpoints
    .filter((facts) => facts?.kind === 'answered' || /^(tls|http)$/.test(facts?.stage ?? ''))
    .flatMap((facts) => facts?.proxy ?? []);
  return [...new Set(passed)].map((proxy) =>
    findingsOf('proxy').ok(`The forward proxy ${proxy} opens tunnels.`),
  );
}

/** As much as tokens may be off when they are judged. */
const toleratedMs = 60_000;

/** Judges this machine's clock by those of others, the one that differs most. */
export function clockFindings(
  sources: readonly (readonly [name: string, facts: EndpointFacts | undefined])[],
  judgesTokens: boolean,
): readonly Finding[] {
  const { ok, warning, problem } = findingsOf('clock');
  const known = sources.flatMap(([name, facts]) =>
    facts?.kind === 'answered' && facts.clockAheadMs !== undefined
      ? [{ name, aheadMs: facts.clockAheadMs }]
      : [],
  );
  const [worst] = known.sort((one, other) => Math.abs(other.aheadMs) - Math.abs(one.aheadMs));
  if (worst === undefined) {
    return [];
  }
  const { name, aheadMs } = worst;
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (Math.abs(aheadMs) <= toleratedMs) {
    return [ok(`This machine's clock agrees with ${name} (${seconds} s apart).`)];
  }
  const direction = aheadMs > 0 ? 'ahead of' : 'behind';
  const message = `This machine's clock is ${seconds} s ${direction} ${name}.`;
  return judgesTokens
    ? [problem(message, "Set it (NTP): the gateway judges callers' tokens by it.")]
    : [warning(message, 'Set it (NTP): times in logs and of tokens are wrong by as much.')];
}
