import { type Finding, ok, warning } from '../finding.ts';
import { sandboxOrigin } from '../probes/probeGateway.ts';

/** What decides whether the hosted Sandbox can work with a gateway. */
export interface SandboxFacts {
  /** The origins whose pages may call; `*` stands for all. */
  readonly origins: readonly string[];
  readonly introspection: boolean;
  /** Whether it is meant to be closed unless somebody opens it. */
  readonly isProduction: boolean;
}

/** Says whether a browser at the hosted Apollo Sandbox could use the gateway, and what is missing. */
export function sandboxFindings({
  origins,
  introspection,
  isProduction,
}: SandboxFacts): readonly Finding[] {
  const isLetIn = origins.includes(sandboxOrigin) || origins.includes('*');
  const lacks = [
    ...(isLetIn ? [] : [`CORS does not let ${sandboxOrigin} in`]),
    ...(introspection ? [] : ['introspection is off']),
  ];
  if (lacks.length === 0) {
    return [ok('sandbox', 'A browser at the hosted Apollo Sandbox can use the gateway.')];
  }
  const message = `A browser at the hosted Apollo Sandbox cannot use the gateway: ${lacks.join(', ')}.`;
  return isProduction
    ? [ok('sandbox', `${message} That is usual in production.`)]
    : [warning('sandbox', message, remedyOf(isLetIn, introspection))];
}

function remedyOf(isLetIn: boolean, introspection: boolean): string {
  const steps = [
    ...(isLetIn ? [] : [`add it to CORS_ORIGINS`]),
    ...(introspection ? [] : ['set INTROSPECTION=true']),
  ];
  return `If it is wanted: ${steps.join(', ')}.`;
}
