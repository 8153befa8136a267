import {
  type GraphQLField,
  type GraphQLInputType,
  GraphQLInterfaceType,
  type GraphQLNamedType,
  GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
} from 'graphql';
import {
  addAssignmentMutation,
  addMutation,
  deleteMutation,
  listQuery,
  partnerQuery,
  updateMutation,
} from '../../support/documents.ts';
import type { Choices } from './choices.ts';
import { randomName, randomText } from './randomTexts.ts';
import { type Notation, randomJunk, randomValue } from './randomValues.ts';

/** What a caller sends, in texts: variables are JSON that may be broken or repeat itself. */
interface RandomOperation {
  readonly query: string;
  readonly variables: string | undefined;
  readonly operationName: string | undefined;
}

const fragmentNames = ['A', 'B', 'C', 'on', '__proto__'];
const deepest = 9;

/** Builds an operation over the schema: most of it is right, and something is wrong in every second one. */
export function randomDocument(schema: GraphQLSchema, choices: Choices): RandomOperation {
  const declared = new Map<string, string>();
  const values = new Map<string, string>();
  const json: Notation = { kind: 'json' };
  const constant: Notation = { kind: 'document' };
  const document: Notation = {
    kind: 'document',
    variable(type) {
      const name = choices.chance(4) ? randomName(choices) : `v${declared.size}`;
      // With a default, a nullable variable may stand where null may not; only the execution sees a null in it.
      const isLoose = choices.chance(20);
      const wrong = choices.pick(['Int', 'String!', '[Nobody!]', 'Query']);
      const right = isLoose ? String(type).replace(/!$/, '') : String(type);
      const hasDefault = isLoose || choices.chance(20);
      const initial = hasDefault ? ` = ${randomValue(type, constant, choices)}` : '';
      declared.set(name, `${choices.chance(4) ? wrong : right}${initial}`);
      if (!choices.chance(6)) {
        values.set(name, isLoose && choices.chance(40) ? 'null' : randomValue(type, json, choices));
      }
      return `$${name}`;
    },
  };

  function fieldText({ name, type, args }: GraphQLField<unknown, unknown>, depth: number): string {
    const written = args
      .filter(({ type: of }) =>
        String(of).endsWith('!') ? !choices.chance(3) : choices.chance(30),
      )
      .map((arg) => `${arg.name}: ${randomValue(arg.type, document, choices)}`);
    if (choices.chance(3)) {
      written.push(`${randomName(choices)}: ${randomJunk(document, choices)}`);
    }
    const alias = choices.chance(15)
      ? `${choices.pick(['a', 'b', 'id', '__proto__', randomName(choices)])}: `
      : '';
    const inside = getNamedType(type);
    const isSelected = isCompositeType(inside) !== choices.chance(2);
    return [
      `${alias}${name}`,
      written.length > 0 ? `(${written.join(', ')})` : '',
      directives(),
      isSelected ? ` ${selectionSet(inside, depth + 1)}` : '',
    ].join('');
  }

  function directives(): string {
    if (!choices.chance(8)) {
      return '';
    }
    const one = (): string =>
      choices.pick([
        ' @include(if: true)',
        ' @skip(if: false)',
        ` @include(if: ${randomValue(schema.getType('Boolean') as GraphQLInputType, document, choices)})`,
        ' @skip',
        ' @deprecated(reason: "x")',
        ` @${randomName(choices)}`,
      ]);
    return [one(), ...choices.some(3, one)].join('');
  }

  function selectionSet(type: GraphQLNamedType, depth: number): string {
    const fields =
      type instanceof GraphQLObjectType || type instanceof GraphQLInterfaceType
        ? Object.values(type.getFields())
        : [];
    const leaves = fields.filter((field) => !isCompositeType(getNamedType(field.type)));
    const candidates = depth >= deepest ? leaves : fields;
    const one = (): string => {
      const lot = choices.below(100);
      if (lot >= 97) {
        return `${randomName(choices)}${choices.chance(20) ? ' { id }' : ''}`;
      }
      if (lot >= 93) {
        return `...${choices.pick(fragmentNames)}`;
      }
      if (lot >= 86) {
        const on = choices.chance(10)
          ? choices.pick(['Query', 'Nobody', 'ID', 'PageInfo'])
          : typeCondition(type);
        return `... on ${on}${directives()} ${selectionSet(schema.getType(on) ?? type, depth + 1)}`;
      }
      return lot >= 80 || candidates.length === 0
        ? '__typename'
        : fieldText(choices.pick(candidates), depth);
    };
    return depth > deepest + 3
      ? '{ __typename }'
      : `{ ${[one(), ...choices.some(5, one)].join(' ')} }`;
  }

  function typeCondition(type: GraphQLNamedType): string {
    return type instanceof GraphQLInterfaceType
      ? choices.pick(schema.getPossibleTypes(type)).name
      : type.name;
  }

  const kind = choices.pick(['query', 'query', 'mutation', 'query', 'mutation', 'subscription']);
  const root =
    (kind === 'mutation' ? schema.getMutationType() : schema.getQueryType()) ?? undefined;
  const name = choices.chance(50) ? 'Named' : '';
  const body = selectionSet(root as GraphQLNamedType, 0);
  const fragments = fragmentNames
    .filter((fragment) => body.includes(`...${fragment}`) !== choices.chance(5))
    .map((fragment) => {
      const on = choices.pick([
        'ComplianceManagementPartner',
        'Query',
        'AssignmentTarget',
        'Nobody',
      ]);
      const inside = schema.getType(on);
      return `fragment ${fragment} on ${on} ${inside ? selectionSet(inside, 4) : '{ id }'}`;
    });
  const variables = [...declared].map(([variable, type]) => `$${variable}: ${type}`).join(', ');
  const head = `${kind} ${name}${variables === '' ? '' : `(${variables})`}${directives()} `;
  const second = choices.chance(4) ? ' query Other { __typename }' : '';
  return {
    query: `${head}${body} ${fragments.join(' ')}${second}`,
    variables: `{${[...values].map(([variable, value]) => `${JSON.stringify(variable)}:${value}`).join(',')}}`,
    operationName: choices.chance(10)
      ? choices.pick(['Named', 'Other', '', '__proto__'])
      : undefined,
  };
}

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
