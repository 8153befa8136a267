import {
  type GraphQLSchema,
  introspectionFromSchema,
  isIntrospectionType,
  isObjectType,
} from 'graphql';
import { artifactsOf } from './artifactsOf.ts';

/**
 * The files of the package for clients, by name: as the gateway's, but the introspection has no descriptions, which the
 * SDL has, and urql's cache gets a list of the types without a key.
 */
export function clientArtifactsOf(
  schema: GraphQLSchema,
  sdl: string,
): Readonly<Record<string, string>> {
  const introspection = introspectionFromSchema(schema, {
    descriptions: false,
    experimentalDirectiveDeprecation: false,
  });
  return {
    ...artifactsOf(schema, sdl),
    'introspection.json': `${JSON.stringify(introspection)}\n`,
    'urql.js': urqlKeysOf(schema),
  };
}

/** Types whose id does not identify them: one assignment includes a filter, another excludes it. */
const sharedIds: ReadonlySet<string> = new Set(['AssignmentFilter']);

function urqlKeysOf(schema: GraphQLSchema): string {
  const roots = [schema.getQueryType(), schema.getMutationType()];
  const names = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter((type) => !isIntrospectionType(type) && !roots.includes(type))
    .filter((type) => sharedIds.has(type.name) || !('id' in type.getFields()))
    .map(({ name }) => name);
  const lines = names.map((name) => `  ${name}: embedded,`);
  return `const embedded = () => null;\nexport const keys = {\n${lines.join('\n')}\n};\n`;
}
