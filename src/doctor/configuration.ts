import type { Config } from '../config/config.ts';
import { type Finding, ok, problem } from './finding.ts';
import { type ConfigFacts, configHints } from './findings/configHints.ts';

/** What is wrong with a configuration that cannot be used, one finding for each problem. */
export function unusableFindings(problems: readonly string[]): readonly Finding[] {
  const remedy =
    'The variables and their values are in the README, under "Use it with Microsoft Graph".';
  return problems.map((message) => problem('configuration', message, remedy));
}

/** What a configuration means, and what is doubtful in it. */
export function configFindings(facts: ConfigFacts): readonly Finding[] {
  return [
    ok('configuration', `It can be used: ${summaryOf(facts.config)}.`),
    ...configHints(facts),
  ];
}

function summaryOf({ upstream, apiVersion, identity, cloud, host, port }: Config): string {
  const graph =
    upstream.kind === 'emulator'
      ? 'the embedded Graph answers'
      : `Graph at ${upstream.root.host} (${apiVersion}, cloud ${cloud})`;
  return `${graph}, AUTH_MODE=${identity.mode}, listening at ${host}:${port}`;
}
