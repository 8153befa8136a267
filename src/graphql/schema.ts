import { readdirSync, readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  GraphQLEnumType,
  GraphQLError,
  GraphQLScalarType,
  type GraphQLSchema,
  GraphQLSpecifiedByDirective,
  getDirectiveValues,
  type ScalarTypeDefinitionNode,
} from 'graphql';
import type { PartnerState } from '../generated/graphql.ts';
import { resolverMap } from '../resolvers/resolverMap.ts';

const folder = new URL('../../schema/', import.meta.url);

/** Values that are refused as inputs although their enum is one of inputs too: only filters can mean them. */
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

/** By the SDL and whether it is hidden. */
const schemas = new Map<string, GraphQLSchema>();

/**
 * Gives the schema that is executed; only one that is not hidden names the values of enums in errors. All
 * gateways of a process share it, as building and validating it takes long.
 */
export function createSchema(sdl: string, isHidden = false): GraphQLSchema {
  const key = `${isHidden} ${sdl}`;
  const schema = schemas.get(key) ?? buildSchema(sdl, isHidden);
  schemas.set(key, schema);
  return schema;
}

function buildSchema(sdl: string, isHidden: boolean): GraphQLSchema {
  const schema = makeExecutableSchema({ typeDefs: sdl, resolvers: resolverMap });
  for (const type of Object.values(schema.getTypeMap())) {
    if (type instanceof GraphQLEnumType && !type.name.startsWith('__')) {
      explainValues(type, isHidden);
    }
    if (type instanceof GraphQLScalarType && type.astNode) {
      describeAs(type.astNode, type);
    }
  }
  return schema;
}

/** The libraries' scalars come with manuals of their own, but introspection has to say what the SDL says. */
function describeAs(node: ScalarTypeDefinitionNode, type: GraphQLScalarType): void {
  const url: unknown = getDirectiveValues(GraphQLSpecifiedByDirective, node)?.['url'];
  type.description = node.description?.value;
  type.specifiedByURL = typeof url === 'string' ? url : undefined;
}

/** graphql-js only suggests values that are spelled alike; whoever sends `"String"` learns nothing from that. */
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
