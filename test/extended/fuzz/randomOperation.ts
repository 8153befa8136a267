import type { GraphQLSchema } from 'graphql';
import {
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  listQuery,
  partnerQuery,
  updateMutation,
} from '../../support/documents.ts';
import type { Choices } from './choices.ts';
import { type RandomOperation, randomDocument } from './randomDocument.ts';
import { randomText } from './randomTexts.ts';
import { randomJunk } from './randomValues.ts';

/** A request to `/graphql` that HTTP itself finds nothing wrong with. */
export interface OperationRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const goodDocuments = [
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  listQuery,
  partnerQuery,
  updateMutation,
];

/** Draws an operation: over the schema, a text that was cut up, one of a hostile shape, or rubbish. */
export function randomOperation(schema: GraphQLSchema, choices: Choices): OperationRequest {
  const lot = choices.below(100);
  if (lot >= 96) {
    return requestOf(
      { query: randomText(choices), variables: undefined, operationName: undefined },
      choices,
    );
  }
  if (lot >= 88) {
    return requestOf(hostileShape(choices), choices);
  }
  const operation = randomDocument(schema, choices);
  if (lot >= 72) {
    const text = choices.chance(50) ? operation.query : choices.pick(goodDocuments);
    return requestOf({ ...operation, query: cutUp(text, choices) }, choices);
  }
  return requestOf(operation, choices);
}

/** Takes pieces out of a text, puts pieces in, and doubles some. */
export function cutUp(text: string, choices: Choices): string {
  let result = text;
  for (let count = 1 + choices.below(4); count > 0; count -= 1) {
    const at = choices.below(Math.min(65_536, result.length + 1));
    const length = choices.below(12);
    const piece = result.slice(at, at + length);
    const replacement = choices.pick([
      '',
      piece + piece,
      choices.pick([
        '{',
        '}',
        '(',
        ')',
        '"',
        '"""',
        '...',
        '@',
        '$',
        '#',
        '&',
        '\\',
        '\ud800',
        '\u0000',
        ':',
        '!',
      ]),
      randomText(choices).slice(0, 20),
    ]);
    result = result.slice(0, at) + replacement + result.slice(at + length);
  }
  return result;
}

/** A document that is made to cost more than it is worth. */
function hostileShape(choices: Choices): RandomOperation {
  const count = 1 + choices.below(3_000);
  const few = 1 + choices.below(200);
  const query = choices.pick([
    `{ ${Array.from({ length: few }, (_alias, index) => `a${index}: __typename`).join(' ')} }`,
    `{ ${'__typename '.repeat(count)}}`,
    `{ __typename ${'@a'.repeat(count)} }`,
    `query ${'{ a '.repeat(count)}`,
    `{ ${'complianceManagementPartners { nodes '.repeat(few)}{ id }${' }'.repeat(few)} }`,
    `{ complianceManagementPartner(id: ${'['.repeat(count)}) { id } }`,
    `query (${Array.from({ length: few }, (_variable, index) => `$v${index}: Int`).join(' ')}) { __typename }`,
    '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
    `{ ${'...A '.repeat(few)}} fragment A on Query { __typename }`,
    `{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }`,
    `{ complianceManagementPartners(filter: ${'{not:'.repeat(few)}{}${'}'.repeat(few)}) { totalCount } }`,
    `{ complianceManagementPartners(first: ${'9'.repeat(count)}) { totalCount } }`,
    `{ complianceManagementPartner(id: "${'x'.repeat(count)}") { id } }`,
    `{ ${Array.from({ length: few }, (_alias, index) => `a${index}: complianceManagementPartner(id: "row-${index}") { id }`).join(' ')} }`,
    `#${'x'.repeat(count)}`,
    `"""${'"'.repeat(few)}""" { __typename }`,
    `{ ${'x'.repeat(count)} }`,
    `subscription { ${'a '.repeat(few)}}`,
    `type Query { a: Int } ${'extend type Query { a: Int } '.repeat(few)}`,
  ]);
  return {
    query,
    variables: choices.pick([undefined, '{}', 'null', '[]', '"text"']),
    operationName: undefined,
  };
}

function requestOf(operation: RandomOperation, choices: Choices): OperationRequest {
  const { query, variables, operationName } = operation;
  const headers: Record<string, string> = { authorization: 'Bearer embedded-graph-token' };
  if (choices.chance(10)) {
    headers['accept'] = choices.pick([
      'application/json',
      'application/graphql-response+json',
      '*/*',
      'text/html',
      '',
    ]);
  }
  if (choices.chance(8)) {
    const search = new URLSearchParams({
      query: query.slice(0, 4_000),
      ...(variables !== undefined && { variables: variables.slice(0, 2_000) }),
      ...(operationName !== undefined && { operationName }),
    });
    headers['apollo-require-preflight'] = 'yes';
    return { method: 'GET', path: `/graphql?${search}`, headers, body: undefined };
  }
  const members = [
    `"query":${JSON.stringify(query)}`,
    ...(variables === undefined ? [] : [`"variables":${variables}`]),
    ...(operationName === undefined ? [] : [`"operationName":${JSON.stringify(operationName)}`]),
  ];
  if (choices.chance(4)) {
    const name = choices.pick([
      'query',
      'variables',
      'operationName',
      'extensions',
      '__proto__',
      'http',
    ]);
    members.push(`${JSON.stringify(name)}:${randomJunk({ kind: 'json' }, choices)}`);
  }
  headers['content-type'] = 'application/json';
  return { method: 'POST', path: '/graphql', headers, body: `{${members.join(',')}}` };
}
