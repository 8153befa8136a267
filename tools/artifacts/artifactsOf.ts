import {
  type GraphQLSchema,
  introspectionFromSchema,
  isAbstractType,
  isScalarType,
  isSpecifiedScalarType,
} from 'graphql';
import { subgraphSdlOf } from '../../src/graphql/schema.ts';
import { scalarTypes } from './scalarTypes.ts';

/**
 * The package's files for the tools of frontends, by name: the SDL, that for routers, the answer to an introspection,
 * the `possibleTypes` of Apollo Client's cache, and code generators' map from scalars to TypeScript.
 */
export function artifactsOf(schema: GraphQLSchema, sdl: string): Readonly<Record<string, string>> {
  return {
    'schema.graphql': sdl,
    'subgraph.graphql': subgraphSdlOf(sdl),
    'introspection.json': toJson(
      introspectionFromSchema(schema, { experimentalDirectiveDeprecation: false }),
    ),
    'possible-types.json': toJson(possibleTypesOf(schema)),
    'scalars.json': toJson(scalarsOf(schema)),
  };
}

function possibleTypesOf(schema: GraphQLSchema): Record<string, readonly string[]> {
  const abstractTypes = Object.values(schema.getTypeMap()).filter(isAbstractType);
  return Object.fromEntries(
    abstractTypes.map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]),
  );
}

function scalarsOf(schema: GraphQLSchema): Record<string, string> {
  const names = Object.values(schema.getTypeMap())
    .filter(isScalarType)
    .filter((type) => type.name in scalarTypes || !isSpecifiedScalarType(type))
    .map(({ name }) => name);
  return Object.fromEntries(names.map((name) => [name, typeOf(name)]));
}

/** A scalar without a type fails the build, because a frontend would silently get `unknown`. */
function typeOf(scalar: string): string {
  const type = scalarTypes[scalar];
  if (type === undefined) {
    throw new Error(`The scalar ${scalar} has no TypeScript type in scalarTypes.ts.`);
  }
  return type;
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
