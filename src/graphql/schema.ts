import { readdirSync, readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  GraphQLEnumType,
  GraphQLError,
  GraphQLScalarType,
  type GraphQLScalarTypeConfig,
  type GraphQLSchema,
  GraphQLSpecifiedByDirective,
  getDirectiveValues,
  Kind,
  parse,
  print,
  type ValidationRule,
  type ValueNode,
  visit,
} from 'graphql';
import type { Config } from '../config/config.ts';
import type { PartnerState } from '../generated/graphql.ts';
import type { Resolvers } from '../generated/resolvers.ts';
import type { RequestContext } from '../partners/context.ts';
import { findDateTimeOffsetProblem } from '../partners/dateTimeOffset.ts';
import { Mutation } from '../partners/mutations.ts';
import { entityName, nameResolvers, Query, readEntities } from '../partners/queries.ts';
import { isGuid } from '../shared/forms.ts';
import { entitiesField, serviceField } from './documents.ts';
import { rememberOutcomes } from './plan/plan.ts';

const folder = new URL('../../schema/', import.meta.url);

/** Only the scalars that the schema uses: the package's index would load all of them, about 4 MiB. */
const scalarOf = async <Name extends keyof typeof import('graphql-scalars')>(
  name: Name,
  file: string,
): Promise<typeof import('graphql-scalars')[Name]> =>
  (await import(new URL(`scalars/${file}.js`, import.meta.resolve('graphql-scalars')).href))[name];

/** Values that are rejected as inputs although their enum is one of inputs too: only filters can mean them. */
const onlyInFilters: ReadonlySet<string> = new Set<PartnerState>(['UNKNOWN_FUTURE_VALUE']);

/** The SDL of all files in `schema/`, in the order of their names: what `/schema.graphql` serves. */
export function readSdl(): string {
  const files = readdirSync(folder).filter((file) => file.endsWith('.graphql'));
  return files
    .sort()
    .map((file) => readFileSync(new URL(file, folder), 'utf8').trim())
    .join('\n\n')
    .concat('\n');
}

type SchemaResolvers = NonNullable<Parameters<typeof makeExecutableSchema>[0]['resolvers']>;

/** By the SDL and whether it is hidden. */
const schemas = new Map<string, GraphQLSchema>();

/**
 * Gives the schema that is executed; only one that is not hidden names the values of enums in errors. All
 * gateways of a process share it, as building and validating it takes long.
 */
export function createSchema(
  sdl: string,
  isHidden = false,
  resolvers: SchemaResolvers = resolverMap,
): GraphQLSchema {
  const key = `${isHidden} ${sdl}`;
  const known = schemas.get(key);
  if (known !== undefined) {
    return known;
  }
  const schema = makeExecutableSchema({
    typeDefs: sdl,
    resolvers,
    // A schema for routers has fewer fields than there are resolvers.
    ...(resolvers !== resolverMap && {
      resolverValidationOptions: { requireResolversToMatchSchema: 'ignore' },
    }),
  });
  for (const type of Object.values(schema.getTypeMap())) {
    if (type instanceof GraphQLEnumType && !type.name.startsWith('__')) {
      explainValues(type, isHidden);
    }
    if (type instanceof GraphQLScalarType && type.astNode) {
      // The libraries' scalars come with manuals of their own, but introspection has to say what the SDL says.
      const url = getDirectiveValues(GraphQLSpecifiedByDirective, type.astNode)?.['url'];
      type.description = type.astNode.description?.value;
      type.specifiedByURL = typeof url === 'string' ? url : undefined;
    }
  }
  rememberOutcomes(schema);
  schemas.set(key, schema);
  return schema;
}

/** graphql-js only suggests values that are spelled alike, which does not help with `"String"`. */
function explainValues(type: GraphQLEnumType, isHidden: boolean): void {
  const hint = isHidden ? '' : ` Use one of ${namesOf(type)}.`;
  const parseValue = type.parseValue.bind(type);
  const parseLiteral = type.parseLiteral.bind(type);
  const explained = <Result>(parse: () => Result): Result => {
    try {
      return parse();
    } catch (error) {
      const message = error instanceof Error ? error.message : '';
      const reason = message.replace(/ Did you mean .*$/, '');
      throw new GraphQLError(`${reason}${hint}`, {
        nodes: (error instanceof GraphQLError && error.nodes) || null,
      });
    }
  };
  type.parseValue = (value) => explained(() => parseValue(value));
  type.parseLiteral = (node, variables) => explained(() => parseLiteral(node, variables));
}

/** An enum does not know where its value stands, so what is only right in some places is said with the place. */
function namesOf(type: GraphQLEnumType): string {
  const names = type.getValues().map(({ name }) => name);
  const everywhere = names.filter((name) => !onlyInFilters.has(name)).join(', ');
  const inFilters = names.filter((name) => onlyInFilters.has(name));
  return [everywhere, ...inFilters.map((name) => `in a filter also ${name}`)].join('; ');
}

/**
 * Makes a scalar over a text. `findProblem` ends the sentence that the text begins, or gives undefined. A literal is
 * rejected with its place in the document, without which it stays open which of several is meant; for a variable
 * graphql-js names the place itself.
 */
function textScalar(
  config: GraphQLScalarTypeConfig<string, string>,
  findProblem: (text: string) => string | undefined,
): GraphQLScalarType<string, string> {
  const read = (value: unknown, kind: string, nodes: ValueNode | null): string => {
    const { name } = config;
    if (typeof value !== 'string') {
      throw new GraphQLError(`${name} must be given as a text, not as ${kind}.`, { nodes });
    }
    const problem = findProblem(value);
    if (problem !== undefined) {
      throw new GraphQLError(`${name} "${value.slice(0, 64)}" ${problem}.`, { nodes });
    }
    return value;
  };
  return new GraphQLScalarType<string, string>({
    ...config,
    parseValue: (value) => read(value, typeof value, null),
    parseLiteral: (node) => {
      const text = node.kind === Kind.STRING ? node.value : undefined;
      return read(text, node.kind.replace(/Value$/, ''), node);
    },
  });
}

/** The library's scalar, with messages that say what is wrong. */
const NonEmptyString = textScalar(
  (await scalarOf('GraphQLNonEmptyString', 'NonEmptyString')).toConfig(),
  (text) => (text.trim() === '' ? 'must not be blank' : undefined),
);

/**
 * The scalar over the text. Inputs are checked to the last digit; an answer is Graph's own text as it came, whatever
 * it is, because a strange heartbeat must not hide the rest of a row.
 */
const DateTimeOffset = textScalar(
  { name: 'DateTimeOffset', serialize: (value) => String(value) },
  findDateTimeOffsetProblem,
);

/**
 * The library's scalar with messages that say what would be right, and without its braces: it cuts them off, together
 * with whatever stands where the second should.
 */
const UUID = textScalar((await scalarOf('GraphQLUUID', 'UUID')).toConfig(), (text) => {
  const example = 'as in 0c65e46a-e46a-0c65-6ae4-650c6ae4650c';
  if (/[{}]/.test(text)) {
    return `must be written without braces, ${example}`;
  }
  return isGuid(text)
    ? undefined
    : `is not of the form 8-4-4-4-12 in hexadecimal digits, ${example}`;
});

/**
 * All resolvers. Most fields of objects have none, because the mapping gives objects whose properties are the schema's
 * fields and whose `__typename` says the type: the resolver of properties counts all of them. Those that are here count
 * themselves.
 */
export const resolverMap: Resolvers = {
  Query,
  Mutation,
  ...nameResolvers,
  Node: { __resolveType: () => 'ComplianceManagementPartner' },
  DateTimeOffset,
  NonEmptyString,
  UUID,
  JSONObject: await scalarOf('GraphQLJSONObject', 'json/JSONObject'),
};

/** What the directives in the text mean. Version 2.0 has all of them, and every composer reads it. */
const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"])';

/** Apollo's composer rejects `@oneOf` if it is not defined, and leaves it out of the supergraph. */
const oneOf = `"Exactly one field of the input must be given."
directive @oneOf on INPUT_OBJECT`;

/** As the specification of subgraphs has them; composers add their own. */
const machinery = `
  "A part of an entity: its type and its key."
  scalar _Any
  "What this subgraph can give by key."
  union _Entity = ${entityName}
  "What a composer reads of this subgraph."
  type _Service {
    "The schema with its directives."
    sdl: String
  }
  extend type Query {
    "The schema for a composer."
    ${serviceField}: _Service!
    "At most 100 partners by their ids, in order: null if Microsoft Graph has none, and null with an error if one failed."
    ${entitiesField}("The type and the key of each." representations: [_Any!]!): [_Entity]!
  }`;

/** The SDL that a composer reads: without foreign names, with the directives of federation. */
export function subgraphSdlOf(sdl: string): string {
  const directives = { [entityName]: '@key(fields: "id")', PageInfo: '@shareable' };
  return `${link}\n\n${oneOf}\n\n${printOwn(sdl, directives)}\n`;
}

/**
 * Prints the definitions that are a subgraph's own, without names that other subgraphs have too for types and fields of
 * their own: a composer rejects or mixes them. Relay's refetching is the router's business, which alone knows all types
 * behind ids.
 */
function printOwn(sdl: string, directives: Readonly<Record<string, string>> = {}): string {
  const document = visit(parse(sdl, { noLocation: true }), {
    InterfaceTypeDefinition: ({ name }) => (name.value === 'Node' ? null : undefined),
    ObjectTypeDefinition(node) {
      const isQuery = node.name.value === 'Query';
      // Read from a type that has them, because graphql-js parses no directives alone.
      const added = parse(`scalar Holder ${directives[node.name.value] ?? ''}`, {
        noLocation: true,
      });
      return {
        ...node,
        interfaces: node.interfaces?.filter(({ name }) => name.value !== 'Node'),
        fields: node.fields?.filter(({ name }) => !isQuery || !/^nodes?$/.test(name.value)),
        directives: [
          ...(node.directives ?? []),
          ...added.definitions.flatMap((one) => ('directives' in one && one.directives) || []),
        ],
      };
    },
  });
  return print(document);
}

/** The SDL that is served and the schema that is executed, under a configuration. */
export function schemaOf({
  federation,
  introspection,
}: Pick<Config, 'federation' | 'introspection'>) {
  const sdl = readSdl();
  if (federation === 'off') {
    return { sdl, schema: createSchema(sdl, !introspection) };
  }
  const served = subgraphSdlOf(sdl);
  const resolvers = {
    ...resolverMap,
    Query: {
      ...resolverMap.Query,
      [serviceField]: () => ({ sdl: served }),
      [entitiesField]: (
        _parent: unknown,
        { representations }: { readonly representations: unknown[] },
        context: RequestContext,
      ) => readEntities(representations, context),
    },
    // A representation is judged by the field, which can say whose it is.
    _Any: new GraphQLScalarType({ name: '_Any' }),
    _Entity: { __resolveType: () => entityName },
  };
  const schema = createSchema(`${printOwn(sdl)}\n${machinery}`, !introspection, resolvers);
  return { sdl: served, schema };
}

/** Rejects a document that asks for the SDL if introspection is off, as Apollo does for introspection. */
export const hiddenService: ValidationRule = (context) => ({
  Field(node) {
    const isRoot = context.getParentType() === context.getSchema().getQueryType();
    if (isRoot && node.name.value === serviceField) {
      context.reportError(
        new GraphQLError(
          'Introspection is disabled, and so is "_service". Compose with the subgraph.graphql of its package.',
          { nodes: node },
        ),
      );
    }
  },
});
