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
  type ScalarTypeDefinitionNode,
  type ValueNode,
} from 'graphql';
import type { PartnerState } from '../generated/graphql.ts';
import type { Resolvers } from '../generated/resolvers.ts';
import { findDateTimeOffsetProblem } from '../partners/dateTimeOffset.ts';
import { Mutation } from '../partners/mutations.ts';
import { nameResolvers, Query } from '../partners/queries.ts';
import { isGuid } from '../shared/guid.ts';
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
  const schema = schemas.get(key) ?? buildSchema(sdl, isHidden, resolvers);
  schemas.set(key, schema);
  return schema;
}

function buildSchema(sdl: string, isHidden: boolean, resolvers: SchemaResolvers): GraphQLSchema {
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
      describeAs(type.astNode, type);
    }
  }
  rememberOutcomes(schema);
  return schema;
}

/** The libraries' scalars come with manuals of their own, but introspection has to say what the SDL says. */
function describeAs(node: ScalarTypeDefinitionNode, type: GraphQLScalarType): void {
  const url: unknown = getDirectiveValues(GraphQLSpecifiedByDirective, node)?.['url'];
  type.description = node.description?.value;
  type.specifiedByURL = typeof url === 'string' ? url : undefined;
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
  const inFilters = names.filter((name) => onlyInFilters.has(name));
  return [
    names.filter((name) => !onlyInFilters.has(name)).join(', '),
    ...inFilters.map((name) => `in a filter also ${name}`),
  ].join('; ');
}

type Parsers = Required<
  Pick<GraphQLScalarTypeConfig<string, string>, 'parseValue' | 'parseLiteral'>
>;

/**
 * Gives the reading half of a scalar over a text. `findProblem` ends the sentence that the text begins, or gives
 * undefined. A literal is rejected with its place in the document, without which it stays open which of several is
 * meant; for a variable graphql-js names the place itself.
 */
function textParsers(name: string, findProblem: (text: string) => string | undefined): Parsers {
  const read = (value: unknown, kind: string, node: ValueNode | null): string => {
    if (typeof value !== 'string') {
      throw new GraphQLError(`${name} must be given as a text, not as ${kind}.`, { nodes: node });
    }
    const problem = findProblem(value);
    if (problem !== undefined) {
      throw new GraphQLError(`${name} "${value.slice(0, 64)}" ${problem}.`, { nodes: node });
    }
    return value;
  };
  return {
    parseValue: (value) => read(value, typeof value, null),
    parseLiteral: (node) =>
      read(
        node.kind === Kind.STRING ? node.value : undefined,
        node.kind.replace(/Value$/, ''),
        node,
      ),
  };
}

/** The library's scalar, with messages that say what is wrong. */
export const NonEmptyString = new GraphQLScalarType<string, string>({
  ...(await scalarOf('GraphQLNonEmptyString', 'NonEmptyString')).toConfig(),
  ...textParsers('NonEmptyString', (text) =>
    text.trim() === '' ? 'must not be blank' : undefined,
  ),
});

/**
 * The scalar over the text. Inputs are checked to the last digit; an answer is Graph's own text as it came, whatever
 * it is, because a strange heartbeat must not hide the rest of a row.
 */
export const DateTimeOffset = new GraphQLScalarType<string, string>({
  name: 'DateTimeOffset',
  serialize: (value) => String(value),
  ...textParsers('DateTimeOffset', findDateTimeOffsetProblem),
});

const example = '0c65e46a-e46a-0c65-6ae4-650c6ae4650c';

/**
 * The library's scalar with messages that say what would be right, and without its braces: it cuts them off, together
 * with whatever stands where the second should.
 */
export const UUID = new GraphQLScalarType<string, string>({
  ...(await scalarOf('GraphQLUUID', 'UUID')).toConfig(),
  ...textParsers('UUID', findProblem),
});

function findProblem(text: string): string | undefined {
  if (/[{}]/.test(text)) {
    return `must be written without braces, as in ${example}`;
  }
  return isGuid(text)
    ? undefined
    : `is not of the form 8-4-4-4-12 in hexadecimal digits, as in ${example}`;
}

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
