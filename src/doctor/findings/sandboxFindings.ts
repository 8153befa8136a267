import { hostedSandbox } from '../../config/http.ts';
import { type Finding, ok, warning } from '../finding.ts';

/** What decides whether the hosted Sandbox can work with a gateway. */
export interface SandboxFacts {
  /** The origins whose pages may call; `*` stands for all. */
  readonly origins: readonly string[];
  readonly introspection: boolean;
  /** Whether documents are refused that are not in the manifest. */
  readonly trustsListedOnly: boolean;
  /** Whether it is meant to be closed unless somebody opens it. */
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
    ...(isLetIn
      ? []
      : [{ what: `CORS does not let ${hostedSandbox} in`, step: 'add it to CORS_ORIGINS' }]),
    ...(introspection ? [] : [{ what: 'introspection is off', step: 'set INTROSPECTION=true' }]),
    ...(trustsListedOnly
      ? [
          {
            what: 'only trusted documents are taken',
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
    : [warning('sandbox', message, `If it is wanted: ${listOf(lacks.map(({ step }) => step))}.`)];
}

const listOf = (words: readonly string[]): string => words.join(', ');
