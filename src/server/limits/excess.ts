import { type LimitName, type Limits, limitCodes } from '../../graphql/limits.ts';
import { countedAtMost, type DocumentMeasure } from './measureDocument.ts';

/** A limit that a request is beyond. */
export interface Excess {
  readonly limit: LimitName;
  readonly allowed: number;
  /** What the request has; where counting stopped, the least that it has. */
  readonly seen: number;
  readonly isExact: boolean;
}

/** The limits of documents that only cost: `warn-only` lets those pass. */
const documentLimits = [
  ['depth', 'depth'],
  ['introspection-depth', 'introspectionDepth'],
  ['aliases', 'aliases'],
  ['introspection-aliases', 'introspectionAliases'],
  ['root-fields', 'rootFields'],
  ['directives', 'directives'],
] as const satisfies readonly (readonly [LimitName, keyof DocumentMeasure & keyof Limits])[];

/** What a document has of each thing that is limited. */
export function seenIn(measure: DocumentMeasure): readonly (readonly [LimitName, number])[] {
  return documentLimits.map(([limit, key]) => [limit, measure[key]]);
}

/** Finds the limits that a document is beyond. */
export function findExcesses(measure: DocumentMeasure, limits: Limits): readonly Excess[] {
  return documentLimits
    .filter(([, key]) => measure[key] > limits[key])
    .map(([limit, key]) => ({
      limit,
      allowed: limits[key],
      seen: measure[key],
      isExact: measure[key] < countedAtMost,
    }));
}

const spread = 'fields of a fragment count wherever it is spread';

const sentences: Readonly<Record<LimitName, (seen: string, allowed: number) => string>> = {
  'body-bytes': (seen, allowed) =>
    `The request body has ${seen} bytes, and ${allowed} are allowed. Send less at once.`,
  'json-depth': (seen, allowed) =>
    `The JSON has ${seen} objects and arrays inside each other, and ${allowed} are allowed. Nest less.`,
  'duplicate-keys': () =>
    'An object in the JSON has two members of one name, of which readers may take either. Send each name once.',
  'document-bytes': (seen, allowed) =>
    `The document has ${seen} bytes, and ${allowed} are allowed. Ask in several operations, and pass values as variables.`,
  tokens: (seen, allowed) =>
    `The document has ${seen} tokens, and ${allowed} are allowed. Ask in several operations, and pass values as variables.`,
  depth: (seen, allowed) =>
    `The operation has ${seen} levels of fields, and ${allowed} are allowed. Ask for fewer levels.`,
  'introspection-depth': (seen, allowed) =>
    `The introspection has ${seen} levels of fields, and ${allowed} are allowed. Ask for fewer levels.`,
  aliases: (seen, allowed) =>
    `The operation has ${seen} aliases, and ${allowed} are allowed (${spread}). Ask in several operations.`,
  'introspection-aliases': (seen, allowed) =>
    `The introspection has ${seen} aliases, and ${allowed} are allowed (${spread}). Ask in several operations.`,
  'root-fields': (seen, allowed) =>
    `The operation has ${seen} root fields, and ${allowed} are allowed (${spread}). Ask in several operations.`,
  directives: (seen, allowed) =>
    `The operation has ${seen} directives, and ${allowed} are allowed (${spread}). Use fewer, or several operations.`,
  'filter-conditions': (seen, allowed) =>
    `The operation's filters have ${seen} conditions, and ${allowed} are allowed (each element of a list counts). Filter by less, or ask in several operations.`,
  'filter-depth': (seen, allowed) =>
    `A filter has ${seen} levels of "and", "or" and "not", and ${allowed} are allowed. Nest less.`,
  'filter-text': (seen, allowed) =>
    `A text in a filter has ${seen} characters, and ${allowed} are allowed. Give a shorter one.`,
  'order-keys': (seen, allowed) =>
    `An order has ${seen} keys, and ${allowed} are allowed. Order by fewer.`,
  'page-rows': (seen, allowed) =>
    `The operation asks for pages of ${seen} partners in all, and ${allowed} are allowed. Ask for smaller pages, or in several operations.`,
  'answer-bytes': (seen, allowed) =>
    `The answer would have ${seen} bytes, and ${allowed} are allowed. Ask for fewer partners or fields.`,
  'answer-values': (seen, allowed) =>
    `The answer would have ${seen} values, and ${allowed} are allowed. Ask for fewer partners or fields.`,
  errors: (_seen, allowed) =>
    `There are more errors; of one request, no more than ${allowed} are told. Mend these, then send it again.`,
};

/** Says which limit it is, what was seen and what would be right. */
export function messageOf({ limit, seen, allowed, isExact }: Excess): string {
  return sentences[limit](isExact ? String(seen) : `${seen} or more`, allowed);
}

/** What `extensions` says of it. */
export function extensionsOf({ limit, seen, allowed }: Excess): Readonly<Record<string, unknown>> {
  const code = limitCodes[limit];
  return limit === 'duplicate-keys' ? { code } : { code, seen, allowed };
}
