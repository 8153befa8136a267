import { type Model, partnerType, propertiesOf } from '../model.ts';
import type { Version } from '../route.ts';
import { type QueryReading, refuseQuery } from './queryRefusal.ts';

const systemOptions = new Set([
  '$select',
  '$filter',
  '$top',
  '$skip',
  '$skiptoken',
  '$count',
  '$orderby',
  '$search',
  '$expand',
  '$format',
]);

/** A query whose system options have their `$`, each at most once, in lower case. */
export interface SystemOptions {
  readonly options: URLSearchParams;
}

/**
 * Finds the system options of a query. Graph takes their names in any case, beta also without `$`; it ignores names of
 * its caller's own and rejects a `$` name that OData does not have.
 */
export function readSystemOptions(
  query: URLSearchParams,
  version: Version,
): QueryReading<SystemOptions> {
  const options = new URLSearchParams();
  for (const [given, value] of query) {
    const lower = given.toLowerCase();
    const name = version === 'beta' && systemOptions.has(`$${lower}`) ? `$${lower}` : lower;
    if (!name.startsWith('$')) {
      continue;
    }
    if (!systemOptions.has(name)) {
      return refuseQuery(`The query parameter '${given}' is not supported.`);
    }
    if (options.has(name)) {
      return refuseQuery(
        `Query option '${name}' was specified more than once, but it must be specified at most once.`,
      );
    }
    options.set(name, value);
  }
  return { options };
}

/**
 * Judges the options that change nothing here: `$expand`, because a partner has no navigation property, `$orderby` and
 * `$search`, because Intune ignores them. Graph rejects them if they name what the type does not have.
 */
export function findIgnoredOptionProblem(
  options: URLSearchParams,
  model: Model,
): QueryReading<object> {
  const known = propertiesOf(model, partnerType);
  for (const [option, find] of Object.entries(judges)) {
    const text = options.get(option);
    const problem = text === null ? undefined : find(text, (name) => Object.hasOwn(known, name));
    if (text?.trim() === '') {
      return refuseQuery(`The value for OData query '${option}' cannot be empty.`);
    }
    if (problem !== undefined) {
      return refuseQuery(problem);
    }
  }
  return {};
}

type Judge = (text: string, isKnown: (name: string) => boolean) => string | undefined;

const judges: Readonly<Record<string, Judge>> = {
  $expand(text, isKnown) {
    const [name] = namesIn(text.replaceAll(/\([^()]*\)/g, '')).filter((one) => one !== '*');
    if (name === undefined) {
      return undefined;
    }
    const problem = isKnown(name)
      ? `Property '${name}' on type 'microsoft.graph.${partnerType}' is not a navigation property or complex property. Only navigation properties can be expanded.`
      : strayProperty(name);
    return `Parsing OData Select and Expand failed: ${problem}`;
  },
  $orderby(text, isKnown) {
    for (const item of namesIn(text)) {
      const [name = '', direction = 'asc', ...rest] = item.split(/\s+/);
      if (rest.length > 0 || !/^(?:asc|desc)$/.test(direction)) {
        return `Syntax error at position ${text.length} in '${text}'.`;
      }
      if (!isKnown(name)) {
        return strayProperty(name);
      }
    }
    return undefined;
  },
  $search(text, isKnown) {
    if (!/^\s*(?:"(?:[^"\\]|\\.)*"|[^"]+)\s*$/.test(text)) {
      return `Syntax error: the value of $search '${text}' has an open quote.`;
    }
    const [, name] = /^\s*"?(\w+):/.exec(text) ?? [];
    return name === undefined || isKnown(name) ? undefined : strayProperty(name);
  },
};

const namesIn = (text: string): string[] => text.split(',').map((name) => name.trim());

const strayProperty = (name: string): string =>
  `Could not find a property named '${name}' on type 'microsoft.graph.${partnerType}'.`;
